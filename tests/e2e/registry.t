#!/bin/sh
# SPDX-License-Identifier: MIT
# The emulator's tokens open a real docker-registry for a real client, and only for what their scope map allows.
set -u
. "$(dirname "$0")/lib.sh"
needs skopeo docker-registry

start_registry --fast --token web-pull --token hello-only=demo-pull
password() { control "tokens/$1" "{\"action\":\"generate\",\"slot\":\"$2\"}" >"$T/p" && jget "$T/p" password; }
# auth_file NAME USER PASSWORD
auth_file() { printf '{"auths":{"%s":{"auth":"%s"}}}\n' "$EMULATOR_LOGIN_SERVER" "$(printf '%s:%s' "$2" "$3" | openssl base64 -A)" >"$T/$1"; }

ok "skopeo pushes an image made by hand" push_image hello
ok "and another repository" push_image world
p1=$(password web-pull password1)
auth_file first web-pull "$p1"
ok "skopeo pulls with a token" pull_image hello "$T/first"
ok "what was pushed" cmp -s "$T/pulled/manifest.json" "$T/image/blobs/sha256/$(sed 's/.*manifest.v1+json","digest":"sha256:\([0-9a-f]*\).*/\1/' "$T/image/index.json")"
quietly() { "$@" >/dev/null; }
ok "inspect" quietly skopeo inspect --cert-dir "$T/certs" --authfile "$T/first" "docker://$EMULATOR_LOGIN_SERVER/hello:v1" --format '{{.Digest}}'
ok "list-tags" quietly skopeo list-tags --cert-dir "$T/certs" --authfile "$T/first" "docker://$EMULATOR_LOGIN_SERVER/hello"
deny() { ! "$@" >"$T/denied" 2>&1; }
push_as() { skopeo copy -q --dest-cert-dir "$T/certs" --dest-authfile "$1" "oci:$T/image:v1" "docker://$EMULATOR_LOGIN_SERVER/$2:v1"; }
ok "a pull token cannot push" deny push_as "$T/first" hello
h=$(password hello-only password1)
auth_file hello hello-only "$h"
ok "a scope map of one repository opens that" pull_image hello "$T/hello"
ok "and no other" deny pull_image world "$T/hello"
auth_file wrong web-pull nonsense
ok "a wrong password opens nothing" deny pull_image hello "$T/wrong"
like "unauthorized, says the client" "$(cat "$T/denied")" 'unauthorized|authentication required'
p2=$(password web-pull password2)
auth_file second web-pull "$p2"
ok "the other slot works beside the first" pull_image hello "$T/second"
password web-pull password1 >/dev/null
ok "a regenerated slot's old password is dead" deny pull_image hello "$T/first"
ok "the other slot still works" pull_image hello "$T/second"

# A client with a refresh token posts it, chunked.
ecurl -o "$T/refresh" "$EMULATOR_URL/oauth2/token" -d grant_type=password -d access_type=offline -d "service=$EMULATOR_LOGIN_SERVER" \
	-d username=web-pull --data-urlencode "password=$p2"
printf '{"auths":{"%s":{"auth":"%s","identitytoken":"%s"}}}\n' "$EMULATOR_LOGIN_SERVER" "$(printf 'web-pull:' | openssl base64 -A)" \
	"$(jget "$T/refresh" refresh_token)" >"$T/identity"
ok "a refresh token works too" pull_image hello "$T/identity"
done_testing
