#!/bin/sh
# SPDX-License-Identifier: MIT
# history, revoke, forget and adopt by a second rotator of a record in a cluster.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/second.sh"
. "$ROOT/tests/kube/lib.sh"

start_kube --fast --token web-pull --token other
namespace web
account web rotator
role web rotator 'get,patch:secrets:regcred' create:secrets get:namespaces:web 'get,patch,delete:configmaps:acrotate-web' create:configmaps list:configmaps
for host in a b c; do
	mkdir -p "$T/$host/jobs.d"
	cp "$E/acrotate.conf" "$T/$host/acrotate.conf"
	sed -i 's|^state_dir = .*|state = kubernetes:web|' "$T/$host/acrotate.conf"
	printf '[kubernetes]\nkubeconfig = %s\n[defaults]\nregistry = contoso\nresource_group = emulated\ngrace = 1s\n' \
		"$T/rotator.kubeconfig" >>"$T/$host/acrotate.conf"
	[ $host = c ] || printf '[job]\ntoken = web-pull\n[sink pull]\ntype = kubernetes\nsecret = regcred\n' >"$T/$host/jobs.d/web.conf"
done
record() {
	[ "$(kapi GET /api/v1/namespaces/web/configmaps/acrotate-web)" = 200 ] || return 1
	jget "$T/kube" data.record
}
put_record() {
	merge /api/v1/namespaces/web/configmaps/acrotate-web \
		"$(perl -MJSON::PP -e 'local $/; print encode_json({ data => { record => scalar <STDIN> } })' <"$1")" >/dev/null
}
second_rotator
done_testing
