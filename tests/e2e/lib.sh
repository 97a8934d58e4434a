# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Helpers for the end-to-end tests: TAP lines, a work directory that goes away, and an emulator that is ended by its own pid.
#
#   . "$(dirname "$0")/lib.sh"
#   start_emulator --token web-pull       sets E (its directory) and the variables of $E/env; see acrotate-emulator(1)
#   ok "what holds" test 1 = 1            one TAP line; further words are the command
#   done_testing

ROOT=${ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${BUILD:-$ROOT/build/release}
ACROTATE=${ACROTATE:-$BUILD/acrotate}
EMULATOR=${EMULATOR:-$BUILD/acrotate-emulator}
T=$(mktemp -d "${TMPDIR:-/tmp}/acrotate-e2e.XXXXXX")
TAP_N=0
TAP_FAILED=0
PIDS=
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY CURL_CA_BUNDLE SSL_CERT_FILE
export no_proxy=localhost,127.0.0.1

# What this shell says is shown at the end, and looked through: a mistyped word is a check that was never made.
exec 4>&2 2>"$T/stderr"
not_found() { grep -E "^([^ ]*/)?$(basename "$0"): .*: (command )?not found\$" "$T/stderr"; }

# Ends what this script started, newest first, and waits for it.
end_all() {
	for pid in $PIDS; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
	PIDS=
	return 0
}
# faketime names a semaphore and a piece of shared memory after its process; killed, it leaves them, and whoever gets that process id next
# cannot start. What belongs to no process is removed.
sweep_faketime() {
	for _left in /dev/shm/*faketime_s[eh]m_*[0-9]; do
		[ -d "/proc/${_left##*_}" ] || rm -f "$_left"
	done
}
clean_up() {
	status=$?
	end_all
	cat "$T/stderr" >&4
	sweep_faketime
	# KEEP=1 leaves the work directory for a look.
	if [ -n "${KEEP:-}" ]; then echo "# kept $T"; else rm -rf "$T"; fi
	exit "$status"
}
trap clean_up EXIT
trap 'exit 143' INT TERM HUP

# start NAME COMMAND...: in the background, output in $T/NAME.out; sets PID.
start() {
	_name=$1; shift
	: >"$T/$_name.out"    # now, not when the child gets round to it: wait_for must not see an earlier one's words
	"$@" >"$T/$_name.out" 2>&1 &
	PID=$!
	PIDS="$PID $PIDS"
}

# wait_for WHAT COMMAND...: until the command succeeds; ends the test after half a minute.
wait_for() {
	_what=$1; shift
	_i=0
	until "$@" >/dev/null 2>&1; do
		_i=$((_i + 1))
		if [ "$_i" -gt 600 ]; then
			echo "Bail out! $_what did not come up"
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
	start emulator "$EMULATOR" --dir "$E" --end-with-parent "$@"
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
generated() { count_log generate; }
# generations TOKEN: how often each of its slots was generated, "1 0 ".
generations() { control "state?token=$1" | grep -o '"generations":[0-9]*' | cut -d: -f2 | tr '\n' ' '; }
# rights ACTIONS: what our application may do, a JSON array; null: everything.
rights() { control identities "{\"client_id\":\"$EMULATOR_CLIENT_ID\",\"actions\":$1}" >/dev/null; }
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
	_method=$1
	case $2 in
	https:*) _url=$2 ;;
	/*) _url="$EMULATOR_URL$2" ;;
	*) _url="$EMULATOR_URL$REGISTRY_ID/$2" ;;
	esac
	case $_url in *\?*) ;; *) _url="$_url?api-version=${API_VERSION:-2023-07-01}" ;; esac
	arm_token
	if [ $# -gt 2 ]; then
		ecurl -X "$_method" -H @"$T/bearer" -H 'Content-Type: application/json' -D "$T/headers" -o "$T/body" -w '%{http_code}' -d "$3" "$_url"
	else
		ecurl -X "$_method" -H @"$T/bearer" -D "$T/headers" -o "$T/body" -w '%{http_code}' "$_url"
	fi
}
# foreign_generate TOKEN SLOT: as somebody else would, with Azure's own request.
foreign_generate() { arm POST generateCredentials "{\"tokenId\":\"$REGISTRY_ID/tokens/$1\",\"name\":\"$2\"}" >/dev/null; }
header() { sed -n "s/^$1: *//Ip" "${2:-$T/headers}" | tr -d '\r' | head -n 1; }
# login USER PASSWORD: the status the registry's token endpoint answers with.
login() { ecurl -o /dev/null -w '%{http_code}' -u "$1:$2" "$EMULATOR_URL/oauth2/token?service=$EMULATOR_LOGIN_SERVER"; }

# ---- a real registry -----------------------------------------------------------------------------------------------------------------
# Below the range from which the kernel serves those who ask for any port: another test's emulator got one between this look and its use.
free_port() {
	perl -MIO::Socket::INET -e 'for (1 .. 100) {
		my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 12000 + int rand 20000, Listen => 1) or next;
		print $s->sockport, "\n";
		last;
	}'
}
# start_registry OPTION...: an emulator and a real docker-registry behind it, at one address. $T/certs is for --cert-dir of skopeo.
start_registry() {
	_backend=127.0.0.1:$(free_port)
	start_emulator --registry-backend "$_backend" "$@"
	start docker-registry docker-registry serve "$E/docker-registry.yml"
	wait_for "docker-registry" curl -s "http://$_backend/v2/"
	mkdir -p "$T/certs"
	cp "$E/ca.pem" "$T/certs/ca.crt"
}
# make_image DIR: an OCI layout made by hand, one small layer, tag v1.
make_image() {
	perl -MDigest::SHA=sha256_hex -MIO::Compress::Gzip=gzip -e '
		my $d = shift; mkdir $_ for $d, "$d/blobs", "$d/blobs/sha256";
		sub put { my $h = sha256_hex($_[0]); open my $f, ">:raw", "$d/blobs/sha256/$h" or die; print $f $_[0]; close $f; ($h, length $_[0]) }
		sub file { open my $f, ">", "$d/$_[0]" or die; print $f $_[1]; close $f }
		my $text = "hello acr\n";
		my $head = pack "a100 a8 a8 a8 a12 a12 a8 a1 a100 a6 a2 a32 a32 a8 a8 a155 x12", "hello.txt", "0000644", "0000000", "0000000",
			sprintf("%011o", length $text), "00000000000", "        ", "0", "", "ustar", "00", "", "", "0000000", "0000000", "";
		substr($head, 148, 8) = sprintf "%06o\0 ", unpack "%32C*", $head;
		my $tar = $head . $text . "\0" x (512 - length $text) . "\0" x 1024;
		gzip \$tar => \my $layer, -Minimal => 1;
		my ($lh, $ls) = put($layer);
		my ($ch, $cs) = put(sprintf q({"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]},"history":[]}), sha256_hex($tar));
		my $v1 = "application/vnd.oci.image";
		my ($mh, $ms) = put(qq({"schemaVersion":2,"mediaType":"$v1.manifest.v1+json","config":{"mediaType":"$v1.config.v1+json","digest":"sha256:$ch","size":$cs},"layers":[{"mediaType":"$v1.layer.v1.tar+gzip","digest":"sha256:$lh","size":$ls}]}));
		file("index.json", qq({"schemaVersion":2,"manifests":[{"mediaType":"$v1.manifest.v1+json","digest":"sha256:$mh","size":$ms,"annotations":{"org.opencontainers.image.ref.name":"v1"}}]}));
		file("oci-layout", q({"imageLayoutVersion":"1.0.0"}));' "$1"
}
# push_image REPOSITORY: as a token of its own that may push, behind everybody's back.
push_image() {
	[ -d "$T/image" ] || make_image "$T/image"
	control tokens/pusher '{"action":"create","scope_map":"_repositories_push"}' >/dev/null
	control tokens/pusher '{"action":"generate","slot":"password1","password":"made-for-pushing"}' >/dev/null
	skopeo copy -q --dest-cert-dir "$T/certs" --dest-creds pusher:made-for-pushing "oci:$T/image:v1" \
		"docker://$EMULATOR_LOGIN_SERVER/$1:v1"
}
# pull_image REPOSITORY CONFIG-JSON: with the credentials a docker config file holds.
pull_image() {
	rm -rf "$T/pulled"
	skopeo copy -q --src-cert-dir "$T/certs" --authfile "$2" "docker://$EMULATOR_LOGIN_SERVER/$1:v1" "dir:$T/pulled"
}

# ---- TAP ---------------------------------------------------------------------------------------------------------------------------
ok() {
	TAP_N=$((TAP_N + 1))
	_what=$1; shift
	if "$@"; then
		echo "ok $TAP_N - $_what"
	else
		echo "not ok $TAP_N - $_what"
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
# What the program before printed. says WHAT EXIT PATTERN: that it ended so (RC), and printed this.
said() { cat "$T/out" "$T/err"; }
says() {
	is "$1: exit status" "$RC" "$2"
	like "$1: says so" "$(said)" "$3"
}
# hidden: the lines of its input that control a terminal, or turn the direction of writing.
hidden() { LC_ALL=C grep -c "$(printf '[\001-\010\013-\037\177]\\|\302[\200-\237]\\|\342\200\256')" || :; }
# The whole test is left out. skip_here: what this host cannot do whatever is installed (no root, no such device), or what another target does.
skip_here() { echo "1..0 # SKIP $1"; exit 0; }
# skip_all: something is missing. In CI everything is to be there, and a test that is left out there is one that nobody runs.
skip_all() {
	[ -n "${ACROTATE_CI_RUN:-}" ] || skip_here "$1"
	printf '1..1\nnot ok 1 - left out in CI: %s\n' "$1"
	exit 1
}
needs() { # PROGRAM...
	for _tool in "$@"; do command -v "$_tool" >/dev/null || skip_all "$_tool is not installed (packaging/install-deps e2e)"; done
}
# A part of a test is.
lacks() { # PROGRAM WHAT
	if [ -n "${ACROTATE_CI_RUN:-}" ]; then ok "$2: $1 is installed" false; else ok "$2 # SKIP $1 is not installed" true; fi
}
done_testing() {
	! not_found >"$T/missing" || ok "every word of this test is a command" false
	echo "1..$TAP_N"
	[ "$TAP_FAILED" = 0 ]
}
