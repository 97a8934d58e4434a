#!/bin/sh
# SPDX-License-Identifier: MIT
# What the user calls the registry is compared with what Azure calls it; hosts that are named must accept a password first.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jobs.sh"
start_emulator --fast --token web-pull
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
generated() { control log | grep -c '"operation":"token.generate' ; }
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
	is "one of two on a disk" "$(copies "$S/one" "$T/two")" "$([ "$(stat -f -c %T "$T")" = tmpfs ] && echo 1 || echo 0)"
fi
done_testing
