# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# For the parts of make bench: everything trusts the emulator's own authority alone, so that reading the system's bundle of them is in
# nobody's figures.
# The programs as a package installs them, where make bench has put them.
[ ! -x "${INSTALLED:-}/usr/bin/acrotate" ] || ACROTATE=$INSTALLED/usr/bin/acrotate
. "$(dirname "$0")/../e2e/lib.sh"
. "$(dirname "$0")/../e2e/job.sh"
export T BUILD
BARE=$BUILD/bench/bare
HERE=$(dirname "$0")

compare() { perl "$HERE/compare.pl" "$@"; }
# bench_host [KEY = VALUE]...: after start_emulator
bench_host() {
	sed -i 's/^\[http\]/[http]\nca_only = yes/' "$E/acrotate.conf"
	make_host "$@"
}
bulk_names() { perl -e 'printf "bulk-%05d\n", $_ for $ARGV[0] .. $ARGV[1]' "$1" "$2"; }
# bare THREADS TOKEN...: the arguments of the yardstick, one a line; its files go to $T/bare
bare() {
	_threads=$1; shift
	mkdir -p "$T/bare"
	set -- "$BARE" "$E/ca.pem" "$EMULATOR_URL/$EMULATOR_TENANT" "$EMULATOR_CLIENT_ID" "$E/client-secret" https://management.core.windows.net/ \
		"$EMULATOR_URL" "$REGISTRY_ID" "$EMULATOR_LOGIN_SERVER" 2031-12-31T12:59:59Z password1 "$T/bare" "$_threads" "$@"
	printf '%s\n' "$@"
}
seconds_of_emulator() { awk '{ printf "%.2f", ($14 + $15) / 100 }' "/proc/$EMULATOR_PID/stat"; }
# goal WHAT VALUE MOST: is it met? The file GOALS counts them.
goal() {
	awk -v what="$1" -v value="$2" -v most="$3" -v goals="${GOALS:-/dev/null}" 'BEGIN {
		met = value <= most
		printf "  goal: %s <= %s: %s, %s\n", what, most, value, met ? "met" : "MISSED"
		print (met ? "met" : "missed") ": " what " <= " most >>goals }'
}
