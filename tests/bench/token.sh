#!/bin/sh
# SPDX-License-Identifier: MIT
# `token credential generate` beside `az acr token credential generate`, in one run against one emulator, each trusting the system's
# authorities and the emulator's own. az has its access token in its cache; acrotate asks for one every time. And `token list`, in every
# format, of so many tokens as LISTED says.
set -u
. "$(dirname "$0")/lib.sh"
command -v az >/dev/null || { echo "token credential generate: az is not installed (packaging/install-deps az)"; exit 0; }
RUNS=${RUNS:-7}

LISTED=${LISTED:-5000}
start_emulator --fast --settle 1s --token bench-token --registry contoso
cat /etc/ssl/certs/ca-certificates.crt "$E/ca.pem" >"$T/bundle.pem"
export AZURE_CONFIG_DIR="$T/azure" REQUESTS_CA_BUNDLE="$T/bundle.pem" AZURE_CORE_COLLECT_TELEMETRY=0 ACROTATE_CONFIG="$E/acrotate.conf"
PORT=${EMULATOR_URL##*:}
mkdir -p "$AZURE_CONFIG_DIR"
az_login() { az login --service-principal -u "$EMULATOR_CLIENT_ID" -p "$(cat "$E/client-secret")" --tenant "$EMULATOR_TENANT"; }
{
	az cloud register -n Emulated --endpoint-resource-manager "$EMULATOR_URL/" --endpoint-management "$EMULATOR_URL/" \
		--endpoint-active-directory "$EMULATOR_URL/adfs" \
		--endpoint-active-directory-resource-id https://management.core.windows.net/ \
		--endpoint-active-directory-graph-resource-id https://graph.windows.net/ --suffix-acr-login-server-endpoint .azurecr.io
	az cloud set -n Emulated
	az_login
} >"$T/setup" 2>&1 || { cat "$T/setup"; exit 1; }

set -- credential generate -r contoso -g "$EMULATOR_RESOURCE_GROUP" -n bench-token --password1 --expiration-in-days 30
echo "token credential generate"
compare -n "$RUNS" -c -g "cpu <= 0.02" -g "memory <= 0.167" -- "az acr token" az acr token "$@" -- "acrotate token" "$ACROTATE" token "$@"
for n in $LISTED; do
	end_all
	rm -rf "$T/emulator"
	# The same port: az knows the cloud by it.
	start_emulator --fast --registry contoso --tokens "$n" --port "$PORT"
	cat /etc/ssl/certs/ca-certificates.crt "$E/ca.pem" >"$T/bundle.pem"
	az_login >"$T/setup" 2>&1 || { cat "$T/setup"; exit 1; }
	for format in json yaml table tsv; do
		echo "token list of $n, $format"
		set -- list -r contoso -g "$EMULATOR_RESOURCE_GROUP" -o "$format"
		compare -n $((n > 5000 ? 1 : 3)) -g "cpu <= 0.05" -g "memory <= 0.25" -- "az acr token" az acr token "$@" -- "acrotate token" "$ACROTATE" token "$@"
	done
done
