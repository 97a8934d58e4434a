#!/bin/sh
# SPDX-License-Identifier: MIT
# What one of them costs among how many: jobs, jobs that share one config.json, sinks of one job. "Each" has to stay what it is, from row to
# row; what is due writes its share of a file that grows with their number. GROWTH="10000 50000": other numbers of jobs; 50,000 tokens are
# all that a registry can have, and take a quarter of an hour to rotate beside an emulator on two processors.
set -u
. "$(dirname "$0")/lib.sh"
GROWTH=${GROWTH:-1 10 100 1000 10000}
GROWTH_SHARED=${GROWTH_SHARED:-1 10 100 1000}
GROWTH_SINKS=${GROWTH_SINKS:-1 10 100 250}

# one RUNS NUMBER LABEL COMMAND...: a row
one() {
	_runs=$1 _jobs=$2; shift 2
	compare -n "$_runs" -- "$@" >"$T/row" || exit
	awk -v n="$_jobs" 'NR == 2 { sub(/^ +/, ""); split($0, at, "["); k = split(at[1], a, " "); cpu = a[k]; sub(/^[^]]*\]/, "");
		split($0, b, " "); printf " %10.1f %9.1f %9.1f %7s", cpu, cpu * 1000 / n, b[1], $NF }' "$T/row"
}
# jobs of one file: N
shared_jobs() {
	perl -e 'my ($n, $jobs, $host, $server) = @ARGV;
		for (1 .. $n) {
			my $job = sprintf "bulk-%05d", $_;
			open my $f, ">", "$jobs/$job.conf" or die;
			print $f "[job]\ntoken = $job\n[sink docker]\ntype = docker\npath = $host/config.json\nkey = $server/$job\n";
		}' "$1" "$E/jobs.d" "$H" "$EMULATOR_LOGIN_SERVER"
}
# sinks of one job: N
sinks_of_job() {
	mkdir -p "$H/sinks"
	perl -e 'my ($n, $host) = @ARGV;
		print "[job]\ntoken = bulk-00001\n";
		print "[sink s$_]\ntype = file\npath = $host/sinks/$_\ncontent = REGISTRY_PASSWORD={password}\n" for 1 .. $n' "$1" "$H" |
		job bulk-00001
}
# table WHAT MAKE NUMBER...
table() {
	_what=$1 _make=$2; shift 2
	printf '%-16s | %10s %9s %9s %7s | %10s %9s %9s %7s\n' '' 'nothing due' '' '' '' 'all due' '' '' '' \
		"$_what" 'CPU ms' 'us each' 'wall ms' MiB 'CPU ms' 'us each' 'wall ms' MiB
	for n in "$@"; do
		end_all
		rm -rf "$T/emulator" "$T/host"
		start_emulator --fast --tokens "$n"
		bench_host 'lifetime = 90d' 'grace = 1s'
		"$_make" "$n"
		printf '%-16s |' "$n"
		one 1 "$n" "due" "$ACROTATE" run --config "$E/acrotate.conf" >"$T/due"
		sleep 2.1    # until then a file's times do not tell whether it was written again: it is read
		one 5 "$n" "idle" "$ACROTATE" run --config "$E/acrotate.conf"
		printf ' |'
		cat "$T/due"
		echo
	done
}
# shellcheck disable=SC2086
table jobs bulk_jobs $GROWTH
# shellcheck disable=SC2086
table 'jobs of one file' shared_jobs $GROWTH_SHARED
# shellcheck disable=SC2086
table 'sinks of one job' sinks_of_job $GROWTH_SINKS
