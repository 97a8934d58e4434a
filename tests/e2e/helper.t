#!/bin/sh
# SPDX-License-Identifier: MIT
# Sinks of type helper: docker-credential-pass with a real store, and a script of twenty lines; what goes wrong with each.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/job.sh"
needs skopeo docker-registry docker-credential-pass pass gpg

start_registry --token web-pull --token scripted --token counted --propagation 0s
push_image hello
make_host 'lifetime = 90d' 'grace = 1s'
helper_job() { # TOKEN PROGRAM
	printf '[job]\ntoken = %s\n[sink vault]\ntype = helper\nprogram = %s\n' "$1" "$2" >"$E/jobs.d/$1.conf"
}
export HOME="$T/home" GNUPGHOME="$T/home/gnupg" PASSWORD_STORE_DIR="$T/home/store"
mkdir -p "$HOME" && mkdir -m 700 "$GNUPGHOME"
stop_agent() { gpgconf --kill all; }

# ---- pass -------------------------------------------------------------------------------------------------------------------------
helper_job web-pull docker-credential-pass
acrotate run
says "pass without a store" 74 "docker-credential-pass store' failed: pass not initialized"
gpg --batch --quiet --passphrase '' --quick-generate-key acrotate-test default default never 2>"$T/gpg.out"
pass init acrotate-test >"$T/pass.out" 2>&1
# docker's helper wants the store to be in use.
: | pass insert -m docker-credential-helpers/docker-pass-initialized-check >>"$T/pass.out" 2>&1
acrotate run
says "the first run" 0 '^$'
held() { printf %s "$EMULATOR_LOGIN_SERVER" | docker-credential-pass get >"$T/held" && jget "$T/held" Secret; }
p1=$(held)
is "the registry takes what pass holds" "$(login web-pull "$p1")" 200
ok "the store has it encrypted" sh -c '! grep -rqF "$1" "$2"' sh "$p1" "$PASSWORD_STORE_DIR"
printf '{"credHelpers":{"%s":"pass"}}\n' "$EMULATOR_LOGIN_SERVER" >"$T/helpers.json"
ok "skopeo pulls through the helper" pull_image hello "$T/helpers.json"
clear_log
acrotate run
says "a second run" 0 '^$'
is "a second run makes no request" "$(requests)" 0
sleep 2.1	# grace, in whole seconds of the service's clock
acrotate run --force
says "a rotation" 0 '^$'
p2=$(held)
ok "the password is another one" test "$p1" != "$p2"
is "which the registry takes" "$(login web-pull "$p2")" 200
is "as it does the old one" "$(login web-pull "$p1")" 200

# Cron has neither variable: the same program finds no store, and stores nothing. What docker reads there works on.
acrotate run	# nobody holds the other one
for run in 1 2 3; do
	sleep 2.1
	(unset GNUPGHOME PASSWORD_STORE_DIR; acrotate run --force; echo "$RC" >"$T/rc")
	ok "blinded, run $run: not taken for a delivery" test "$(cat "$T/rc")" != 0
	is "and what pass holds works" "$(login web-pull "$(held)")" 200
done
acrotate run
is "seeing again it is well" "$RC $(login web-pull "$(held)")" "0 200"
stop_agent
rm "$E/jobs.d/web-pull.conf"

# ---- twenty lines of script ---------------------------------------------------------------------------------------------------------
cat >"$T/vault" <<'END'
#!/bin/sh
# A credential helper: a directory with a file per server.
set -eu
umask 077
dir=$HOME/vault
mkdir -p "$dir"
input=$(cat)
case $1 in
store)
	server=$(printf %s "$input" | sed 's/.*"ServerURL":"\([^"]*\)".*/\1/')
	printf %s "$input" >"$dir/$server.new"
	mv "$dir/$server.new" "$dir/$server"
	;;
get)
	[ -f "$dir/$input" ] || { echo "credentials not found in native keychain"; exit 1; }
	cat "$dir/$input"
	;;
erase) rm -f "$dir/$input" ;;
*) exit 1 ;;
esac
END
chmod 700 "$T/vault"
helper_job scripted "$T/vault"
acrotate run
says "a script" 0 '^$'
p3=$(jget "$HOME/vault/$EMULATOR_LOGIN_SERVER" Secret)
is "the registry takes what it was given" "$(login scripted "$p3")" 200

# ---- how often it is started --------------------------------------------------------------------------------------------------------
# Each start may be a question to a vault far away. A rotation reads under the lock, right before the generate, right before it stores (what
# it held then is what it lets go), and what it stored.
counted_helper "$T/counted"
printf '[job]\ntoken = counted\nlifetime = 1h\nrenew_before = 20m\n[sink vault]\ntype = helper\nprogram = %s\n' "$T/counted" >"$E/jobs.d/counted.conf"
acrotate run counted
is "a first delivery, behind a trial" "$RC $(tr '\n' ' ' <"$T/verbs")" "0 get list get list store get erase get list get list store get "
sleep 2.1
: >"$T/verbs"
acrotate run counted
is "a run with nothing due asks once" "$RC $(tr '\n' ' ' <"$T/verbs")" "0 get "
sleep 2.1
: >"$T/verbs"
acrotate run --force counted
is "a rotation: four questions and one store" "$RC $(tr '\n' ' ' <"$T/verbs")" "0 get get get store get "
rm "$E/jobs.d/counted.conf"

# ---- what goes wrong ----------------------------------------------------------------------------------------------------------------
# A run sees that nobody holds the other slot; after `grace` it is free.
acrotate run --force
sleep 2.1
control state | sed 's/"now":"[^"]*"//' >"$T/before"
kept=$(cat "$HOME/vault/$EMULATOR_LOGIN_SERVER")
printf '{"ServerURL":"%s","Username":"somebody","Secret":"x"}' "$EMULATOR_LOGIN_SERVER" >"$HOME/vault/$EMULATOR_LOGIN_SERVER"
acrotate run --force
says "another user's entry" 65 "another user \\('somebody'\\)"
printf %s "$kept" >"$HOME/vault/$EMULATOR_LOGIN_SERVER"
helper_job scripted "$T/no-such-program"
acrotate run --force
says "no such program" 78 "is not a program we may run"
printf '#!/bin/sh\necho the vault is sealed\nexit 1\n' >"$T/sealed"
chmod 700 "$T/sealed"
helper_job scripted "$T/sealed"
acrotate run --force
says "it says no" 74 'the vault is sealed'
helper_job scripted relative/vault
acrotate run
says "a relative path" 78 'neither an absolute path nor a name in PATH'
is "nothing was generated meanwhile" "$(control state | sed 's/"now":"[^"]*"//')" "$(cat "$T/before")"
done_testing
