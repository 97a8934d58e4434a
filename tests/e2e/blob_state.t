#!/bin/sh
# SPDX-License-Identifier: MIT
# Records in Azure Blob Storage, shared by two rotators: against the emulator's door, or with BLOB=real against Azurite (tests/blob/build).
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/second.sh"
. "$ROOT/tests/kube/lib.sh"
. "$ROOT/tests/blob/lib.sh"

start_blob --kubernetes --fast --token web-pull
cluster_beside
RECORD=/records/prod/web.state

# ---- the door: what the client builds on -----------------------------------------------------------------------------------------------
# code METHOD PATH [CURL OPTION]...: "STATUS CODE"
code() { _status=$(blob "$@"); echo "$_status $(blob_code)"; }
etag() { header ETag "$T/blob.headers"; }
is "a blob that is not there" "$(code GET /records/x/1)" '404 BlobNotFound'
is "a container that is not there" "$(code GET /elsewhere/x/1)" '404 ContainerNotFound'
is "and nothing is written into it" "$(BODY=v code PUT /elsewhere/x/1 -H 'If-None-Match: *')" '404 ContainerNotFound'
is "a list of it" "$(code GET '/elsewhere?restype=container&comp=list')" '404 ContainerNotFound'
is "made where there is none" "$(BODY=one code PUT /records/x/1 -H 'If-None-Match: *')" '201 '
first=$(etag)
like "its version" "$first" '^"0x[0-9A-F]+"$'
is "but only once" "$(BODY=evil code PUT /records/x/1 -H 'If-None-Match: *')" '409 BlobAlreadyExists'
is "replaced on its version" "$(BODY=two code PUT /records/x/1 -H "If-Match: $first")" '201 '
second=$(etag)
ok "which is another one then" test "$first" != "$second"
is "not on an old one" "$(BODY=evil code PUT /records/x/1 -H "If-Match: $first")" '412 ConditionNotMet'
is "nor on one that no blob ever has" "$(code PUT /records/x/1 -H 'If-Match: "0x0"')" '412 ConditionNotMet'
is "which makes no blob either" "$(code PUT /records/x/none -H 'If-Match: "0x0"') $(code GET /records/x/none)" '412 ConditionNotMet 404 BlobNotFound'
is "read back" "$(code GET /records/x/1) $(cat "$T/blob") $(etag)" "200  two $second"
is "removed on an old version" "$(code DELETE /records/x/1 -H "If-Match: $first")" '412 ConditionNotMet'
is "leased by somebody" "$(code PUT '/records/x/1?comp=lease' -H 'x-ms-lease-action: acquire' -H 'x-ms-lease-duration: -1')" '201 '
is "then nobody else writes" "$(BODY=evil code PUT /records/x/1 -H "If-Match: $second")" '412 LeaseIdMissing'
is "until that is broken" "$(code PUT '/records/x/1?comp=lease' -H 'x-ms-lease-action: break' -H 'x-ms-lease-break-period: 0')" '202 '
is "removed on its version" "$(code DELETE /records/x/1 -H "If-Match: $second")" '202 '
is "and no more" "$(code DELETE /records/x/1 -H "If-Match: $second")" '412 ConditionNotMet'
is "nor without a condition" "$(code DELETE /records/x/1)" '404 BlobNotFound'
for n in 1 2 3; do BODY=x blob PUT "/records/x/$n" >/dev/null; done
BODY=x blob PUT '/records/x/a%26%3Cb%3E' >/dev/null
BODY=x blob PUT /records/x/deep/er >/dev/null
names() { grep -o '<Name>[^<]*</Name>' "$T/blob" | sed 's/<[^>]*>//g' | tr '\n' ' '; }
is "a list" "$(code GET '/records?restype=container&comp=list&prefix=x%2F&delimiter=%2F')" '200 '
is "has names, escaped, and folders" "$(names | tr ' ' '\n' | sort | tr '\n' ' ')" "$(printf '%s\n' x/1 x/2 x/3 'x/a&amp;b' | sed 's/&amp;b/\&amp;\&lt;b\&gt;/' | cat - /dev/fd/3 3<<END | sort | tr '\n' ' '
x/deep/
END
)"
is "page by page" "$(code GET '/records?restype=container&comp=list&prefix=x%2F&maxresults=2') $(names)" '200  x/1 x/2 '
like "with where it continues" "$(cat "$T/blob")" '<NextMarker>[^<]+</NextMarker>'
rm -f "$T/storage"
storage_token https://vault.azure.net
# Azurite calls it 403, the service 401: the client takes both for the same.
like "a token for something else" "$(blob GET /records/x/2)" '^40[13]$'
rm -f "$T/storage"

