#!/bin/sh
# SPDX-License-Identifier: MIT
# The judge of the emulator's key vault: Microsoft's own client works against it as it does against Azure, by the challenge that it is sent;
# and reads what the sink writes. tests/vault/build brings it; VAULT=real asks for it.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/job.sh"
[ "${VAULT:-}" = real ] || skip_here "'make check-vault' runs it"
needs node
CACHE=$("$ROOT/tests/vault/build" --have) || { echo "Bail out! no client: run tests/vault/build"; exit 1; }

start_emulator --fast --token web-pull --keyvault
make_host 'lifetime = 90d' 'grace = 1s'
chmod 600 "$E/acrotate.conf"
export NODE_EXTRA_CA_CERTS="$E/ca.pem"
# client OPERATION NAME [JSON]: its answer in $T/answer, prints its exit status
client() {
	node "$ROOT/tests/vault/client.mjs" "$CACHE" "$EMULATOR_URL" "$EMULATOR_URL" "$EMULATOR_TENANT" "$EMULATOR_CLIENT_ID" "$E/client-secret" "$@" \
		>"$T/answer" 2>"$T/client.err"
	echo $?
}
answer() { jget "$T/answer" "$1"; }

# ---- what the client does ------------------------------------------------------------------------------------------------------------
is "a secret that is not there" "$(client get other) $(answer status) $(answer code)" "1 404 SecretNotFound"
is "set" "$(client set other '{"value":"one","tags":{"a.b":"c"},"expires":"2031-12-31T12:59:59Z"}')" 0
is "is answered with its value" "$(answer value) $(answer properties.enabled)" "one true"
like "a version" "$(answer properties.version)" '^[0-9a-f]{32}$'
is "the first question bore no token, and was answered with the challenge" "$(control log | grep -c '"operation":"vault-set".*"status":401')" 1
is "get" "$(client get other) $(answer value)" "0 one"
is "its expiry" "$(answer properties.expiresOn)" 2031-12-31T12:59:59.000Z
is "its tags" "$(answer properties.tags)" '{"a.b":"c"}'
is "a second version" "$(client set other '{"value":"two"}') $(client get other) $(answer value)" "0 0 two"
is "versions" "$(client versions other) $(perl -MJSON::PP -e 'local $/; print scalar @{decode_json(<STDIN>)}' <"$T/answer")" "0 2"
is "list" "$(client list -) $(answer 0.name)" "0 other"
is "disable" "$(client update other '{"enabled":false}')" 0
is "a disabled one is not read" "$(client get other) $(answer status)" "1 403"
is "delete" "$(client delete other)" 0
is "a deleted one's name is not free" "$(client set other '{"value":"three"}') $(answer status)" "1 409"
like "for it can be recovered" "$(answer message)" 'deleted but recoverable'
is "recover" "$(client recover other)" 0
is "delete it again, purge" "$(client delete other) $(client purge other) $(client get other)" "0 0 1"
is "and its name is free" "$(client set other '{"value":"four"}')" 0
is "a name that is none" "$(client set a_b '{"value":"x"}') $(answer status)" "1 400"

# ---- what acrotate does, in its eyes -------------------------------------------------------------------------------------------------
printf '[job]\ntoken = web-pull\n[sink vault]\ntype = keyvault\nvault = %s\nsecret = web-pull\ncontent_type = text/plain\n' "$EMULATOR_URL" | job web
acrotate run
is "a delivery" "$RC" 0
is "it reads" "$(client get web-pull)" 0
is "the registry takes what it reads" "$(login web-pull "$(answer value)")" 200
is "it sees the type" "$(answer properties.contentType)" text/plain
is "it sees the slot" "$(answer properties.tags.acrotate-slot) $(answer properties.tags.CredentialId)" "password1 password1"
is "and one expiry" "$(answer properties.expiresOn | cut -c1-19)" "$(answer properties.tags.acrotate-expires | cut -c1-19)"
is "what it sets is found" "$(client set web-pull "{\"value\":\"$(answer value)\",\"tags\":{\"team\":\"shop\"}}")" 0
sleep 2.1
acrotate run --force
is "and replaced in a rotation" "$RC $(client get web-pull)" "0 0"
is "its tag stays" "$(answer properties.tags.team) $(answer properties.tags.acrotate-slot)" "shop password2"
client delete web-pull >/dev/null
sleep 2.1    # grace, in whole seconds of the service's clock
acrotate run --force
is "what it deletes is not recovered" "$RC" 65
is "until it recovers it itself" "$(client recover web-pull) $(sleep 2.1; acrotate run --force; echo "$RC")" "0 0"
is "the registry takes what it reads then" "$(client get web-pull) $(login web-pull "$(answer value)")" "0 200"

done_testing
