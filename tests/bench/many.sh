#!/bin/sh
# SPDX-License-Identifier: MIT
# Many jobs at once, the emulator on the same machine: nothing due, and all of them due, beside the yardstick with as many threads.
set -u
. "$(dirname "$0")/lib.sh"
JOBS=${JOBS:-1000}
WORKERS=16
RUNS=${RUNS:-3}

# The second half of the tokens is the yardstick's.
start_emulator --fast --tokens $((2 * JOBS)) --log "$T/requests"
bench_host 'lifetime = 90d' 'grace = 1s'
bulk_jobs "$JOBS"
acrotate run
[ "$RC" = 0 ] || { said | tail -n 5; exit 1; }
echo "$JOBS jobs, the first run"
goal "looks at the registry in a run" "$(grep -c '"operation":"registry-\(get\|list\)"' "$T/requests")" 1
goal "reads of the token by each" "$(awk -v n="$JOBS" '/"operation":"token-get"/ { k++ } END { printf "%.2f", k / n }' "$T/requests")" 2

echo "$JOBS jobs, nothing due"
compare -n "$RUNS" -c -- "acrotate run" "$ACROTATE" run --config "$E/acrotate.conf" | tee "$T/idle"
goal "us of CPU a job" "$(awk -v n="$JOBS" '/acrotate run/ { printf "%.1f", $3 * 1000 / n }' "$T/idle")" 30

echo "$JOBS jobs, all due, $WORKERS at once"
before=$(seconds_of_emulator)
IFS='
'
set -f
# shellcheck disable=SC2046
compare -n "$RUNS" -b "sleep 2.1" -g "cpu <= 1.2" -g "memory MiB <= 40" -- "the same requests, bare libcurl" \
	$(bare "$WORKERS" $(bulk_names $((JOBS + 1)) $((2 * JOBS)))) -- "acrotate run --force" "$ACROTATE" run --force --config "$E/acrotate.conf" \
	>"$T/due"
cat "$T/due"
awk -v n="$JOBS" '/->/ { next } /bare libcurl|run --force/ { for (i = 1; i <= NF; i++) if ($i ~ /^\[/) { cpu = $(i - 1); break }
	sub(/^[^\]]*\]/, ""); printf "  -> %.0f rotations a second, %.2f ms of CPU each\n", n * 1000 / $1, cpu / n }' "$T/due"
echo "  -> of it the emulator, which has the same two processors: $(seconds_of_emulator | awk -v a="$before" -v n="$((2 * RUNS * JOBS))" \
	'{ printf "%.2f", ($1 - a) * 1000 / n }') ms of CPU a rotation"
