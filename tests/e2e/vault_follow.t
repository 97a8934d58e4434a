#!/bin/sh
# SPDX-License-Identifier: MIT
# One rotator with a key vault, and hosts that follow it: each identity a host may have gets a token for the vault, with the right to read one
# secret and nothing else, and Resource Manager is never asked.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/job.sh"
needs openssl

openssl req -x509 -newkey rsa:2048 -noenc -keyout "$T/app.key" -out "$T/app.crt" -days 30 -subj /CN=acrotate 2>/dev/null
cat "$T/app.key" "$T/app.crt" >"$T/app.pem"
chmod 600 "$T/app.pem"
keys=$T/arc-keys
arc_option="--arc-keys $keys"
if [ "$(id -u)" = 0 ]; then keys=/var/opt/azcmagent/tokens; arc_option=; fi
mkdir -p "$keys"
# shellcheck disable=SC2086
start_emulator --fast --token web-pull --keyvault --certificate "$T/app.crt" $arc_option
make_host 'lifetime = 90d' 'grace = 1s'
printf '[job]\ntoken = web-pull\n[sink vault]\ntype = keyvault\nvault = %s\nsecret = web-pull\n' "$EMULATOR_URL" | job web-pull
acrotate run
is "the rotator delivers" "$RC" 0
# From here on the application may read one secret.
READER='["Microsoft.KeyVault/vaults/secrets/getSecret/action"]'

# conf NAME LINE...: a host of its own, with this [azure] section, whose job follows the vault.
conf() {
	F=$T/$1; shift
	mkdir -p "$F/jobs.d"
	{
		printf '[azure]\ncloud = custom\nresource_manager = %s\nauthority = %s\n' "$EMULATOR_URL" "$EMULATOR_URL"
		for _line in "$@"; do printf '%s\n' "$_line"; done
		printf '[http]\nca_file = %s\n[run]\nstate_dir = %s/state\n' "$E/ca.pem" "$F"
	} >"$F/acrotate.conf"
	printf '[job]\nregistry = %s\ntoken = web-pull\n[source]\ntype = keyvault\nvault = %s\nsecret = web-pull\n[sink docker]\ntype = docker\npath = %s/config.json\n' \
		"$EMULATOR_LOGIN_SERVER" "$EMULATOR_URL" "$F" >"$F/jobs.d/web.conf"
}
# follow_as [VARIABLE=VALUE...]: a run of that host, in an environment with nothing else. Sets RC.
follow_as() {
	clear_log
	rm -f "$F/state/told"
	env -i PATH="$PATH" HOME="$T" "$@" "$ACROTATE" run -c "$F/acrotate.conf" >"$T/out" 2>"$T/err" </dev/null
	RC=$?
	return 0
}
resource_manager() { control log | grep -c '"path":"/subscriptions' || :; }
# follows WHAT CLIENT [VARIABLE=VALUE...]: what is in the vault arrives, asked for by that identity.
follows() {
	_what=$1 _client=$2; shift 2
	follow_as "$@"
	is "$_what" "$RC $(login web-pull "$(password_in "$F/config.json")")" "0 200"
	[ "$RC" = 0 ] || sed 's/^/# /' "$T/err"
	like "$_what: as that identity" "$(control log | grep '"operation":"vault-get"')" "\"subject\":\"$_client\""
	is "$_what: the vault is asked, and nobody else of Azure" "$(count_log vault-set) $(resource_manager)" "0 0"
}
tenant="tenant_id = $EMULATOR_TENANT" client="client_id = $EMULATOR_CLIENT_ID"

