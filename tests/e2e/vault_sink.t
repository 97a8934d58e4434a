#!/bin/sh
# SPDX-License-Identifier: MIT
# Sinks of type keyvault, against the emulator's door: what they send, what they keep, and each refusal with the command that fixes it.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/job.sh"

start_emulator --fast --token web-pull --keyvault
make_host 'lifetime = 90d' 'grace = 1s'
chmod 600 "$E/acrotate.conf"
SEEN=0
# vault_job LINE...: the job's one sink; another state each time, so that nothing is remembered of the case before.
vault_job() {
	SEEN=$((SEEN + 1))
	sed -i "s|^state_dir = .*|state_dir = $H/state$SEEN|" "$E/acrotate.conf"
	control tokens/web-pull '{"action":"wipe"}' >/dev/null
	{ printf '[job]\ntoken = web-pull\n[sink vault]\ntype = keyvault\nvault = %s\nsecret = web-pull\n' "$EMULATOR_URL"; for _line in "$@"; do printf '%s\n' "$_line"; done; } | job web
}
vault_token() {
	ecurl "$EMULATOR_URL/$EMULATOR_TENANT/oauth2/v2.0/token" -d grant_type=client_credentials -d client_id="$EMULATOR_CLIENT_ID" \
		--data-urlencode client_secret@"$E/client-secret" -d scope=https://vault.azure.net/.default >"$T/vault-token.json"
	printf 'Authorization: Bearer %s\n' "$(jget "$T/vault-token.json" access_token)" >"$T/vault-bearer"
}
# vapi METHOD PATH [JSON]: as the application; the body in $T/secret, prints the status.
vapi() {
	_method=$1 _path=$2; shift 2
	ecurl -o "$T/secret" -w '%{http_code}' -X "$_method" -H @"$T/vault-bearer" ${1:+-H Content-Type:application/json -d "$1"} "$EMULATOR_URL/$_path?api-version=7.4"
}
vget() { vapi GET secrets/web-pull >/dev/null; jget "$T/secret" "$1"; }
versions() { vapi GET secrets/web-pull/versions >/dev/null; perl -MJSON::PP -e 'local $/; print scalar @{decode_json(<STDIN>)->{value} // []}' <"$T/secret"; }
forget_secret() { vapi DELETE secrets/web-pull >/dev/null; vapi DELETE deletedsecrets/web-pull >/dev/null; }
vault_token

# ---- a delivery ----------------------------------------------------------------------------------------------------------------------
vault_job
acrotate check
is "check: nothing is wrong before the first run" "$RC" 0
is "check makes nothing" "$(vapi GET secrets/web-pull)" 404
clear_log
acrotate run
says "the first run" 0 '^$'
p1=$(vget value)
is "the registry takes what the secret holds" "$(login web-pull "$p1")" 200
is "it is enabled" "$(vget attributes.enabled)" true
like "it expires as the password does" "$(vget attributes.exp)" '^[0-9]{10}$'
is "the tags say which slot" "$(vget tags.acrotate-slot) $(vget tags.CredentialId)" "password1 password1"
like "since when" "$(vget tags.acrotate-created)" '^20..-..-..T..:..:..'
is "until when" "$(vget tags.acrotate-expires)" "$(date -u -d "@$(vget attributes.exp)" +%Y-%m-%dT%H:%M:%SZ)"
is "of whom" "$(vget tags.ProviderAddress | tr "[:upper:]" "[:lower:]")" "$(printf %s "$REGISTRY_ID" | tr "[:upper:]" "[:lower:]")"
is "and for how long" "$(vget tags.ValidityPeriodDays)" 90
is "two tokens: for the resource manager and the vault" "$(count_log entra)" 2
v=$(versions)
acrotate run
says "nothing due" 0 '^$'
is "nothing due writes nothing" "$(versions)" "$v"
vapi PATCH secrets/web-pull/ '{"tags":{"team":"shop","acrotate-slot":"password1","a.b":"c"},"contentType":"text/x"}' >/dev/null
rotate
says "a rotation" 0 '^$'
p2=$(vget value)
ok "the password is another one" test "$p1" != "$p2"
is "which the registry takes, and the old one, too" "$(login web-pull "$p2") $(login web-pull "$p1")" "200 200"
is "a rotation is one version" "$(versions)" 2
is "the tag follows" "$(vget tags.acrotate-slot)" password2
is "other people's tags stay" "$(vget tags.team)" shop
is "and the type" "$(vget contentType)" text/x
sed -i 's/^grace = .*/grace = expiry/' "$E/acrotate.conf"
rotate
says "with 'grace = expiry' the slot of a password that was replaced waits" 75 'not before|until'
is "until it has expired: it works" "$(login web-pull "$p1")" 200
sed -i 's/^grace = .*/grace = 1s/' "$E/acrotate.conf"
like "status knows it" "$(acrotate status; said)" 'web'

