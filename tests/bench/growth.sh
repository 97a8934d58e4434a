#!/bin/sh
# SPDX-License-Identifier: MIT
# What one of them costs among how many: jobs, jobs that share one config.json, sinks of one job, bytes of a config.json, processes of the
# host, tokens listed. "Each" has to stay what it is, from row to row; what is due writes its share of a file that grows with their number.
# GROWTH="10000 50000": other numbers of jobs; 50,000 tokens are all that a registry can have, and take a quarter of an hour to rotate
# beside an emulator on two processors. TABLES="bytes processes": these alone. INSTALLED=DIRECTORY: the programs below it, of another version.
set -u
. "$(dirname "$0")/lib.sh"
GROWTH=${GROWTH:-1 10 100 1000 10000}
GROWTH_SHARED=${GROWTH_SHARED:-1 10 100 1000}
GROWTH_SINKS=${GROWTH_SINKS:-1 10 100 250}
GROWTH_BYTES=${GROWTH_BYTES:-1000 10000 100000 1000000}
GROWTH_PROCESSES=${GROWTH_PROCESSES:-1 1000 4000}
GROWTH_LISTED=${GROWTH_LISTED:-10 100 1000 5000 50000}
TABLES=${TABLES:-jobs shared sinks bytes processes listed}

# one RUNS NUMBER LABEL COMMAND...: a row
one() {
	_runs=$1 _jobs=$2; shift 2
	compare -n "$_runs" -- "$@" >"$T/row" || exit
	awk -v n="$_jobs" 'NR == 2 { sub(/^ +/, ""); split($0, at, "["); k = split(at[1], a, " "); cpu = a[k]; sub(/^[^]]*\]/, "");
		split($0, b, " "); each = cpu * 1000 / n; printf " %10.1f %9.*f %9.1f %7s", cpu, each < 1 ? 3 : 1, each, b[1], $NF }' "$T/row"
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
# one job, and a config.json of others that has so many bytes: N
bytes_of_file() {
	perl -e 'my ($n, $file) = @ARGV;
		my $one = qq("registry-%06d.example.org": { "auth": "c29tZWJvZHk6ZWxzZQ==" });
		open my $f, ">", $file or die;
		print $f "{ \"auths\": {\n", join(",\n", map { sprintf $one, $_ } 1 .. 1 + $n / 70), "\n} }\n"' "$1" "$H/config.json"
	job bulk-00001 <<END
[job]
token = bulk-00001
[sink docker]
type = docker
path = $H/config.json
END
}
# one job, beside so many processes, which end with the one that has started them: N
sleepers() {
	exec perl -e 'pipe my $end, my $held or die; $| = 1;
		for (1 .. $ARGV[0]) { fork // die or do { close $held; sysread $end, my $c, 1; exit } }
		print "all\n"; sleep 3600' "$1"
}
beside_processes() {
	start sleepers sleepers "$1"
	wait_for "processes" grep -q all "$T/sleepers.out"
	bulk_jobs 1
}
# table WHAT MAKE NUMBER...: TOKENS=1 if it is not tokens that grow
table() {
	_what=$1 _make=$2; shift 2
	printf '%-20s | %10s %9s %9s %7s | %10s %9s %9s %7s\n' '' 'nothing due' '' '' '' 'all due' '' '' '' \
		"$_what" 'CPU ms' 'us each' 'wall ms' MiB 'CPU ms' 'us each' 'wall ms' MiB
	for n in "$@"; do
		end_all
		rm -rf "$T/emulator" "$T/host"
		start_emulator --fast --tokens "${TOKENS:-$n}"
		bench_host 'lifetime = 90d' 'grace = 1s'
		"$_make" "$n"
		printf '%-20s |' "$n"
		one 1 "$n" "due" "$ACROTATE" run --config "$E/acrotate.conf" >"$T/due"
		sleep 2.1    # until then a file's times do not tell whether it was written again: it is read
		one 5 "$n" "idle" "$ACROTATE" run --config "$E/acrotate.conf"
		printf ' |'
		cat "$T/due"
		echo
	done
}
# listed NUMBER...: the cheapest format, and the dearest that az has by default
listed() {
	printf '%-20s | %10s %9s %9s %7s | %10s %9s %9s %7s\n' '' 'tsv' '' '' '' 'json' '' '' '' \
		'tokens listed' 'CPU ms' 'us each' 'wall ms' MiB 'CPU ms' 'us each' 'wall ms' MiB
	for n in "$@"; do
		end_all
		rm -rf "$T/emulator" "$T/host"
		start_emulator --fast --registry contoso --tokens "$n"
		bench_host
		printf '%-20s |' "$n"
		set -- "$ACROTATE" token list --config "$E/acrotate.conf" -r contoso -g "$EMULATOR_RESOURCE_GROUP" -o
		one 3 "$n" "tsv" "$@" tsv
		printf ' |'
		one 3 "$n" "json" "$@" json
		echo
	done
}
for each in $TABLES; do
	# shellcheck disable=SC2086
	case $each in
	jobs)      table jobs bulk_jobs $GROWTH ;;
	shared)    table 'jobs of one file' shared_jobs $GROWTH_SHARED ;;
	sinks)     table 'sinks of one job' sinks_of_job $GROWTH_SINKS ;;
	bytes)     TOKENS=1 table 'bytes of config.json' bytes_of_file $GROWTH_BYTES ;;
	processes) TOKENS=1 table 'processes beside' beside_processes $GROWTH_PROCESSES ;;
	listed)    listed $GROWTH_LISTED ;;
	*)         echo "growth: no table '$each'" >&2; exit 64 ;;
	esac
done
