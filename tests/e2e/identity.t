#!/bin/sh
# SPDX-License-Identifier: MIT
# Every way to prove who we are, against the endpoints that take or give out such proofs, each with its typical failure.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/job.sh"
needs openssl

# The application's certificate, in the forms people have.
mkdir -p "$T/c"
(
	cd "$T/c" || exit 1
	openssl req -x509 -newkey rsa:2048 -noenc -keyout key.pem -out cert.pem -days 30 -subj /CN=acrotate
	openssl req -x509 -newkey rsa:2048 -noenc -keyout other.key -out other.pem -days 30 -subj /CN=other
	cat key.pem cert.pem >usual.pem; cat other.key other.pem >foreign.pem
	printf 'pass\n' >password
	openssl pkcs8 -topk8 -in key.pem -passout file:password -out enc.key; cat enc.key cert.pem >encrypted.pem
	openssl pkcs12 -export -inkey key.pem -in cert.pem -passout file:password -out new.p12
	openssl pkcs12 -export -legacy -inkey key.pem -in cert.pem -passout file:password -out old.p12
	chmod 600 ./*
) >"$T/openssl.log" 2>&1

keys=$T/arc-keys
arc_option="--arc-keys $keys"
if [ "$(id -u)" = 0 ]; then keys=/var/opt/azcmagent/tokens; arc_option=; mkdir -p "$keys"; fi
mkdir -p "$keys"
# shellcheck disable=SC2086
start_emulator --fast --token web-pull --certificate "$T/c/cert.pem" $arc_option

# conf LINE...: a configuration with this [azure] section.
conf() {
	{
		printf '[azure]\nsubscription = %s\ncloud = custom\nresource_manager = %s\nauthority = %s\naudience = %s\n' "$EMULATOR_SUBSCRIPTION" \
			"$EMULATOR_URL" "$EMULATOR_URL" https://management.core.windows.net/
		for _line in "$@"; do printf '%s\n' "$_line"; done
		printf '[http]\nca_file = %s\n' "$E/ca.pem"
	} >"$T/a.conf"
}
# ask [VARIABLE=VALUE...]: one request to Resource Manager with that configuration, in an environment with nothing else. Sets RC.
ask() {
	clear_log
	# shellcheck disable=SC2086
	env -i PATH="$PATH" HOME="$T" "$@" ${WRAP:-} "$ACROTATE" token list --config "$T/a.conf" --registry contoso --query '[].name' -o tsv >"$T/out" 2>"$T/err" </dev/null
	RC=$?
	return 0
}
# accepted WHAT CLIENT-ID [VARIABLE=VALUE...]: it worked, and the emulator saw that identity.
accepted() {
	_what=$1 _client=$2; shift 2
	ask "$@"
	is "$_what" "$RC $(cat "$T/out")" "0 web-pull"
	[ "$RC" = 0 ] || sed 's/^/# /' "$T/err"
	like "$_what: as that identity" "$(control log | grep '"operation":"token-list"')" "\"subject\":\"$_client\""
}
# denied WHAT PATTERN [VARIABLE=VALUE...]: it failed and said so, and nothing of it reached Resource Manager.
denied() {
	_what=$1 _pattern=$2; shift 2
	ask "$@"
	is "$_what: fails" "$RC" 1
	like "$_what: says so" "$(cat "$T/err")" "$_pattern"
	is "$_what: no request without a token" "$(count_log token-list)" 0
}
app=$EMULATOR_CLIENT_ID tenant="tenant_id = $EMULATOR_TENANT" client="client_id = $EMULATOR_CLIENT_ID"

# ---- client secret ---------------------------------------------------------------------------------------------------------------------
printf 'wrong\n' >"$T/wrong"; chmod 600 "$T/wrong"
cp "$E/client-secret" "$T/open"; chmod 644 "$T/open"
secret="client_secret_file = $E/client-secret"
conf 'auth = client-secret' "$tenant" "$client" "$secret"
accepted "client secret" "$app"
conf 'auth = client-secret' "$tenant" "$client" "client_secret_file = $T/wrong"
denied "a wrong client secret" 'AADSTS7000215.*secret.s value, not its id.*trace id [0-9a-f-]+, correlation id'
conf 'auth = client-secret' "$tenant" "$client" "client_secret_file = $T/open"
denied "a secret others can read" 'can be read by others.*chmod'
conf 'auth = client-secret' "$tenant" 'client_id = 00000000-0000-0000-0000-00000000beef' "$secret"
denied "an unknown application" 'AADSTS700016.*check client_id and tenant_id'
conf 'auth = client-secret' 'tenant_id = 00000000-0000-0000-0000-00000000beef' "$client" "$secret"
denied "an unknown tenant" 'AADSTS90(0023|002).*tenant'
control identities "{\"client_id\":\"$app\",\"forget_secrets\":true,\"secret\":\"gone\",\"secret_expired\":true}" >/dev/null
printf 'gone' >"$T/gone"; chmod 600 "$T/gone"
conf 'auth = client-secret' "$tenant" "$client" "client_secret_file = $T/gone"
denied "an expired client secret" 'AADSTS7000222.*az ad app credential reset'
control identities "{\"client_id\":\"$app\",\"forget_secrets\":true,\"secret\":\"$(cat "$E/client-secret")\"}" >/dev/null
conf
accepted "the environment's secret, by default" "$app" AZURE_TENANT_ID="$EMULATOR_TENANT" AZURE_CLIENT_ID="$app" AZURE_CLIENT_SECRET="$(cat "$E/client-secret")"
conf 'auth = client-secret'
denied "the environment's secret, with a method chosen" 'client_secret_file' AZURE_TENANT_ID="$EMULATOR_TENANT" AZURE_CLIENT_ID="$app" \
	AZURE_CLIENT_SECRET="$(cat "$E/client-secret")"

# ---- certificate -----------------------------------------------------------------------------------------------------------------------
for form in usual.pem encrypted.pem new.p12 old.p12; do
	conf 'auth = certificate' "$tenant" "$client" "certificate_file = $T/c/$form" "certificate_password_file = $T/c/password"
	accepted "certificate, $form" "$app"
done
conf 'auth = certificate' "$tenant" "$client" "certificate_file = $T/c/usual.pem"
accepted "certificate, with its chain" "$app" AZURE_CLIENT_SEND_CERTIFICATE_CHAIN=true
conf
accepted "the environment's certificate, by default" "$app" AZURE_TENANT_ID="$EMULATOR_TENANT" AZURE_CLIENT_ID="$app" \
	AZURE_CLIENT_CERTIFICATE_PATH="$T/c/new.p12" AZURE_CLIENT_CERTIFICATE_PASSWORD=pass
conf 'auth = certificate' "$tenant" "$client" "certificate_file = $T/c/foreign.pem"
denied "a certificate nobody registered" 'AADSTS700027.*upload the public part'
conf 'auth = certificate' "$tenant" "$client" "certificate_file = $T/c/new.p12" "certificate_password_file = $T/wrong"
denied "a wrong password of it" 'new\.p12.*password is wrong'
conf 'auth = certificate' "$tenant" "$client" "certificate_file = $T/c/key.pem"
denied "a key without certificate" 'key\.pem.*no certificate'

# ---- workload identity -----------------------------------------------------------------------------------------------------------------
who="AZURE_TENANT_ID=$EMULATOR_TENANT AZURE_CLIENT_ID=$app"
conf 'auth = workload-identity' "$tenant" "$client" "federated_token_file = $E/federated-token"
accepted "workload identity" "$app"
conf
# shellcheck disable=SC2086
accepted "workload identity, by default" "$app" $who AZURE_FEDERATED_TOKEN_FILE="$E/federated-token"
federated_token() { control federated-token "{\"issuer\":\"$1\",\"subject\":\"$2\",\"audience\":\"$3\"}" >"$T/ft.json"; jget "$T/ft.json" token >"$T/ft"; }
payload() { # of the good token: a claim
	cut -d. -f2 "$E/federated-token" | tr '_-' '/+' | perl -MMIME::Base64 -ne 'print decode_base64($_)' >"$T/claims.json"; jget "$T/claims.json" "$1"
}
conf 'auth = workload-identity' "$tenant" "$client" "federated_token_file = $T/ft"
federated_token "$(payload iss)" system:serviceaccount:Other:name "$(payload aud)"
denied "a workload of another subject" 'AADSTS700213.*upper and lower case count'
federated_token https://elsewhere.example "$(payload sub)" "$(payload aud)"
denied "a workload of another issuer" 'AADSTS700211.*issuer'
federated_token "$(payload iss)" "$(payload sub)" other
denied "a workload for another audience" 'AADSTS700212.*AzureADTokenExchange'
conf 'auth = workload-identity' "$tenant" "$client" "federated_token_file = $T/absent"
denied "a workload without its file" "absent.*does not exist"

# The cluster's token proxy: at an address, under another name.
conf 'auth = workload-identity' "$tenant" "$client" "federated_token_file = $E/federated-token"
sed -i 's|^authority = .*|authority = https://entra.invalid|' "$T/a.conf"
accepted "a token proxy of AKS" "$app" AZURE_KUBERNETES_TOKEN_PROXY="https://127.0.0.1:$EMULATOR_PORT" AZURE_KUBERNETES_SNI_NAME=login.microsoftonline.com \
	AZURE_KUBERNETES_CA_FILE="$E/ca.pem"
denied "a token proxy under a wrong name" 'login\.example|certificate|name' AZURE_KUBERNETES_TOKEN_PROXY="https://127.0.0.1:$EMULATOR_PORT" \
	AZURE_KUBERNETES_SNI_NAME=login.example AZURE_KUBERNETES_CA_FILE="$E/ca.pem"
denied "a token proxy that is only half set" 'AZURE_KUBERNETES_TOKEN_PROXY is not' AZURE_KUBERNETES_CA_FILE="$E/ca.pem"

# GitHub Actions and Azure Pipelines.
conf 'auth = workload-identity'
control identities "{\"client_id\":\"$app\",\"federated\":[
	{\"issuer\":\"https://token.actions.githubusercontent.com\",\"subject\":\"$(sed -n 's/.*GITHUB_SUBJECT *"\(.*\)"/\1/p' "$ROOT/src/emulator/metadata.c")\",\"audience\":\"api://AzureADTokenExchange\"},
	{\"issuer\":\"https://vstoken.dev.azure.com/$EMULATOR_TENANT\",\"subject\":\"$(sed -n 's/.*PIPELINE_SUBJECT *"\(.*\)"/\1/p' "$ROOT/src/emulator/metadata.c")\",\"audience\":\"api://AzureADTokenExchange\"}]}" >/dev/null
github="ACTIONS_ID_TOKEN_REQUEST_URL=$EMULATOR_URL/github/token?api-version=2.0"
# shellcheck disable=SC2086
accepted "GitHub Actions" "$app" $who "$github" ACTIONS_ID_TOKEN_REQUEST_TOKEN="$(cat "$E/pipeline-token")"
# shellcheck disable=SC2086
denied "GitHub Actions, a wrong request token" 'GitHub Actions.*id-token: write' $who "$github" ACTIONS_ID_TOKEN_REQUEST_TOKEN=wrong
# shellcheck disable=SC2086
denied "GitHub Actions without the permission" 'id-token: write' $who GITHUB_ACTIONS=true
pipelines="SYSTEM_OIDCREQUESTURI=$EMULATOR_URL/pipelines/oidc AZURESUBSCRIPTION_SERVICE_CONNECTION_ID=1b2c"
# shellcheck disable=SC2086
accepted "Azure Pipelines" "$app" $pipelines SYSTEM_ACCESSTOKEN="$(cat "$E/pipeline-token")" AZURESUBSCRIPTION_CLIENT_ID="$app" \
	AZURESUBSCRIPTION_TENANT_ID="$EMULATOR_TENANT"
# shellcheck disable=SC2086
denied "Azure Pipelines, a wrong access token" 'Azure Pipelines.*SYSTEM_ACCESSTOKEN' $who $pipelines SYSTEM_ACCESSTOKEN=wrong

# ---- managed identity ------------------------------------------------------------------------------------------------------------------
imds="AZURE_POD_IDENTITY_AUTHORITY_HOST=$EMULATOR_PLAIN"
conf 'auth = managed-identity'
accepted "a virtual machine's own identity" "$EMULATOR_SYSTEM_CLIENT_ID" "$imds"
accepted "never through a proxy" "$EMULATOR_SYSTEM_CLIENT_ID" "$imds" http_proxy=http://127.0.0.1:1 HTTP_PROXY=http://127.0.0.1:1 \
	https_proxy=http://127.0.0.1:1 all_proxy=http://127.0.0.1:1
conf
accepted "a virtual machine, by default" "$EMULATOR_SYSTEM_CLIENT_ID" "$imds"
is "after one short probe" "$(count_log imds)" 2
accepted "AZURE_CLIENT_ID chooses in a walk" "$EMULATOR_ASSIGNED_CLIENT_ID" "$imds" AZURE_CLIENT_ID="$EMULATOR_ASSIGNED_CLIENT_ID"
for by in "client_id = $EMULATOR_ASSIGNED_CLIENT_ID" "object_id = $EMULATOR_ASSIGNED_OBJECT_ID" "resource_id = $EMULATOR_ASSIGNED_RESOURCE_ID"; do
	conf 'auth = managed-identity' "$by"
	accepted "an assigned identity by ${by%% *}" "$EMULATOR_ASSIGNED_CLIENT_ID" "$imds"
	accepted "App Service, an assigned identity by ${by%% *}" "$EMULATOR_ASSIGNED_CLIENT_ID" IDENTITY_ENDPOINT="$EMULATOR_PLAIN/msi/token" \
		IDENTITY_HEADER="$(cat "$E/identity-header")"
done
conf 'auth = managed-identity' 'client_id = 00000000-0000-0000-0000-00000000beef'
denied "an identity that is not assigned" 'client_id .*beef. is not assigned' "$imds"
conf 'auth = managed-identity'
fault '{"operation":"imds","effect":"status","status":410,"headers":{"Retry-After":"1"}}' >/dev/null
accepted "a metadata service that is being updated is waited for" "$EMULATOR_SYSTEM_CLIENT_ID" "$imds"
no_faults >/dev/null
accepted "App Service" "$EMULATOR_SYSTEM_CLIENT_ID" IDENTITY_ENDPOINT="$EMULATOR_PLAIN/msi/token" IDENTITY_HEADER="$(cat "$E/identity-header")"
accepted "App Service of before 2019" "$EMULATOR_SYSTEM_CLIENT_ID" MSI_ENDPOINT="$EMULATOR_PLAIN/msi/token" MSI_SECRET="$(cat "$E/identity-header")"
denied "App Service, a wrong header" 'App Service.*\(401\)' IDENTITY_ENDPOINT="$EMULATOR_PLAIN/msi/token" IDENTITY_HEADER=wrong
arc="IDENTITY_ENDPOINT=$EMULATOR_PLAIN/arc/metadata/identity/oauth2/token IMDS_ENDPOINT=$EMULATOR_PLAIN"
if [ "$(id -u)" = 0 ]; then
	# shellcheck disable=SC2086
	accepted "an Azure Arc server" "$EMULATOR_SYSTEM_CLIENT_ID" $arc
	conf 'auth = managed-identity' "client_id = $EMULATOR_ASSIGNED_CLIENT_ID"
	# shellcheck disable=SC2086
	accepted "an Azure Arc server, an assigned identity" "$EMULATOR_ASSIGNED_CLIENT_ID" $arc
	control settings '{"arc_ignores_selector":true}' >/dev/null
	# shellcheck disable=SC2086
	denied "an old Azure Arc agent gives out another identity" "asked for .*$EMULATOR_ASSIGNED_CLIENT_ID.*was given" $arc
	control settings '{"arc_ignores_selector":false}' >/dev/null
	rm -rf "$keys"
else
	ok "Azure Arc # SKIP needs root, as the real agent's keys do" true
fi
conf 'auth = managed-identity'
fault '{"operation":"arc","effect":"status","status":401,"headers":{"WWW-Authenticate":"Basic realm=/etc/hostname.key"},"count":0}' >/dev/null
# shellcheck disable=SC2086
denied "an Arc agent that points elsewhere" 'none of its keys' $arc
no_faults >/dev/null
conf
denied "nothing at all" 'AZURE_TENANT_ID.*AZURE_CLIENT_SECRET.*AZURE_CLIENT_CERTIFICATE_PATH.*AZURE_FEDERATED_TOKEN_FILE.*no answer from' \
	AZURE_POD_IDENTITY_AUTHORITY_HOST=http://127.0.0.1:1
denied "a narrowed walk" 'AZURE_FEDERATED_TOKEN_FILE' "$imds" AZURE_TOKEN_CREDENTIALS=WorkloadIdentityCredential
accepted "narrowed to what is there" "$EMULATOR_SYSTEM_CLIENT_ID" "$imds" AZURE_TOKEN_CREDENTIALS=ManagedIdentityCredential

# ---- one that is there and fails ends the walk -------------------------------------------------------------------------------------------
denied "no other identity in place of a refused one" 'AADSTS7000215' "$imds" AZURE_TENANT_ID="$EMULATOR_TENANT" AZURE_CLIENT_ID="$app" AZURE_CLIENT_SECRET=wrong

# ---- a clock that is off, a token that was revoked, a role that is missing -------------------------------------------------------------
conf 'auth = certificate' "$tenant" "$client" "certificate_file = $T/c/usual.pem"
control clock '{"shift":-7200}' >/dev/null
denied "a clock two hours fast" 'AADSTS700024.*clock is 2h fast'
control clock '{"shift":0}' >/dev/null
make_host
usual_job web-pull
clear_log
fault '{"operation":"token-get","effect":"status","status":401,"body":{"error":{"code":"InvalidAuthenticationToken","message":"revoked"}}}' >/dev/null
acrotate run
is "one 401 is no failure" "$RC $(cat "$T/err")" "0 "
is "but costs one more token" "$(count_log entra)" 2
no_faults >/dev/null
fault '{"operation":"token-get","effect":"status","status":401,"count":0,"body":{"error":{"code":"InvalidAuthenticationToken","message":"revoked"}}}' >/dev/null
clear_log
acrotate run --force
is "two in a row are one" "$RC" 77
like "and told" "$(said)" 'Azure answers 401 InvalidAuthenticationToken: revoked'
is "after no more than two" "$(count_log token-get) $(count_log generate)" "2 0"
no_faults >/dev/null
control identities "{\"client_id\":\"$app\",\"actions\":[\"Microsoft.ContainerRegistry/registries/read\"]}" >/dev/null
acrotate run --force
is "a missing role" "$RC" 77
like "names action, scope, a role that has it and the request" "$(said)" \
	"may not do 'Microsoft.ContainerRegistry/registries/tokens/read' on '/subscriptions/[^']*'; a role with that action is.*x-ms-request-id [0-9a-f-]+"
control identities "{\"client_id\":\"$app\",\"actions\":null}" >/dev/null

# ---- clouds ----------------------------------------------------------------------------------------------------------------------------
printf '[azure]\nauth = client-secret\n%s\n%s\n%s\nsubscription = %s\ncloud = custom\nmetadata = %s\n[http]\nca_file = %s\n' "$tenant" "$client" "$secret" \
	"$EMULATOR_SUBSCRIPTION" "$EMULATOR_URL" "$E/ca.pem" >"$T/a.conf"
accepted "a cloud's endpoints from its metadata" "$app"

# ---- the network -----------------------------------------------------------------------------------------------------------------------
printf '[azure]\nauth = client-secret\n%s\n%s\n%s\nsubscription = %s\n[http]\n' "$tenant" "$client" "$secret" "$EMULATOR_SUBSCRIPTION" >"$T/public"
if unshare -n true 2>/dev/null && command -v ip >/dev/null; then
	start relay perl "$(dirname "$0")/connect_proxy.pl" relay "$T/relay" "127.0.0.1:$EMULATOR_PORT"
	start proxy unshare -n sh -c 'ip link set lo up && exec perl "$@"' sh "$(dirname "$0")/connect_proxy.pl" proxy "$T/proxy-port" 'us er:p@ss' \
		"$T/relay" "$T/proxy-log"
	wait_for "the proxy" test -s "$T/proxy-port"
	wait_for "the relay" test -S "$T/relay"
	WRAP="nsenter --net=/proc/$PID/ns/net" port=$(cat "$T/proxy-port")
	{ cat "$T/public"; printf 'ca_file = %s\nproxy = http://us%%%%20er:p%%%%40ss@127.0.0.1:%s\n' "$E/ca.pem" "$port"; } >"$T/a.conf"
	accepted "behind a proxy that wants a login, with no other route" "$app"
	like "the public cloud's own names were asked for" "$(cat "$T/proxy-log")" '^passed CONNECT login.microsoftonline.com:443'
	like "the resource manager too" "$(cat "$T/proxy-log")" '^passed CONNECT management.azure.com:443'
	{ cat "$T/public"; printf 'ca_file = %s\n' "$E/ca.pem"; } >"$T/a.conf"
	accepted "the same from the environment" "$app" https_proxy="http://us%20er:p%40ss@127.0.0.1:$port"
	denied "a proxy whose login is wrong" 'the proxy wants a login' https_proxy="http://x:y@127.0.0.1:$port"
	is "the login is not told" "$(grep -c 'x:y' "$T/err")" 0
	denied "no proxy, no route" 'cannot reach' no_proxy='*' https_proxy="http://us%20er:p%40ss@127.0.0.1:$port"
	WRAP=
else
	ok "an authenticating proxy in a network of its own # SKIP needs root, unshare and ip" true
fi
start_emulator_again() { end_all; start_emulator --fast --token web-pull --certificate "$T/c/cert.pem" --bad-tls; }
start_emulator_again
bad=$(grep -o 'EMULATOR_[A-Z_]*PORT=[0-9]*' "$E/env" | grep -vE 'EMULATOR_(PLAIN_)?PORT=' || :)
for line in $bad; do
	conf 'auth = client-secret' "$tenant" "$client" "$secret"
	sed -i "s|^authority = .*|authority = https://localhost:${line##*=}|" "$T/a.conf"
	denied "TLS of ${line%%=*}" "cannot reach 'localhost'.*certificate|name"
done
conf 'auth = client-secret' "$tenant" "$client" "$secret"
sed -i '/^ca_file/d' "$T/a.conf"
denied "without the authority's certificate" 'ca_file'

# ---- Microsoft's own client at the same endpoints --------------------------------------------------------------------------------------
if command -v az >/dev/null; then
	export AZURE_CONFIG_DIR="$T/azure" REQUESTS_CA_BUNDLE="$E/ca.pem" AZURE_CORE_COLLECT_TELEMETRY=0 AZURE_CORE_NO_COLOR=1
	mkdir -p "$AZURE_CONFIG_DIR"
	az cloud register -n Emulated --endpoint-resource-manager "$EMULATOR_URL/" --endpoint-management "$EMULATOR_URL/" \
		--endpoint-active-directory "$EMULATOR_URL/adfs" --endpoint-active-directory-resource-id https://management.core.windows.net/ \
		--endpoint-active-directory-graph-resource-id https://graph.windows.net/ --suffix-acr-login-server-endpoint .azurecr.io >"$T/out" 2>&1
	az cloud set -n Emulated >"$T/out" 2>&1
	az login --service-principal -u "$app" -p "$T/c/usual.pem" --tenant "$EMULATOR_TENANT" >"$T/out" 2>"$T/err"
	is "az logs in with the same certificate" $? 0
	az acr token list -r contoso --query '[].name' -o tsv >"$T/out" 2>"$T/err"
	is "and works with it" "$(cat "$T/out")" web-pull
	conf 'auth = azure-cli'
	accepted "we take over az's login where told to" "$app" AZURE_CONFIG_DIR="$AZURE_CONFIG_DIR" REQUESTS_CA_BUNDLE="$E/ca.pem"
	conf
	denied "and not where not told to" 'no identity found' AZURE_CONFIG_DIR="$AZURE_CONFIG_DIR" AZURE_POD_IDENTITY_AUTHORITY_HOST=http://127.0.0.1:1
	az logout >"$T/out" 2>&1
	conf 'auth = azure-cli'
	denied "when nobody is logged in" "az login" AZURE_CONFIG_DIR="$AZURE_CONFIG_DIR"
	APPSETTING_WEBSITE_SITE_NAME=x MSI_ENDPOINT="$EMULATOR_PLAIN/msi/token" MSI_SECRET="$(cat "$E/identity-header")" az login --identity >"$T/out" 2>"$T/err"
	is "az logs in with the machine's identity" $? 0
	[ ! -s "$T/err" ] || sed 's/^/# /' "$T/err"
elif [ -n "${AZ:-}" ]; then
	ok "Microsoft's own client: az is installed" false
else
	ok "Microsoft's own client # SKIP az is not installed: make check-az" true
fi
done_testing
