#!/bin/sh
# SPDX-License-Identifier: MIT
# The sandbox of a run that has work to do: what it keeps from being written, and what it must not hinder (hooks, helpers, other users'
# sinks, links); machines without Landlock; no cost for a run that has nothing to do.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/job.sh"
needs strace openssl
strace -qq -o /dev/null -e trace=fsync -e inject=fsync:signal=KILL:when=1 true 2>/dev/null || skip_here "strace may not trace here"

start_emulator --fast --token web-pull --token zulu-pull --token one-pull --token two-pull
make_host 'lifetime = 90d' 'grace = 1s'
mkdir "$T/inside" "$T/outside" "$T/elsewhere"
ln -s ../inside "$H/link"

# A credential helper that keeps its password in a file of its own. Asked from inside the sandbox (by the spawner), it bends the link that
# leads to another sink: between the moment when the run gave up its rights and the one when it writes.
cat >"$T/vault" <<END
#!/bin/sh
read -r line
case \$1 in
get) [ -s "$T/elsewhere/vault" ] && exec cat "$T/elsewhere/vault"; echo 'credentials not found in native keychain'; exit 1 ;;
store) cat >/dev/null; printf '%s' "\$line" >"$T/elsewhere/vault" ;;
list) [ -s "$T/elsewhere/vault" ] && exec printf '{"%s":"web-pull"}' "$EMULATOR_LOGIN_SERVER"; echo '{}' ;;
esac
END
cat >"$T/hook" <<END
#!/bin/sh
echo \$PPID >"$T/elsewhere/spawner"
cat /proc/\$PPID/comm >"$T/elsewhere/comm"
grep NoNewPrivs /proc/self/status >"$T/elsewhere/privileges"
tr '\\0' '\\n' </proc/\$PPID/environ >"$T/elsewhere/environ" 2>/dev/null
[ ! -e "$T/outside/hook" ] || rm "$T/outside/hook"
echo hook >"$T/outside/hook"
END
chmod 755 "$T/vault" "$T/hook"
usual_job web-pull "on_change = $T/hook"
{
	printf '[sink linked]\ntype = file\npath = %s/link/web.env\n' "$H"
	printf '[sink vault]\ntype = helper\nprogram = %s/vault\n' "$T"
} >>"$E/jobs.d/web-pull.conf"
if [ "$(id -u)" = 0 ]; then
	mkdir "$T/theirs" && chown nobody "$T/theirs" && chmod 700 "$T/theirs" && chmod 755 "$T"
	printf '[sink theirs]\ntype = file\npath = %s/theirs/web.env\nuser = nobody\n' "$T" >>"$E/jobs.d/web-pull.conf"
fi

AZURE_CLIENT_SECRET=hush-hush-hush
export AZURE_CLIENT_SECRET
acrotate run --debug
is "a run with every kind of sink" "$RC" 0
[ "$RC" = 0 ] || said
have=yes
grep -q 'in the sandbox, Landlock version' "$T/err" || have=no
unset AZURE_CLIENT_SECRET
is "the file behind a link" "$(login web-pull "$(cat "$T/inside/web.env")")" 200
ok "the helper wrote elsewhere" test -s "$T/elsewhere/vault"
is "the hook wrote elsewhere" "$(cat "$T/outside/hook")" hook
[ "$(id -u)" != 0 ] || is "another user's sink" "$(stat -c %U "$T/theirs/web.env")" nobody
is "the hook may gain privileges" "$(cat "$T/elsewhere/privileges")" "NoNewPrivs:	0"

if [ $have = yes ]; then
	like "check tells" "$(acrotate check; said)" 'sandbox.*Landlock version [0-9]+'
	is "the hook was started by the spawner" "$(cat "$T/elsewhere/comm")" acrotate-spawn
	ok "which has ended" test ! -e "/proc/$(cat "$T/elsewhere/spawner")/comm"
	if [ "$(id -u)" = 0 ]; then
		ok "its environment was seen" grep -q '^PATH=' "$T/elsewhere/environ"
		ok "the client secret in it was not" sh -c '! grep -q hush "$1"' sh "$T/elsewhere/environ"
	fi
else
	like "check tells that there is none" "$(acrotate check; said)" 'sandbox.*no Landlock'
fi

