#!/bin/sh
# SPDX-License-Identifier: MIT
# Microsoft's az and `acrotate token`, one after the other, with the same words, against the same emulator: they print the same and exit
# alike. Passwords, times and operation ids differ from run to run and are masked.
set -uf
. "$(dirname "$0")/lib.sh"
needs az

start_emulator --fast --settle 1s --token old-token --registry contoso --registry other
export AZURE_CONFIG_DIR="$T/azure" REQUESTS_CA_BUNDLE="$E/ca.pem" AZURE_CORE_COLLECT_TELEMETRY=0
export ACROTATE_CONFIG="$E/acrotate.conf"
mkdir -p "$AZURE_CONFIG_DIR"
quietly() { "$@" >"$T/setup" 2>&1 || { sed 's/^/# /' "$T/setup"; echo "Bail out! $*"; exit 1; }; }
quietly az cloud register -n Emulated --endpoint-resource-manager "$EMULATOR_URL/" --endpoint-management "$EMULATOR_URL/" \
	--endpoint-active-directory "$EMULATOR_URL/adfs" \
	--endpoint-active-directory-resource-id https://management.core.windows.net/ \
	--endpoint-active-directory-graph-resource-id https://graph.windows.net/ --suffix-acr-login-server-endpoint .azurecr.io
quietly az cloud set -n Emulated
quietly az login --service-principal -u "$EMULATOR_CLIENT_ID" -p "$(cat "$E/client-secret")" --tenant "$EMULATOR_TENANT"

mask() {
	sed -E 's#[A-Za-z0-9+/]{42}\+ACR[A-Za-z0-9+/]{6}#PASSWORD#g; s#[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?(\+00:00|Z)#TIME#g
	        s#TIME +#TIME  #g; s#-{18,} +#----  #g; s#(PASSWORD|EXPIRY|DATE) +#\1  #g' "$1"
}
# same WORDS...: "@" in a word is az for the one and us for the other, so that both change a token of their own.
same() {
	_what="$*"
	# shellcheck disable=SC2046
	az acr token $(printf '%s\n' "$@" | sed 's/@/az/') >"$T/az.out" 2>"$T/az.err"; _az=$?
	# shellcheck disable=SC2046
	"$ACROTATE" token $(printf '%s\n' "$@" | sed 's/@/us/') >"$T/us.out" 2>"$T/us.err"; _us=$?
	mask "$T/az.out" | sed 's/az-token/our-token/g' >"$T/az.masked"
	mask "$T/us.out" | sed 's/us-token/our-token/g' >"$T/us.masked"
	if [ "$_az" = "$_us" ] && cmp -s "$T/az.masked" "$T/us.masked"; then
		ok "$_what" true
	else
		diff "$T/az.masked" "$T/us.masked" | sed 's/^/# /'
		echo "# az exits $_az, acrotate $_us"; sed 's/^/# /' "$T/us.err"
		ok "$_what" false
	fi
}

# What 2.91 does otherwise than its forerunners: an older one is no judge of it.
newer=$(az version -o tsv --query '"azure-cli"' 2>/dev/null | perl -ne 'my ($major, $minor) = split /[.]/; print $major > 2 || ($major == 2 && $minor >= 91) ? 1 : ""')
now() {
	if [ -n "$newer" ]; then same "$@"; else ok "$* # SKIP this az is older than 2.91" true; fi
}

