#!/bin/sh
# SPDX-License-Identifier: MIT
# on_change, of a job and of a sink: how it is started, what it is told, what becomes of its output, how it is ended, and that it is owed
# until it has succeeded.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/job.sh"
needs openssl

start_emulator --fast --token web-pull
make_host 'lifetime = 90d' 'grace = 1s'
# hook NAME <<END ... END: a script of that name, after what every one of them does.
hook() {
	{ printf '#!/bin/sh\nN=%s\nT=%s\n' "$1" "$T"; cat; } >"$H/$1.sh"
	chmod +x "$H/$1.sh"
}
# hooked JOB-LINES SINK-LINES: two files; the lines of the sink go to the first.
hooked() {
	rm -f "$E"/jobs.d/*.conf
	job web <<END
[job]
token = web-pull
$1
[sink first]
type = file
path = $H/first.env
$2
[sink second]
type = file
path = $H/second.env
END
}
password() { cat "$H/first.env"; }
told() { cat "$T/told" 2>/dev/null; rm -f "$T/told"; }
status_of() { acrotate status -o json; jget "$T/out" 0."$1"; }
# Where nobody takes in orphans one that has ended stays as a zombie.
gone() { ! grep -q '^State:[[:space:]]*[^ZX]' "/proc/$1/status" 2>/dev/null; }
# What a command would leave in the journal of a machine: stderr is the journal if $JOURNAL_STREAM says so.
journal() {
	: >"$T/journal"
	JOURNAL_STREAM=$(stat -c %d:%i "$T/journal") "$ACROTATE" "$@" --config "$E/acrotate.conf" >"$T/out" 2>>"$T/journal" </dev/null
	RC=$?
	return 0
}

# ---- without a shell ----------------------------------------------------------------------------------------------------------------
hook args <<'END'
for a; do printf '<%s>' "$a"; done >"$T/told"
END
hooked "on_change = $H/args.sh plain 'single \"\$HOME\" \\' \"double 'x' \\\" \\\\ \\\$HOME \\a\" back\\ slash '|;&<>\`' '' *.env ~ %j %t%%" ""
acrotate run
is "a hook runs after the first delivery" "$RC" 0
is "quietly" "$(said)" ""
is "its words are what the quoting rules say, and nothing is expanded" "$(told)" \
	"<plain><single \"\$HOME\" \\><double 'x' \" \\ \$HOME \\a><back slash><|;&<>\`><><*.env><~><web><web-pull%>"
acrotate run
is "not when nothing changes" "$RC$(told)" 0

# ---- what it is told ----------------------------------------------------------------------------------------------------------------
# It looks like a run of systemd or a container: with secrets for acrotate in the environment.
hook env <<'END'
env | sort >"$T/env.$N"
tr '\0' ' ' </proc/$$/cmdline >"$T/cmdline.$N"
readlink /proc/$$/fd/0 >"$T/stdin.$N"
cat "$(dirname "$0")/first.env" >"$T/seen.$N"
# It becomes ls, so that no descriptor of the shell's is among them.
exec ls -l /proc/self/fd >"$T/fds.$N"
END
sed 's/^N=env$/N=sink/' "$H/env.sh" >"$H/sink.sh"
chmod +x "$H/sink.sh"
hooked "on_change = $H/env.sh" "on_change = $H/sink.sh"
AZURE_CLIENT_SECRET=do-not-pass-on IDENTITY_HEADER=do-not-pass-on KEPT=yes
export AZURE_CLIENT_SECRET IDENTITY_HEADER KEPT
acrotate run --force
unset AZURE_CLIENT_SECRET IDENTITY_HEADER KEPT
is "a rotation with a hook of the job and one of a sink" "$RC" 0
told_of() { grep -E '^ACROTATE_(JOB|SINKS|SLOT)=' "$T/env.$1" | tr '\n' ' '; }
is "the job's is told of all sinks" "$(told_of env)" 'ACROTATE_JOB=web ACROTATE_SINKS=first second ACROTATE_SLOT=password2 '
is "the sink's of its own" "$(told_of sink)" 'ACROTATE_JOB=web ACROTATE_SINKS=first ACROTATE_SLOT=password2 '
ok "no secret is in its environment or argv" sh -c '! grep -qF -e "$1" -e do-not-pass-on "$2"/env.* "$2"/cmdline.*' sh "$(password)" "$T"
ok "what else was there is" grep -qx KEPT=yes "$T/env.env"
is "it runs after the commit: the sink has the new password" "$(cat "$T/seen.sink")" "$(password)"
is "it reads nothing from us" "$(cat "$T/stdin.env")" /dev/null
is "and has no descriptor of ours" "$(sed -n 's/.* \([0-9]*\) -> .*/\1/p' "$T/fds.env" | tr '\n' ' ')" "0 1 2 3 "
like "the last one is ls's own" "$(cat "$T/fds.env")" ' 3 -> /proc/[0-9]+/fd$'

# ---- its output ---------------------------------------------------------------------------------------------------------------------
sleep 2.1
hook output <<'END'
echo to stdout
echo to stderr >&2
printf 'a \033[31mred\033[0m bell \007\n'
printf 'C1 \302\23331m, backwards \342\200\256 here\n'
[ ! -e "$T/fail" ] || exit 3
END
hooked "on_change = $H/output.sh" ""
acrotate run --force
is "what a hook that succeeds prints is no news" "$RC$(said)" 0
sleep 2.1
acrotate run --force --verbose
like "--verbose has its standard output" "$(cat "$T/err")" '^acrotate: web: on_change: to stdout$'
like "and its standard error" "$(cat "$T/err")" '^acrotate: web: on_change: to stderr$'
ok "without control characters" sh -c '! LC_ALL=C grep -q "[[:cntrl:]]" "$1"' sh "$T/err"
like "nor those of eight bits, nor marks of direction" "$(cat "$T/err")" 'on_change: C1 [^[:alnum:]]*31m, backwards [ ?]*here$'
ok "none of their bytes" sh -c '! LC_ALL=C grep -qE "$(printf "\302\233|\342\200\256")" "$1"' sh "$T/err"
like "one line for one line" "$(cat "$T/err")" 'on_change: a  \[31mred \[0m bell +$'
sleep 2.1
touch "$T/fail"
acrotate run --force
says "that of one that fails is" 70 '^acrotate: warning: web: on_change: to stderr$'
rm "$T/fail"
acrotate run
is "and it succeeds next time" "$RC" 0
sleep 2.1
# The script reads the password from a file, and its shell tells what it does.
hook traced <<'END'
set -x
read -r password <"$(dirname "$0")/first.env"
: docker login -p "$password" r.io
set +x
echo "the login failed" >&2
exit 1
END
hooked "on_change = $H/traced.sh" ""
acrotate run --force
says "a hook that is traced by its shell and fails" 70 'on_change: the login failed'
ok "the password that it printed is not in the log" sh -c '! printf %s "$1" | grep -qF "$2"' sh "$(said)" "$(password)"
like "and it is said that something was left out" "$(said)" 'a line that may tell a secret is left out'
hooked "" ""
acrotate run
sleep 2.1
# 10 MiB, in lines and then without any: read to the end, and cut.
hook flood <<'END'
yes 'line of a flood' | head -c 10485760
head -c 1048576 /dev/zero | tr '\0' x
echo done >"$T/told"
exit 4
END
hooked "on_change = $H/flood.sh" ""
acrotate run --force
says "a hook that prints 10 MiB" 70 'the rest of its output, over 65536 bytes, is left out'
is "it is read to its end" "$(told)" "done"
ok "a line of it is logged, and no more than 64 KiB of them" sh -c \
	'n=$(grep -c "on_change: line of a flood" "$1"); [ "$n" -gt 3000 ] && [ "$n" -le 4096 ]' sh "$T/err"
hooked "" ""
acrotate run
is "a hook that was taken out of the job is owed no more" "$RC$(said)" 0
is "nor shown" "$(status_of hook_owed)" false

# ---- it is ended in time, with all it started ----------------------------------------------------------------------------------------
sleep 2.1
hook slow <<'END'
echo started
# A grandchild that does not listen, and closes what the pipe would show of it.
sh -c 'trap "" TERM INT HUP; echo $$ >"$1/grandchild"; exec >/dev/null 2>&1; while [ -d "$1" ]; do sleep 1; done' sh "$T" &
sh -c 'echo $$ >"$1/child"; exec sleep 300' sh "$T" &
while [ ! -s "$T/grandchild" ] || [ ! -s "$T/child" ]; do sleep 0.1; done
wait
END
hooked "on_change = $H/slow.sh
hook_timeout = 2s" ""
acrotate run --force
says "a hook whose time is out" 70 "on_change '$H/slow.sh' was ended after 2 seconds; it is owed"
like "what it said until then is logged" "$(said)" 'on_change: started'
wait_for "the end of the hook's child" gone "$(cat "$T/child")"
ok "a child is ended" gone "$(cat "$T/child")"
wait_for "the end of the hook's grandchild" gone "$(cat "$T/grandchild")"
ok "so is a grandchild that ignores SIGTERM" gone "$(cat "$T/grandchild")"
hooked "on_change = $H/slow.sh" "on_change = $H/missing.sh"
sed -i 's/^wait$/exit 0/; s/sleep 300/sleep 3/' "$H/slow.sh"
acrotate run
is "what a hook leaves in the background is not waited for" "$RC" 0
kill -KILL "$(cat "$T/grandchild")"

# ---- owed until it succeeds ----------------------------------------------------------------------------------------------------------
hook ok <<'END'
echo "$ACROTATE_SINKS $ACROTATE_SLOT" >>"$T/told"
[ ! -e "$T/fail" ] || exit 3
END
hooked "on_change = $H/ok.sh
grace = 1s" ""
sleep 2.1
touch "$T/fail"
before=$(password)
acrotate run --force
is "a rotation whose hook fails: exit status" "$RC" 70
now=$(password)
ok "is a rotation all the same" test "$now" != "$before"
like "the error names hook and status" "$(cat "$T/err")" "^acrotate: web: on_change '$H/ok.sh' failed with status 3; it is owed"
like "what was done is said, too: slot, expiry, next rotation" "$(cat "$T/err")" \
	'web: done all the same: rotated to (password[12]), accepted by the registry after [0-9]+(ms|s); \1 is deployed, expires in (90d|89d 23h), next rotation 20'
is "it was told" "$(told)" "first second password$(grep -o 'rotated to password[12]' "$T/err" | grep -o '[12]$')"
acrotate plan
is "plan exits as run would" "$RC" 70
like "and says so" "$(cat "$T/out")" '^web: run an on_change hook again'
is "status: an owed hook" "$(status_of hook_owed) $(status_of state)" "true failing"
acrotate status
like "in words, too" "$(cat "$T/out")" 'an on_change hook is owed: the next run repeats it'
generated=$(generated)
sleep 2.1
journal run
is "the next run repeats it: exit status" "$RC" 70
ok "it ran" test -n "$(told)"
is "nothing was generated" "$(generated)" "$generated"
is "the password stays" "$(password)" "$now"
sleep 2.1
acrotate run --force
is "grace is long over, but the old slot is kept while a hook is owed: exit status" "$RC" 70
like "why is said" "$(acrotate run --force --verbose; said)" 'password[12] has to wait: a hook that tells consumers of the new password is still owed'
is "nothing was generated" "$(generated)" "$generated"
is "the old password still works" "$(login web-pull "$before")" 200
acrotate plan --force
is "nor does a plan promise it: exit status" "$RC" 75
like "and says why" "$(said)" 'wait: .*still owed'
rm -f "$T/fail" "$T/told"
clear_log
acrotate run
is "it succeeds at last" "$RC$(said)" 0
is "which took no request" "$(requests)" 0
ok "it ran once more" test -n "$(told)"
acrotate run
is "and then no more" "$RC$(told)" 0
is "status: none is owed" "$(status_of hook_owed) $(status_of state)" "false ok"
acrotate run --force
is "the next rotation takes the slot" "$RC" 0
sleep 2.1
touch "$T/fail"
journal run --force
is "the journal of a rotation whose hook fails has one line of both" "$RC $(grep -c '^<5>acrotate: web: rotated to password[12], .*; password[12] is deployed, expires in .*; but then: on_change .* failed with status 3; it is owed' "$T/journal")" "70 1"
rm "$T/fail"
acrotate run

# Each is owed by itself.
hook mine <<'END'
echo mine >>"$T/told.mine"
END
hooked "on_change = $H/ok.sh" "on_change = $H/mine.sh"
sleep 2.1
touch "$T/fail"
rm -f "$T/told.mine"
acrotate run --force
is "the job's hook fails, the sink's does not" "$RC $(cat "$T/told.mine")" "70 mine"
rm -f "$T/told.mine" "$T/fail"
acrotate run
is "only what failed is repeated" "$RC $(test ! -e "$T/told.mine" && echo not again)" "0 not again"

# A sink that is optional does not fail the run, nor does its hook; it is owed all the same.
hooked "" "optional = yes
on_change = $H/ok.sh"
sleep 2.1
touch "$T/fail"
acrotate run --force
is "a failing hook of an optional sink: exit status" "$RC" 0
like "is told of" "$(said)" "warning: web: sink 'first': on_change '$H/ok.sh' failed with status 3"
is "and owed" "$(status_of hook_owed)" true
rm "$T/fail"
acrotate run
is "until it succeeds" "$RC $(status_of hook_owed)" "0 false"

# A program that cannot be started fails like one that was.
hooked "on_change = $H/missing.sh" ""
sleep 2.1
acrotate run --force
says "a hook that is not there" 70 "on_change: cannot run '$H/missing.sh': No such file or directory; it is owed"
hooked "on_change = $H/dies.sh" ""
hook dies <<'END'
kill -SEGV $$
END
acrotate run
says "a hook that dies" 70 "on_change '$H/dies.sh' died of signal 11; it is owed"

# ---- killed in the middle ------------------------------------------------------------------------------------------------------------
hook long <<'END'
echo run >>"$T/runs"
echo $$ >"$T/long"
while [ ! -e "$T/release" ]; do sleep 0.1; done
END
hooked "on_change = $H/long.sh" ""
rm -f "$T/runs" "$T/release"
"$ACROTATE" run --config "$E/acrotate.conf" >"$T/out" 2>"$T/err" </dev/null &
run=$!
PIDS="$run $PIDS"
wait_for "the hook" test -s "$T/long"
acrotate run
is "another run meanwhile leaves the job alone: exit status" "$RC" 75
kill -KILL "$run"
wait "$run" 2>/dev/null
generated=$(generated)
now=$(password)
: >"$T/release"
wait_for "the end of the hook that was left behind" gone "$(cat "$T/long")"
acrotate run
is "killed while a hook ran: the next run is well" "$RC" 0
is "it repeats the hook, which nobody saw succeed" "$(grep -c run "$T/runs")" 2
is "and generates nothing" "$(generated) $(password)" "$generated $now"
is "nothing is owed" "$(status_of hook_owed)" false
done_testing
