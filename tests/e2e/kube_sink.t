#!/bin/sh
# SPDX-License-Identifier: MIT
# Sinks of type kubernetes: against the emulator's door, or with KUBE=real against a real kube-apiserver with etcd and RBAC (tests/kube/build). One file for
# both, so that the door cannot drift.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/job.sh"
. "$ROOT/tests/kube/lib.sh"

start_kube --fast --token web-pull
make_host 'lifetime = 90d' 'grace = 1s'
namespace web
account web rotator
ME="system:serviceaccount:web:rotator"
printf '[kubernetes]\nkubeconfig = %s\n' "$T/rotator.kubeconfig" >>"$E/acrotate.conf"
chmod 600 "$E/acrotate.conf"
SECRETS=/api/v1/namespaces/web/secrets
SEEN=0
# kube_job LINE...: the job's one sink; another state each time, so that nothing is remembered of the case before.
kube_job() {
	SEEN=$((SEEN + 1))
	sed -i "s|^state_dir = .*|state_dir = $H/state$SEEN|" "$E/acrotate.conf"
	control tokens/web-pull '{"action":"wipe"}' >/dev/null
	{ printf '[job]\ntoken = web-pull\n[sink pull]\ntype = kubernetes\n'; for _line in "$@"; do printf '%s\n' "$_line"; done; } | job web
}
version() { kget "$SECRETS/regcred" metadata.resourceVersion; }

# ---- an entry of .dockerconfigjson ---------------------------------------------------------------------------------------------------
role web rotator get,patch:secrets:regcred create:secrets
kube_job 'secret = regcred'
acrotate check
is "check: nothing is wrong before the first run" "$RC" 0
is "check makes nothing" "$(kapi GET $SECRETS/regcred)" 404
acrotate run
says "the first run" 0 '^$'
p1=$(pull_password web regcred)
is "the registry takes what the Secret holds" "$(login web-pull "$p1")" 200
is "it is a pull secret" "$(kget $SECRETS/regcred type)" kubernetes.io/dockerconfigjson
is "it says whose it is" "$(kget $SECRETS/regcred metadata.labels)" '{"app.kubernetes.io/managed-by":"acrotate"}'
like "it says which slot, and until when" "$(kget $SECRETS/regcred metadata.annotations)" \
	'"acrotate/expires":"20[-0-9]*T[0-9:]*Z".*"acrotate/slot":"password1"'
v=$(version)
acrotate run
says "nothing due" 0 '^$'
is "nothing due writes nothing" "$(version)" "$v"
rotate
says "a rotation" 0 '^$'
p2=$(pull_password web regcred)
ok "the password is another one" test "$p1" != "$p2"
is "which the registry takes" "$(login web-pull "$p2")" 200
is "and the old one, too" "$(login web-pull "$p1")" 200
like "the annotation follows" "$(kget $SECRETS/regcred metadata.annotations)" '"acrotate/slot":"password2"'
merge $SECRETS/regcred "{\"data\":{\".dockerconfigjson\":\"$(printf '{"auths":{}}' | base64 -w0)\"}}" >/dev/null
sleep 2.1
acrotate run
is "after the entry was removed by hand there is one again that works" "$(login web-pull "$(pull_password web regcred)")" 200
kapi DELETE $SECRETS/regcred >/dev/null

