# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# A cluster for the tests: the emulator's door, or with KUBE=real a real kube-apiserver with etcd, which tests/kube/build makes. Beside tests/e2e/lib.sh.
#
#   . "$(dirname "$0")/lib.sh"; . "$ROOT/tests/kube/lib.sh"
#   start_kube OPTION...     an emulator with these options, and the cluster: KUBE_URL, KUBE_CA, and $T/kubeconfig of an administrator
#   kube ARGUMENT...         kubectl, as the administrator
#   kapi METHOD PATH [JSON [TYPE]]   as the administrator: the status; the answer in $T/kube
#   account NAMESPACE NAME   a service account, with a kubeconfig of its own ($T/NAME.kubeconfig)

KUBE=${KUBE:-emulator}
# Where the host has no kubectl that is new enough, the one that was brought.
_bin=$("$ROOT/tests/kube/build" --have) && [ -x "$_bin/kubectl" ] && PATH=$_bin:$PATH

start_real_kube() {
	_bin=$("$ROOT/tests/kube/build" --have) || { echo "Bail out! no kube-apiserver: run tests/kube/build"; exit 1; }
	K=$T/cluster
	mkdir -p "$K"
	_etcd=$(free_port); _peer=$(free_port); KUBE_PORT=$(free_port)
	openssl genrsa -out "$K/sa.key" 2048 2>/dev/null
	openssl rsa -in "$K/sa.key" -pubout -out "$K/sa.pub" 2>/dev/null
	echo 'admintoken,admin,1,"system:masters"' >"$K/tokens.csv"
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$K/client-ca.key" -out "$K/client-ca.pem" -days 30 -subj /CN=client-ca 2>/dev/null
	start etcd "$_bin/etcd" --data-dir "$K/etcd" --listen-client-urls "http://127.0.0.1:$_etcd" --advertise-client-urls "http://127.0.0.1:$_etcd" \
		--listen-peer-urls "http://127.0.0.1:$_peer" --initial-advertise-peer-urls "http://127.0.0.1:$_peer" \
		--initial-cluster "default=http://127.0.0.1:$_peer" --unsafe-no-fsync
	ETCD_PORT=$_etcd
	start_apiserver "$_bin"
}
# Again after it was ended: with the same port, certificates and objects.
start_apiserver() {
	start kube-apiserver "${1:-$("$ROOT/tests/kube/build" --have)}/kube-apiserver" --etcd-servers="http://127.0.0.1:$ETCD_PORT" --bind-address=127.0.0.1 \
		--advertise-address=127.0.0.1 --secure-port="$KUBE_PORT" --cert-dir="$K/certs" --token-auth-file="$K/tokens.csv" \
		--authorization-mode=RBAC --service-cluster-ip-range=10.0.0.0/24 --service-account-issuer="https://127.0.0.1:$KUBE_PORT" \
		--service-account-key-file="$K/sa.pub" --service-account-signing-key-file="$K/sa.key" \
		--api-audiences="https://127.0.0.1:$KUBE_PORT" --disable-admission-plugins=ServiceAccount --client-ca-file="$K/client-ca.pem"
	# shellcheck disable=SC2034 # for the tests
	APISERVER_PID=$PID
	_tries=0
	until [ "$(curl -sk -H 'Authorization: Bearer admintoken' "https://127.0.0.1:$KUBE_PORT/readyz")" = ok ]; do
		_tries=$((_tries + 1))
		[ "$_tries" -lt 300 ] || { echo "Bail out! kube-apiserver does not come up"; tail -n 20 "$T/kube-apiserver.out" | sed 's/^/# /'; exit 1; }
		sleep 0.2
	done
	KUBE_URL=https://127.0.0.1:$KUBE_PORT
	KUBE_CA=$K/certs/apiserver.crt
	KUBE_TOKEN=admintoken
}

start_kube() {
	start_emulator --kubernetes "$@"
	case $KUBE in
	real) start_real_kube ;;
	*) KUBE_URL=$EMULATOR_URL KUBE_CA=$E/ca.pem KUBE_TOKEN=$(cat "$E/kubernetes-token") ;;
	esac
	kubeconfig "$T/kubeconfig" admin "$KUBE_TOKEN"
}

