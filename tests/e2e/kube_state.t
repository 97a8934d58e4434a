#!/bin/sh
# SPDX-License-Identifier: MIT
# Records in a cluster, shared by two rotators: against the emulator's door, or with KUBE=real against a real kube-apiserver (tests/kube/build).
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/job.sh"
. "$(dirname "$0")/second.sh"
. "$ROOT/tests/kube/lib.sh"

start_kube --fast --token web-pull --token other
namespace web
account web rotator
MAPS=/api/v1/namespaces/web/configmaps
RECORD=$MAPS/acrotate-web
ALL='get,patch:secrets:regcred create:secrets get:namespaces:web get,patch:configmaps:acrotate-web create:configmaps'
# shellcheck disable=SC2086
role web rotator $ALL

# Two hosts with nothing in common but the cluster.
for host in a b; do
	mkdir -p "$T/$host/jobs.d"
	cp "$E/acrotate.conf" "$T/$host/acrotate.conf"
	sed -i 's|^state_dir = .*|state = kubernetes:web|' "$T/$host/acrotate.conf"
	printf '[kubernetes]\nkubeconfig = %s\n[defaults]\nregistry = contoso\nresource_group = emulated\ngrace = 1s\n' \
		"$T/rotator.kubeconfig" >>"$T/$host/acrotate.conf"
	printf '[job]\ntoken = web-pull\n[sink pull]\ntype = kubernetes\nsecret = regcred\n' >"$T/$host/jobs.d/web.conf"
done
version() { kget "$RECORD" metadata.resourceVersion; }

# ---- one record ------------------------------------------------------------------------------------------------------------------------
on a check
says "check before the first run" 0 "ok +state: namespace 'web' of the cluster"
like "it may be another host that runs it" "$(cat "$T/out")" 'unknown +runs: nothing starts acrotate on this host; others'
on a run
says "the first run" 0 '^$'
p1=$(pull_password web regcred)
is "the registry takes what the Secret holds" "$(login web-pull "$p1")" 200
is "the record says whose it is" "$(kget "$RECORD" metadata.labels)" '{"app.kubernetes.io/managed-by":"acrotate"}'
like "and which job's" "$(kget "$RECORD" metadata.annotations)" '"acrotate/job":"web"'
ok "no password is in it" sh -c '! grep -qF "$1" "$2"' sh "$p1" "$T/kube"
ok "nothing is kept on the host" test ! -e /nonexistent -a ! -e "$T/a/home"
v=$(version)
clear_log
on b run
says "another rotator with nothing to do" 0 '^$'
[ "$KUBE" = real ] || is "asks once for the record, and once for the Secret" "$(count_log kube-configmap-get) $(count_log kube-secret-get)" '1 1'
is "writes nothing" "$(version)" "$v"
is "and generates nothing" "$(generated)" 0
second_takes_over

# ---- at once ---------------------------------------------------------------------------------------------------------------------------
both_at_once

# ---- parts of the jobs -----------------------------------------------------------------------------------------------------------------
mkdir -p "$T/c/jobs.d"
cp "$T/a/acrotate.conf" "$T/c/acrotate.conf"
for n in 1 2 3 4 5 6 7 8 9; do printf '[job]\ntoken = t-%s-pull\nenabled = no\n[sink pull]\ntype = kubernetes\nsecret = s%s\n' "$n" "$n" >"$T/c/jobs.d/job$n.conf"; done
: >"$T/parts"
for part in 0 1 2; do
	on c run --shard "$part/3" --verbose
	is "part $part of 3: exit status" "$RC" 0
	grep -o 'job[0-9]' "$T/out" | sort -u >"$T/part"
	ok "part $part of 3 has some, and not all" sh -c 'n=$(wc -l <"$1"); [ "$n" -gt 0 ] && [ "$n" -lt 9 ]' sh "$T/part"
	cat "$T/part" >>"$T/parts"
done
is "each job is in one part" "$(sort "$T/parts" | tr -d '\n')" job1job2job3job4job5job6job7job8job9
on c run --shard 3/3
says "a part that there is not" 64 "'--shard' takes a part and how many there are"