# ---- two hosts with nothing in common but the container ------------------------------------------------------------------------------------
for host in a b; do
	shared_host $host
	printf '[job]\ntoken = web-pull\n[sink pull]\ntype = kubernetes\nnamespace = web\nsecret = regcred\n' >"$T/$host/jobs.d/web.conf"
done
version() { blob GET "$RECORD" >/dev/null; etag; }
has_record() { [ "$(blob GET "$RECORD")" = 200 ]; }

on a check
says "check before the first run" 0 "ok +state: container 'records' of storage account '$BLOB_ACCOUNT' can be read"
like "it may be another host that runs it" "$(cat "$T/out")" 'unknown +runs: nothing starts acrotate on this host; others'
like "which status tells" "$(cat "$T/out")" '^ +acrotate status    # does any host run it'
ok "check has written nothing" sh -c '[ "$1" = 404 ]' sh "$(blob GET "$RECORD")"
on a run
says "the first run" 0 '^$'
p1=$(pull_password web regcred)
is "the registry takes what the Secret holds" "$(login web-pull "$p1")" 200
ok "the record is there" has_record
ok "no password is in it" sh -c '! grep -qF "$1" "$2"' sh "$p1" "$T/blob"
ok "nothing is kept on the host" test ! -e /nonexistent -a ! -e "$T/a/home"
v=$(version)
clear_log
on b run
says "another rotator with nothing to do" 0 '^$'
[ "$BLOB" = real ] || is "asks once for the record, and once for the Secret" "$(count_log blob-get) $(count_log kube-secret-get)" '1 1'
is "gets one token, for storage" "$(count_log entra)" 1
is "writes nothing" "$(version)" "$v"
is "and generates nothing" "$(generated)" 0
second_takes_over

# ---- at once ---------------------------------------------------------------------------------------------------------------------------
both_at_once

# ---- a record that is damaged ------------------------------------------------------------------------------------------------------------
blob GET "$RECORD" >/dev/null
cp "$T/blob" "$T/good"
BODY=nonsense blob PUT "$RECORD" >/dev/null
on a run
is "a damaged record: exit status" "$RC" 65
is "it is kept beside" "$(blob GET "$RECORD.lost") $(cat "$T/blob")" '200 nonsense'
is "what is deployed works still" "$(login web-pull "$(pull_password web regcred)")" 200
on b check
like "check of the other one says what it is" "$(cat "$T/out")" 'web: .*(foreign|record)'
BODY=@$T/good blob PUT "$RECORD" >/dev/null
clear_log
on b run
says "with the good one back" 0 '^$'
is "nothing was generated meanwhile" "$(generated)" 0

# ---- what is refused -------------------------------------------------------------------------------------------------------------------
printf '[sink file]\ntype = file\npath = %s/env\n' "$T" >>"$T/b/jobs.d/web.conf"
on b run
says "a sink of one host" 78 "web.conf:7: \[sink file\]: type file is on one host, and 'state = $BLOB_URL/records/prod' is for several"
sed -i '/sink file/,$d' "$T/b/jobs.d/web.conf"
# state URL CLOUD STATUS PATTERN
state() {
	sed "s|^state = .*|state = $1|; s|^cloud = .*|cloud = $2|" "$T/b/acrotate.conf" | { [ "$2" = custom ] && cat || grep -vE '^(resource_manager|authority|audience) = '; } >"$T/b/bad.conf"
	HOME=$T/b/home "$ACROTATE" status --config "$T/b/bad.conf" >"$T/out" 2>&1
	RC=$?
	says "state = $1 in $2" "$3" "$4"
}
state "http://contoso.blob.core.windows.net/records" custom 78 "bad.conf:[0-9]+: 'state' takes a directory, kubernetes:NAMESPACE or the URL of a container"
state "https://contoso.blob.core.windows.net" public 78 "bad.conf:[0-9]+: 'state': .* is not https://ACCOUNT.blob.core.windows.net/CONTAINER"
state "https://contoso.blob.core.windows.net/records?sig=x" public 78 'is not https://ACCOUNT'
state "https://contoso.blob.core.chinacloudapi.cn/records" public 78 "not a storage account of cloud 'public': its host does not end in '.blob.core.windows.net'"
state "https://store.example/records" usgovernment 78 "does not end in '.blob.core.usgovcloudapi.net'"

