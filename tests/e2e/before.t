#!/bin/sh
# SPDX-License-Identifier: MIT
# What has to work behind a generate, and can be tried without a new password, is tried before: the doors of the registry, and a helper.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/job.sh"
start_emulator --fast --token web-pull --token helped --token many
make_host 'lifetime = 90d' 'grace = 1s'

# ---- the registry's firewall ---------------------------------------------------------------------------------------------------------
usual_job web-pull
fault '{"operation":"v2","effect":"status","status":403,"count":0}' >/dev/null
for run in 1 2 3; do
	acrotate run web-pull
	says "the firewall is shut, run $run" 77 "'$EMULATOR_LOGIN_SERVER' refuses this host \\(403\\).*az acr network-rule add --name contoso"
done
is "no slot is burnt" "$(generated)" 0
acrotate check web-pull
is "check finds it" "$RC" 77
like "and says whose it is" "$(said)" "host '$EMULATOR_LOGIN_SERVER'.*refuses this host \\(403\\)"
like "and what to do" "$(said)" "az acr network-rule add --name contoso --ip-address"
no_faults
acrotate run web-pull
says "it is open: no back-off" 0 '^$'
is "one generate" "$(generated)" 1
is "which is deployed" "$(login web-pull "$(password_in)")" 200
acrotate check web-pull
like "check says that it answers" "$(said)" "host '$EMULATOR_LOGIN_SERVER'.*answers this host as a registry"
clear_log
sleep 2.1
acrotate run --force web-pull
is "a rotation" "$RC" 0
is "asks the door once, as it did without asking before" "$(count_log v2)" 1
is "and four logins: what is held, and the proof" "$(count_log login)" 4

# A replica that nobody can reach from here, and something that is no registry.
sleep 2.1
acrotate run web-pull    # sees that nobody holds the other one
usual_job web-pull "verify_at = localhost:1"
clear_log
sleep 2.1
acrotate run --force web-pull
is "nobody at a further host: later" "$RC" 75
acrotate check web-pull
like "check names it, too" "$(said)" "host 'localhost:1'"
usual_job web-pull "verify_at = ${EMULATOR_URL#https://}"
fault '{"operation":"v2","effect":"status","status":200,"count":0}' >/dev/null
acrotate run --force web-pull
says "something that wants no login" 76 "no password was generated"
no_faults
is "nothing was generated" "$(generated)" 0
usual_job web-pull

# ---- helpers -------------------------------------------------------------------------------------------------------------------------
export HOME="$T/home"
mkdir -p "$HOME"
# helper NAME: a directory with a file per server, as a base; what is read from here comes before.
helper() {
	{
		printf '#!/bin/sh\numask 077\nd=%s\nmkdir -p $d\ninput=$(cat)\necho "$1" >>%s\nn=$input\n' "$HOME/$1" "$T/$1.verbs"
		printf '[ "$1" != store ] || n=$(printf %%s "$input" | sed "s/.*\\"ServerURL\\":\\"\\([^\\"]*\\)\\".*/\\1/")\n'
		cat
		printf 'case $1 in\nstore) printf %%s "$input" >"$d/$n" ;;\nget) [ -f "$d/$n" ] || { echo "credentials not found in native keychain"; exit 1; }; cat "$d/$n" ;;\n'
		printf 'erase) rm -f "$d/$n" ;;\n*) exit 1 ;;\nesac\n'
	} >"$T/$1"
	chmod 700 "$T/$1"
	printf '[job]\ntoken = helped\n[sink vault]\ntype = helper\nprogram = %s\n' "$T/$1" >"$E/jobs.d/helped.conf"
	rm -f "$T/$1.verbs" "$H/state/helped.state"
	clear_log
}
verbs() { tr '\n' ' ' <"$T/$1.verbs"; }

# As docker-credential-ecr-login: it reads, and that is all.
helper readonly <<'END'
[ "$1" != store ] || { echo "not implemented"; exit 1; }
END
for run in 1 2 3; do
	acrotate run helped
	says "a helper that does not store, run $run" 74 "readonly store' failed: not implemented"
done
is "burns no slot" "$(generated)" 0
acrotate check helped
is "check finds it" "$RC" 74
like "and says so" "$(said)" "sink 'vault'.*readonly store' failed: not implemented"

helper forgetful <<'END'
[ "$1" != store ] || exit 0
END
acrotate run helped
says "one that stores and forgets" 74 "stored test entry .*[.]acrotate[.]invalid.* but does not return it"
is "burns no slot either" "$(generated)" 0

helper good </dev/null
acrotate check helped
like "check tries it" "$(said)" "sink 'vault'.*can be read and replaced"
is "and leaves nothing in it" "$(find "$HOME/good" -mindepth 1 | grep -c .)" 0
: >"$T/good.verbs"
acrotate run helped
is "a good one" "$RC $(generated)" "0 1"
is "is tried once" "$(verbs good | grep -o 'store' | grep -c .) $(verbs good | grep -o erase | grep -c .)" "2 1"
is "nothing but the password is in it" "$(ls "$HOME/good")" "$EMULATOR_LOGIN_SERVER"
sleep 2.1
: >"$T/good.verbs"
acrotate run --force helped
is "and never again" "$RC $(verbs good)" "0 get get get store get "

# What a killed trial left is no obstacle; a helper with one entry for all names is not tried, for what is in it may be in use.
helper cut </dev/null
mkdir -p "$HOME/cut"
left=$(printf %s "$EMULATOR_LOGIN_SERVER.acrotate.invalid" | tr : -)
printf '{"ServerURL":"%s","Username":"helped","Secret":"acrotate-trial-of-before"}' "$left" >"$HOME/cut/$left"
acrotate check helped
is "a trial that was cut off is swept" "$(find "$HOME/cut" -mindepth 1 | grep -c .)" 0
helper single <<'END'
n=one
END
mkdir -p "$HOME/single"
printf '{"ServerURL":"x","Username":"helped","Secret":"in-use"}' >"$HOME/single/one"
acrotate check helped
like "a helper with one entry for all names is remarked" "$(said)" "sink 'vault'.*returns a password for any name"
is "and its entry is as it was" "$(jget "$HOME/single/one" Secret)" in-use
helper keeping <<'END'
[ "$1" != erase ] || exit 1
END
acrotate check helped
like "one that erases nothing is remarked" "$(said)" "sink 'vault'.*does not erase"
done_testing
