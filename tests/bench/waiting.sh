#!/bin/sh
# SPDX-License-Identifier: MIT
# Many jobs that wait: for replication of a minute, and for Azure's throttling (200 writes at once, then 10 a second). What the emulator's log
# says of it: how often it said 429, and when the last job was served. Then the same run, ended by a signal and gone on with.
set -u
. "$(dirname "$0")/lib.sh"
JOBS=${JOBS:-1000}

timed() { # LABEL [OPTION...]: a run
	label=$1; shift
	"$BUILD/bench/measure" "$T/measured" "$ACROTATE" run --config "$E/acrotate.conf" "$@" >"$T/out" 2>"$T/err" </dev/null
	RC=$?
	awk -v label="$label" -v rc="$RC" -v n="$JOBS" '{ printf "  %s: status %s, %.1f s, %.2f ms of CPU a job, %s MiB; ", label, rc, $2 / 1000, $1 / n, $3 }' "$T/measured"
	# All of them: the emulator itself remembers the last few thousand.
	cp "$T/requests" "$T/log"
	printf '%s requests to ARM, %s of them refused with 429\n' "$(grep -Ec '"operation":"(generate|token-get|registry-get)"' "$T/log")" \
		"$(grep -c '"status":429' "$T/log")"
	: >"$T/requests"
}
seconds() { awk '{ printf "%.1f", $2 / 1000 }' "$T/measured"; }
refused_of_100() {
	awk '/"operation":"(generate|token-get|registry-get)"/ { n++; refused += /"status":429/ } END { printf "%.2f", n ? 100 * refused / n : 0 }' "$T/log"
}
anew() { # OPTION...: another emulator and host
	end_all
	rm -rf "$T/emulator" "$T/host" "$T/requests"
	start_emulator --tokens "$JOBS" --log "$T/requests" "$@"
	bench_host 'lifetime = 90d' 'grace = 1s'
	bulk_jobs "$JOBS"
	bulk_names 1 "$JOBS" >"$T/jobs"
}

echo "$JOBS jobs due, a replication of 60 s"
anew --propagation 60s --replicas 3 --settle 1s
# The first password of a slot is known at once: only one that replaces another has to spread.
acrotate run
sleep 2.1
acrotate run --force
: >"$T/requests"
sleep 2.1
timed "third run" --force
goal "seconds" "$(seconds)" 90

# Azure's limits, refilled FASTER times as fast, or ten thousand jobs take the better part of an hour. The same jobs without limits come first:
# what a job costs there, it may cost here.
JOBS=${LIMITED:-10000}
FASTER=${FASTER:-5}
cost_of_job() { awk -v n="$JOBS" '{ printf "%.3f", $1 / n }' "$T/measured"; }
echo "$JOBS jobs due, without limits"
anew --fast
timed "first run"
free=$(cost_of_job)
echo "$JOBS jobs due, Azure's limits (200 writes, then $((10 * FASTER)) a second; 250 reads, then $((25 * FASTER)) a second)"
anew --fast --arm-limit "real,$FASTER"
timed "first run"
allowed=$(awk -v f="$FASTER" '/"operation":"generate".*"status":200/ { w++ } /"operation":"(token|registry)-(get|list)".*"status":200/ { r++ }
	END { w = (w - 200) / 10 / f; r = (r - 250) / 25 / f; s = w > r ? w : r; printf "%.0f", (s > 0 ? s : 0) }' "$T/log")
goal "seconds, of $allowed that the limits allow" "$(seconds)" "$(awk -v s="$allowed" 'BEGIN { printf "%.0f", s * 1.03 + 1 }')"
goal "of 100 requests refused with 429" "$(refused_of_100)" 1
goal "jobs that gave up" "$(($(grep -c . "$T/jobs") - $(find "$H/sinks" -type f ! -name '.*' | grep -c .)))" 0
goal "CPU of a job, of one without limits" "$(awk -v a="$(cost_of_job)" -v b="$free" 'BEGIN { printf "%.2f", a / b }')" 1.1
# The jobs come in order: between the first and the last request of one there are those of the jobs beside it.
goal "requests between a job's first and last, at most" "$(sed -n 's|.*"operation":"token-get".*/tokens/\(bulk-[0-9]*\)".*"status":200.*|\1|p' "$T/log" |
	awk '{ if (!($1 in first)) first[$1] = NR; last[$1] = NR } END { for (t in first) if (last[t] - first[t] > most) most = last[t] - first[t]; print most + 0 }')" 500

JOBS=1000
echo "$JOBS jobs due, Azure's limits, ended by SIGTERM after 5 s"
anew --fast --arm-limit real
from=$(date +%s.%N)
timeout --foreground --preserve-status -s TERM 5 "$ACROTATE" run --config "$E/acrotate.conf" >"$T/out" 2>"$T/err" </dev/null
RC=$?
goal "seconds from the signal to the end" "$(awk -v a="$from" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a - 5 }')" 2
printf '  ended with status %s, %s of %s jobs delivered\n' "$RC" "$(find "$H/sinks" -type f ! -name '.*' | grep -c .)" "$JOBS"
: >"$T/requests"
timed "next run"
