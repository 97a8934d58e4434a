#!/bin/sh
# SPDX-License-Identifier: MIT
# What comes between a delivered password and those who read the file is noticed by every run, by plan, status and check, and only it.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jobs.sh"
start_emulator --fast --token web-pull
config
F=$T/config.json
# sink [LINE...]: the job with a docker sink that has these keys, and a file to heal it from.
sink() {
	job_with web-pull <<END
[sink copy]
type = file
path = $T/copy
[sink docker]
type = docker
path = $F
$(for line in "$@"; do echo "$line"; done)
END
}
# add JSON-MEMBER: to the top of the file.
add() { printf '{%s,%s' "$1" "$(sed '1s/^{//' "$F")" >"$T/new" && cat "$T/new" >"$F"; }
drop() { grep -v "$1" "$F" >"$T/new"; cat "$T/new" >"$F"; }

sink
is "a first run delivers" "$(exit_of run)" 0
is "ok" "$(job_field web-pull state)" ok
cp "$F" "$T/good"

add '"credsStore": "secretservice"'
is "a store that appears later: the next run tells" "$(exit_of run)" 78
like "who would not read it, and why" "$(cat "$T/err")" "'credsStore' is asked instead, so docker would not read"
is "in a state of its own" "$(job_field web-pull state)" shadowed
like "with a note" "$(acro status 2>&1)" "docker would not read the entry"
acro plan >"$T/out" 2>&1
is "plan exits as run would" $? 78
acro check >"$T/out" 2>&1
is "and check" $? 78
cp "$T/good" "$F"
is "gone again, the run is well" "$(exit_of run)" 0
is "and the state" "$(job_field web-pull state)" ok

# Our own helper: with a store in the job it answers with the same password, without it with nothing.
add "\"credHelpers\": {\"$EMULATOR_LOGIN_SERVER\": \"acrotate\"}"
is "our own helper, and no store: the run tells" "$(exit_of run)" 78
like "what to add" "$(cat "$T/err")" "sends '.*' to acrotate's own helper, so docker would not read the entry: add a sink of type store"
sink
printf '[sink own]\ntype = store\n' >>"$E/jobs.d/web-pull.conf"
is "with a store nothing is shadowed" "$(exit_of run)" 0
is "ok" "$(job_field web-pull state)" ok
cp "$T/good" "$F"
add '"credsStore": "secretservice"'
sink "readers = containers"
is "podman passes over a store" "$(exit_of run)" 0
is "so nothing is shadowed for it" "$(job_field web-pull state)" ok
sink "readers = containers kubelet"
is "nor for kubelet" "$(exit_of run)" 0
sink "readers = docker-py"
is "docker-py asks it" "$(exit_of run)" 78
sink "optional = yes"
is "an optional sink does not fail the run" "$(exit_of run)" 0
like "but is told of" "$(cat "$T/err")" "docker would not read"
sink "readers = podman"
is "a reader that nobody knows is a mistake" "$(exit_of run)" 78
like "with those there are" "$(cat "$T/err")" "docker containers kubelet docker-py"
cp "$T/good" "$F"
sink

for wrong in '"experimental": true' '"credHelpers": {"ghcr.io": 5}' '"HttpHeaders": []' '"plugins": {"a": "b"}'; do
	add "$wrong"
	is "docker drops the file for $wrong" "$(exit_of run)" 78
	like "and that is said" "$(cat "$T/err")" "ignore the whole file: '.*' is not (a string|an object)"
	cp "$T/good" "$F"
done
sed 's|"auths": {|"auths": {"ghcr.io": "x",|' "$T/good" >"$F"
is "a foreign entry that is a string" "$(exit_of run)" 78
sed "s|\"auths\": {|\"auths\": {\"$EMULATOR_LOGIN_SERVER/team\": {\"auth\": \"bzpw\"},|" "$T/good" >"$F"
is "a more specific entry is there on purpose" "$(exit_of run)" 0
is "and does not shadow ours" "$(job_field web-pull state)" ok
acro check >"$T/out" 2>&1
like "check remarks it" "$(cat "$T/out")" "podman and skopeo take its entry '$EMULATOR_LOGIN_SERVER/team' for what is below that"

acro run --force >"$T/out" 2>&1
is "a rotation beside it" $? 0

# Where podman looks, and whether at all.
with_registries() { printf '%s\n' "$1" >"$T/registries.conf"; CONTAINERS_REGISTRIES_CONF=$T/registries.conf acro check >"$T/out" 2>&1; echo $?; }
is "registries.conf without auth files" "$(with_registries 'credential-helpers = ["secretservice"]')" 78
like "says so" "$(cat "$T/out")" "podman and skopeo would not read"
is "with a helper before them" "$(with_registries 'credential-helpers = ["pass", "containers-auth.json"]')" 0
like "that is remarked" "$(cat "$T/out")" "ask the helper 'pass' first"
is "with nothing of it" "$(with_registries 'short-name-mode = "enforcing"')" 0
chmod 644 "$F"
acro check >"$T/out" 2>&1
like "a file that everybody can read is remarked" "$(cat "$T/out")" "can be read by everybody, and keeps its mode"
sink "mode = 0644"
acro check >"$T/out" 2>&1
is "but not where that is wanted" "$(grep -c 'can be read by everybody' "$T/out")" 0
sink
chmod 600 "$F"
printf '\n' >"$F"
is "white space alone is an empty file: the run heals it" "$(exit_of run)" 0
is "ok again" "$(job_field web-pull state)" ok
printf '{"ghcr.io":{"auth":"bzpw"}}\n' >"$F"
is "a .dockercfg is refused" "$(exit_of run)" 78
like "with what to do" "$(cat "$T/err")" "old format of '.dockercfg'"
is "and stays as it is" "$(cat "$F")" '{"ghcr.io":{"auth":"bzpw"}}'
cp "$T/good" "$F"
done_testing