# ---- content ------------------------------------------------------------------------------------------------------------------------------
forget_secret
vault_job 'content = {"user":"{username}","password":"{password:json}","until":"{expires}"}' 'content_type = application/json'
acrotate run
says "a template" 0 '^$'
like "is filled in" "$(vget value)" '^\{"user":"web-pull","password":".*","until":"20.*Z"\}$'
is "with its type" "$(vget contentType)" application/json
is "and read back" "$(acrotate run; said; versions)" 1
sed -i 's/^content = .*/content = {password}/' "$E/jobs.d/web.conf"
acrotate run
says "another template" 0 ''
is "brings the same password in the new form" "$(login web-pull "$(vget value)") $(vget tags.acrotate-slot)" "200 password1"

# ---- what is other people's ---------------------------------------------------------------------------------------------------------------
forget_secret
vault_job
vapi PUT secrets/web-pull '{"value":"shops-database-password"}' >/dev/null
refused "another program's secret" 65 "is not a registry's password, and was not written by acrotate: name another one; .*az keyvault secret set-attributes --vault-name localhost --name web-pull --tags acrotate-slot=unknown"
is "it stays" "$(vget value)" "shops-database-password"
vapi PATCH secrets/web-pull/ '{"tags":{"acrotate-slot":"unknown"}}' >/dev/null
rotate
is "with our tag it is replaced" "$RC $(login web-pull "$(vget value)")" "0 200"
forget_secret
vault_job 'content = USER={username} {password}'
vapi PUT secrets/web-pull '{"value":"USER=somebody aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}' >/dev/null
refused "another user's" 65 "has other content than the template"

# ---- deleted, disabled --------------------------------------------------------------------------------------------------------------------
forget_secret
vault_job
vapi PUT secrets/web-pull '{"value":"x"}' >/dev/null
vapi DELETE secrets/web-pull >/dev/null
refused "a deleted one" 65 "was deleted and can be recovered: az keyvault secret recover --vault-name localhost --name web-pull"
is "it is not recovered" "$(vapi GET deletedsecrets/web-pull)" 200
vapi DELETE deletedsecrets/web-pull >/dev/null
vapi PUT secrets/web-pull '{"value":"x","attributes":{"enabled":false}}' >/dev/null
refused "a disabled one" 65 "is disabled: az keyvault secret set-attributes --vault-name localhost --name web-pull --enabled true"
forget_secret

# ---- rights -------------------------------------------------------------------------------------------------------------------------------
vault_job
object=$(perl -MMIME::Base64 -e 'my ($h, $p) = split /\./, <STDIN>; $p =~ tr{-_}{+/}; print decode_base64($p) =~ /"oid":"([^"]*)"/' <"$T/vault-bearer")
rights '["Microsoft.ContainerRegistry/*"]'
refused "no role" 77 "may not read secret 'web-pull' of key vault 'localhost' \(403\); the role is 'Key Vault Secrets Officer'.*az role assignment create --role 'Key Vault Secrets Officer' --assignee-object-id $object --assignee-principal-type ServicePrincipal --scope /subscriptions/$EMULATOR_SUBSCRIPTION/.*/secrets/web-pull"
rights '["Microsoft.ContainerRegistry/*","Microsoft.KeyVault/vaults/secrets/getSecret/action","Microsoft.KeyVault/vaults/secrets/readMetadata/action"]'
refused "a role that reads" 77 "may not write secret 'web-pull'.*Key Vault Secrets Officer"
rights null
acrotate run
says "all rights" 0 '^$'