# Nothing is generated by who cannot keep a record of it.
sleep 2.1
clear_log
sed "s|/records/prod|/nowhere/prod|" "$T/b/acrotate.conf" >"$T/b/nowhere.conf"
HOME=$T/b/home "$ACROTATE" run --force --config "$T/b/nowhere.conf" >"$T/out" 2>&1
RC=$?
says "no container" 69 "storage account '$BLOB_ACCOUNT' has no container 'nowhere': az storage container create --account-name $BLOB_ACCOUNT --name nowhere --auth-mode login"
is "it is not made" "$(code GET /nowhere/x)" '404 ContainerNotFound'

# A host that has a state directory all the same, as the unit makes it, keeps there what concerns itself; also from inside the sandbox.
mkdir "$T/b/kept"
# kept CONFIG COMMAND...: on b
kept() {
	_config=$1; shift
	HOME=$T/b/home STATE_DIRECTORY=$T/b/kept "$ACROTATE" "$@" --config "$T/b/$_config" >"$T/out" 2>&1 </dev/null
	RC=$?
	: >"$T/err"
}
kept nowhere.conf run
says "a trouble is told" 69 "no container 'nowhere'"
kept nowhere.conf run
says "once" 69 '^$'
kept nowhere.conf run --debug
ok "though the run is in the sandbox, if there is one" grep -Eq 'in the sandbox|no Landlock' "$T/out"
ok "where nothing is made for that" test ! -e /nonexistent
# Before its first run of all, with a record that nobody had to touch for long.
rm -r "$T/b/kept" && mkdir "$T/b/kept"
blob GET "$RECORD" >/dev/null
cp "$T/blob" "$T/lately"
perl -pe 's/^(last_success = )\d{4}/${1}2020/' "$T/lately" >"$T/long.ago"
ok "a record of long ago" sh -c '! cmp -s "$1" "$2"' sh "$T/lately" "$T/long.ago"
BODY=@$T/long.ago blob PUT "$RECORD" >/dev/null
# field MEMBER: of job web, as b with its state directory sees it.
field() { kept acrotate.conf status web -o json; cp "$T/out" "$T/json"; jget "$T/json" "0.$1"; }
is "no run here: that is all this host knows" "$(field last_run) $(field overdue)" ' false'
kept acrotate.conf check web
like "which check says" "$(cat "$T/out")" 'unknown +web: last run: none on this host'
kept acrotate.conf run
says "a run of all with nothing to do" 0 '^$'
like "counts for each job" "$(field last_run) $(field overdue)" '^20[2-9][0-9]-.* false$'
kept acrotate.conf check web
like "which check says, too" "$(cat "$T/out")" 'ok +web: last run: [0-9]+m?s ago'
find "$T/b/kept" -type f -exec touch -d '3 days ago' {} +
is "three days without one" "$(field overdue)" true
before=$(find "$T/b/kept" -type f -exec md5sum {} + | sort)
kept acrotate.conf run
is "and one more" "$RC $(field overdue)" '0 false'
is "it has left nothing but its time" "$(find "$T/b/kept" -type f -exec md5sum {} + | sort)" "$before"
find "$T/b/kept" -name 'web.*' -exec rm {} +
is "a job that came later was not among its jobs" "$(field last_run)" ''
BODY=@$T/lately blob PUT "$RECORD" >/dev/null

blob PUT "$RECORD?comp=lease" -H 'x-ms-lease-action: acquire' -H 'x-ms-lease-duration: -1' >/dev/null
on b run --force
says "a lease on the record" 65 "somebody holds a lease on blob 'prod/web.state': az storage blob lease break --account-name $BLOB_ACCOUNT --container-name records"
blob PUT "$RECORD?comp=lease" -H 'x-ms-lease-action: break' -H 'x-ms-lease-break-period: 0' >/dev/null
is "nothing is generated" "$(generated)" 0

