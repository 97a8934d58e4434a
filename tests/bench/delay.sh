#!/bin/sh
# SPDX-License-Identifier: MIT
# One rotation from afar: a round trip of 50 ms (RTT), and an origin each for Entra ID, Resource Manager and the registry, as there is in
# life: what counts is how many round trips are waited for, one after the other.
set -u
. "$(dirname "$0")/lib.sh"
RUNS=${RUNS:-7}
RTT=${RTT:-50}

port=$(free_port)
start delay "$BUILD/bench/delay" "$RTT" "$port" "$T/doors"
wait_for "the delay" sh -c '[ "$(wc -l <"$1")" = 3 ]' sh "$T/doors"
{ read -r entra; read -r manager; read -r registry; } <"$T/doors"
start_emulator --fast --token web-pull --token bare --port "$port" --login-server "localhost:$registry"
bench_host 'lifetime = 90d' 'grace = 1s'
sed -i "s|^resource_manager = .*|resource_manager = https://localhost:$manager|; s|^authority = .*|authority = https://localhost:$entra|" "$E/acrotate.conf"
job web-pull <<END
[job]
token = web-pull
[sink env]
type = file
path = $H/web.env
content = REGISTRY_PASSWORD={password}
END
acrotate run
[ "$RC" = 0 ] || { said; exit 1; }
sleep 2.1
acrotate run --force
[ "$RC" = 0 ] || { said; exit 1; }

echo "One rotation, $RTT ms of round trip, an origin each for Entra ID, Resource Manager and the registry"
# The yardstick waits for one request after the other.
mkdir -p "$T/bare"
compare -n "$RUNS" -b "sleep 2.1" -g "wall ms <= $((RTT * 16))" -- "the same requests, bare libcurl" \
	"$BARE" "$E/ca.pem" "https://localhost:$entra/$EMULATOR_TENANT" "$EMULATOR_CLIENT_ID" "$E/client-secret" https://management.core.windows.net/ \
	"https://localhost:$manager" "$REGISTRY_ID" "localhost:$registry" 2031-12-31T12:59:59Z password1 "$T/bare" 1 bare \
	-- "acrotate run --force" "$ACROTATE" run --force --config "$E/acrotate.conf"