# Again while the other slot is in its grace of a second.
patiently() {
	for _try in 1 2 3 4 5 6 7 8 9 10 11 12; do
		"$@"
		[ "$RC" = 75 ] || return 0
		sleep 0.5
	done
}

# ---- out of it -----------------------------------------------------------------------------------------------------------------------
# From now on the helper bends the link when the spawner asks it.
bend() {
	sed -i "s|^read -r line|&\nif [ \"\$(cat /proc/\$PPID/comm)\" $1 acrotate-spawn ]; then ln -sfn '$T/outside' '$H/link'; fi|" "$T/vault"
}
straight() { sed -i '/ln -sfn/d' "$T/vault"; ln -sfn ../inside "$H/link"; rm -f "$T/outside/web.env"; }
if [ $have = yes ]; then
	before=$(cat "$T/inside/web.env")
	bend '='
	patiently acrotate run --force
	is "a sink that is made to lead elsewhere meanwhile: exit status" "$RC" 74
	like "it says so" "$(said)" "sink 'linked'.*Permission denied"
	ok "nothing was written there" test ! -e "$T/outside/web.env"
	ok "no temporary file either" test -z "$(find "$T/outside" -name '.acrotate*')"
	is "the file in the right place is as it was" "$(cat "$T/inside/web.env")" "$before"
	is "whose password is alive" "$(login web-pull "$before")" 200
	straight
	acrotate run
	is "the next run brings all in step" "$RC $(cat "$T/inside/web.env")" "0 $(password_in)"

	# A user whose link leads to the root, or to /etc, opens nothing for the others.
	if [ "$(id -u)" = 0 ]; then
		printf '[job]\ntoken = zulu-pull\n[sink theirs]\ntype = file\npath = %s/theirs/lure\nuser = nobody\n' "$T" >"$E/jobs.d/lured.conf"
		for to in /no-such-file /etc/passwd; do
			ln -sfn $to "$T/theirs/lure" && chown -h nobody "$T/theirs/lure"
			bend '='
			patiently acrotate run --force
			is "a user's link to $to: exit status" "$RC" 78
			like "his sink is refused" "$(said)" 'lured: .*belongs to root, not to user nobody'
			ok "and nothing is written where another sink leads meanwhile" test ! -e "$T/outside/web.env"
			straight
			acrotate run web-pull
		done
		rm "$E/jobs.d/lured.conf" "$T/theirs/lure"
	fi

	# The same without: that is what kept it.
	sed -i 's/^\[run\]/&\nsandbox = no/' "$E/acrotate.conf"
	bend '!='
	patiently acrotate run --force --debug
	ok "sandbox = no: it is written there" test -e "$T/outside/web.env"
	ok "and nothing is said of a sandbox" sh -c '! grep -q "in the sandbox" "$1"' sh "$T/err"
	like "check tells that it is off" "$(acrotate check; said)" 'sandbox.*switched off'
	straight
	sed -i '/^sandbox = no/d' "$E/acrotate.conf"
	acrotate run
	is "and all in step again" "$RC $(cat "$T/inside/web.env")" "0 $(password_in)"
fi