R="-r contoso -g $EMULATOR_RESOURCE_GROUP"
# shellcheck disable=SC2086
{
	same create -r contoso -n @-token --scope-map demo-pull --no-passwords
	now create $R -n @-token-b --repository hello content/read metadata/read --gateway gw1 config/read --expiration-in-days 30
	same create $R -n @-token-c --scope-map _repositories_pull --status disabled --expiration 2031-12-31T12:59:59Z -o table
	for format in json jsonc yaml yamlc table tsv none; do
		same show $R -n old-token -o $format
		same credential generate $R -n @-token --password1 -o $format
		same credential generate -r contoso -n @-token --password1 --password2 --expiration-in-days 30 -o $format
	done
	same update $R -n @-token --status disabled
	same update -r contoso -n @-token --status enabled --scope-map _repositories_push -o yaml
	same show $R -n @-token --query "{name:name,map:scopeMapId,list:credentials.passwords[].name}" -o json
	same show $R -n @-token --query "[name,status]" -o tsv
	same show $R -n @-token --query "credentials.passwords[]" -o table
	same show $R -n @-token --query "*" -o yaml
	same show $R -n @-token --query "keys(@)" -o tsv
	same show $R -n @-token --query "systemData" -o table
	same show $R -n @-token --query "length(credentials.passwords)"
	same show $R -n @-token --query "nothing"
	same show $R -n @-token --query "abs(name)"
	same show $R -n @-token --query "[?"
	same credential delete $R -n @-token --password1
	same credential delete $R -n @-token --password1
	same credential delete $R -n @-token --password2 -o table
	same credential delete $R -n @-token
	same show $R -n missing-token
	same show -r nowhere -n old-token
	same list -r nowhere -g $EMULATOR_RESOURCE_GROUP
	same list -r other -o table
	same delete $R -n @-token-b -y
	same delete -r contoso -n @-token-c --yes
	same show $R -n @-token-b
	same show
	same show $R -n old-token --nope
	same credential
	same rotate
	same update $R -n @-token --status off
	same create $R -n @-token-d --repository hello
	same create $R -n @-token-d --repository hello content/eat
	same create $R -n @-token-d --scope-map missing-map --no-passwords
	same create $R -n @-token-d --scope-map demo-pull --no-passwords --expiration-in-days 3
}
# Words in unusual forms.
# shellcheck disable=SC2086
{
	same Show $R -n old-token --query name
	same show $R --nam=old-token --quer=name -otsv
	same show $R -nold-token -o=YAML --query status
	same show $R -n old-token --re x
	same show $R -n old-token --subscription "$EMULATOR_SUBSCRIPTION" --query id
	same show $R -n old-token -o xml
	same credential generate $R -n old-token --password1 --query username --expiration-in 1_0
	same credential generate $R -n old-token --password1 --query username --expiration-in-days=0x1
	same credential generate $R -n old-token --password1 --query username --expiration 2031-1-2t3:4:5z
	same credential generate $R -n old-token --password1 --query username --expiration 2031-02-29T00:00:00Z
	same credential generate $R -n old-token --password1=true
	same create $R -n @-token-e --scope-map demo-pull --no-pass TRUE --query status
	same delete $R -n @-token-e -yo json
	same list -r CONTOSO -g '' --query '[].name'
	for query in '`"ä"`' '{é:name}' '{"é":name}' '[`1.50`,`1e3`,`100000000000000000000`]' '`{}`' '[]' '[nosuch]' 'credentials.passwords[::-1].name' \
		"credentials.passwords[?expiry>'2030'].name" 'sort_by(credentials.passwords,&name)[-1]' '@.name' 'to_string(@.status)'; do
		for format in json table tsv yaml; do same show $R -n old-token -o $format --query "$query"; done
	done
	export AZURE_DEFAULTS_ACR=contoso AZURE_CORE_OUTPUT=Yaml
	same show -n old-token --query name
	unset AZURE_DEFAULTS_ACR AZURE_CORE_OUTPUT
}
# Answers in unusual forms.
answer() { # STATUS BODY WORD...; JUDGE: same, or now
	fault "{\"operation\":\"token-get\",\"effect\":\"status\",\"count\":0,\"status\":$1,\"body\":$2}" >/dev/null
	shift 2
	# shellcheck disable=SC2086
	"${JUDGE:-same}" show $R -n old-token "$@"
	no_faults >/dev/null
}
for body in '{"properties":{"creationDate":"2030-01-01T00:00:00.1234567+02:00","status":"odd one"}}' \
	'{"properties":{"credentials":{"passwords":[{"name":"password3"},null]}}}'; do
	for format in json table tsv yaml; do answer 200 "$body" -o $format; done
done
for body in '{"name":1,"unknown":[1.0,1.10,null,"é"]}' '{"id":"/subscriptions/s/resourceGroups/G/providers/P/T/N"}' \
	'{"properties":{"creationDate":"soon"}}'; do
	for format in json table tsv yaml; do JUDGE=now answer 200 "$body" -o $format; done
done
answer 404 '{"code":"C","message":"m"}'
answer 409 '{"error":{"code":"C","message":"m","details":[{"code":"d"}]}}'
answer 501 '""'

# And as the developer who has no configuration but has logged in with az: not one word of acrotate's own is needed.
export ACROTATE_CONFIG="" XDG_CONFIG_HOME="$T/none" HOME="$T"
# shellcheck disable=SC2086
{
	same show $R -n old-token
	same list -r other -o table
	same show -r contoso -n old-token --subscription "$EMULATOR_SUBSCRIPTION" -o yaml
	quietly az logout
	same show $R -n old-token
}
like "which says what to do" "$(cat "$T/us.err")" "'az login'"
done_testing
