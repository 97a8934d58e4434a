#!/bin/sh
# SPDX-License-Identifier: MIT
# One rotator writes a key vault, two hosts follow it, each by the right to read that one secret: one delivers to a config.json, docker of the other
# asks for the password. As a user would set them up.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/job.sh"
needs openssl

start_emulator --fast --token web-pull --keyvault
make_host 'lifetime = 90d' 'grace = 1s'
chmod 600 "$E/acrotate.conf"
job web-pull <<END
[job]
token = web-pull
[sink vault]
type = keyvault
vault = $EMULATOR_URL
secret = web-pull
END
acrotate check
is "the rotator: check" "$RC" 0
acrotate run
is "the rotator: run" "$RC$(said)" 0

# host N: its configuration, with the identity of the emulator's application, from whom all rights but one are taken below.
host() {
	F=$T/host$1
	mkdir -p "$F/jobs.d"
	{ sed '/^\[run\]/,$d; /^subscription/d' "$E/acrotate.conf"; printf '[run]\nstate_dir = %s/state\n' "$F"; } >"$F/acrotate.conf"
	chmod 600 "$F/acrotate.conf"
}
follow() {
	_command=$1; shift
	rm -f "$F/state/told"
	"$ACROTATE" "$_command" --config "$F/acrotate.conf" "$@" >"$T/out" 2>"$T/err" </dev/null
	RC=$?
}
rotate() { sleep 2.1; acrotate run --force; [ "$RC" = 0 ] || said | sed 's/^/# /'; }
rights() { control identities "{\"client_id\":\"$EMULATOR_CLIENT_ID\",\"actions\":$1}" >/dev/null; }
asked() { control log | grep -c -- "\"operation\":\"$1" || :; }
READ='["Microsoft.KeyVault/vaults/secrets/getSecret/action"]'

# ---- a host with a config.json ----------------------------------------------------------------------------------------------------
rights "$READ"
host 1
follow init "$EMULATOR_LOGIN_SERVER" web-pull --follow "keyvault:$EMULATOR_URL/web-pull" --docker "$F/config.json"
is "init, with the right to read one secret" "$RC" 0
like "what it follows" "$(said)" "source: keyvault localhost/web-pull has a password, which expires 20"
like "and that the registry takes it" "$(said)" 'login: the registry accepts the password of the source'
clear_log
follow run
is "run" "$RC$(said)" 0
p1=$(password_in "$F/config.json")
is "the registry takes what docker has" "$(login web-pull "$p1")" 200
is "nobody asks the Resource Manager" "$(control log | grep -c '"path":"/subscriptions' || :)" 0
is "of the secret nothing is written" "$(asked vault-set)" 0
follow run
clear_log
follow run
is "in step" "$RC$(said)" 0
is "one request to the vault, after one for a token" "$(asked vault-get) of $(requests)" "1 of 2"
follow status
like "status" "$(said)" "follows keyvault localhost/web-pull, in step"
follow status -o json
is "the slot and the expiry come with it" "$(jget "$T/out" 0.active) $(jget "$T/out" 0.expires | cut -c1-2)" "password1 20"

# ---- a host whose docker asks -----------------------------------------------------------------------------------------------------
host 2
cat >"$F/jobs.d/web.conf" <<END
[job]
registry = $EMULATOR_LOGIN_SERVER
token = web-pull
[source]
type = keyvault
vault = $EMULATOR_URL
secret = web-pull
[sink copy]
type = store
END
follow run
is "the second host: run" "$RC$(said)" 0
ln -s "$ACROTATE" "$T/docker-credential-acrotate"
helper() { printf '%s\n' "$EMULATOR_LOGIN_SERVER" | ACROTATE_CONFIG=$F/acrotate.conf "$T/docker-credential-acrotate" get >"$T/helper"; jget "$T/helper" Secret; }
is "docker gets the password when it asks" "$(helper)" "$p1"

# ---- the next one -----------------------------------------------------------------------------------------------------------------
rights null
rotate
rights "$READ"
for n in 1 2; do
	F=$T/host$n
	follow run
	is "host $n: the next one" "$RC$(said)" 0
done
p2=$(helper)
ok "it is another one" test "$p1" != "$p2"
is "which works" "$(login web-pull "$p2")" 200
is "and the first host has it too" "$(password_in "$T/host1/config.json")" "$p2"
is "the old one works yet, for who has been offline" "$(login web-pull "$p1")" 200

# ---- it may not read --------------------------------------------------------------------------------------------------------------
rights '["Microsoft.ContainerRegistry/*"]'
follow run
is "no role: exit status" "$RC" 75
is "no role: quiet at first" "$(said)" ""
follow check
like "no role: check names it" "$(said)" "source: .*may not read secret 'web-pull' of key vault 'localhost' \(403\)"
follow status
like "no role: so does status" "$(said)" 'follows keyvault localhost/web-pull, which cannot be read'
is "what is deployed stays" "$(helper)" "$p2"
rights "$READ"
follow run
is "well again" "$RC" 0

done_testing