# ---- what is other people's ----------------------------------------------------------------------------------------------------------
others='{"auths":{"ghcr.io":{"auth":"c29tZWJvZHk6ZWxzZQ=="}},  "number": 1.0e2, "text": "\u00e4"}'
kapi POST $SECRETS "{\"metadata\":{\"name\":\"regcred\",\"labels\":{\"team\":\"shop\"},\"annotations\":{\"replicator/to\":\"all\"},\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"name\":\"o\",\"uid\":\"1\"}]},\"type\":\"kubernetes.io/dockerconfigjson\",\"data\":{\".dockerconfigjson\":\"$(printf %s "$others" | base64 -w0)\",\"more\":\"eA==\"}}" >/dev/null
kube_job 'secret = regcred'
acrotate run
says "a Secret with other entries" 0 '^$'
like "every other byte of it stays" "$(pull_config web regcred)" '^\{"auths":\{"ghcr.io":\{"auth":"c29tZWJvZHk6ZWxzZQ=="\},"[^"]*":\{"auth":"[^"]*"\}\},  "number": 1.0e2, "text": "\\u00e4"\}$'
is "so do its other keys" "$(kget $SECRETS/regcred data.more)" eA==
is "its labels" "$(kget $SECRETS/regcred metadata.labels)" '{"team":"shop"}'
like "its annotations" "$(kget $SECRETS/regcred metadata.annotations)" '"replicator/to":"all"'
is "and its owner" "$(kget $SECRETS/regcred metadata.ownerReferences.0.name)" o
# Somebody who counts in it all the while: every change of theirs survives, and every password arrives.
( i=0; while [ $i -lt 60 ]; do i=$((i + 1)); merge $SECRETS/regcred "{\"metadata\":{\"annotations\":{\"count-$i\":\"x\"}}}" >/dev/null; done ) &
PIDS="$! $PIDS"
busy=$!
for i in 1 2; do rotate; is "rotation $i beside somebody who writes all the time" "$RC" 0; done
wait "$busy"
is "none of their writes is lost" "$(kget $SECRETS/regcred metadata.annotations | grep -o 'count-' | wc -l)" 60
is "the newest password is there" "$(login web-pull "$(pull_password web regcred)")" 200
kapi DELETE $SECRETS/regcred >/dev/null

# ---- what has to be decided by a person ------------------------------------------------------------------------------------------------
secret web regcred "{\"auths\":{\"$EMULATOR_LOGIN_SERVER\":{\"auth\":\"$(printf else:where | base64)\"}}}" >/dev/null
kube_job 'secret = regcred'
refused "an entry of another user" 65 "entry '$EMULATOR_LOGIN_SERVER' of another user \('else'\).*take_entry = yes"
kube_job 'secret = regcred' 'take_entry = yes'
acrotate run
says "take_entry" 0 '^$'
kapi DELETE $SECRETS/regcred >/dev/null
secret web regcred '{"auths":{}}' ',"immutable":true' >/dev/null
kube_job 'secret = regcred'
refused "an immutable Secret" 65 "is immutable: 'kubectl delete secret regcred'"
kapi DELETE $SECRETS/regcred >/dev/null
kapi POST $SECRETS '{"metadata":{"name":"regcred"},"data":{"x":"eA=="}}' >/dev/null
refused "a Secret of another type" 65 "is of type 'Opaque', not 'kubernetes.io/dockerconfigjson'"
kapi DELETE $SECRETS/regcred >/dev/null
secret web regcred '{"auths":[]}' >/dev/null
refused "a Secret that is no configuration" 78 "secret 'regcred': its 'auths' is not an object"
kapi DELETE $SECRETS/regcred >/dev/null
secret web regcred '{"auths":{"ghcr.io":{"auth":"%%"}}}' >/dev/null
refused "one that kubelet drops" 78 "secret 'regcred': .*ghcr.io"
kapi DELETE $SECRETS/regcred >/dev/null
kapi POST $SECRETS "{\"metadata\":{\"name\":\"regcred\"},\"type\":\"kubernetes.io/dockerconfigjson\",\"data\":{\".dockerconfigjson\":\"e30=\"}}" >/dev/null
printf '{"data":{"large":"%s"}}' "$(head -c 1048573 /dev/zero | tr '\0' x | base64 -w0)" >"$T/large.json"
curl -sS --cacert "$KUBE_CA" -X PATCH -H "Authorization: Bearer $KUBE_TOKEN" -H 'Content-Type: application/merge-patch+json' -o "$T/kube" --data-binary @"$T/large.json" "$KUBE_URL$SECRETS/regcred"
refused "a Secret that is full" 65 "the cluster refuses what would be in secret 'web/regcred' \(422\).*Too long"
kapi DELETE $SECRETS/regcred >/dev/null

