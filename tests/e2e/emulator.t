#!/bin/sh
# SPDX-License-Identifier: MIT
# What the emulator promises to tests: faults, replication, clock, rights, rates, identities. See acrotate-emulator(1).
set -u
. "$(dirname "$0")/lib.sh"

start_emulator --fast --token web-pull --tokens 250 --bad-tls --arc-keys "$T/arc" --log "$T/log"
mkdir -p "$T/arc"
gen() { arm POST generateCredentials "{\"tokenId\":\"$REGISTRY_ID/tokens/${2:-web-pull}\",\"name\":\"$1\"${3:-}}"; }
password() { gen "$1" >/dev/null; perl -MJSON::PP -e 'local $/; print map { $_->{value} // () } @{decode_json(<STDIN>)->{passwords}}' <"$T/body"; }
curl_status() { ecurl -o "$T/curl.out" -w '%{http_code}' --max-time 5 "$@" 2>/dev/null; }
curl_exit() { ecurl -o "$T/curl.out" --max-time 5 "$@" >/dev/null 2>&1; echo $?; }
slot_time() { control "state?token=web-pull" >"$T/state"; jget "$T/state" "registries.0.tokens.0.$1.creationTime"; }

# ---- lists and errors --------------------------------------------------------------------------------------------------------------
is "a list comes in pages" "$(arm GET tokens) $(jget "$T/body" value | grep -o '"name"' | wc -l)" "200 100"
next=$(jget "$T/body" nextLink)
is "the next" "$(arm GET "$next") $(jget "$T/body" value | grep -o '"name"' | wc -l)" "200 100"
next=$(jget "$T/body" nextLink)
is "the last has no nextLink" "$(arm GET "$next") $(jget "$T/body" nextLink)" "200 "
is "no api-version" "$(arm GET "tokens?x=y") $(jget "$T/body" error.code)" "400 MissingApiVersionParameter"
is "an unknown one" "$(arm GET "tokens?api-version=2019-05-01") $(jget "$T/body" error.code)" "400 InvalidResourceType"
is "a foreign subscription" "$(arm GET "/subscriptions/x/resourceGroups/emulated/providers/Microsoft.ContainerRegistry/registries/contoso") $(jget "$T/body" error.code)" "404 SubscriptionNotFound"
is "a foreign group" "$(arm GET "/subscriptions/$EMULATOR_SUBSCRIPTION/resourceGroups/x/providers/Microsoft.ContainerRegistry/registries/contoso") $(jget "$T/body" error.code)" "404 ResourceGroupNotFound"
is "a missing token" "$(arm GET tokens/missing) $(jget "$T/body" error.code) $(jget "$T/body" status)" "404 ResourceNotFound Failed"
is "generate for it" "$(gen password1 missing) $(jget "$T/body" error.code)" "404 ResourceNotFound"
is "a slot there is not" "$(gen password3)" 400
is "an expiry that is none" "$(gen password1 web-pull ',"expiry":"tomorrow"')" 400
is "no bearer" "$(curl_status "$EMULATOR_URL$REGISTRY_ID?api-version=2023-07-01")" 401
is "a broken one" "$(curl_status -H "Authorization: Bearer x.y.z" "$EMULATOR_URL$REGISTRY_ID?api-version=2023-07-01")" 401
is "a path nobody has" "$(curl_status "$EMULATOR_URL/nothing")" 404
is "the metadata service is not behind TLS" "$(curl_status -H Metadata:true "$EMULATOR_URL/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/")" 404
is "nor ARM without it" "$(curl_status "$EMULATOR_PLAIN/subscriptions?api-version=2020-01-01")" 404

