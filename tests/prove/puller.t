#!/bin/sh
# SPDX-License-Identifier: MIT
# Zero downtime, for real: pullers read config.json and fetch a manifest from a real docker-registry as fast as they can, while their
# tokens are rotated over and over, runs are killed at random moments, replies are lost, and the registry's replicas learn of a password
# two seconds late. Not one pull may fail. Then the same pullers under the naive rule: regenerate the older slot, publish at once.
#
#   puller.t [ROTATIONS]     in all, over four tokens (200)
set -u
. "$(dirname "$0")/../e2e/lib.sh"
needs skopeo docker-registry
rotations=${1:-200}
tokens='alpha bravo charly delta1'
each=$((rotations / 4))

# shellcheck disable=SC2046
start_registry --propagation 2s --replicas 3 $(for t in $tokens; do echo "--token $t-pull"; done)
ok "an image is there to pull" push_image hello
export STATE_DIRECTORY="$T/state"
for t in $tokens; do
	mkdir -p "$T/$t" "$E/jobs.d"
	printf '[job]\nregistry = contoso\nresource_group = emulated\ntoken = %s-pull\nlifetime = 180s\nrenew_before = 120s\ngrace = 1s\n[sink docker]\ntype = docker\npath = %s/config.json\n' \
		"$t" "$T/$t" >"$E/jobs.d/$t.conf"
done
run() { "$ACROTATE" run -c "$E/acrotate.conf" "$@"; }
ok "the first passwords are delivered" run

