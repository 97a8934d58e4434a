#!/bin/sh
# SPDX-License-Identifier: MIT
# `token credential generate` beside `az acr token credential generate`, in one run against one emulator, each trusting the system's
# authorities and the emulator's own. az has its access token in its cache; acrotate asks for one every time. Goal: a fiftieth of the CPU,
# a quarter of the memory.
set -u
. "$(dirname "$0")/../e2e/lib.sh"
command -v az >/dev/null || { echo "token credential generate: az is not installed (packaging/install-deps az)"; exit 0; }
MEASURE=$BUILD/bench/measure
RUNS=${RUNS:-7}

start_emulator --fast --settle 1s --token bench-token --registry contoso
cat /etc/ssl/certs/ca-certificates.crt "$E/ca.pem" >"$T/bundle.pem"
export AZURE_CONFIG_DIR="$T/azure" REQUESTS_CA_BUNDLE="$T/bundle.pem" AZURE_CORE_COLLECT_TELEMETRY=0 ACROTATE_CONFIG="$E/acrotate.conf"
mkdir -p "$AZURE_CONFIG_DIR"
{
	az cloud register -n Emulated --endpoint-resource-manager "$EMULATOR_URL/" --endpoint-management "$EMULATOR_URL/" \
		--endpoint-active-directory "$EMULATOR_URL/adfs" \
		--endpoint-active-directory-resource-id https://management.core.windows.net/ \
		--endpoint-active-directory-graph-resource-id https://graph.windows.net/ --suffix-acr-login-server-endpoint .azurecr.io
	az cloud set -n Emulated
	az login --service-principal -u "$EMULATOR_CLIENT_ID" -p "$(cat "$E/client-secret")" --tenant "$EMULATOR_TENANT"
} >"$T/setup" 2>&1 || { cat "$T/setup"; exit 1; }

set -- credential generate -r contoso -g "$EMULATOR_RESOURCE_GROUP" -n bench-token --password1 --expiration-in-days 30
"$MEASURE" "$RUNS" "az acr token credential generate" "" az acr token "$@" >"$T/az"; echo >>"$T/az"
"$MEASURE" $((5 * RUNS)) "acrotate token credential generate" "" "$ACROTATE" token "$@" >"$T/us"; echo >>"$T/us"
cat "$T/az" "$T/us"
# The medians: CPU is the first number behind the label, memory the last.
cat "$T/az" "$T/us" | sed 's/^.*generate *//' | awk '
	{ cpu[NR] = $1; memory[NR] = $NF }
	END { printf "CPU: 1/%.0f (goal 1/50)   memory: 1/%.1f (goal 1/4)\n", cpu[1] / cpu[2], memory[1] / memory[2] }'