rights "$READER"
conf secret 'auth = client-secret' "$tenant" "$client" "client_secret_file = $E/client-secret"
follows "client secret" "$EMULATOR_CLIENT_ID"
conf certificate 'auth = certificate' "$tenant" "$client" "certificate_file = $T/app.pem"
follows "certificate" "$EMULATOR_CLIENT_ID"
conf federated 'auth = workload-identity' "$tenant" "$client" "federated_token_file = $E/federated-token"
follows "workload identity" "$EMULATOR_CLIENT_ID"
conf imds 'auth = managed-identity'
follows "a virtual machine" "$EMULATOR_SYSTEM_CLIENT_ID" AZURE_POD_IDENTITY_AUTHORITY_HOST="$EMULATOR_PLAIN"
conf assigned 'auth = managed-identity' "client_id = $EMULATOR_ASSIGNED_CLIENT_ID"
follows "an assigned identity" "$EMULATOR_ASSIGNED_CLIENT_ID" AZURE_POD_IDENTITY_AUTHORITY_HOST="$EMULATOR_PLAIN"
conf app 'auth = managed-identity'
follows "App Service" "$EMULATOR_SYSTEM_CLIENT_ID" IDENTITY_ENDPOINT="$EMULATOR_PLAIN/msi/token" IDENTITY_HEADER="$(cat "$E/identity-header")"
conf old-app 'auth = managed-identity'
follows "App Service of before 2019" "$EMULATOR_SYSTEM_CLIENT_ID" MSI_ENDPOINT="$EMULATOR_PLAIN/msi/token" MSI_SECRET="$(cat "$E/identity-header")"
if [ "$(id -u)" = 0 ]; then
	conf arc 'auth = managed-identity'
	follows "an Azure Arc server" "$EMULATOR_SYSTEM_CLIENT_ID" IDENTITY_ENDPOINT="$EMULATOR_PLAIN/arc/metadata/identity/oauth2/token" \
		IMDS_ENDPOINT="$EMULATOR_PLAIN"
	rm -rf "$keys"
else
	ok "Azure Arc # SKIP needs root, as the real agent's keys do" true
fi
mkdir -p "$T/bin"
cat >"$T/bin/az" <<'END'
#!/bin/sh
while [ $# -gt 0 ]; do case $1 in --resource) resource=$2 ;; esac; shift; done
echo "$resource" >"$(dirname "$0")/resource"
printf '{"accessToken":"%s","expires_on":%s}\n' "$(cat "$(dirname "$0")/token")" "$(($(date +%s) + 3000))"
END
chmod +x "$T/bin/az"
ecurl "$EMULATOR_URL/$EMULATOR_TENANT/oauth2/v2.0/token" -d grant_type=client_credentials -d client_id="$EMULATOR_CLIENT_ID" \
	--data-urlencode client_secret@"$E/client-secret" -d scope=https://vault.azure.net/.default >"$T/entra.json"
jget "$T/entra.json" access_token >"$T/bin/token"
conf cli 'auth = azure-cli'
follows "az's login" "$EMULATOR_CLIENT_ID" PATH="$T/bin:$PATH"
is "az is asked for the vault's token" "$(cat "$T/bin/resource")" https://vault.azure.net
conf other 'auth = client-secret' "$tenant" "$client" "client_secret_file = $E/client-secret" 'vault_audience = https://vault.azure.cn'
follows "another audience, where the cloud has one" "$EMULATOR_CLIENT_ID"
conf wrong 'auth = client-secret' "$tenant" "$client" "client_secret_file = $E/client-secret" 'vault_audience = https://management.azure.com'
follow_as
like "a token for something else is none for a vault" "$(control log | grep '"operation":"vault-get"')" '"status":401'
is "and not tried elsewhere" "$(count_log vault-get '"status":200') $(resource_manager)" "0 0"
is "nothing is delivered" "$(ls "$F")" "acrotate.conf
jobs.d
state"

# ---- rotations -----------------------------------------------------------------------------------------------------------------------
F=$T/secret
first=$(password_in "$F/config.json")
follow_as
is "in step: one request to the source, one for the token" "$RC $(count_log vault-get) $(control log | grep -c .)" "0 1 2"
rights null
sleep 2.1
acrotate run --force
rights "$READER"
follow_as
is "after a rotation" "$RC $(login web-pull "$(password_in "$F/config.json")")" "0 200"
ok "it has the new password" test "$(password_in "$F/config.json")" != "$first"
env -i PATH="$PATH" "$ACROTATE" status -c "$F/acrotate.conf" >"$T/out" 2>&1
like "status says whom it follows" "$(cat "$T/out")" 'follows keyvault .*web-pull'
second=$(password_in "$F/config.json")
rights '[]'
acrotate_at() { env -i PATH="$PATH" HOME="$T" "$ACROTATE" "$@" -c "$F/acrotate.conf" >"$T/out" 2>"$T/err" </dev/null; RC=$?; }
rm -f "$F/state/told"
acrotate_at run
is "without its right it keeps what it has" "$(password_in "$F/config.json") $(login web-pull "$second")" "$second 200"
acrotate_at check
like "check names the role" "$(said)" 'Key Vault Secrets User'

done_testing
