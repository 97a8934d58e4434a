#!/bin/sh
# SPDX-License-Identifier: MIT
# What the user calls the registry is compared with what Azure calls it; hosts that are named must accept a password first; two registries
# of one name are two.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jobs.sh"
S2=33333333-3333-3333-3333-333333333333
start_emulator --fast --token web-pull --registry contoso --registry "contoso,subscription=$S2,group=second,server=contoso.localhost:"
config
F=$T/config.json
# registry NAME [LINE...]: the job on this registry.
registry() {
	name=$1; shift
	{
		printf '[job]\nregistry = %s\nresource_group = emulated\ntoken = web-pull\n' "$name"
		for line in "$@"; do echo "$line"; done
		printf '[sink docker]\ntype = docker\npath = %s\n' "$F"
	} >"$E/jobs.d/web-pull.conf"
}
both() { like "naming both" "$(cat "$T/out")" "'registry' says '$1', but the login server of registry 'contoso' is '$EMULATOR_LOGIN_SERVER'"; }

for name in contoso.azurecr.io contoso-h4sh.azurecr.io contoso.eastus.geo.azurecr.io; do
	registry $name
	for command in run plan check; do
		acro $command >"$T/out" 2>&1
		is "$command with the login server of another registry, $name" $? 78
		both $name
	done
done
ok "nothing was written" test ! -e "$F"
is "and nothing generated" "$(generated)" 0
rm "$E/jobs.d/web-pull.conf"
acro init contoso.azurecr.io web-pull --docker "$F" >"$T/out" 2>&1
is "init" $? 78
like "naming both" "$(cat "$T/out")" "contoso.azurecr.io.*$EMULATOR_LOGIN_SERVER"

registry contoso
acro run >"$T/out" 2>&1
is "the name alone" $? 0
generated=$(generated)
registry contoso-other.azurecr.io
acro run >"$T/out" 2>&1
is "an address that is remembered does not outlive what the job says" $? 78
both contoso-other.azurecr.io
is "and nothing is generated for it" "$(generated)" "$generated"

registry contoso "verify_at = localhost:1" "verify_timeout = 1s"
cp "$F" "$T/before"
acro run --force >"$T/out" 2>&1
is "a host that cannot be asked keeps a new password from all" $? 75
ok "the sink is as it was" cmp -s "$F" "$T/before"
registry contoso "verify_at = ${EMULATOR_LOGIN_SERVER}"
acro run >"$T/out" 2>&1
is "one that is the registry itself is no other" $? 0

# The host of a sink's key is one that its readers ask: without its word there is no new password.
registry contoso
echo "key = localhost:1" >>"$E/jobs.d/web-pull.conf"
generated=$(generated)
cp "$F" "$T/before"
acro run --force >"$T/out" 2>&1
is "a key that names a host which cannot be asked" $? 75
is "nothing is generated for it" "$(generated)" "$generated"
ok "and nothing published" cmp -s "$F" "$T/before"
acro check >"$T/out" 2>&1
like "check names it" "$(cat "$T/out")" "host 'localhost:1'"

# ---- one name in two subscriptions ---------------------------------------------------------------------------------------------------
second=contoso.localhost:$EMULATOR_PORT
control tokens/web-pull "{\"action\":\"create\",\"registry\":\"$second\"}" >/dev/null
auth() { # SERVER: what the file has for it
	perl -MJSON::PP -e 'local $/; open my $f, "<", $ARGV[0] or die; print JSON::PP->new->decode(<$f>)->{auths}{$ARGV[1]}{auth} // ""' "$F" "$1" |
		openssl base64 -d -A
}
login_at() { # SERVER CREDENTIALS
	ecurl --connect-to "$1:127.0.0.1:$EMULATOR_PORT" -o /dev/null -w '%{http_code}' -u "$2" "https://$1/oauth2/token?service=$1"
}
registry contoso
printf '[azure]\nsubscription = %s\n[job]\nregistry = %s\nresource_group = second\ntoken = web-pull\n[sink docker]\ntype = docker\npath = %s\n' \
	$S2 "$second" "$F" >"$E/jobs.d/second.conf"
acro run >"$T/out" 2>&1
is "two registries of one name, in one file: exit status" $? 0
is "each has its own entry, which it accepts" \
	"$(login_at "$EMULATOR_LOGIN_SERVER" "$(auth "$EMULATOR_LOGIN_SERVER")")$(login_at "$second" "$(auth "$second")")" 200200
is "and not the other's" "$(login_at "$second" "$(auth "$EMULATOR_LOGIN_SERVER")")" 401
acro check >"$T/out" 2>&1
is "check finds nothing" $? 0
rm "$E/jobs.d/web-pull.conf"

# A job that is moved to the other one: what is remembered of the first is not where the second's password goes.
printf '[job]\nregistry = contoso\nresource_group = emulated\ntoken = moved-pull\n[sink f]\ntype = file\npath = %s\n' "$T/moved" >"$E/jobs.d/moved.conf"
control tokens/moved-pull '{"action":"create"}' >/dev/null
control tokens/moved-pull "{\"action\":\"create\",\"registry\":\"$second\"}" >/dev/null
acro run moved >"$T/out" 2>&1
is "a job of the first" $? 0
sed -i "s/emulated/second/; 1i [azure]\\nsubscription = $S2" "$E/jobs.d/moved.conf"
clear_log
acro run moved >"$T/out" 2>&1
is "is moved to the second" $? 0
is "which accepts what it was given" "$(login_at "$second" "moved-pull:$(sed 's/.*=//' "$T/moved")")" 200
is "no password of it was sent to the first" "$(count_log login "\"host\":\"$EMULATOR_LOGIN_SERVER\"")" 0
rm "$E/jobs.d/moved.conf" "$E/jobs.d/second.conf"

# The only copies in memory: said before the reboot that shows it.
if [ -d /dev/shm ] && [ "$(stat -f -c %T /dev/shm)" = tmpfs ]; then
	S=$(mktemp -d /dev/shm/acrotate-e2e.XXXXXX)
	trap 'rm -rf "$S"; clean_up' EXIT
	copies() { # PATH...: a sink for each
		{
			printf '[job]\nregistry = contoso\nresource_group = emulated\ntoken = web-pull\n'
			for path in "$@"; do printf '[sink s%s]\ntype = file\npath = %s\n' "$((n += 1))" "$path"; done
		} >"$E/jobs.d/web-pull.conf"
		acro check >"$T/out" 2>&1
		grep -c 'on file systems in memory' "$T/out"
	}
	n=0
	is "one sink in memory" "$(copies "$S/one")" 1
	is "two" "$(copies "$S/one" "$S/two")" 1
	sed -i "s/^registry = .*/registry = $EMULATOR_LOGIN_SERVER/; /^resource_group/d" "$E/jobs.d/web-pull.conf"
	printf '[source]\ntype = file\npath = %s/source\n' "$T" >>"$E/jobs.d/web-pull.conf"
	acro check >"$T/out" 2>&1
	is "two of a job with a source" "$(grep -c 'on file systems in memory' "$T/out") $(grep -c '^PROBLEM *web-pull: source' "$T/out")" "0 1"
	is "one of two on a disk" "$(copies "$S/one" "$T/two")" "$([ "$(stat -f -c %T "$T")" = tmpfs ] && echo 1 || echo 0)"
fi
done_testing
