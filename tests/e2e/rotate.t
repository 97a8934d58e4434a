#!/bin/sh
# SPDX-License-Identifier: MIT
# The main job from end to end: real programs, real TLS, a real registry and a real client.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/job.sh"
needs skopeo docker-registry strace openssl

start_registry --token web-pull --token other --propagation 1s --replicas 3
push_image hello
make_host 'lifetime = 90d' 'grace = 1s'
usual_job web-pull
job other <<END
[job]
token = other
[sink file]
type = file
path = $H/other.txt
content = {username}:{password}@{server} {slot}
END
rest_of() { perl -0pe 's/"\Q'"$EMULATOR_LOGIN_SERVER"'\E"\s*:\s*\{[^}]*\}\s*,?//; s/\s+//g; s/,\}/}/g' "$1"; }

# ---- plan -------------------------------------------------------------------------------------------------------------------------
unchanged "plan of a first run" 0 'web-pull: rotate password1: ' plan
like "every job has its line" "$(cat "$T/out")" '^other: rotate password1: '
unchanged "run --dry-run" 0 '^web-pull: rotate password1: ' run --dry-run
ok "a plan leaves no state" test ! -e "$H/state/web-pull.state"

# ---- the first password -----------------------------------------------------------------------------------------------------------
acrotate run web-pull
is "the first run succeeds" "$RC" 0
is "and is quiet" "$(said)" ""
p1=$(password_in)
is "the password in config.json opens the registry" "$(login web-pull "$p1")" 200
is "the env file has the same" "$(cat "$H/web-pull.env")" "REGISTRY_PASSWORD=$p1"
is "with the mode asked for" "$(stat -c %a "$H/web-pull.env")" 640
is "the rest of config.json is as it was" "$(rest_of "$H/config.json")" "$(rest_of "$T/config.json.orig")"
ok "byte for byte" grep -qF '"number": 1.0e2, "text": "\u00e4"' "$H/config.json"
ok "the job that was not named was left alone" test ! -e "$H/other.txt"
is "the state is private" "$(stat -c '%a' "$H/state/web-pull.state")" 600
ok "no password in it" sh -c '! grep -qF "$1" "$2"' sh "$p1" "$H/state/web-pull.state"
ok "nor in the emulator's log" sh -c 'test -z "$(grep -F "$1")"' sh "$p1" <<END
$(control log)
END
ok "skopeo pulls with that config.json" pull_image hello "$H/config.json"

# ---- nothing is due ---------------------------------------------------------------------------------------------------------------
clear_log
snapshot >"$T/before"
strace -f -qq -o "$T/trace" -e trace=socket,connect,execve,openat,rename,renameat,renameat2,unlink,unlinkat,fsync,fdatasync \
	"$ACROTATE" run --config "$E/acrotate.conf" web-pull >"$T/out" 2>"$T/err"
is "a run with nothing due succeeds" "$?" 0
snapshot >"$T/after"
is "and is quiet" "$(said)" ""
ok "it changes nothing at all" diff -u "$T/before" "$T/after"
is "it makes no request" "$(requests)" 0
ok "nor any socket" sh -c '! grep -E "socket\(|connect\(" "$1"' sh "$T/trace"
is "it is one small program" "$(grep -c 'execve(' "$T/trace")" 1
ok "without libcurl" sh -c '! grep -E "libcurl|libsecret|libglib" "$1"' sh "$T/trace"
ok "that opens nothing for writing" sh -c '! grep -E "O_WRONLY|O_RDWR|O_CREAT|rename|unlink|fsync" "$1" | grep -v /dev/null' sh "$T/trace"

# What looks at configuration, state and sinks only is told by the small program, too.
while read -r command; do
	# shellcheck disable=SC2086
	strace -f -qq -o "$T/trace" "$ACROTATE" $command --config "$E/acrotate.conf" >"$T/out" 2>"$T/err"
	is "$command: exit status" "$?" 0
	is "$command: one small program" "$(grep -c 'execve(' "$T/trace")" 1
	ok "$command: without what it does not use" sh -c '! grep -E "lib(curl|ssl|secret|glib|yaml)" "$1"' sh "$T/trace"
	ok "$command: in $(grep -c '(' "$T/trace") system calls" test "$(grep -c '(' "$T/trace")" -lt 230
done <<'END'
status
status -o json
plan web-pull
plan -o json web-pull
get web-pull
keys
--version
--help
plan --help
END