# ---- a vault that answers badly -----------------------------------------------------------------------------------------------------------
fault '{"operation":"vault-get","effect":"status","status":403,"body":{"error":{"code":"Forbidden","message":"Client address is not authorized and caller is not a trusted service.","innererror":{"code":"ForbiddenByFirewall"}}},"count":9}' >/dev/null
acrotate run
says "a firewall" 77 "the firewall of key vault 'localhost' does not let this host in \(403\): az keyvault network-rule add --name localhost --ip-address"
no_faults >/dev/null
fault '{"operation":"vault-get","effect":"status","status":429,"headers":{"Retry-After":"1"},"count":2}' >/dev/null
acrotate run
says "throttled for a moment" 0 '^$'
no_faults >/dev/null
fault '{"operation":"vault-get","effect":"status","status":429,"headers":{"Retry-After":"100"},"count":9}' >/dev/null
acrotate run --force
is "throttled for long: the next run" "$RC" 75
no_faults >/dev/null
fault '{"operation":"vault-set","effect":"status","status":409,"body":{"error":{"code":"Conflict","message":"x"}},"count":2}' >/dev/null
rotate
says "somebody else writes it, too" 0 '^$'
is "and it arrived" "$(login web-pull "$(vget value)")" 200
no_faults >/dev/null
fault '{"operation":"vault-get","effect":"status","status":401,"count":1}' >/dev/null
acrotate run
says "one 401 is answered with a new token" 0 '^$'
no_faults >/dev/null
fault '{"operation":"vault-get","effect":"status","status":401,"headers":{"WWW-Authenticate":"Bearer authorization=\"https://login.evil.example/t\", resource=\"https://evil.example\""},"count":9}' >/dev/null
acrotate run
says "two are told, and what they say is not followed" 77 "does not take our access token \(401\).*it takes tokens of https://login.evil.example/t for https://evil.example: check tenant_id, cloud and vault_audience"
no_faults >/dev/null
fault '{"operation":"vault-set","effect":"act-drop","count":1}' >/dev/null
rotate
says "a lost reply" 0 '^$'
is "is no lost password" "$(login web-pull "$(vget value)")" 200
no_faults >/dev/null
fault '{"operation":"vault-get","effect":"status","status":200,"body":{"value":7},"count":9}' >/dev/null
acrotate run
says "an answer that is none" 76 "the answer of key vault 'localhost' for secret 'web-pull' is not understood: no secret with a value"
no_faults >/dev/null
fault '{"operation":"vault-set","effect":"status","status":403,"count":9}' >/dev/null
rotate
is "a password that cannot be written fails the run" "$RC" 77
is "what is there stays, and works" "$(login web-pull "$(vget value)")" 200
no_faults >/dev/null

# ---- where the token may go ---------------------------------------------------------------------------------------------------------------
sed -i 's/^vault = .*/vault = contoso/' "$E/jobs.d/web.conf"
acrotate check
says "a name in a custom cloud" 78 "in a custom cloud a vault is given by its URL"
sed -i 's|^vault = .*|vault = https://no-such-vault.invalid|' "$E/jobs.d/web.conf"
acrotate run
says "no such vault" 75 "is there a key vault 'no-such-vault.invalid'\\? Its name is not known"
printf '[azure]\nauth = client-secret\ncloud = public\ntenant_id = x\nclient_id = y\nclient_secret_file = %s/client-secret\n' "$E" >>"$E/jobs.d/web.conf"
sed -i 's|^vault = .*|vault = https://contoso.vault.azure.net.evil.example|' "$E/jobs.d/web.conf"
acrotate check
says "another host in a named cloud" 78 "'contoso.vault.azure.net.evil.example' is not a key vault of this cloud, whose hosts end with '.vault.azure.net'"
clear_log
acrotate run
is "nor does a run ask anybody for anything" "$RC $(requests)" '78 0'

done_testing
