#!/bin/sh
# SPDX-License-Identifier: MIT
# What hangs: a file system that answers nothing, a helper that was stopped, a hook that ignores TERM. Each ends at a deadline,
# holds up no other sink and no other job, and INT and TERM end a run within two seconds wherever it is.
set -u
# With mounts of its own, which go with it: what other programs do beside it takes longer where something hangs.
if [ "$(id -u)" = 0 ] && [ "${MOUNTS_OF:-}" != $$ ]; then
	MOUNTS_OF=$$
	export MOUNTS_OF
	exec unshare -m sh "$0"
fi
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/job.sh"
needs openssl
if [ "$(id -u)" != 0 ] || [ ! -e /dev/fuse ]; then skip_here "mounting needs root and /dev/fuse"; fi
cc -O2 -o "$T/hung_fs" "$ROOT/tests/e2e/hung_fs.c" || exit 1

start_emulator --fast --token web-pull --token other --token hooked --token vault
make_host 'lifetime = 90d' 'grace = 1s'
hang() {
	start hung "$T/hung_fs" "$H/far"
	HUNG=$PID
	wait_for "the file system" grep -q " $H/far " /proc/self/mountinfo
}
# It ends with the last who has it open; what hung there goes on.
let_go() {
	kill -KILL "$HUNG"
	wait "$HUNG" 2>/dev/null
	umount -l "$H/far"
}
# run_in_background ARGUMENT...: its pid in RUN.
run_in_background() {
	"$ACROTATE" run --config "$E/acrotate.conf" "$@" >"$T/out" 2>"$T/err" </dev/null &
	RUN=$!
	PIDS="$RUN $PIDS"
}
# ends_at SIGNAL EXIT WHAT: it was sent, and the run ended at once.
ends_at() {
	kill -s "$1" "$RUN"
	began=$(date +%s)
	wait "$RUN"
	is "$1 ends a run $3" "$?" "$2"
	ok "$1: within two seconds" test $(($(date +%s) - began)) -le 2
}
two_sinks() { # PATH of the second
	job web-pull <<END
[job]
token = web-pull
[sink near]
type = file
path = $H/near.env
[sink far]
type = file
path = $1
END
}

# ---- a file system ------------------------------------------------------------------------------------------------------------------
mkdir "$H/far"
mkdir "$H/sub"
ln -s far "$H/link"
ln -s ../far "$H/sub/up"
two_sinks "$H/far/far.env"
acrotate run
is "while it answers" "$RC" 0
near=$(cat "$H/near.env")
hang
began=$(date +%s)
acrotate run --force --verbose
took=$(($(date +%s) - began))
says "a file system that does not answer" 75 "sink 'far': cannot access '$H/far/far.env': the file system at '$H/far' \(fuse.hung\) does not answer within 5"
ok "it took $took seconds" test "$took" -le 15
ok "the other sink is not held up" test "$(cat "$H/near.env")" != "$near"
is "and what it has works" "$(login web-pull "$(cat "$H/near.env")")" 200
for way in link sub/up sub/../far /./far; do
	two_sinks "$H/$way/far.env"
	acrotate status
	like "by way of $way" "$(said)" "the file system at '$H/far'"
done
job other <<END
[job]
token = other
[sink near]
type = file
path = $H/other.env
END
acrotate run --verbose
is "another job is delivered all the same" "$(login other "$(cat "$H/other.env")")" 200
two_sinks "$H/far/far.env"
for signal in TERM INT; do
	run_in_background --force
	sleep 1
	ends_at "$signal" 75 "that waits for it"
done
# A program that lies there, and a directory of PATH.
job other <<END
[job]
token = other
on_change = $H/far/hook
[sink near]
type = file
path = $H/other.env
END
sleep 2.1
began=$(date +%s)
acrotate run --force other
says "a hook that lies there" 70 "cannot run '$H/far/hook': cannot access .* does not answer within 5"
ok "in time" test $(($(date +%s) - began)) -le 15
job vault <<END
[job]
token = vault
[sink vault]
type = helper
program = docker-credential-none
END
env PATH="$H/far:$PATH" "$ACROTATE" run --config "$E/acrotate.conf" vault >"$T/out" 2>"$T/err" </dev/null
RC=$?
says "a directory of PATH that lies there" 78 "there is no program 'docker-credential-none'"
rm "$E/jobs.d/vault.conf"
let_go
rm "$E/jobs.d/other.conf"
acrotate run
is "when it is gone all is well again" "$RC" 0

# ---- a helper that was stopped --------------------------------------------------------------------------------------------------------
cat >"$T/helper" <<END
#!/bin/sh
case \$1 in
store) cat >"$T/stored" ;;
get) [ ! -e "$T/stop" ] || kill -STOP \$\$
	cat "$T/stored" 2>/dev/null || { echo 'credentials not found in native keychain'; exit 1; } ;;
esac
END
chmod +x "$T/helper"
job web-pull <<END
[job]
token = web-pull
[sink vault]
type = helper
program = $T/helper
END
sleep 2.1
acrotate run
is "a helper" "$RC" 0
touch "$T/stop"
for signal in TERM INT; do
	run_in_background --force
	sleep 1
	ends_at "$signal" 75 "that waits for a stopped helper"
	is "$signal: and the helper is gone" "$(pgrep -f "$T/helper" | wc -l)" 0
done
rm "$T/stop"

# ---- a hook that ignores TERM ---------------------------------------------------------------------------------------------------------
cat >"$T/hook" <<END
#!/bin/sh
trap '' TERM INT
touch "$T/hooked"
while :; do sleep 0.1; done
END
chmod +x "$T/hook"
rm "$E/jobs.d/web-pull.conf"
job hooked <<END
[job]
token = hooked
on_change = $T/hook
[sink near]
type = file
path = $H/hooked.env
END
for signal in TERM INT; do
	sleep 2.1
	rm -f "$T/hooked"
	run_in_background --force
	wait_for "the hook" test -e "$T/hooked"
	ends_at "$signal" 70 "whose hook ignores it"
	is "$signal: and the hook is gone" "$(pgrep -f "$T/hook" | wc -l)" 0
done
done_testing
