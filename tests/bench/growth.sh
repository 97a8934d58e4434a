#!/bin/sh
# SPDX-License-Identifier: MIT
# What a job costs among how many. GROWTH="10000 50000": other numbers; 50,000 tokens are all that a registry can have, and take a quarter of
# an hour to rotate beside an emulator on two processors.
set -u
. "$(dirname "$0")/lib.sh"
GROWTH=${GROWTH:-1 10 100 1000 10000}

# one RUNS JOBS LABEL COMMAND...: a row
one() {
	_runs=$1 _jobs=$2; shift 2
	compare -n "$_runs" -- "$@" >"$T/row" || exit
	awk -v n="$_jobs" 'NR == 2 { sub(/^ +/, ""); split($0, at, "["); k = split(at[1], a, " "); cpu = a[k]; sub(/^[^]]*\]/, "");
		split($0, b, " "); printf " %10.1f %9.1f %9.1f %7s", cpu, cpu * 1000 / n, b[1], $NF }' "$T/row"
}
printf '%7s | %10s %9s %9s %7s | %10s %9s %9s %7s\n' '' 'nothing due' '' '' '' 'all due' '' '' '' \
	jobs 'CPU ms' 'us/job' 'wall ms' MiB 'CPU ms' 'us/job' 'wall ms' MiB
for n in $GROWTH; do
	end_all
	rm -rf "$T/emulator" "$T/host"
	start_emulator --fast --tokens "$n"
	bench_host 'lifetime = 90d' 'grace = 1s'
	bulk_jobs "$n"
	printf '%7s |' "$n"
	one 1 "$n" "due" "$ACROTATE" run --config "$E/acrotate.conf" >"$T/due"
	one 5 "$n" "idle" "$ACROTATE" run --config "$E/acrotate.conf"
	printf ' |'
	cat "$T/due"
	echo
done
