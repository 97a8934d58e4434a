#!/bin/sh
# SPDX-License-Identifier: MIT
# make demo: one job, from its first password to a rotation, told step by step. The emulator stands in for Azure; everything else is real.
set -u
. "$(dirname "$0")/lib.sh"

bold='' plain=''
[ ! -t 1 ] || { bold=$(printf '\033[1m') plain=$(printf '\033[0m'); }
step() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
show() { sed 's/^/    /'; }
die() { printf '\ndemo: %s\n' "$*" >&2; exit 1; }
# The password of our entry, as docker would read it. Only a demo prints one, and of that only the end.
password_in() { tr -d '\n' <"$1" | sed -n 's/.*"'"$EMULATOR_LOGIN_SERVER"'"[^}]*"auth": *"\([^"]*\)".*/\1/p' | base64 -d | cut -d: -f2-; }
others_in() { tr '\n' '\001' <"$1" | sed 's|"'"$EMULATOR_LOGIN_SERVER"'"[^}]*}|<our entry>|'; }
expect_login() { # WHAT PASSWORD
	status=$(login web-pull "$2")
	printf '    %s (...%s): the registry answers %s\n' "$1" "$(printf %s "$2" | tail -c 8)" "$status"
	[ "$status" = 200 ] || die "$1 was refused"
}

step "A registry in the cloud: acrotate-emulator plays Entra ID, Azure Resource Manager and the registry, over TLS"
start_emulator --token web-pull --propagation 2s --replicas 3
cat "$T/emulator.out" | show

step "A host that pulls: its config.json already has a foreign entry, formatted to somebody else's taste"
mkdir -p "$T/host" "$E/jobs.d"
cat >"$T/host/config.json" <<'END'
{
    "auths": {
        "ghcr.io":    { "auth": "c29tZWJvZHk6ZWxzZQ==" }
    }, "detachKeys": "ctrl-e,e"
}
END
show <"$T/host/config.json"

step "One job, one file: $E/jobs.d/web-pull.conf"
cat >"$E/jobs.d/web-pull.conf" <<END
[job]
registry = contoso
resource_group = emulated
token = web-pull
lifetime = 90d
renew_before = 30d
grace = 1d
[sink docker]
type = docker
path = $T/host/config.json
[sink env]
type = file
path = $T/host/registry.env
content = REGISTRY_PASSWORD={password}
mode = 0640
END
show <"$E/jobs.d/web-pull.conf"
acrotate() { "$ACROTATE" "$@" --config "$E/acrotate.conf"; }

step "acrotate plan: what would happen, and why"
acrotate plan | show

step "acrotate run --verbose: the first password is generated, proven at the registry, delivered"
acrotate run --verbose >"$T/out" 2>&1 || { cat "$T/out"; die "the first run failed"; }
show <"$T/out"
old=$(password_in "$T/host/config.json")
[ -n "$old" ] || die "there is no entry in config.json"
show <"$T/host/config.json"
expect_login "the first password" "$old"

step "acrotate run, again: nothing is due, so nothing happens, and nothing is said"
requests=$(control log | wc -l)
acrotate run >"$T/out" 2>&1 || die "the second run failed"
[ ! -s "$T/out" ] || die "it said something: $(cat "$T/out")"
[ "$(control log | wc -l)" = "$requests" ] || die "it made a request"
printf '    exit status 0, no output, no request\n'

step "Sixty days pass (here: --force). The other slot is generated; the one in use is not touched"
before=$(others_in "$T/host/config.json")
acrotate plan --force | show
acrotate run --force --verbose >"$T/out" 2>&1 || { cat "$T/out"; die "the rotation failed"; }
show <"$T/out"

step "The entry was replaced; every byte around it is as it was"
show <"$T/host/config.json"
[ "$(others_in "$T/host/config.json")" = "$before" ] || die "something else in config.json changed"
new=$(password_in "$T/host/config.json")
[ "$new" != "$old" ] || die "the password is the old one"
[ "$(cat "$T/host/registry.env")" = "REGISTRY_PASSWORD=$new" ] || die "the env file has another password"
printf '    %s: the same password, mode %s\n' "registry.env" "$(stat -c %a "$T/host/registry.env")"

step "The new password opens the registry, and whoever still holds the old one is not cut off"
expect_login "the new password" "$new"
expect_login "the old password" "$old"

step "And now: the old slot has to wait until nobody can hold it any more"
acrotate plan --force | show
printf '\ndemo: done\n'
