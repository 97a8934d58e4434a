#!/bin/sh
# SPDX-License-Identifier: MIT
# `acrotate token` beside the job that delivers the token's password: a request whose answer is lost may act when a run has rotated.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/job.sh"

start_emulator --fast --token web-pull
make_host 'grace = 1s' 'verify_timeout = 10s'
usual_job web-pull
token() { "$ACROTATE" token "$@" --config "$E/acrotate.conf" >"$T/out" 2>"$T/err" </dev/null; }
status() { token "$@"; echo $?; }
intents() { grep -c '^intent = yes' "$H/state/web-pull.state"; }
GENERATE='credential generate -r contoso -g emulated -n web-pull'
# works WHAT: what the sinks hold does, now and when the late request has acted.
works() {
	is "$1" "$(login web-pull "$(password_in)")" 200
	sleep 3
	is "$1, later" "$(login web-pull "$(password_in)")" 200
}
# prepare: a password in the sinks, and a spare slot with nothing that anybody waits for.
prepare() {
	no_faults >/dev/null
	rm -rf "$H/state" "$H/web-pull.env"
	cp "$T/config.json.orig" "$H/config.json"
	control tokens/web-pull '{"action":"delete"}' >/dev/null
	control tokens/web-pull '{"action":"create"}' >/dev/null
	acrotate run
	is "$1: the first password" "$RC" 0
}

prepare "lost"
fault '{"operation":"generate","effect":"late","after":2}' >/dev/null
# shellcheck disable=SC2086
is "a generate whose answer is lost" "$(status $GENERATE --password2)" 1
like "says until when nothing is generated" "$(cat "$T/err")" "Job 'web-pull': password2 is not generated before [0-9TZ:-]+, because this request may still act"
no_faults >/dev/null
clear_log
acrotate run --force
is "a run does not generate it meanwhile" "$RC $(count_log generate)" "75 0"
like "and says why" "$(said)" 'password2 has to wait: .* may still act'
# shellcheck disable=SC2086
is "nor does a second command" "$(status $GENERATE --password2)" 1
like "which says so" "$(cat "$T/err")" "what it has asked for may still act before"
works "what is deployed works"
slots web-pull >"$T/slots"
is "the late request has acted" "$(jget "$T/slots" registries.0.tokens.0.password2.generations)" 1

prepare "killed"
# The request is on its way, and acts, though its sender is dead.
fault '{"operation":"generate","effect":"pass","delay_before":2}' >/dev/null
# shellcheck disable=SC2086
"$ACROTATE" token $GENERATE --password2 --config "$E/acrotate.conf" >"$T/out" 2>"$T/err" </dev/null &
killed=$!
wait_for "the request" sh -c 'curl -sS "$1/faults" | grep -q "\"hits\":[1-9]"' sh "$EMULATOR_CONTROL"
is "it stands in the record while nobody knows what comes of it" "$(intents)" 1
kill -9 $killed
wait $killed 2>/dev/null
no_faults >/dev/null
clear_log
acrotate run --force
is "a run behind it does not generate" "$RC $(count_log generate)" "75 0"
works "what is deployed works"

prepare "answered"
# shellcheck disable=SC2086
is "a generate that is answered" "$(status $GENERATE --password2)" 0
is "leaves nothing in the record" "$(intents)" 0
fault '{"operation":"generate","effect":"status","status":409}' >/dev/null
# shellcheck disable=SC2086
is "one that is refused" "$(status $GENERATE --password2)" 1
is "leaves nothing either" "$(intents)" 0
no_faults >/dev/null

prepare "deleted"
# shellcheck disable=SC2086
token $GENERATE --password2
fault '{"operation":"token-patch","effect":"late","after":2}' >/dev/null
is "a credential delete whose answer is lost" "$(status credential delete -r contoso -g emulated -n web-pull --password2)" 1
no_faults >/dev/null
is "stands in the record" "$(intents)" 1
works "what is deployed works"
done_testing
