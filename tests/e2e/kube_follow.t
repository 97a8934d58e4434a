#!/bin/sh
# SPDX-License-Identifier: MIT
# A host that follows a pull secret of a cluster, with the right to get that one and nothing else; and one in the cluster whose record lies there too.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/job.sh"
. "$ROOT/tests/kube/lib.sh"

start_kube --fast --token web-pull
make_host 'lifetime = 90d' 'grace = 1s'
namespace web
for name in rotator reader mover; do account web $name; done
SECRETS=/api/v1/namespaces/web/secrets
role web rotator get,patch:secrets:regcred create:secrets
role web reader get:secrets:regcred
role web mover get,patch:secrets:regcred get,patch:secrets:copy create:secrets get:namespaces:web get,patch:configmaps:acrotate-web-pull create:configmaps
printf '[kubernetes]\nkubeconfig = %s\n' "$T/rotator.kubeconfig" >>"$E/acrotate.conf"
chmod 600 "$E/acrotate.conf"
job web-pull <<END
[job]
token = web-pull
[sink pull]
type = kubernetes
secret = regcred
END

F=$T/follower
mkdir -p "$F/jobs.d"
cat >"$F/acrotate.conf" <<END
[http]
ca_file = $E/ca.pem
[run]
state_dir = $F/state
metrics_file = $F/metrics.prom
[kubernetes]
kubeconfig = $T/reader.kubeconfig
END
logins() { control log | grep -c '"path":"/oauth2/token' || :; }
of_azure() { control log | grep -cE '"path":"/(subscriptions|[0-9a-f-]{36}/oauth2)' || :; }
marks() { kget "$SECRETS/$1" metadata.annotations | perl -MJSON::PP -e 'my $a = decode_json(<STDIN>); print join " ", map { $a->{"acrotate/$_"} } "slot", "expires"'; }
of_cluster() { control log | grep -c '"path":"/api' || :; }

# ---- set up by one command --------------------------------------------------------------------------------------------------------
follow init "$EMULATOR_LOGIN_SERVER" web-pull --follow kubernetes:web/regcred --docker "$F/config.json"
is "init before there is a Secret: exit status" "$RC" 75
like "it says that it is not there" "$(said)" "source: kubernetes web/regcred has no password of token 'web-pull'"
acrotate run
clear_log
follow check
is "check" "$RC" 0
like "the source" "$(said)" "ok +web-pull: source: kubernetes web/regcred has a password, which expires 20.*the sinks are behind"
like "the registry" "$(said)" "ok +web-pull: login: the registry accepts the password of the source"
like "the sink" "$(said)" "ok +web-pull: sink 'docker': "
is "nobody asks Azure" "$(of_azure)" 0
clear_log
follow run
is "run" "$RC$(said)" 0
is "docker has what the Secret has" "$(password_in "$F/config.json")" "$(pull_password web regcred)"
is "three logins" "$(logins)" 3
is "nobody asks Azure" "$(of_azure)" 0
follow run
clear_log
v=$(kget $SECRETS/regcred metadata.resourceVersion)
clear_log
follow run
is "in step" "$RC$(said)" 0
is "no login" "$(logins)" 0
[ "$KUBE" = real ] || is "one request, to its source" "$(of_cluster) of $(requests)" "1 of 1"
is "the Secret is only read" "$(kget $SECRETS/regcred metadata.resourceVersion)" "$v"
follow status -o json
is "status" "$(jget "$T/out" 0.follows), $(jget "$T/out" 0.source), $(jget "$T/out" 0.active)" "kubernetes web/regcred, in step, password1"

rotate
follow run
is "a newer one" "$RC $(password_in "$F/config.json")" "0 $(pull_password web regcred)"
newest=$(password_in "$F/config.json")

# ---- it fails ---------------------------------------------------------------------------------------------------------------------
role web reader list:secrets
follow run
is "forbidden: exit status" "$RC" 75
is "forbidden: quiet" "$(said)" ""
follow status
like "forbidden: status says what to do" "$(said)" 'kubectl -n web create role acrotate-secrets'
follow check
ok "forbidden: check is not content" test "$RC" != 0
like "forbidden: with the role" "$(said)" 'PROBLEM +web-pull: source: '
role web reader get:secrets:regcred
config=$(pull_config web regcred)
kapi DELETE $SECRETS/regcred >/dev/null
follow run
is "deleted: exit status" "$RC" 75
is "deleted: what is deployed stays" "$(password_in "$F/config.json")" "$newest"
secret web regcred '{"auths":{}}' >/dev/null
follow run
is "empty: exit status" "$RC" 75
merge $SECRETS/regcred '{"data":{".dockerconfigjson":"bm8ganNvbg=="}}' >/dev/null
follow run
is "garbage: exit status" "$RC" 75
is "what is deployed stays" "$(password_in "$F/config.json")" "$newest"
kapi DELETE $SECRETS/regcred >/dev/null
secret web regcred "$config" >/dev/null
follow run
is "well again: exit status" "$RC" 0
is "and in step" "$(password_in "$F/config.json")" "$(pull_password web regcred)"

# ---- in the cluster, with its record there ----------------------------------------------------------------------------------------
cat >"$F/acrotate.conf" <<END
[http]
ca_file = $E/ca.pem
[run]
state = kubernetes:web
[kubernetes]
kubeconfig = $T/mover.kubeconfig
END
follow run
is "a sink of one host with a shared record: exit status" "$RC" 78
like "why" "$(said)" "\[sink docker\]: type docker is on one host, and 'state = kubernetes:web' is for several rotators"
printf '[job]\nregistry = %s\ntoken = web-pull\n[source]\ntype = file\npath = /x\n[sink s]\ntype = kubernetes\nsecret = copy\n' "$EMULATOR_LOGIN_SERVER" >"$F/jobs.d/web-pull.conf"
follow run
is "a source of one host: exit status" "$RC" 78
like "why" "$(said)" "\[source\]: type file is on one host"
printf '[job]\nregistry = %s\ntoken = web-pull\n[source]\ntype = kubernetes\nsecret = regcred\n[sink s]\ntype = kubernetes\nsecret = copy\n' "$EMULATOR_LOGIN_SERVER" >"$F/jobs.d/web-pull.conf"
follow run
is "from Secret to Secret" "$RC $(pull_password web copy)" "0 $(pull_password web regcred)"
like "the record lies there" "$(kget /api/v1/namespaces/web/configmaps/acrotate-web-pull data)" 'follows = kubernetes regcred'
rotate
follow run & first=$!
follow run
wait $first
is "with the slot and the expiry" "$(marks copy)" "$(marks regcred)"
is "two at once: both have what the other may have written" "$(pull_password web copy)" "$(pull_password web regcred)"

done_testing
