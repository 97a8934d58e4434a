#!/bin/sh
# SPDX-License-Identifier: MIT
# make bench: the same work by acrotate, by a bare libcurl program and by peers, side by side in one run against one emulator. Each figure is
# the median of RUNS, with the quartiles in brackets; milliseconds of CPU and wall time, MiB of peak memory, system calls of one run.
set -u
. "$(dirname "$0")/../e2e/lib.sh"
. "$(dirname "$0")/../e2e/job.sh"
RUNS=${RUNS:-21}
MEASURE=$BUILD/bench/measure
BARE=$BUILD/bench/bare

# row RUNS LABEL BEFORE COMMAND...
row() {
	"$MEASURE" "$@" || return 1
	_before=$3
	shift 3
	[ -z "$_before" ] || sh -c "$_before" >/dev/null 2>&1
	strace -f -c -o "$T/calls" "$@" >/dev/null 2>&1 </dev/null
	calls=$(awk '$NF == "total" { print $4 }' "$T/calls")
	printf ' %9s\n' "${calls:--}"
}

start_emulator --fast --token web-pull --token bare
make_host 'lifetime = 90d' 'grace = 1s'
usual_job web-pull
printf '%-34s %9s %-17s %9s %-17s %8s %9s\n' '' 'CPU ms' '[quartiles]' 'wall ms' '[quartiles]' 'MiB' 'calls'

echo "A run with nothing due, one job"
row "$RUNS" "  /bin/true" "" /bin/true
if command -v uacme >/dev/null; then
	mkdir -p "$T/uacme/private/example.org" "$T/uacme/example.org"
	openssl genrsa -out "$T/uacme/private/key.pem" 2048 2>/dev/null
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$T/uacme/private/example.org/key.pem" -out "$T/uacme/example.org/cert.pem" \
		-subj /CN=example.org -addext subjectAltName=DNS:example.org -days 365 2>/dev/null
	# It says "nothing due" by status 1.
	row "$RUNS" "  uacme issue" "" sh -c 'uacme -c "$0" issue example.org; [ $? = 1 ]' "$T/uacme"
fi
acrotate run
[ "$RC" = 0 ] || { said; exit 1; }
row "$RUNS" "  acrotate run" "" "$ACROTATE" run --config "$E/acrotate.conf"

echo "One rotation: generate, prove, deliver"
# A rotation needs a spare slot whose grace is over; a second and a bit is waited for before each, and not counted.
row "$RUNS" "  acrotate run --force, two sinks" "sleep 1.1" "$ACROTATE" run --force --config "$E/acrotate.conf"
row "$RUNS" "  the same requests, bare libcurl" "sleep 1.1" "$BARE" "$E/ca.pem" "$EMULATOR_URL/$EMULATOR_TENANT" "$EMULATOR_CLIENT_ID" \
	"$E/client-secret" https://management.core.windows.net/ "$EMULATOR_URL$REGISTRY_ID/tokens/bare?api-version=2023-07-01" \
	"$EMULATOR_URL$REGISTRY_ID/generateCredentials?api-version=2023-07-01" "$REGISTRY_ID/tokens/bare" password1 \
	"$EMULATOR_LOGIN_SERVER" bare 2031-12-31T12:59:59Z "$T/bare.txt"
end_all

echo "token credential generate"
sh "$(dirname "$0")/token.sh"