# ---- what is refused -------------------------------------------------------------------------------------------------------------------
printf '[sink file]\ntype = file\npath = %s/env\n' "$T" >>"$T/b/jobs.d/web.conf"
on b run
says "a sink of one host" 78 "web.conf:6: \[sink file\]: type file is on one host, and 'state = kubernetes:web' is for several"
sed -i '/sink file/,$d' "$T/b/jobs.d/web.conf"
printf '[sink copy]\ntype = store\n' >>"$T/b/jobs.d/web.conf"
on b run
says "a copy on one host" 78 "\[sink copy\]: type store is on one host"
sed -i '/sink copy/,$d' "$T/b/jobs.d/web.conf"
for bad in 'kubernetes:' 'kubernetes:A' 'etcd:x' relative; do
	sed "s|^state = .*|state = $bad|" "$T/b/acrotate.conf" >"$T/b/bad.conf"
	HOME=$T/b/home "$ACROTATE" status --config "$T/b/bad.conf" >"$T/out" 2>&1
	RC=$?
	says "state = $bad" 78 "bad.conf:[0-9]+: 'state' takes a directory, kubernetes:NAMESPACE or the URL of a container, not '$bad'"
done
clear_log
# without RIGHT PATTERN: one right less is told before anything is generated, with the command that gives it
without() {
	_role=$(printf '%s\n' "$ALL" | sed "s/$1//")
	# shellcheck disable=SC2086
	role web rotator $_role
	on b run --force
	says "without $1" 77 "$2"
	is "without $1: nothing is generated" "$(generated)" 0
	on b check
	like "without $1: check says so" "$(cat "$T/out")" "$2"
}
without 'get:namespaces:web' "may not get namespace 'web/web' .*create role acrotate-namespaces --verb=get --resource=namespaces --resource-name=web"
without 'get,patch:configmaps:acrotate-web' "may not get configmap 'web/acrotate-web' .*--verb=get --resource=configmaps --resource-name=acrotate-web"
role web rotator get,patch:secrets:regcred create:secrets get:namespaces:web get:configmaps:acrotate-web create:configmaps
sleep 2.1
on b run --force
says "without patch" 77 "may not patch configmap 'web/acrotate-web'"
is "without patch: nothing is generated" "$(generated)" 0
on b check
says "check without patch" 77 "may not patch configmap 'web/acrotate-web': kubectl -n web create role .* --verb=patch --resource=configmaps --resource-name=acrotate-web"
# shellcheck disable=SC2086
role web rotator $ALL
kapi DELETE "$RECORD" >/dev/null
role web rotator get,patch:secrets:regcred create:secrets get:namespaces:web get,patch:configmaps:acrotate-web
on b check
says "check without create" 77 "may not create configmap 'web/acrotate-web': kubectl -n web create role .* --verb=create --resource=configmaps"
# shellcheck disable=SC2086
role web rotator $ALL
# A job that has no record yet.
printf '[job]\ntoken = other\n[sink pull]\ntype = kubernetes\nsecret = fresh\n' >"$T/b/jobs.d/fresh.conf"
for missing in create patch; do
	rights='get:configmaps:acrotate-fresh create:configmaps'
	[ $missing = patch ] || rights=get,patch:configmaps:acrotate-fresh
	# shellcheck disable=SC2086
	role web rotator get,patch:secrets:fresh create:secrets get:namespaces:web $rights
	clear_log
	on b run fresh
	says "no record, without $missing" 77 "may not $missing configmap 'web/acrotate-fresh'"
	is "no record, without $missing: nothing is generated" "$(generated)" 0
done
rm "$T/b/jobs.d/fresh.conf"
# shellcheck disable=SC2086
role web rotator $ALL
kapi POST "$MAPS" '{"metadata":{"name":"acrotate-web"},"data":{"record":"x"}}' >/dev/null
on b run
says "a ConfigMap that is somebody's" 65 "configmap 'web/acrotate-web' is not this job's record: 'kubectl -n web delete configmap acrotate-web'"
kapi DELETE "$RECORD" >/dev/null
kapi DELETE "$MAPS/../secrets/regcred" >/dev/null
control tokens/web-pull '{"action":"delete"}' >/dev/null
token_beside
# What a job delivered whose file is gone is in use: its record tells that to whoever may list.
# shellcheck disable=SC2086
role web rotator $ALL list:configmaps
mv "$T/a/jobs.d/web.conf" "$T/a/web.conf"
on a token credential generate -r contoso -g emulated -n web-pull --password2
says "acrotate token of what a removed job has delivered" 1 "what job 'web' delivered, of which only the record is left"
is "which works on" "$(login web-pull "$(deployed)")" 200
done_testing
