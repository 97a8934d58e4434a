# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# A host with jobs, for the tests of the main program. After start_emulator (or start_registry):
#
#   make_host [KEY = VALUE]...      $H with config.json, state below it; the emulator's acrotate.conf gets [run] and [defaults]
#   job NAME <<END ... END          writes jobs.d/NAME.conf
#   acrotate ARGUMENT...            runs it with that configuration; sets RC; output in $T/out and $T/err

make_host() {
	H=$T/host
	mkdir -p "$H" "$E/jobs.d"
	sed -i "s|^state_dir = .*|state_dir = $H/state|" "$E/acrotate.conf"
	printf '[defaults]\nregistry = contoso\nresource_group = emulated\n' >>"$E/acrotate.conf"
	for _line in "$@"; do printf '%s\n' "$_line" >>"$E/acrotate.conf"; done
	cat >"$H/config.json" <<'END'
{
	"auths": {
		"ghcr.io": { "auth": "c29tZWJvZHk6ZWxzZQ==" }
	},
	"number": 1.0e2, "text": "\u00e4"
}
END
	cp "$H/config.json" "$T/config.json.orig"
}
job() { cat >"$E/jobs.d/$1.conf"; }
# The usual one: a Docker config file and an env file. Further lines go into [job].
usual_job() {
	_name=$1; shift
	{
		printf '[job]\ntoken = %s\n' "$_name"
		for _line in "$@"; do printf '%s\n' "$_line"; done
		printf '[sink docker]\ntype = docker\npath = %s/config.json\n' "$H"
		printf '[sink env]\ntype = file\npath = %s/%s.env\ncontent = REGISTRY_PASSWORD={password}\nmode = 0640\n' "$H" "$_name"
	} >"$E/jobs.d/$_name.conf"
}
# bulk_jobs N: bulk-00001 and so on, each with a file of its name in $H/sinks, for the tokens of the emulator's --tokens N.
bulk_jobs() {
	perl -e 'my ($n, $jobs, $host) = @ARGV;
		mkdir "$host/sinks";
		for (1 .. $n) {
			my $job = sprintf "bulk-%05d", $_;
			open my $f, ">", "$jobs/$job.conf" or die;
			print $f "[job]\ntoken = $job\n[sink env]\ntype = file\npath = $host/sinks/$job\ncontent = {password}\n";
		}' "$1" "$E/jobs.d" "$H"
}
# How many of their files there are, and how many of them the registry accepts.
delivered() { find "$H/sinks" -type f ! -name '.*' | grep -c . || :; }
working() { for f in "$H"/sinks/bulk-*; do login "$(basename "$f")" "$(cat "$f")"; echo; done | grep -c 200; }
# counted_helper FILE: a credential helper with one entry, which adds what it is asked for to $T/verbs.
counted_helper() {
	cat >"$1" <<END
#!/bin/sh
echo "\$1" >>"$T/verbs"
case \$1 in
store) cat >"$T/kept" ;;
get) cat "$T/kept" 2>/dev/null || { echo 'credentials not found in native keychain'; exit 1; } ;;
erase) rm -f "$T/kept" ;;
esac
END
	chmod +x "$1"
}
# As if nobody had been told of anything yet: every run says what it has to say.
fresh() { rm -f "$H/state/told"; }
acrotate() {
	_command=$1; shift
	fresh
	"$ACROTATE" "$_command" --config "$E/acrotate.conf" "$@" >"$T/out" 2>"$T/err" </dev/null
	RC=$?
	return 0
}
# Behind grace, of a second, in whole seconds of the service's clock.
rotate() { sleep 2.1; acrotate run --force; [ "$RC" = 0 ] || said | sed 's/^/# /'; }
# refused WHAT EXIT PATTERN: a run says so before anything is generated, and check says it, too.
refused() {
	clear_log
	acrotate run
	says "$1" "$2" "$3"
	is "$1: nothing is generated" "$(generated)" 0
	acrotate check
	like "$1: check finds it" "$(said)" "$3"
}
# follow COMMAND [ARGUMENT...]: as acrotate, on a host that follows, $F.
follow() {
	_command=$1; shift
	rm -f "$F/state/told"
	STATE_DIRECTORY=$F/state "$ACROTATE" "$_command" --config "$F/acrotate.conf" "$@" >"$T/out" 2>"$T/err" </dev/null
	RC=$?
}
# What docker would log in with, from a config file (or the usual one).
password_in() {
	jget_auth "${1:-$H/config.json}" | openssl base64 -d -A | cut -d: -f2-
}
jget_auth() {
	perl -MJSON::PP -e 'local $/; open my $f, "<", $ARGV[0] or die; print JSON::PP->new->decode(<$f>)->{auths}{$ARGV[1]}{auth} // ""' \
		"$1" "$EMULATOR_LOGIN_SERVER"
}
# Everything a run could have changed: content, owner, mode, inode and time of each file, the service's slots, the state.
snapshot() {
	(cd "$H" && find . ! -name '*.lock' ! -path ./state -type f -exec stat -c '%n %i %a %u:%g %Y.%y' {} + -exec sha256sum {} + | sort)
	control state | sed 's/"now":"[^"]*",//'
}
# unchanged WHAT EXIT PATTERN ARGUMENT...: the command exits so, says so, and nothing has changed. State files may note the failure.
unchanged() {
	_claim=$1 _rc=$2 _pattern=$3; shift 3
	snapshot | grep -vE '[.]/state/' >"$T/before"
	acrotate "$@"
	snapshot | grep -vE '[.]/state/' >"$T/after"
	like "$_claim: exit status" "$RC" "^($_rc)\$"
	like "$_claim: says so" "$(said)" "$_pattern"
	ok "$_claim: nothing changed" diff -u "$T/before" "$T/after"
}
slots() { control "state?token=$1"; }
requests() { control log | grep -c . || :; }