# ---- one key of an Opaque Secret -------------------------------------------------------------------------------------------------------
role web rotator get,patch:secrets:env create:secrets
kube_job 'secret = env' 'content = REGISTRY_PASSWORD={password}' 'data = registry.env'
acrotate run
says "a template" 0 '^$'
p=$(kget $SECRETS/env data | perl -MJSON::PP -MMIME::Base64 -e 'print decode_base64(decode_json(<STDIN>)->{"registry.env"})')
is "the registry takes what it says" "$(login web-pull "${p#REGISTRY_PASSWORD=}")" 200
is "the Secret is Opaque" "$(kget $SECRETS/env type)" Opaque
merge $SECRETS/env '{"data":{"other":"eA=="}}' >/dev/null
rotate
says "a rotation of it" 0 '^$'
is "another key of it stays" "$(kget $SECRETS/env data.other)" eA==
merge $SECRETS/env "{\"data\":{\"registry.env\":\"$(printf 'by hand' | base64)\"}}" >/dev/null
kube_job 'secret = env' 'content = REGISTRY_PASSWORD={password}' 'data = registry.env'
refused "other content" 65 "key 'registry.env' of secret 'env' has other content than the template"
kapi DELETE $SECRETS/env >/dev/null

# ---- rights: each one that is missing is named, with the commands that give it -----------------------------------------------------------
secret web regcred '{"auths":{}}' >/dev/null
kube_job 'secret = regcred'
role web rotator patch:secrets:regcred
refused "no right to read" 77 "'$ME' may not get secret 'web/regcred' \(403\): kubectl -n web create role acrotate-secrets --verb=get --resource=secrets --resource-name=regcred && kubectl -n web create rolebinding acrotate-secrets --role=acrotate-secrets --serviceaccount=web:rotator"
role web rotator get:secrets:regcred
refused "no right to write" 77 "may not patch secret 'web/regcred': kubectl -n web create role .* --verb=patch --resource=secrets --resource-name=regcred"
role web rotator get,patch:secrets:other
kube_job 'secret = regcred'
refused "rights on another Secret" 77 "may not get secret 'web/regcred'"
role web rotator get,patch:secrets:regcred
kapi DELETE $SECRETS/regcred >/dev/null
refused "no right to create" 77 "may not create secret 'web/regcred': kubectl -n web create role .* --verb=create --resource=secrets"
kube_job 'secret = regcred' 'create = no'
refused "not there, and not to be created" 69 "secret 'regcred' does not exist: kubectl -n web create secret generic regcred --type=kubernetes.io/dockerconfigjson --from-literal=.dockerconfigjson='\{.auths.:\{\}\}', or say 'create = yes'"
kube_job 'secret = regcred' 'namespace = elsewhere'
kubeconfig "$T/admin.kubeconfig" admin "$KUBE_TOKEN"
sed -i "s|^kubeconfig = .*|kubeconfig = $T/admin.kubeconfig|" "$E/acrotate.conf"
refused "no such namespace" 69 "namespace 'elsewhere' does not exist: kubectl create namespace elsewhere"
kube_job 'secret = regcred'
kubeconfig "$T/bad.kubeconfig" nobody not-a-token
sed -i "s|^kubeconfig = .*|kubeconfig = $T/bad.kubeconfig|" "$E/acrotate.conf"
refused "a token that the cluster does not know" 77 "does not know context 'test' of '.*bad.kubeconfig' \(401\)"

# ---- kubeconfigs ---------------------------------------------------------------------------------------------------------------------
use() { sed -i "s|^kubeconfig = .*|kubeconfig = $1|" "$E/acrotate.conf"; }
sed 's/token: .*/exec: {apiVersion: client.authentication.k8s.io\/v1, command: kubelogin}/' "$T/rotator.kubeconfig" >"$T/exec.kubeconfig"
use "$T/exec.kubeconfig"
refused "a program for a token" 78 "user 'rotator' gets its token from a program \(exec\).*it would be 'kubelogin'"
role web rotator get,patch:secrets:regcred create:secrets
chmod 644 "$T/rotator.kubeconfig"
use "$T/rotator.kubeconfig"
refused "a kubeconfig that others can read" 78 "rotator.kubeconfig' can be read by others"
chmod 600 "$T/rotator.kubeconfig"
sed "s|certificate-authority: .*|certificate-authority: $T/other-ca.pem|" "$T/rotator.kubeconfig" >"$T/untrusted.kubeconfig"
chmod 600 "$T/untrusted.kubeconfig"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$T/other.key" -out "$T/other-ca.pem" -days 1 -subj /CN=other 2>/dev/null
use "$T/untrusted.kubeconfig"
refused "another cluster's authority" 78 "cannot reach '.*certificate"
perl -ne 's/token: (.*)/"tokenFile: token"/e; print' "$T/rotator.kubeconfig" >"$T/file.kubeconfig"
sed -n 's/.*token: //p' "$T/rotator.kubeconfig" >"$T/token"
use "$T/file.kubeconfig"
acrotate run
says "a tokenFile beside the kubeconfig, which holds no secret then" 0 '^$'
kapi DELETE $SECRETS/regcred >/dev/null
json_config() { perl -MJSON::PP -e 'my ($url, $ca, $t) = @ARGV; print JSON::PP->new->canonical->encode({"current-context" => "c", clusters => [{name => "k", cluster => {server => $url, "certificate-authority" => $ca}}], contexts => [{name => "c", context => {cluster => "k", user => "u", namespace => "web"}}], users => [{name => "u", user => {token => $t}}]})' "$KUBE_URL" "$KUBE_CA" "$(cat "$T/token")"; }
json_config >"$T/json.kubeconfig"
chmod 600 "$T/json.kubeconfig"
use "$T/json.kubeconfig"
kube_job 'secret = regcred'
acrotate run
says "a kubeconfig in JSON" 0 '^$'
if [ "$KUBE" = real ]; then
	openssl req -newkey rsa:2048 -nodes -keyout "$T/client.key" -out "$T/client.csr" -subj /CN=robot 2>/dev/null
	openssl x509 -req -in "$T/client.csr" -CA "$K/client-ca.pem" -CAkey "$K/client-ca.key" -CAcreateserial -days 1 -out "$T/client.pem" 2>/dev/null
	sed "s|token: .*|client-certificate-data: $(base64 -w0 "$T/client.pem")\n    client-key: $T/client.key|" "$T/rotator.kubeconfig" >"$T/client.kubeconfig"
	chmod 600 "$T/client.key"
	use "$T/client.kubeconfig"
	acrotate run --force
	says "a client certificate is somebody" 77 "'robot' may not get secret 'web/regcred' \(403\).*--user=robot"
fi

# ---- a cluster that is away ------------------------------------------------------------------------------------------------------------
use "$T/rotator.kubeconfig"
kube_job 'secret = regcred'
acrotate run
p=$(pull_password web regcred)
if [ "$KUBE" = real ]; then
	kill "$APISERVER_PID"
	wait "$APISERVER_PID" 2>/dev/null
else
	fault '{"operation":"kube-*","effect":"status","status":503,"count":0}' >/dev/null
fi
clear_log
acrotate run
says "an API server that is away" 75 "sink 'pull': .*cannot (answer now|reach)"
is "nothing is generated meanwhile" "$(count_log generate)" 0
if [ "$KUBE" = real ]; then start_apiserver; else no_faults >/dev/null; fi
rotate
says "when it is back" 0 '^$'
ok "the password is another one" test "$(pull_password web regcred)" != "$p"
p=$(pull_password web regcred)

# ---- what is said ------------------------------------------------------------------------------------------------------------------------
sleep 2.1
"$ACROTATE" run --config "$E/acrotate.conf" --force --debug >"$T/debug" 2>&1
ok "no password and no token in what is said at any level" sh -c '! grep -qF -e "$1" -e "$2" -e "$3" "$4"' sh "$p" "$(pull_password web regcred)" "$(cat "$T/token")" "$T/debug"
done_testing
