# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Helpers for the end-to-end tests: TAP lines, a work directory that goes away, and an emulator that is ended by its own pid.
#
#   . "$(dirname "$0")/lib.sh"
#   start_emulator --token web-pull       sets E (its directory) and the variables of $E/env; see acrotate-emulator(1)
#   ok "what holds" test 1 = 1            one TAP line; further words are the command
#   done_testing

ROOT=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=${BUILD:-$ROOT/build/release}
ACROTATE=${ACROTATE:-$BUILD/acrotate}
EMULATOR=${EMULATOR:-$BUILD/acrotate-emulator}
T=$(mktemp -d "${TMPDIR:-/tmp}/acrotate-e2e.XXXXXX")
TAP_N=0
TAP_FAILED=0
PIDS=
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY CURL_CA_BUNDLE SSL_CERT_FILE
export no_proxy=localhost,127.0.0.1

# Ends what this script started, newest first, and waits for it.
end_all() {
	for pid in $PIDS; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
	PIDS=
	return 0
}
clean_up() {
	status=$?
	end_all
	# KEEP=1 leaves the work directory for a look.
	if [ -n "${KEEP:-}" ]; then echo "# kept $T"; else rm -rf "$T"; fi
	exit "$status"
}
trap clean_up EXIT
trap 'exit 143' INT TERM HUP

# start NAME COMMAND...: in the background, output in $T/NAME.out; sets PID.
start() {
	name=$1; shift
	"$@" >"$T/$name.out" 2>&1 &
	PID=$!
	PIDS="$PID $PIDS"
}

# wait_for WHAT COMMAND...: until the command succeeds; ends the test after ten seconds.
wait_for() {
	what=$1; shift
	i=0
	until "$@" >/dev/null 2>&1; do
		i=$((i + 1))
		if [ "$i" -gt 200 ]; then
			echo "Bail out! $what did not come up"
			for f in "$T"/*.out; do [ ! -f "$f" ] || sed "s|^|# $(basename "$f"): |" "$f"; done
			exit 1
		fi
		sleep 0.05
	done
}

# start_emulator OPTION...: E is its directory, EMULATOR_PID its pid, and $E/env is read.
start_emulator() {
	E=${E:-$T/emulator}
	rm -f "$E/env"
	start emulator "$EMULATOR" --dir "$E" "$@"
	EMULATOR_PID=$PID
	wait_for "the emulator" grep -q "^acrotate-emulator ready" "$T/emulator.out"
	# shellcheck source=/dev/null
	. "$E/env"
}

# curl that trusts the emulator; control PATH [JSON] speaks to its own door.
ecurl() { curl -sS --cacert "$E/ca.pem" "$@"; }
control() {
	if [ $# -gt 1 ]; then curl -sS -X POST -d "$2" "$EMULATOR_CONTROL/$1"; else curl -sS "$EMULATOR_CONTROL/$1"; fi
}
fault() { control faults "$1"; }
no_faults() { curl -sS -X DELETE "$EMULATOR_CONTROL/faults"; }
# How many requests of an operation the log has; more words: further text the line must have.
count_log() { control log | grep "\"operation\":\"$1\"" | grep -c -- "${2:-.}" || :; }
clear_log() { curl -sS -X DELETE "$EMULATOR_CONTROL/log" >/dev/null; }
# jget FILE PATH: a member of a JSON file, "a.0.b" style, by perl's core JSON module.
jget() {
	perl -MJSON::PP -e '
		local $/; open my $f, "<", $ARGV[0] or die; my $j = JSON::PP->new->allow_nonref->decode(<$f>);
		for (split /\./, $ARGV[1]) { $j = ref $j eq "ARRAY" ? $j->[$_] : ref $j eq "HASH" ? $j->{$_} : undef; }
		print ref $j ? JSON::PP->new->canonical->encode($j) : $j // ""; print "\n"' "$1" "$2"
}
# arm METHOD PATH [JSON]: as the emulator's application; headers in $T/headers, body in $T/body, prints the status. PATH is below the
# registry unless it begins with "/".
arm_token() {
	[ -s "$T/bearer" ] || ecurl "$EMULATOR_URL/$EMULATOR_TENANT/oauth2/v2.0/token" -d grant_type=client_credentials \
		-d client_id="$EMULATOR_CLIENT_ID" --data-urlencode client_secret@"$E/client-secret" \
		-d scope=https://management.core.windows.net//.default -o "$T/entra"
	[ -s "$T/bearer" ] || { printf 'Authorization: Bearer '; jget "$T/entra" access_token; } >"$T/bearer"
}
arm() {
	method=$1; path=$2
	case $path in
	https:*) url=$path ;;
	/*) url="$EMULATOR_URL$path" ;;
	*) url="$EMULATOR_URL$REGISTRY_ID/$path" ;;
	esac
	case $url in *\?*) ;; *) url="$url?api-version=${API_VERSION:-2023-07-01}" ;; esac
	arm_token
	if [ $# -gt 2 ]; then
		ecurl -X "$method" -H @"$T/bearer" -H 'Content-Type: application/json' -D "$T/headers" -o "$T/body" -w '%{http_code}' -d "$3" "$url"
	else
		ecurl -X "$method" -H @"$T/bearer" -D "$T/headers" -o "$T/body" -w '%{http_code}' "$url"
	fi
}
header() { sed -n "s/^$1: *//Ip" "${2:-$T/headers}" | tr -d '\r' | head -n 1; }
# login USER PASSWORD: the status the registry's token endpoint answers with.
login() { ecurl -o /dev/null -w '%{http_code}' -u "$1:$2" "$EMULATOR_URL/oauth2/token?service=$EMULATOR_LOGIN_SERVER"; }

# ---- TAP ---------------------------------------------------------------------------------------------------------------------------
ok() {
	TAP_N=$((TAP_N + 1))
	what=$1; shift
	if "$@"; then
		echo "ok $TAP_N - $what"
	else
		echo "not ok $TAP_N - $what"
		TAP_FAILED=$((TAP_FAILED + 1))
	fi
}
is() { # WHAT GOT WANTED
	ok "$1" test "$2" = "$3"
	[ "$2" = "$3" ] || { echo "# got:    $2" | head -c 2000; echo; echo "# wanted: $3"; }
}
like() { # WHAT TEXT EXTENDED-REGEX
	if printf '%s\n' "$2" | grep -Eq -- "$3"; then ok "$1" true; else ok "$1" false; printf '# got: %s\n# wanted: %s\n' "$2" "$3" | head -c 2000; fi
}
skip_all() { echo "1..0 # SKIP $1"; exit 0; }
done_testing() {
	echo "1..$TAP_N"
	[ "$TAP_FAILED" = 0 ]
}