# ---- other machines --------------------------------------------------------------------------------------------------------------------
# injected CALL ERROR ARGUMENT...: every such call of the run fails.
injected() {
	_call=$1 _error=$2; shift 2
	strace -f -qq -o /dev/null -e trace="$_call" -e inject="$_call:error=$_error" \
		"$ACROTATE" run --config "$E/acrotate.conf" "$@" >"$T/out" 2>"$T/err" </dev/null
	RC=$?
}
if [ $have = yes ]; then
	for call in landlock_create_ruleset landlock_add_rule landlock_restrict_self; do
		for error in ENOSYS EPERM; do
			patiently injected $call $error --force --verbose
			is "$call answers with $error: the run goes on" "$RC" 0
			like "and says so" "$(said)" 'no Landlock.*not sandboxed'
		done
	done
	for call in landlock_add_rule landlock_restrict_self; do
		before=$(control state | sed 's/"now":"[^"]*",//')
		patiently injected $call EINVAL --force
		is "$call fails: refused" "$RC" 74
		like "with what to do" "$(said)" "'sandbox = no'"
		is "nothing was generated" "$(control state | sed 's/"now":"[^"]*",//')" "$before"
	done
	patiently injected landlock_create_ruleset EOPNOTSUPP --verbose --force
	is "switched off at boot" "$RC" 0
fi

# ---- one job of several ----------------------------------------------------------------------------------------------------------------
# Which directories are open depends on which jobs the run was asked for, not on where they stand among all.
mkdir "$T/zulu"
printf '[job]\ntoken = zulu-pull\n[sink env]\ntype = file\npath = %s/zulu/env\ncontent = {password}\n' "$T" >"$E/jobs.d/zulu-pull.conf"
acrotate run zulu-pull
is "the last job alone" "$RC" 0
is "its password works" "$(login zulu-pull "$(cat "$T/zulu/env")")" 200
rm "$E/jobs.d/zulu-pull.conf"

# ---- the other processes ---------------------------------------------------------------------------------------------------------------
# Whether one of them has a sink's file mounted is asked of all there are: once a run, and only where a sink will be written.
for job in one two; do
	printf '[job]\ntoken = %s-pull\nverify_every = 1s\n[sink env]\ntype = file\npath = %s/zulu/%s\ncontent = {password}\n' $job "$T" $job \
		>"$T/$job-pull.conf"
done
mkdir "$T/kept" && mv "$E"/jobs.d/*.conf "$T/kept" && mv "$T"/*-pull.conf "$E/jobs.d"
# asked ARGUMENT...: how often a run reads the list of all processes
asked() {
	patiently traced "$@"
	printf '%s %s' "$RC" "$(grep -c '"/proc", ' "$T/calls")"
}
traced() {
	strace -f -qq -o "$T/calls" -e trace=openat "$ACROTATE" run --config "$E/acrotate.conf" "$@" >"$T/out" 2>"$T/err" </dev/null
	RC=$?
}
is "new jobs: exit status, times the processes were listed" "$(asked)" "0 1"
sleep 1.1
is "what is deployed is only verified" "$(asked)" "0 0"
is "two rotations" "$(asked --force)" "0 1"
rm "$E"/jobs.d/*.conf && mv "$T"/kept/*.conf "$E/jobs.d"

# ---- a state that others can write ------------------------------------------------------------------------------------------------------
# A volume of a container is like that: it is said, and works; a link of somebody else's is not followed.
if [ "$(id -u)" = 0 ]; then
	mkdir "$T/volume" && chmod 777 "$T/volume"
	sed "s|^state_dir = .*|state_dir = $T/volume|" "$E/acrotate.conf" >"$E/other.conf"
	grep -q '^state_dir' "$E/other.conf" || sed -i "s|^\[run\]|&\nstate_dir = $T/volume|" "$E/other.conf"
	"$ACROTATE" run web-pull --config "$E/other.conf" >"$T/out" 2>"$T/err" </dev/null
	like "a state directory that all can write is warned of" "$(said)" "warning: state_dir: others can change directory 'volume'"
	like "by check, too" "$("$ACROTATE" check --config "$E/other.conf" 2>&1)" "^warning +state: others can change directory 'volume'"
	mkdir "$T/theirs/state" "$T/stolen"
	ln -s "$T/stolen" "$T/theirs/link" && chown -h nobody "$T/theirs/link"
	sed -i "s|^state_dir = .*|state_dir = $T/theirs/link/state|" "$E/other.conf"
	"$ACROTATE" run web-pull --config "$E/other.conf" >"$T/out" 2>"$T/err" </dev/null
	is "through somebody else's link: exit status" "$?" 78
	like "which is said" "$(said)" "symbolic link 'link' on the way to .* belongs to somebody else"
	rm -r "$T/volume" "$T/stolen" "$T/theirs/link" "$T/theirs/state" "$E/other.conf"
fi

# ---- nothing to do ---------------------------------------------------------------------------------------------------------------------
# Without the helper, whose answer is asked for by starting it.
sed -i '/^\[sink vault\]/,/^program/d' "$E/jobs.d/web-pull.conf"
acrotate run
strace -f -qq -o "$T/calls" -e trace=landlock_create_ruleset,landlock_restrict_self,clone,clone3,fork,vfork,socketpair \
	"$ACROTATE" run --config "$E/acrotate.conf" >"$T/out" 2>"$T/err" </dev/null
is "a run with nothing to do: exit status" "$?" 0
is "it enters no sandbox and starts no process" "$(cat "$T/calls")" ""
done_testing
