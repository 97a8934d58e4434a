# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# A storage account for the tests: the emulator's door, or with BLOB=real Azurite, which tests/blob/build brings. Beside tests/e2e/lib.sh.
#
#   . "$(dirname "$0")/lib.sh"; . "$ROOT/tests/blob/lib.sh"
#   start_blob OPTION...     an emulator with these options, and the account with container `records`: BLOB_URL, BLOB_ACCOUNT; acrotate.conf
#                            trusts both
#   blob METHOD PATH [CURL OPTION]...   below the account, with a token of the emulator's application: the status; the answer in $T/blob,
#                            its headers in $T/blob.headers

BLOB=${BLOB:-emulator}

# It judges issuer, audience and times of a token, as the service does, and knows of no roles.
start_azurite() {
	_azurite=$("$ROOT/tests/blob/build" --have) || { echo "Bail out! no Azurite: run tests/blob/build"; exit 1; }
	Z=$T/azurite
	mkdir -p "$Z"
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$Z/key.pem" -out "$Z/cert.pem" -days 30 -subj /CN=azurite \
		-addext subjectAltName=IP:127.0.0.1 2>/dev/null
	BLOB_PORT=$(free_port)
	run_azurite
}
# Again after it was ended: with the same port and blobs.
run_azurite() {
	start azurite "$_azurite" --blobHost 127.0.0.1 --blobPort "$BLOB_PORT" --location "$Z/data" --oauth basic --cert "$Z/cert.pem" \
		--key "$Z/key.pem" --silent --disableTelemetry
	_tries=0
	until curl -s -o "$T/blob" --cacert "$Z/cert.pem" "https://127.0.0.1:$BLOB_PORT/"; do
		_tries=$((_tries + 1))
		[ "$_tries" -lt 300 ] || { echo "Bail out! Azurite does not come up"; tail -n 20 "$T/azurite.out" | sed 's/^/# /'; exit 1; }
		sleep 0.2
	done
}

start_blob() {
	start_emulator --blob "$@"
	case $BLOB in
	real)
		start_azurite
		BLOB_ACCOUNT=devstoreaccount1
		BLOB_URL=https://127.0.0.1:$BLOB_PORT/$BLOB_ACCOUNT
		cat "$E/ca.pem" "$Z/cert.pem" >"$T/blob.pem"
		;;
	*)
		BLOB_ACCOUNT=emulatedstore
		BLOB_URL=$EMULATOR_BLOB
		cp "$E/ca.pem" "$T/blob.pem"
		;;
	esac
	sed -i "s|^ca_file = .*|ca_file = $T/blob.pem|" "$E/acrotate.conf"
	[ "$BLOB" != real ] || blob PUT '/records?restype=container' >/dev/null
}

# shellcheck disable=SC2120 # for the tests
storage_token() {
	[ -s "$T/storage" ] || {
		ecurl "$EMULATOR_URL/$EMULATOR_TENANT/oauth2/v2.0/token" -d grant_type=client_credentials -d client_id="$EMULATOR_CLIENT_ID" \
			--data-urlencode client_secret@"$E/client-secret" -d "scope=${1:-https://storage.azure.com/}/.default" -o "$T/entra"
		{ printf 'Authorization: Bearer '; jget "$T/entra" access_token; } >"$T/storage"
	}
}
blob() {
	_method=$1 _path=$2; shift 2
	storage_token
	case $_method in PUT) set -- -H 'x-ms-blob-type: BlockBlob' --data-binary "${BODY:-}" -H Content-Type: "$@" ;; esac
	curl -sS --cacert "$T/blob.pem" -X "$_method" -H @"$T/storage" -H 'x-ms-version: 2021-12-02' -D "$T/blob.headers" -o "$T/blob" -w '%{http_code}' \
		"$@" "$BLOB_URL$_path"
}
# The service's own word for the last refusal.
blob_code() { header x-ms-error-code "$T/blob.headers"; }
# The emulator's cluster, for a sink that several rotators share; kapi and pull_password of tests/kube/lib.sh.
cluster_beside() {
	# shellcheck disable=SC2034 # for kapi
	KUBE_URL=$EMULATOR_URL KUBE_CA=$E/ca.pem KUBE_TOKEN=$(cat "$E/kubernetes-token")
	kapi POST /api/v1/namespaces '{"metadata":{"name":"web"}}' >/dev/null
}
# shared_host NAME: a host whose records are in the container; its jobs go to $T/NAME/jobs.d.
shared_host() {
	mkdir -p "$T/$1/jobs.d"
	sed "s|^state_dir = .*|state = $BLOB_URL/records/prod|" "$E/acrotate.conf" >"$T/$1/acrotate.conf"
	printf '[kubernetes]\nkubeconfig = %s\n[defaults]\nregistry = contoso\nresource_group = emulated\ngrace = 1s\n' \
		"$E/kubeconfig" >>"$T/$1/acrotate.conf"
}