# ---- faults ------------------------------------------------------------------------------------------------------------------------
before=$(slot_time password1)
fault '{"operation":"generate","effect":"status","status":503,"headers":{"Retry-After":"7"},"body":{"error":{"code":"X"}}}' >/dev/null
is "a status" "$(gen password1) $(header Retry-After) $(jget "$T/body" error.code)" "503 7 X"
is "without effect" "$(slot_time password1)" "$before"
is "and only once" "$(gen password1)" 200
fault '{"operation":"generate","effect":"drop","skip":1}' >/dev/null
is "skipped" "$(gen password1)" 200
t1=$(slot_time password1)
is "dropped" "$(gen password1 2>/dev/null)" 000
is "without effect" "$(slot_time password1)" "$t1"
fault '{"operation":"generate","effect":"act-drop"}' >/dev/null
is "acts and drops" "$(gen password1 2>/dev/null)" 000
ok "with effect" test "$(slot_time password1)" != "$t1"
t1=$(slot_time password1)
fault '{"operation":"generate","effect":"act-status","status":500}' >/dev/null
is "acts and fails" "$(gen password1)" 500
ok "with effect" test "$(slot_time password1)" != "$t1"
t1=$(slot_time password1)
fault '{"operation":"generate","effect":"late","after":0.7}' >/dev/null
is "late: dropped" "$(gen password1 2>/dev/null)" 000
is "nothing yet" "$(slot_time password1)" "$t1"
sleep 1.2
ok "acted later" test "$(slot_time password1)" != "$t1"
t1=$(slot_time password1)
fault '{"operation":"generate","effect":"late","after":300,"status":504}' >/dev/null
is "late, with an answer" "$(gen password1)" 504
control clock '{"advance":290}' >/dev/null
sleep 0.2
is "not before its time" "$(slot_time password1)" "$t1"
control clock '{"advance":20}' >/dev/null
wait_for "what is late" sh -c '[ "$(curl -sS "$1/state?token=web-pull" | grep -c "$2")" = 0 ]' sh "$EMULATOR_CONTROL" "$t1"
ok "by the emulated clock" test "$(slot_time password1)" != "$t1"
t1=$(slot_time password1)
fault '{"operation":"generate","effect":"accepted","outcome":"later","after":50}' >/dev/null
is "an operation that takes long" "$(gen password1)" 202
poll=$(header Location)
is "is running" "$(arm GET "$poll") $(slot_time password1)" "202 $t1"
control clock '{"advance":51}' >/dev/null
wait_for "its end" sh -c '[ "$(curl -sS "$1/state?token=web-pull" | grep -c "$2")" = 0 ]' sh "$EMULATOR_CONTROL" "$t1"
sleep 0.1
is "and ends" "$(arm GET "$poll")" 200
like "with what it was asked for" "$(cat "$T/body")" '"value"'
control settings '{"no_date":true}' >/dev/null
gen password1 >/dev/null
is "no Date" "$(header Date)" ""
control settings '{"no_date":false}' >/dev/null
control clock '{"shift":0}' >/dev/null
for e in reset act-reset; do
	fault "{\"operation\":\"login\",\"effect\":\"$e\"}" >/dev/null
	like "$e" "$(curl_exit -u x:y "$EMULATOR_URL/oauth2/token")" '^(35|52|56)$'