# One pull as docker does it: config.json, token, manifest. Passwords go to curl in a file, not in argv.
pull() {
	auth=$(sed -n 's/.*"auth": *"\([^"]*\)".*/\1/p' "$1/config.json") && [ -n "$auth" ] || return 1
	printf 'header = "Authorization: Basic %s"\n' "$auth" >"$1/basic"
	bearer=$(curl -sS --cacert "$E/ca.pem" -K "$1/basic" \
		"$EMULATOR_URL/oauth2/token?service=$EMULATOR_LOGIN_SERVER&scope=repository:hello:pull" |
		sed -n 's/.*"access_token": *"\([^"]*\)".*/\1/p') && [ -n "$bearer" ] || return 1
	printf 'header = "Authorization: Bearer %s"\n' "$bearer" >"$1/bearer"
	[ "$(curl -sS --cacert "$E/ca.pem" -K "$1/bearer" -o /dev/null -w '%{http_code}' \
		-H 'Accept: application/vnd.oci.image.manifest.v1+json' "$EMULATOR_URL/v2/hello/manifests/v1")" = 200 ]
}
# Until the file `stop` is there; good, bad and late pulls are counted in files of their own. The promise is to who reads a sink within
# `grace`: one that failed more than that second after it began, on a machine that was busy, is late and proves nothing.
puller() {
	good=0 bad=0 late=0
	# Ends with the test, however that ends.
	while [ ! -e "$T/stop" ] && [ -d "$1" ]; do
		began=$(date +%s%3N)
		if pull "$1" 2>>"$1/errors"; then good=$((good + 1)); continue; fi
		date +%T >>"$1/failed-at"
		if [ $(($(date +%s%3N) - began)) -gt 1000 ]; then late=$((late + 1))
		else bad=$((bad + 1)); fi
	done
	echo "$good $bad $late" >"$1/pulls"
}
start_pullers() {
	rm -f "$T/stop"
	PULLERS=
	for t in $tokens; do
		rm -f "$T/$t/pulls"
		puller "$T/$t" &
		PULLERS="$PULLERS $!"
	done
}
# Sets `result`: good and bad pulls. Not in a command substitution: only their parent can wait for them.
stop_pullers() {
	: >"$T/stop"
	# shellcheck disable=SC2086
	wait $PULLERS
	result=$(cat "$T"/*/pulls | awk '{ g += $1; b += $2; l += $3 } END { print g + 0, b + 0, l + 0 }')
	late=${result##* } result=${result% *}
}

# Rotates one job until its password has changed so often; a third of the runs is killed, one in twenty loses the reply to generate.
rotator() {
	t=$1 changed=0 killed=0 runs=0 seed=$2
	# A job that no longer rotates must not keep the test from ending.
	while [ "$changed" -lt "$each" ] && [ "$runs" -lt $((each * 30 + 20)) ] && [ -d "$T/$t" ]; do
		runs=$((runs + 1))
		before=$(cksum <"$T/$t/config.json")
		seed=$(((seed * 1103515245 + 12345) % 2147483648))
		[ $((seed / 65536 % 20)) != 0 ] || fault "{\"operation\":\"generate\",\"token\":\"$t-pull\",\"effect\":\"act-drop\",\"count\":1}" >/dev/null
		if [ $((seed / 65536 % 3)) = 0 ]; then
			timeout -s KILL "$((seed / 1048576 % 3)).$((seed / 4096 % 10))" "$ACROTATE" run -c "$E/acrotate.conf" --force "$t" >/dev/null 2>&1
			killed=$((killed + 1))
		else
			run --force "$t" >"$T/$t/said" 2>&1
		fi
		# Within grace a run ends at once: many of them would only be in each other's way.
		if [ "$(cksum <"$T/$t/config.json")" = "$before" ]; then sleep 0.2; else changed=$((changed + 1)); fi
	done
	echo "$changed $killed" >"$T/$t/rotated"
}

start_pullers
ROTATORS='' n=1
for t in $tokens; do
	rotator "$t" $((n * 7919)) &
	ROTATORS="$ROTATORS $!"
	n=$((n + 1))
done
# shellcheck disable=SC2086
wait $ROTATORS
stop_pullers
rotated=$(cat "$T"/*/rotated | awk '{ r += $1; k += $2 } END { print r, k }')
echo "# acrotate: ${rotated% *} rotations, ${rotated#* } runs killed: ${result% *} pulls, ${result#* } failed, $late took longer than grace and failed"
echo "# = real pulls during ${rotated% *} rotations, ${rotated#* } killed | $((${result% *} + ${result#* })) | ${result#* } | 4 tokens, replicas 2 s late, replies lost; $late pulls took longer than grace"
ok "at least $((each * 4)) rotations happened" test "${rotated% *}" -ge $((each * 4))
[ "${rotated% *}" -ge $((each * 4)) ] || sed 's/^/# /' "$T"/*/said
ok "not one pull failed" test "${result#* }" = 0
ok "and there were pulls" test "${result% *}" -gt "$rotations"

# The naive rule: the slot that is older, published as soon as Azure has answered. Six times, and on until a pull has failed: how soon
# that is depends on how busy this machine is. Every failure counts, as no grace is promised here.
naive() {
	t=$1 slot=password1 naive=0
	while [ "$naive" -lt 6 ] || { [ "$naive" -lt 200 ] && ! cat "$T"/*/failed-at >/dev/null 2>&1; }; do
		naive=$((naive + 1))
		control "tokens/$t-pull" "{\"action\":\"generate\",\"slot\":\"$slot\"}" >"$T/$t/generated"
		printf '{"auths":{"%s":{"auth":"%s"}}}\n' "$EMULATOR_LOGIN_SERVER" \
			"$(printf '%s:%s' "$t-pull" "$(jget "$T/$t/generated" password)" | openssl base64 -A)" >"$T/$t/new"
		mv "$T/$t/new" "$T/$t/config.json"
		[ $slot = password1 ] && slot=password2 || slot=password1
		sleep 1
	done
	echo "$naive" >"$T/$t/naive"
}
rm -f "$T"/*/failed-at
start_pullers
NAIVE=
for t in $tokens; do naive "$t" & NAIVE="$NAIVE $!"; done
# shellcheck disable=SC2086
wait $NAIVE
stop_pullers
good=${result% *} failed=$((${result#* } + late)) rotated=$(cat "$T"/*/naive | awk '{ n += $1 } END { print n }')
echo "# the naive rule: $rotated rotations: $good pulls, $failed failed"
echo "# = ... the naive rule, for comparison | $((good + failed)) | 0 | $failed of these pulls failed in $rotated rotations"
ok "the same pullers fail under the naive rule" test "$failed" -gt 0
done_testing
