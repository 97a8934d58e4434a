#!/bin/sh
# SPDX-License-Identifier: MIT
# history, revoke, forget and adopt by a second rotator of a record in Azure Blob Storage.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/second.sh"
. "$ROOT/tests/kube/lib.sh"
. "$ROOT/tests/blob/lib.sh"

start_blob --kubernetes --fast --token web-pull --token other
cluster_beside
for host in a b c; do
	shared_host "$host"
	[ $host = c ] || printf '[job]\ntoken = web-pull\n[sink pull]\ntype = kubernetes\nnamespace = web\nsecret = regcred\n' >"$T/$host/jobs.d/web.conf"
done
record() {
	[ "$(blob GET /records/prod/web.state)" = 200 ] || return 1
	cat "$T/blob"
}
put_record() { BODY=@$1 blob PUT /records/prod/web.state >/dev/null; }
second_rotator
done_testing