done
fault '{"operation":"login","effect":"hang"}' >/dev/null
is "hang" "$(curl_exit --max-time 1 -u x:y "$EMULATOR_URL/oauth2/token")" 28
fault '{"operation":"login","effect":"drip","interval":0.4}' >/dev/null
is "drip" "$(curl_exit --max-time 1 -u x:y "$EMULATOR_URL/oauth2/token")" 28
ok "some of it came" test -s "$T/curl.out"
fault '{"operation":"login","effect":"truncate","bytes":10}' >/dev/null
is "truncate" "$(curl_exit -u x:y "$EMULATOR_URL/oauth2/token") $(wc -c <"$T/curl.out")" "18 10"
fault '{"operation":"login","effect":"garbage"}' >/dev/null
is "garbage" "$(curl_status -u x:y "$EMULATOR_URL/oauth2/token") $(wc -c <"$T/curl.out")" "401 2048"
fault '{"operation":"token-get","effect":"wrong-types"}' >/dev/null
is "wrong types" "$(arm GET tokens/web-pull) $(jget "$T/body" name)" "200 8"
fault '{"operation":"token-get","effect":"huge"}' >/dev/null
is "huge" "$(arm GET tokens/web-pull) $(jget "$T/body" name)" "200 web-pull"
ok "ten megabytes" test "$(wc -c <"$T/body")" -gt 10000000
fault '{"operation":"token-get","effect":"headers"}' >/dev/null
is "a flood of headers" "$(arm GET tokens/web-pull)" 200
ok "of 80 kB" test "$(wc -c <"$T/headers")" -gt 80000
fault '{"operation":"token-get","effect":"redirect","location":"https://evil.example/x"}' >/dev/null
is "redirect" "$(arm GET tokens/web-pull) $(header Location)" "307 https://evil.example/x"
fault '[{"operation":"token-list","effect":"evil-links"},{"operation":"token-patch","effect":"evil-links","host":"127.0.0.1:1"}]' >/dev/null
arm GET tokens >/dev/null
like "a nextLink elsewhere" "$(jget "$T/body" nextLink)" '^https://evil.example/subscriptions/'
arm PATCH tokens/web-pull '{"properties":{"status":"enabled"}}' >/dev/null
like "a polling URL elsewhere" "$(header Azure-AsyncOperation)" '^https://127.0.0.1:1/subscriptions/'
fault '{"operation":"token-get","effect":"pass","delay_before":0.3,"delay_after":0.3}' >/dev/null
start=$(date +%s%N)
arm GET tokens/web-pull >/dev/null
ok "delays" test $((($(date +%s%N) - start) / 1000000)) -ge 600
fault '{"operation":"generate","effect":"accepted"}' >/dev/null
is "generate as a long operation" "$(gen password1)" 202
url=$(header Location)
is "whose location has the result" "$(arm GET "$url") $(jget "$T/body" username)" "200 web-pull"
fault '{"operation":"generate","effect":"accepted","outcome":"failure","async":true}' >/dev/null
is "that fails" "$(gen password1)" 202
url=$(header Azure-AsyncOperation)
is "as its status says" "$(arm GET "$url") $(jget "$T/body" status)" "200 Failed"
fault '{"operation":"generate","effect":"accepted","outcome":"never"}' >/dev/null
is "that never ends" "$(gen password1)" 202
url=$(header Location)
is "still not" "$(arm GET "$url")" 202
like "a mistyped fault is refused" "$(fault '{"operaton":"x"}')" "no member 'operaton'"
like "and one of an operation that there is not" "$(fault '{"operation":"Generated"}')" "no operation 'Generated'"
fault '{"operation":"generate","count":0,"effect":"drop"}' >/dev/null
no_faults >/dev/null
is "faults go away" "$(gen password1)" 200
for port in EXPIRED WRONG_HOST UNTRUSTED; do
	p=$(eval "echo \$EMULATOR_${port}_PORT")
	is "certificate: $port" "$(curl_exit "https://localhost:$p/v2/")" 60
done

# A new connection each, so each of the three replicas once.
replicas_that_know() { { login web-pull "$1"; login web-pull "$1"; login web-pull "$1"; } | grep -o 200 | wc -l; }