if [ "$BLOB" = real ]; then
	# ---- away for a while ------------------------------------------------------------------------------------------------------------
	kill "$PID"; wait "$PID" 2>/dev/null
	on b run --force
	says "nobody there" 75 "storage account '$BLOB_ACCOUNT'"
	run_azurite
	on b run --force
	says "there again" 0 '^$'
	done_testing
	exit
fi

# ---- rights, and a service in trouble: only the emulator plays those -----------------------------------------------------------------------
BLOBS=Microsoft.Storage/storageAccounts/blobServices/containers/blobs
grant="az role assignment create --role 'Storage Blob Data Contributor' --assignee 55555555-5555-5555-5555-555555555555 --scope .*/blobServices/default/containers/records"
rights '["Microsoft.ContainerRegistry/*"]'
on b run --force
says "without any right" 77 "the identity may not read blob 'prod/web.state' of container 'records' of storage account 'emulatedstore' \\(403 AuthorizationPermissionMismatch\\): $grant"
on b check
says "check without any right" 77 "the identity may not list the blobs of container 'records' .*$grant"
rights "[\"Microsoft.ContainerRegistry/*\",\"$BLOBS/read\"]"
on b run --force
says "without the right to write" 77 "the identity may not write blob 'prod/web.state'"
on b check
says "check without the right to write" 77 "the identity may not write blob 'prod/web.state' .*$grant"
is "nothing is generated" "$(generated)" 0
rights "[\"Microsoft.ContainerRegistry/*\",\"$BLOBS/read\",\"$BLOBS/write\"]"
on b check
says "check with both" 0 "container 'records'"
on b run --force
says "a run with both" 0 '^$'
sleep 2.1
# trouble WHAT FAULT STATUS PATTERN
trouble() {
	clear_log
	fault "$2" >/dev/null
	on b run --force
	no_faults >/dev/null
	like "$1: exit status" "$RC" "^($3)\$"
	like "$1: says so" "$(cat "$T/out")" "$4"
	is "$1: nothing is generated" "$(generated)" 0
}
trouble "busy for good" '{"operation":"blob-*","effect":"status","status":503,"count":0,"headers":{"x-ms-error-code":"ServerBusy","Retry-After":"0"}}' 75 'cannot answer now \(503 ServerBusy'
trouble "busy for an hour" '{"operation":"blob-*","effect":"status","status":503,"count":0,"headers":{"Retry-After":"3600"}}' 75 'cannot answer now \(503'
trouble "a token that is refused" '{"operation":"blob-*","effect":"status","status":401,"count":0,"headers":{"x-ms-error-code":"InvalidAuthenticationInfo"}}' 77 "does not accept our token: check tenant_id, cloud and storage_audience"
trouble "a firewall" '{"operation":"blob-*","effect":"status","status":403,"count":0,"headers":{"x-ms-error-code":"AuthorizationFailure"}}' 77 'does not let this host in .*network-rule add'
trouble "another rotator's record" '{"operation":"blob-put","effect":"status","status":412,"count":0,"headers":{"x-ms-error-code":"ConditionNotMet","x-ms-request-id":"1"}}' 75 'another rotator is at work'
trouble "a page of something else" '{"operation":"blob-get","effect":"status","status":200,"count":0,"headers":{"ETag":"\"1\""},"body":"<html>"}' 76 'does not answer like a blob service: 200'
trouble "a page that is cut off" '{"operation":"blob-get","effect":"truncate","count":0}' 75 "storage account 'emulatedstore'"
sleep 2.1
fault '{"operation":"blob-*","effect":"status","status":503,"count":2,"headers":{"Retry-After":"1"}}' >/dev/null
on b run --force
says "busy for a moment" 0 '^$'
sleep 2.1
fault '{"operation":"blob-put","effect":"act-drop","count":1,"skip":1}' >/dev/null
on b run --force
says "a reply that is lost" 0 '^$'
no_faults >/dev/null
control clock '{"shift":1200}' >/dev/null
fault '{"operation":"blob-*","effect":"status","status":403,"count":0,"headers":{"x-ms-error-code":"AuthenticationFailed"}}' >/dev/null
on b run --force
says "a clock that is off" 77 "does not accept our token, and this host's clock is 20m slow"
no_faults >/dev/null
control clock '{"shift":0}' >/dev/null
is "what is deployed works in the end" "$(login web-pull "$(pull_password web regcred)")" 200
done_testing
