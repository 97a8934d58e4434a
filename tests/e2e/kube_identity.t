#!/bin/sh
# SPDX-License-Identifier: MIT
# Workload identity: the token that the cluster gives a service account for Entra ID is what a pod proves itself with. With KUBE=real a real API server
# signs it, and the emulator's Entra ID trusts it by the keys that this server publishes (/openid/v1/jwks); else the emulator's own door.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/job.sh"
. "$ROOT/tests/kube/lib.sh"

start_kube --fast --token web-pull
namespace web
account web rotator
role web rotator get,patch:secrets:regcred create:secrets get:namespaces:web get,patch:configmaps:acrotate-web create:configmaps

# federated_token AUDIENCE [ACCOUNT]: as the kubelet asks for it, into $T/federated
federated_token() {
	kapi POST "/api/v1/namespaces/web/serviceaccounts/${2:-rotator}/token" \
		"{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenRequest\",\"spec\":{\"audiences\":[\"$1\"],\"expirationSeconds\":3600}}" >"$T/status"
	jget "$T/kube" status.token >"$T/federated"
	chmod 600 "$T/federated"
}
AUDIENCE=api://AzureADTokenExchange
federated_token "$AUDIENCE"
is "the cluster gives a token for Entra ID" "$(cat "$T/status")" 201
claim() { cut -d. -f2 "$T/federated" | tr '_-' '/+' | perl -MMIME::Base64 -ne 'print decode_base64($_)' >"$T/claims"; jget "$T/claims" "$1"; }
is "for that audience alone" "$(claim aud)" '["api://AzureADTokenExchange"]'
is "of the service account" "$(claim sub)" system:serviceaccount:web:rotator
jwks=
if [ "$KUBE" = real ]; then
	is "the API server publishes its keys" "$(kapi GET /openid/v1/jwks)" 200
	jwks=",\"jwks\":$(perl -MJSON::PP -e 'local $/; print JSON::PP->new->allow_nonref->encode(<STDIN>)' <"$T/kube")"
fi
CLIENT=99999999-9999-9999-9999-999999999999
control identities "{\"client_id\":\"$CLIENT\",\"federated\":[{\"issuer\":\"$(claim iss)\",\"subject\":\"system:serviceaccount:web:rotator\",\"audience\":\"$AUDIENCE\"$jwks}]}" >/dev/null

# A pod that has this token, and no other secret.
mkdir -p "$T/pod/jobs.d"
sed "s|^state_dir = .*|state = kubernetes:web|; s|^auth = .*|auth = workload-identity|; s|^client_id = .*|client_id = $CLIENT|; s|^client_secret_file = .*|federated_token_file = $T/federated|" \
	"$E/acrotate.conf" >"$T/pod/acrotate.conf"
printf '[kubernetes]\nkubeconfig = %s\n[defaults]\nregistry = contoso\nresource_group = emulated\ngrace = 1s\n' "$T/rotator.kubeconfig" >>"$T/pod/acrotate.conf"
printf '[job]\ntoken = web-pull\n[sink pull]\ntype = kubernetes\nsecret = regcred\n' >"$T/pod/jobs.d/web.conf"
pod() {
	HOME=$T/pod STATE_DIRECTORY=/nonexistent/state "$ACROTATE" "$@" --config "$T/pod/acrotate.conf" >"$T/out" 2>&1 </dev/null
	RC=$?
}
pod run
is "a pod with that token rotates" "$RC:$(cat "$T/out")" 0:
is "the registry takes what the Secret holds" "$(login web-pull "$(pull_password web regcred)")" 200

# denied WHAT PATTERN
denied() {
	clear_log
	pod run --force
	is "$1: exit status" "$RC" 77
	like "$1: says so" "$(cat "$T/out")" "$2"
	is "$1: nothing is generated" "$(count_log generate)" 0
}
federated_token "$KUBE_URL"
denied "a token for the API server itself" 'AADSTS700212|audience'
account web other
federated_token "$AUDIENCE" other
denied "another account's" 'AADSTS700213|subject|Subject'
federated_token "$AUDIENCE"
perl -i -pe 's/.{8}$/AAAAAAAA/' "$T/federated"
denied "a token that nobody signed so" 'AADSTS'
done_testing