# ---- replication -------------------------------------------------------------------------------------------------------------------
control settings '{"propagation":3600,"replicas":3}' >/dev/null
old=$(password password1)
control tokens/web-pull '{"action":"wipe"}' >/dev/null
first=$(password password1)
is "a first password works everywhere" "$(login web-pull "$first") $(login web-pull "$first") $(login web-pull "$first")" "200 200 200"
is "what was wiped does not" "$(login web-pull "$old")" 401
again=$(password password1)
is "its successor nowhere yet" "$(login web-pull "$again") $(login web-pull "$again") $(login web-pull "$again")" "401 401 401"
is "and it is dead itself" "$(login web-pull "$first")" 401
control clock '{"advance":1201}' >/dev/null
is "then at one replica of three" "$(replicas_that_know "$again")" 1
u="$EMULATOR_URL/oauth2/token?service=$EMULATOR_LOGIN_SERVER"
is "a connection stays with its replica" "$(ecurl -u "web-pull:$again" -w '%{http_code} ' -o "$T/1" -o "$T/2" -o "$T/3" "$u" "$u" "$u" | tr ' ' '\n' | sort -u | grep -c .)" 1
control clock '{"advance":1200}' >/dev/null
is "at two" "$(replicas_that_know "$again")" 2
control clock '{"advance":1200}' >/dev/null
is "everywhere" "$(replicas_that_know "$again")" 3
control clock '{"shift":0}' >/dev/null
control settings '{"propagation":0,"replicas":1}' >/dev/null
rm -f "$T/bearer"

