#!/bin/sh
# SPDX-License-Identifier: MIT
# Programs that start others: a docker client or a kubelet starts acrotate for each pull, and acrotate a credential helper for each question.
set -u
. "$(dirname "$0")/lib.sh"
RUNS=${RUNS:-21}

start_emulator --fast --token web-pull --token kept
bench_host 'lifetime = 90d' 'grace = 1s'
job web-pull <<END
[job]
token = web-pull
[sink copy]
type = store
END
acrotate run
[ "$RC" = 0 ] || { said; exit 1; }
mkdir -p "$T/bin"
for name in docker-credential-acrotate acrotate-credential-provider; do ln -s "$ACROTATE" "$T/bin/$name"; done
export ACROTATE_CONFIG="$E/acrotate.conf"

echo "A password that is asked for"
printf '%s\n' "$EMULATOR_LOGIN_SERVER" >"$T/asked"
compare -n "$RUNS" -s "$T/asked" -c -g "cpu ms <= 3" -g "memory MiB <= 3" -g "calls of one <= 230" -- "docker-credential-acrotate get" \
	"$T/bin/docker-credential-acrotate" get
printf '{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"%s/hello:v1"}\n' "$EMULATOR_LOGIN_SERVER" >"$T/asked"
compare -n "$RUNS" -s "$T/asked" -c -g "cpu ms <= 3" -g "memory MiB <= 3" -g "calls of one <= 230" -- "acrotate-credential-provider" \
	"$T/bin/acrotate-credential-provider"
unset ACROTATE_CONFIG

echo "A credential helper as a sink"
rm "$E/jobs.d/web-pull.conf"
counted_helper "$T/helper"
job kept <<END
[job]
token = kept
[sink vault]
type = helper
program = $T/helper
END
acrotate run
[ "$RC" = 0 ] || { said; exit 1; }
# The helper alone takes some 3 ms; whoever looked for its end now and then would wait for 50.
compare -n "$RUNS" -g "wall ms <= 25" -- "acrotate run, nothing due, one helper" "$ACROTATE" run --config "$E/acrotate.conf"
sleep 2.1
: >"$T/verbs"
acrotate run --force
[ "$RC" = 0 ] || { said; exit 1; }
goal "get in a rotation" "$(grep -c get "$T/verbs")" 3
goal "store in a rotation" "$(grep -c store "$T/verbs")" 1