# ---- five rotations, a client before, between and after ---------------------------------------------------------------------------
chmod 604 "$H/config.json"
last=$p1
for n in 1 2 3 4 5; do
	sleep 2.1
	acrotate run --force --detailed-exitcode web-pull
	is "rotation $n says that something changed" "$RC" 2
	now=$(password_in)
	ok "another password" test "$now" != "$last"
	is "which works" "$(login web-pull "$now")" 200
	is "as does the one before" "$(login web-pull "$last")" 200
	is "every sink has it" "$(cat "$H/web-pull.env")" "REGISTRY_PASSWORD=$now"
	ok "skopeo pulls after rotation $n" pull_image hello "$H/config.json"
	last=$now
done
is "five rotations, five generates" "$(count_log generate)" 5
is "the file's mode was kept" "$(stat -c %a "$H/config.json")" 604
is "and everything else in it" "$(rest_of "$H/config.json")" "$(rest_of "$T/config.json.orig")"
usual_job web-pull 'grace = 1d'
acrotate run --force web-pull
is "the slot of the password before has to wait" "$RC" 75
like "and that is said" "$(said)" 'password[12] has to wait'
is "nothing was generated" "$(count_log generate)" 5
is "nothing left behind in the directory" "$(find "$H" -maxdepth 1 -name '.acrotate*')" ""

# ---- which jobs -------------------------------------------------------------------------------------------------------------------
acrotate run 'oth*'
is "a pattern names jobs" "$RC" 0
like "the other job has its password" "$(cat "$H/other.txt")" "^other:.{52}@$EMULATOR_LOGIN_SERVER password[12]\$"
acrotate plan "$E/jobs.d/other.conf"
like "so does the path of a job file" "$(cat "$T/out")" '^other: keep'
is "and no other" "$(grep -c . "$T/out")" 1
unchanged "a job nobody has" 64 "wep-pull" run wep-pull
like "is suggested" "$(said)" 'web-pull|no job'
unchanged "an unknown option" 64 "did you mean '--force'" run --forse
unchanged "an unknown command" 64 "did you mean 'run'" rum

# ---- forms of output --------------------------------------------------------------------------------------------------------------
acrotate plan -o json
is "plan -o json" "$RC" 0
is "one object a job" "$(jget "$T/out" 0.job) $(jget "$T/out" 1.job)" "other web-pull"
is "with what would be done" "$(jget "$T/out" 1.action) $(jget "$T/out" 1.changed)" "keep false"
like "and the next rotation" "$(jget "$T/out" 1.next_rotation)" '^20[0-9-]+T[0-9:]+Z$'
acrotate run -o json
is "run -o json with nothing due" "$(jget "$T/out" 0.exit)$(jget "$T/out" 1.exit)" 00
acrotate run --detailed-exitcode
is "nothing changed: 0 of --detailed-exitcode" "$RC" 0
acrotate run --verbose web-pull
like "--verbose says a line a job" "$(cat "$T/out")" '^web-pull: password[12] is deployed, expires in 8?9'

# ---- when it comes near its end ----------------------------------------------------------------------------------------------------
usual_job web-pull 'lifetime = 40s' 'renew_before = 28s' 'grace = 1s'
sleep 2.1 # grace, in whole seconds of the service's clock
acrotate run --force web-pull
is "sinks do not get what ends before the password they hold: 75" "$RC" 75
like "which says so" "$(said)" 'would expire before the one that is deployed'
acrotate revoke web-pull
is "a short life is asked for" "$RC" 0
before=$(password_in)
acrotate run web-pull
is "not due yet" "$(password_in)" "$before"
sleep 13
acrotate run --verbose web-pull
is "due, without being asked" "$RC" 0
ok "another password is deployed" test "$(password_in)" != "$before"
is "the one before still lives" "$(login web-pull "$before")" 200
said=$(sed -n 's/.*rotated to \(password[12]\),.*; \(password[12]\) is deployed.*/\1 \2/p' "$T/out")
acrotate get web-pull -o json
slot=$(jget "$T/out" slot)
is "the line of a rotation names the slot that is deployed" "$said" "$slot $slot"
# ---- a new state directory --------------------------------------------------------------------------------------------------------
# What names it is synced, or it would be gone with the first power cut, and the record of both slots with it.
sed -i "s|^state_dir = .*|state_dir = $H/new/deep/state|" "$E/acrotate.conf"
strace -f -qq -y -o "$T/trace" -e trace=fsync,fdatasync "$ACROTATE" run --config "$E/acrotate.conf" other >"$T/out" 2>"$T/err" </dev/null
for parent in "$H" "$H/new" "$H/new/deep" "$H/new/deep/state"; do
	ok "the new host${parent#"$H"} is synced" grep -qF "<$parent>)" "$T/trace"
done
done_testing