# ---- expiry, status, absence -------------------------------------------------------------------------------------------------------
control tokens/web-pull '{"action":"generate","slot":"password2","password":"short-lived","expiry":"2030-01-01T00:00:00.0123450Z"}' >/dev/null
is "an expiry" "$(login web-pull short-lived)" 200
arm GET tokens/web-pull >/dev/null
like "is echoed without its zeros" "$(jget "$T/body" properties.credentials.passwords)" '"expiry":"2030-01-01T00:00:00.012345\+00:00"'
control clock '{"advance":150000000}' >/dev/null
is "is kept to" "$(login web-pull short-lived)" 401
control clock '{"shift":0}' >/dev/null
like "the log says why" "$(control log)" '"note":"password expired"'
control tokens/web-pull '{"action":"disable"}' >/dev/null
is "disabled" "$(login web-pull short-lived)" 401
is "but can be generated for" "$(gen password1)" 200
control tokens/web-pull '{"action":"enable"}' >/dev/null
is "enabled" "$(login web-pull short-lived)" 200
arm PUT tokens/web-pull '{"properties":{"status":"enabled","credentials":{"passwords":[{"name":"password2"}]}}}' >/dev/null
is "a PUT that names a slot keeps it" "$(login web-pull short-lived) $(jget "$T/body" properties.credentials.passwords | grep -o name | wc -l)" "200 1"
arm PUT tokens/web-pull '{"properties":{"status":"enabled"}}' >/dev/null
is "one that names none wipes" "$(login web-pull short-lived) $(jget "$T/body" properties.credentials.passwords)" "401 []"
control settings '{"settle":2}' >/dev/null
arm PUT tokens/fresh-token "{\"properties\":{\"scopeMapId\":\"$REGISTRY_ID/scopeMaps/demo-pull\"}}" >/dev/null
is "a token being made" "$(gen password1 fresh-token) $(jget "$T/body" error.code)" "409 TokenNotActive"
sleep 2
is "is made" "$(gen password1 fresh-token)" 200
is "deleted" "$(arm DELETE tokens/fresh-token) $(header Retry-After)" "202 1"
url=$(header Location)
ok "the polling URL is long" test ${#url} -gt 2900
is "going on" "$(arm GET "$url")" 202
ok "another URL each time" test "$(header Location)" != "$url"
is "one that was changed is refused" "$(arm GET "$(printf %s "$url" | sed 's/&t=./\&t=9/')")" 400
sleep 2
is "gone" "$(arm GET "$url") $(arm GET tokens/fresh-token)" "200 404"
is "deleted again" "$(arm DELETE tokens/fresh-token)" 204
control settings '{"settle":0}' >/dev/null

# ---- rights and rates --------------------------------------------------------------------------------------------------------------
control identities "{\"client_id\":\"$EMULATOR_CLIENT_ID\",\"actions\":[\"Microsoft.ContainerRegistry/registries/tokens/read\"]}" >/dev/null
is "a right" "$(arm GET tokens/web-pull)" 200
is "none" "$(gen password1) $(jget "$T/body" error.code)" "403 AuthorizationFailed"
like "which is named" "$(jget "$T/body" error.message)" "action 'Microsoft.ContainerRegistry/registries/generateCredentials/action' over scope '$REGISTRY_ID'"
is "what may not be read is not listed" "$(arm GET "/subscriptions/$EMULATOR_SUBSCRIPTION/resources") $(jget "$T/body" value)" "200 []"
control identities "{\"client_id\":\"$EMULATOR_CLIENT_ID\",\"actions\":null}" >/dev/null
control settings '{"arm_limit":[3,1]}' >/dev/null
is "a burst of three" "$(arm GET tokens/web-pull) $(arm GET tokens/web-pull) $(arm GET tokens/web-pull)" "200 200 200"
is "then throttled" "$(arm GET tokens/web-pull) $(header Retry-After) $(header x-ms-ratelimit-remaining-subscription-reads)" "429 1 0"
is "writes have a bucket of their own" "$(gen password1)" 200
sleep 1.1
is "and it fills again" "$(arm GET tokens/web-pull)" 200
control settings '{"arm_limit":[0,0]}' >/dev/null
v2() { curl -sS -o /dev/null -D "$T/headers" -w '%{http_code}' --cacert "$E/ca.pem" "https://$EMULATOR_LOGIN_SERVER/v2/"; }
control settings '{"registry_limit":2}' >/dev/null
is "a registry takes two a minute" "$(v2) $(v2) $(v2)" "401 401 429"
like "and says when the next one begins" "$(header Retry-After)" '^(60|5[0-9])$'
is "a Resource Manager is none" "$(arm GET tokens/web-pull)" 200
control settings '{"registry_limit":0}' >/dev/null

# ---- identities --------------------------------------------------------------------------------------------------------------------
imds() { curl -sS -o "$T/imds" -w '%{http_code}' -H Metadata:true "$EMULATOR_PLAIN/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/$1"; }
is "the system's identity" "$(imds "") $(jget "$T/imds" client_id)" "200 $EMULATOR_SYSTEM_CLIENT_ID"
is "by client id" "$(imds "&client_id=$EMULATOR_ASSIGNED_CLIENT_ID") $(jget "$T/imds" client_id)" "200 $EMULATOR_ASSIGNED_CLIENT_ID"
is "by object id" "$(imds "&object_id=$EMULATOR_ASSIGNED_OBJECT_ID") $(jget "$T/imds" client_id)" "200 $EMULATOR_ASSIGNED_CLIENT_ID"
is "by resource id" "$(imds "&msi_res_id=$EMULATOR_ASSIGNED_RESOURCE_ID") $(jget "$T/imds" client_id)" "200 $EMULATOR_ASSIGNED_CLIENT_ID"
{ printf 'Authorization: Bearer '; jget "$T/imds" access_token; } >"$T/bearer"
is "its token opens ARM" "$(arm GET tokens/web-pull)" 200
is "one there is not" "$(imds "&client_id=none") $(jget "$T/imds" error)" "400 invalid_request"
control identities "{\"client_id\":\"$EMULATOR_SYSTEM_CLIENT_ID\",\"disabled\":true}" >/dev/null
control identities '{"client_id":"aaaaaaaa-0000-0000-0000-000000000000","managed":true}' >/dev/null
is "several and no selector" "$(imds "")" 400
like "says so" "$(jget "$T/imds" error_description)" 'Multiple user assigned'
is "no Metadata header" "$(curl_status "$EMULATOR_PLAIN/metadata/identity/oauth2/token?api-version=2018-02-01&resource=x")" 400
is "App Service" "$(curl_status -H "X-IDENTITY-HEADER: $(cat "$E/identity-header")" "$EMULATOR_PLAIN/msi/token?api-version=2019-08-01&resource=https://management.azure.com/&client_id=$EMULATOR_ASSIGNED_CLIENT_ID")" 200
is "with a wrong header" "$(curl_status -H "X-IDENTITY-HEADER: x" "$EMULATOR_PLAIN/msi/token?api-version=2019-08-01&resource=https://management.azure.com/")" 401
a="$EMULATOR_PLAIN/arc/metadata/identity/oauth2/token?api-version=2020-06-01&resource=https://management.azure.com/&client_id=$EMULATOR_ASSIGNED_CLIENT_ID"
is "Arc asks for a file" "$(ecurl -o /dev/null -D "$T/headers" -w '%{http_code}' -H Metadata:true "$a")" 401
key=$(header WWW-Authenticate | sed 's/^Basic realm=//')
is "whose content opens" "$(curl_status -H Metadata:true -H "Authorization: Basic $(cat "$key")" "$a")" 200
is "once" "$(curl_status -H Metadata:true -H "Authorization: Basic $(cat "$key")" "$a")" 401
entra() { # FIELD...: the status, then the first error code
	s=$(ecurl -o "$T/entra.out" -w '%{http_code}' "$EMULATOR_URL/$EMULATOR_TENANT/oauth2/v2.0/token" -d grant_type=client_credentials \
		-d client_id="${CLIENT:-$EMULATOR_CLIENT_ID}" -d "scope=${SCOPE:-https://management.azure.com/.default}" "$@")
	echo "$s $(jget "$T/entra.out" error_codes.0)"
}
AT=client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer
is "workload identity" "$(entra -d $AT --data-urlencode client_assertion@"$E/federated-token")" "200 "
federated() { control federated-token "$1" >"$T/f"; jget "$T/f" token; }
is "a foreign issuer" "$(entra -d $AT -d client_assertion="$(federated '{"issuer":"https://x"}')")" "401 700211"
is "a foreign subject" "$(entra -d $AT -d client_assertion="$(federated '{"subject":"x"}')")" "401 700213"
is "a foreign audience" "$(entra -d $AT -d client_assertion="$(federated '{"audience":"x"}')")" "401 700212"
is "a stale one" "$(entra -d $AT -d client_assertion="$(federated '{"lifetime":-10}')")" "401 700024"
is "no proof" "$(entra)" "401 7000218"
is "a wrong secret" "$(entra -d client_secret=x)" "401 7000215"
is "a wrong app" "$(CLIENT=x entra -d client_secret=x)" "400 700016"
is "a wrong resource" "$(SCOPE=https://x/.default entra --data-urlencode client_secret@"$E/client-secret")" "400 500011"
audience_of() { jget "$T/entra.out" access_token | cut -d. -f2 | tr '_-' '/+' | base64 -d 2>/dev/null | grep -o '"aud":"[^"]*"'; }
for service in https://vault.azure.net https://vault.usgovcloudapi.net https://vault.azure.cn https://storage.azure.com/; do
	is "a token for $service" "$(SCOPE=$service/.default entra --data-urlencode client_secret@"$E/client-secret")" "200 "
	is "is for that alone" "$(audience_of)" "\"aud\":\"$service\""
	is "from the metadata service, too" \
		"$(curl_status -H Metadata:true "$EMULATOR_PLAIN/metadata/identity/oauth2/token?api-version=2018-02-01&resource=$service&client_id=$EMULATOR_ASSIGNED_CLIENT_ID")" 200
	is "and is none for the resource manager" "$(curl_status -H "Authorization: Bearer $(jget "$T/entra.out" access_token)" \
		"$EMULATOR_URL/subscriptions/$EMULATOR_SUBSCRIPTION?api-version=2022-12-01")" 401
done
is "a wrong scope" "$(SCOPE=https://management.azure.com entra --data-urlencode client_secret@"$E/client-secret")" "400 1002012"
control identities "{\"client_id\":\"$EMULATOR_CLIENT_ID\",\"secret\":\"outdated\",\"secret_expired\":true}" >/dev/null
is "an expired secret" "$(entra -d client_secret=outdated)" "401 7000222"
like "with ids" "$(jget "$T/entra.out" error_description)" 'Trace ID: [0-9a-f-]{36} Correlation ID: [0-9a-f-]{36} Timestamp: '

# ---- a certificate, signed by a program that is not ours ---------------------------------------------------------------------------
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$T/app.key" -out "$T/app.pem" -days 30 -subj /CN=app 2>/dev/null
perl -MJSON::PP -e 'local $/; print encode_json({client_id => $ARGV[0], certificate => <STDIN>})' "$EMULATOR_CLIENT_ID" <"$T/app.pem" >"$T/cert.json"
control identities @"$T/cert.json" >/dev/null
b64url() { openssl base64 -A | tr '+/' '-_' | tr -d =; }
# assertion ALG THUMBPRINT-MEMBER [SUBJECT]
assertion() {
	case $2 in x5t) digest=sha1 ;; *) digest=sha256 ;; esac
	thumb=$(openssl x509 -in "$T/app.pem" -outform DER | openssl dgst -$digest -binary | b64url)
	now=$(date +%s)
	head=$(printf '{"alg":"%s","typ":"JWT","%s":"%s"}' "$1" "$2" "$thumb" | b64url)
	body=$(printf '{"aud":"%s","iss":"%s","sub":"%s","jti":"1","nbf":%s,"exp":%s}' "$EMULATOR_URL/$EMULATOR_TENANT/oauth2/v2.0/token" \
		"${3:-$EMULATOR_CLIENT_ID}" "${3:-$EMULATOR_CLIENT_ID}" "$now" $((now + 600)) | b64url)
	case $1 in PS256) set -- -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 ;; *) set -- ;; esac
	printf '%s.%s.%s' "$head" "$body" "$(printf '%s.%s' "$head" "$body" | openssl dgst -sha256 -sign "$T/app.key" "$@" | b64url)"
}
is "PS256 with x5t#S256" "$(entra -d $AT -d client_assertion="$(assertion PS256 'x5t#S256')")" "200 "
is "RS256 with x5t" "$(entra -d $AT -d client_assertion="$(assertion RS256 x5t)")" "200 "
is "of somebody else" "$(entra -d $AT -d client_assertion="$(assertion PS256 'x5t#S256' x)")" "401 50027"
is "a signature that is wrong" "$(entra -d $AT -d client_assertion="$(assertion PS256 'x5t#S256' | sed 's/\.[^.]*$/.AAAA/')")" "401 700027"