kapi() {
	_body=; [ $# -lt 3 ] || _body=$3
	case $1 in
	GET | DELETE) curl -sS --cacert "$KUBE_CA" -X "$1" -H "Authorization: Bearer $KUBE_TOKEN" -o "$T/kube" -w '%{http_code}' "$KUBE_URL$2" ;;
	*) printf %s "$_body" | curl -sS --cacert "$KUBE_CA" -X "$1" -H "Authorization: Bearer $KUBE_TOKEN" -H "Content-Type: ${4:-application/json}" \
		-o "$T/kube" -w '%{http_code}' --data-binary @- "$KUBE_URL$2" ;;
	esac
}
# Of an object: kget PATH MEMBER
kube() { kubectl --kubeconfig "$T/kubeconfig" "$@"; }
kget() { kapi GET "$1" >/dev/null; jget "$T/kube" "$2"; }
merge() { kapi PATCH "$1" "$2" application/merge-patch+json; }

# kubeconfig FILE USER TOKEN [NAMESPACE]
kubeconfig() {
	cat >"$1" <<-CONFIG
	apiVersion: v1
	kind: Config
	current-context: test
	clusters:
	- name: cluster
	  cluster:
	    server: $KUBE_URL
	    certificate-authority: $KUBE_CA
	contexts:
	- name: test
	  context: {cluster: cluster, user: $2, namespace: ${4:-web}}
	users:
	- name: $2
	  user:
	    token: $3
	CONFIG
	chmod 600 "$1"
}

namespace() { kapi POST /api/v1/namespaces "{\"metadata\":{\"name\":\"$1\"}}" >/dev/null; }
RBAC=/apis/rbac.authorization.k8s.io/v1/namespaces
# role NAMESPACE ACCOUNT RULE...: all that this account may do; a rule is VERBS:RESOURCE[:NAME], verbs with commas
role() {
	_ns=$1; _account=$2; shift 2; _rules=
	for _rule in "$@"; do
		_verbs=${_rule%%:*}; _rest=${_rule#*:}; _name=; case $_rest in *:*) _name=${_rest#*:} ;; esac
		_rules="$_rules${_rules:+,}{\"apiGroups\":[\"\"],\"resources\":[\"${_rest%%:*}\"],\"verbs\":[\"$(echo "$_verbs" | sed 's/,/","/g')\"]${_name:+,\"resourceNames\":[\"$_name\"]}}"
	done
	kapi DELETE "$RBAC/$_ns/roles/$_account" >/dev/null
	kapi POST "$RBAC/$_ns/roles" "{\"metadata\":{\"name\":\"$_account\"},\"rules\":[$_rules]}" >/dev/null
	kapi POST "$RBAC/$_ns/rolebindings" "{\"metadata\":{\"name\":\"$_account\"},\"subjects\":[{\"kind\":\"ServiceAccount\",\"name\":\"$_account\",\"namespace\":\"$_ns\"}],\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"Role\",\"name\":\"$_account\"}}" >/dev/null
}
account() {
	kapi POST "/api/v1/namespaces/$1/serviceaccounts" "{\"metadata\":{\"name\":\"$2\"}}" >/dev/null
	kapi POST "/api/v1/namespaces/$1/serviceaccounts/$2/token" \
		'{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":3600}}' >/dev/null
	kubeconfig "$T/$2.kubeconfig" "$2" "$(jget "$T/kube" status.token)" "$1"
}
# secret NAMESPACE NAME JSON-OF-CONFIG [MORE]: a pull secret as `kubectl create secret docker-registry` makes it
secret() {
	kapi POST "/api/v1/namespaces/$1/secrets" "{\"metadata\":{\"name\":\"$2\"},\"type\":\"kubernetes.io/dockerconfigjson\",\"data\":{\".dockerconfigjson\":\"$(printf %s "$3" | base64 -w0)\"}${4:-}}"
}
# What a pull secret holds, decoded.
pull_config() { kget "/api/v1/namespaces/$1/secrets/$2" data | perl -MJSON::PP -MMIME::Base64 -e 'print decode_base64(decode_json(<STDIN>)->{".dockerconfigjson"})'; }
# The password in it, for the registry.
pull_password() { pull_config "$1" "$2" | perl -MJSON::PP -MMIME::Base64 -e 'local $/; print((split /:/, decode_base64(decode_json(<STDIN>)->{auths}{$ARGV[0]}{auth}), 2)[1])' "$EMULATOR_LOGIN_SERVER"; }
