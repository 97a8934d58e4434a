#!/bin/sh
# SPDX-License-Identifier: MIT
# Many jobs at once: behind Azure's throttling, through a slow replication, ended by a signal. The emulator's log counts; clocks do not.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/job.sh"

JOBS=60
# anew OPTION...: another emulator, another host
anew() {
	end_all
	rm -rf "$T/emulator" "$T/host"
	start_emulator --tokens $JOBS "$@"
	make_host 'lifetime = 90d' 'grace = 1s'
	bulk_jobs $JOBS
}
some_delivered() { [ "$(delivered)" -gt 0 ]; }
# How many of the passwords in the sinks log in.
throttled() { control log | grep -c '"status":429' || :; }

# ---- throttled: 20 at once, then 25 a second, of reads and of writes ----------------------------------------------------------------
anew --fast --arm-limit 20,25
acrotate run
is "throttled: all is done" "$RC" 0
is "throttled: said nothing" "$(said)" ""
is "throttled: every job has its password" "$(delivered)" $JOBS
is "throttled: all of them work" "$(working)" $JOBS
is "throttled: one generate for each" "$(count_log generate '"status":200')" $JOBS
is "throttled: the registry was looked up once for all" "$(count_log registry-get '"status":200')" 1
# What Azure says is left is kept account of: hardly more is refused than what was under way, from 16 threads, before it had said so.
n=$(throttled) served=$(control log | grep -E '"operation":"(generate|token-get|registry-get)"' | grep -c '"status":200')
ok "throttled: hardly any refused: $n, $served served" test "$n" -le 16
# First come, first served: between the first and the last read of a job hardly anybody else reads. Those that had begun before the limit was
# known are interrupted; all of them would be if the 60 took turns.
control log | grep -F '"status":200' | sed -n 's|.*"operation":"token-get".*/tokens/\(bulk-[0-9]*\)".*|\1|p' >"$T/order"
near=$(awk '{ if (!($1 in first)) first[$1] = NR; last[$1] = NR } END { for (t in first) n += last[t] - first[t] <= 30; print n + 0 }' "$T/order")
ok "throttled: in order, $near of $JOBS" test "$near" -ge 30
acrotate run
is "throttled: nothing is left to do" "$RC" 0

# ---- a registry that takes 200 requests a minute: of 60 jobs each asks it four times, three of them at once --------------------------
anew --fast --registry-limit 200
acrotate run
is "a busy registry: all is done" "$RC $(said)" "0 "
n=$(throttled)
ok "a busy registry: those that were under way were refused, and nobody after them: $n" test "$n" -ge 1 -a "$n" -le 49
control settings '{"registry_limit":0}' >/dev/null
is "a busy registry: every password works" "$(working)" $JOBS
is "a busy registry: nothing was generated twice" "$(count_log generate '"status":200')" $JOBS

# ---- hardly any descriptors: each of 60 threads has a client of its own, with the certificates of ca_file --------------------------------
# limited ULIMIT N ARGUMENT...: as acrotate, under that limit
limited() { RC=$(ulimit "$1" "$2"; shift 2; acrotate "$@"; echo "$RC"); }
many_threads() {
	anew --fast
	sed -i 's/^\[run\]/&\nworkers = 60/' "$E/acrotate.conf"
}
many_threads
limited -Sn 64 run
is "a limit that may be raised: all is done" "$RC $(said)" "0 "
is "a limit that may be raised: every password works" "$(working)" $JOBS
many_threads
limited -n 64 run
ok "a limit that may not: the run ends of its own accord ($RC)" test "$RC" -lt 128
like "a limit that may not: it says why" "$(said)" "Too many open files"
limited -n 64 status --online
ok "status: it ends of its own accord ($RC)" test "$RC" -lt 128
limited -n 64 check
ok "check: it ends of its own accord ($RC)" test "$RC" -lt 128
acrotate run
is "a limit that may not: the next run goes on" "$RC $(delivered) $(working)" "0 $JOBS $JOBS"

# ---- ended by a signal --------------------------------------------------------------------------------------------------------------
for signal in TERM INT; do
	# Enough for the first passwords (a job asks five times), and so little then that the run cannot be over when the signal comes.
	anew --fast --arm-limit 240,1
	start run "$ACROTATE" run --config "$E/acrotate.conf"
	pid=$PID
	wait_for "the first password" some_delivered
	kill -$signal "$pid"
	wait "$pid"
	is "SIG$signal: more is to be done" "$?" 75
	done_before=$(delivered)
	ok "SIG$signal: not all was delivered ($done_before)" test "$done_before" -lt $JOBS
	is "SIG$signal: what was works" "$(working)" "$done_before"
	is "SIG$signal: no temporary files" "$(find "$H" -name '.acrotate*' | grep -c .)" 0
	control settings '{"arm_limit":[100000,100000]}' >/dev/null
	acrotate run
	is "SIG$signal: the next run goes on" "$RC" 0
	is "SIG$signal: every job has its password" "$(delivered)" $JOBS
	is "SIG$signal: all of them work" "$(working)" $JOBS
done
done_testing