# ---- the manual --------------------------------------------------------------------------------------------------------------------
man=$ROOT/packaging/man/acrotate-emulator.1
missing=$("$EMULATOR" --help | sed -n 's/^  --\([a-z-]*\).*/\1/p' | while read -r o; do
	grep -q -- "\\\\-\\\\-$(printf %s "$o" | sed 's/-/\\\\-/g')" "$man" || echo "$o"; done)
is "every option is in the manual" "$missing" ""
missing=$(sed -n 's/^\t{ "[A-Z*]*", [^,]*, "\([a-z0-9-]*\)".*/\1/p' "$ROOT"/src/emulator/*.c | sort -u | while read -r o; do
	[ "$o" = control ] || grep -qw -- "$o" "$man" || echo "$o"; done)
is "every operation" "$missing" ""
missing=$(sed -n 's/^\t{ "\([a-z-]*\)", \(true\|false\), DELIVER.*/\1/p' "$ROOT/src/emulator/effects.c" | while read -r o; do
	grep -qw -- "$o" "$man" || echo "$o"; done)
is "every effect" "$missing" ""

# ---- the log -----------------------------------------------------------------------------------------------------------------------
ok "is a file too" grep -q '"operation":"generate"' "$T/log"
ok "of JSON lines" perl -MJSON::PP -ne 'decode_json($_)' "$T/log"
ok "without the secret" sh -c '! grep -qF "$(cat "$1")" "$2"' sh "$E/client-secret" "$T/log"
ok "without passwords" sh -c '! grep -qF "$1" "$2"' sh "$again" "$T/log"
kill "$EMULATOR_PID"
wait "$EMULATOR_PID"
is "SIGTERM ends it" "$?" 0
done_testing
