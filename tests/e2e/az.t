#!/bin/sh
# SPDX-License-Identifier: MIT
# The judge of the emulator: Microsoft's own az works against it as it does against Azure.
set -u
. "$(dirname "$0")/lib.sh"
needs az

start_emulator --fast --settle 1s --token old-token --registry contoso --registry other
export AZURE_CONFIG_DIR="$T/azure" REQUESTS_CA_BUNDLE="$E/ca.pem" AZURE_CORE_COLLECT_TELEMETRY=0 AZURE_CORE_NO_COLOR=1
mkdir -p "$AZURE_CONFIG_DIR"

run() { az "$@" >"$T/out" 2>"$T/err"; }
query() { run "$@" -o tsv && cat "$T/out"; }
status() { run "$@"; echo $?; }

# An authority that ends in /adfs is the one kind of unknown host az asks nobody else about.
run cloud register -n Emulated --endpoint-resource-manager "$EMULATOR_URL/" --endpoint-management "$EMULATOR_URL/" \
	--endpoint-active-directory "$EMULATOR_URL/adfs" \
	--endpoint-active-directory-resource-id https://management.core.windows.net/ \
	--endpoint-active-directory-graph-resource-id https://graph.windows.net/ --suffix-acr-login-server-endpoint .azurecr.io
run cloud set -n Emulated

is "a wrong secret is refused" "$(status login --service-principal -u "$EMULATOR_CLIENT_ID" -p wrong --tenant "$EMULATOR_TENANT")" 1
like "with Entra's words" "$(cat "$T/err")" 'AADSTS7000215: Invalid client secret'
is "az logs in" "$(status login --service-principal -u "$EMULATOR_CLIENT_ID" -p "$(cat "$E/client-secret")" --tenant "$EMULATOR_TENANT")" 0
is "and sees the subscription" "$(query account show --query id)" "$EMULATOR_SUBSCRIPTION"

is "list shows the token there is" "$(query acr token list -r contoso --query '[].name')" old-token
is "a registry nobody has" "$(status acr token list -r nowhere)" 1
is "a token nobody has" "$(status acr token show -r contoso -n missing)" 3
like "with the service's words" "$(cat "$T/err")" 'ResourceNotFound.*The resource missing could not be found'

is "create with repositories" "$(status acr token create -r contoso -n web-pull --repository hello content/read --gateway gw1 config/read -o json)" 0
p1=$(jget "$T/out" credentials.passwords.0.value)
p2=$(jget "$T/out" credentials.passwords.1.value)
is "gives two passwords of 52 characters" "${#p1} ${#p2}" "52 52"
like "with the marker of such secrets" "$p1" '^.{42}\+ACR.{6}$'
is "in the state it ended in" "$(jget "$T/out" provisioningState)" Succeeded
is "and both work" "$(login web-pull "$p1") $(login web-pull "$p2")" "200 200"
is "its scope map is az's" "$(query acr scope-map show -r contoso -n web-pull-scope-map --query 'actions[]' | tr '\n' ' ')" \
	"repositories/hello/content/read gateway/gw1/config/read "
is "show" "$(query acr token show -r contoso -n web-pull --query status)" enabled
is "the passwords are not shown again" "$(query acr token show -r contoso -n web-pull --query 'credentials.passwords[].value')" ""

is "generate one slot" "$(status acr token credential generate -r contoso -n web-pull --password2 --expiration-in-days 30 -o json)" 0
g2=$(perl -MJSON::PP -e 'local $/; print map { $_->{value} } grep { $_->{name} eq "password2" } @{decode_json(<STDIN>)->{passwords}}' <"$T/out")
is "only it has a value" "$(perl -MJSON::PP -e 'local $/; print scalar grep { $_->{value} } @{decode_json(<STDIN>)->{passwords}}' <"$T/out")" 1
is "the new one works, its predecessor does not, the other slot does" \
	"$(login web-pull "$g2") $(login web-pull "$p2") $(login web-pull "$p1")" "200 401 200"
is "generate with an expiration" "$(status acr token credential generate -r contoso -n web-pull --password1 --expiration 2031-12-31T12:59:59Z -o json)" 0
is "which is echoed" "$(query acr token show -r contoso -n web-pull --query "credentials.passwords[?name=='password1'].expiry")" 2031-12-31T12:59:59+00:00
is "a table of it" "$(status acr token list -r contoso -o table)" 0
is "generate replaces both when it names none" "$(status acr token credential generate -r contoso -n web-pull -o json)" 0
is "so that the others are dead" "$(login web-pull "$g2")" 401
g1=$(jget "$T/out" passwords.0.value)

is "disable" "$(status acr token update -r contoso -n web-pull --status disabled)" 0
is "shuts the door" "$(login web-pull "$g1")" 401
is "enable with another scope map" "$(status acr token update -r contoso -n web-pull --scope-map _repositories_push)" 0
is "opens it" "$(login web-pull "$g1")" 200
is "credential delete" "$(status acr token credential delete -r contoso -n web-pull --password1)" 0
is "leaves the other one" "$(query acr token show -r contoso -n web-pull --query 'credentials.passwords[].name')" password2
is "and shuts the door for the first" "$(login web-pull "$g1")" 401
is "create without passwords" "$(status acr token create -r contoso -n other-token --scope-map demo-pull --no-passwords)" 0
is "has none" "$(query acr token show -r contoso -n other-token --query 'length(credentials.passwords)')" 0
is "create again on it wipes and generates" "$(status acr token create -r contoso -n other-token --scope-map demo-pull -o json)" 0
is "two" "$(query acr token show -r contoso -n other-token --query 'length(credentials.passwords)')" 2
is "a name the service refuses" "$(status acr token create -r contoso -n 1token --scope-map demo-pull)" 1
is "scope-map update" "$(status acr scope-map update -r contoso -n web-pull-scope-map --add-repository world content/read)" 0
is "scope-map list" "$(query acr scope-map list -r contoso --query "length([?starts_with(name,'web-pull')])")" 1
is "delete" "$(status acr token delete -r contoso -n web-pull -y)" 0
is "it is gone" "$(status acr token show -r contoso -n web-pull)" 3
is "scope-map delete" "$(status acr scope-map delete -r contoso -n web-pull-scope-map -y)" 0

control identities "{\"client_id\":\"$EMULATOR_CLIENT_ID\",\"actions\":[\"*/read\"]}" >/dev/null
is "without the right to generate" "$(status acr token credential generate -r contoso -n other-token --password1)" 1
like "az names action and scope" "$(cat "$T/err")" \
	"AuthorizationFailed.*generateCredentials/action' over scope '/subscriptions/.*/registries/contoso'"
done_testing
