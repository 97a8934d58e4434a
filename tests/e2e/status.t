#!/bin/sh
# SPDX-License-Identifier: MIT
# acrotate status: every state of a job, the figures, monitors, the timeline.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jobs.sh"
start_emulator --fast --token web-pull --token other --token third
config
job_with web-pull <<END
[sink env]
type = file
path = $T/web.env
END

state_of() {
	acro status "$1" -o json >"$T/json" 2>"$T/err"
	_status=$?
	[ -s "$T/json" ] || { echo "# status $1 ended with $_status and no output:"; sed 's/^/# /' "$T/err"; } >&2
	jget "$T/json" 0.state | tee -a "$T/states"
}
state() { state_of web-pull; }
field() { jget "$T/json" "0.$1"; }

is "a job that never ran is new" "$(state)" new
is "with nothing deployed" "$(field active)" ""
acro run 2>"$T/err" || cat "$T/err"
is "after its first run it is ok" "$(state)" ok
is "with its first slot" "$(field active)" password1
is "its sinks in step" "$(field sinks_in_step)" 1
is "no failures" "$(field failures)" 0
like "and an expiry" "$(field expires)" '^20[0-9-]+T[0-9:]+Z$'
acro status >"$T/out"
is "a table has a summary, a title and a row" "$(wc -l <"$T/out") $(head -n 1 "$T/out")" "3 1 job: 1 ok"
like "of what matters" "$(tail -n 1 "$T/out")" '^web-pull  contoso/web-pull  ok +password1 +(90d|89d 23h) +[0-9]+d( [0-9]+h)? +1/1 +[0-9]+[smh] ago +0$'
requests=$(control log | wc -l)
acro status --warn 14d --crit 3d >"$T/out"
is "monitors: ok" $? 0
like "in one line with figures" "$(head -n 1 "$T/out")" "^ACROTATE OK: 1 job: 1 ok \| 'web-pull'=77[0-9]{5}s;1209600:;259200:;0;\$"
acro status --warn 91d --crit 3d >/dev/null
is "monitors: warning" $? 1
acro status --warn 92d --crit 91d >"$T/out"
is "monitors: critical" $? 2
like "which it says" "$(head -n 1 "$T/out")" '^ACROTATE CRITICAL: '
is "none of it asked Azure" "$(control log | wc -l)" "$requests"

is "80 days later it is due" "$(at $((80 * DAY)) state)" due
is "100 days later too, and nothing that works is deployed" "$(at $((100 * DAY)) state; field active)" due
job_with web-pull <<END
[sink env]
type = file
path = $T/web.env
[sink second]
type = file
path = $T/second.env
END
is "a sink that lags" "$(state)" healing
is "is counted" "$(field sinks_in_step)/$(field sinks)" 1/2
acro run
is "the run copies it" "$(state)" ok
cmp -s "$T/web.env" "$T/second.env"
is "to the second sink" $? 0

# Waiting: rotated, and forced again within grace.
acro run --force
is "rotated" "$(state; field active)" "ok
password2"
acro run --force 2>/dev/null
is "forced within grace: exit 75" $? 75
is "which is no failure of the job" "$(state)" ok
acro run
is "until a run is well" "$(state)" ok

# Waiting: due, but a sink that was taken out of the job still has the spare slot's password.
job_with leaver token=third <<END
[sink stays]
type = file
path = $T/stays.env
[sink goes]
type = file
path = $T/goes.env
END
acro run leaver
job_with leaver token=third <<END
[sink stays]
type = file
path = $T/stays.env
END
acro run --force leaver
is "a sink that was removed from the job" "$(at $((80 * DAY)) state_of leaver)" waiting
like "has its password kept until it expires" "$(field not_before)" '^20'

# Refused: the spare slot is foreign.
arm POST generateCredentials "{\"tokenId\":\"$REGISTRY_ID/tokens/web-pull\",\"name\":\"password1\"}" >/dev/null
is "local state does not know" "$(state)" ok
acro status --online >"$T/out" 2>&1
like "status --online sees the foreign slot" "$(cat "$T/out")" 'password1 is foreign .*may_replace = password1@20'
clear_log
acro status --online web-pull -o json >"$T/json"
is "having read the token, and logged in" "$(count_log token-get)" 1
acro run -o json >/dev/null 2>&1
[ "$(state)" = ok ] || acro status
acro run --force 2>/dev/null
is "forced, it is refused, and the job is as well as it was" "$? $(state)" "65 ok"
is "due, it is refused" "$(at $((80 * DAY)) state)" refused

# Disabled.
arm PATCH tokens/web-pull '{"properties":{"status":"disabled"}}' >/dev/null
acro status --online web-pull -o json >"$T/json" 2>/dev/null
is "disabled, seen online" "$(field state)" disabled
acro run --force 2>/dev/null
is "a run remembers it" "$(state)" disabled
arm PATCH tokens/web-pull '{"properties":{"status":"enabled"}}' >/dev/null
acro run 2>/dev/null
is "and the next run, forced or not, that it is enabled again" "$(state)" ok

# Failing: a sink that cannot be read.
rm "$T/second.env"; mkdir "$T/second.env"
is "a sink that cannot be read" "$(state)" failing
acro status >"$T/out"
like "is named" "$(cat "$T/out")" "sink 'second'"
acro run web-pull >"$T/out" 2>&1
is "a run names it, too: exit status" $? 74
acro status >"$T/out"
is "and what the last run met and what is so now is said once" "$(grep -c "sink 'second': .*not a regular file" "$T/out")" 1
mkdir "$T/only.env"
job_with alone token=other <<END
[sink only]
type = file
path = $T/only.env
END
acro run alone >"$T/out" 2>&1
is "the only sink of a job: once, too" "$(grep -c "sink 'only': .*not a regular file" "$T/out")" 1
rm "$E/jobs.d/alone.conf"
rmdir "$T/second.env" "$T/only.env"

# Stuck: generates that lead nowhere.
job_with stuck token=other verify_timeout=1s <<END
[sink env]
type = file
path = $T/stuck.env
END
acro run stuck
fault '{"operation":"login","effect":"status","status":401,"count":0}' >/dev/null
is "a password that the registry would not have: exit 75" "$(at $((80 * DAY)) acro run stuck 2>/dev/null; echo $?)" 75
no_faults >/dev/null
is "is stuck for a while" "$(at $((80 * DAY)) state_of stuck)" stuck
is "and tried again then" "$(at $((81 * DAY)) state_of stuck)" failing
at $((81 * DAY)) acro run stuck
is "well" "$(at $((81 * DAY)) state_of stuck)" ok
job_with bad bogus=1 <<END
[sink env]
type = file
path = $T/bad.env
END
acro status >"$T/out" 2>&1
is "a file with a mistake: exit 78" $? 78
like "is a row, too" "$(cat "$T/out")" '^bad +- +failing'
like "with its line" "$(cat "$T/out")" "bad.conf:[0-9]+: "
is "all the states there are have been seen" "$(sort -u "$T/states" | tr '\n' ' ')" \
	'disabled due failing healing new ok refused stuck waiting '
is "and stand in the manual" "$(for s in $(sort -u "$T/states"); do grep -q "^\.Li $s\b" "$ROOT/packaging/man/acrotate.1" || echo "$s"; done)" ''
# Many jobs: how many are how, the worst first, in 80 columns; only what somebody should look at.
rm -f "$E"/jobs.d/*.conf "$T"/state/*
for n in 01 02 03 04 05 06; do
	job_with "team-$n-of-a-department-with-a-long-name-web-pull" token=other-$n <<END
[sink env]
type = file
path = $T/many-$n.env
END
	control tokens/other-$n '{"action":"create","scope_map":"_repositories_pull"}' >/dev/null
done
acro run
rm "$T/many-03.env"; mkdir "$T/many-03.env"
sed -i 's/^token = other-05/token = other-05\nenabled = no/' "$E/jobs.d/team-05-of-a-department-with-a-long-name-web-pull.conf"
acro status >"$T/out"
is "a summary" "$(head -n 1 "$T/out")" "6 jobs: 4 ok, 1 failing, 1 paused"
like "the worst comes first" "$(sed -n 3p "$T/out")" '^team-03-of.* failing '
acro status --problems >"$T/out"
is "--problems leaves out the others" "$(grep -c '^team-' "$T/out") $(head -n 1 "$T/out")" "1 6 jobs: 4 ok, 1 failing, 1 paused"
is "also in JSON" "$(acro status --problems -o json | grep -c '"job"')" 1
COLUMNS=80 acro status >"$T/out"
is "80 columns are kept" "$(grep -v '^    ' "$T/out" | awk 'length > 80' | wc -l)" 0
like "names are cut in the middle" "$(cat "$T/out")" '^team-0[1-9][a-z-]*\.\.[a-z-]*web-pull +'
# script(1) gives it a terminal.
on_terminal() { script -qec "$ACROTATE status --config $E/acrotate.conf" /dev/null </dev/null; }
is "a terminal that is dumb gets no colour" "$(TERM=dumb on_terminal | grep -c "$(printf '\033')")" 0
ok "another one does" test "$(TERM=xterm on_terminal | grep -c "$(printf '\033')")" -gt 0
# Names that no job may have: a file is listed under it all the same, but neither controls the terminal nor starts a line there.
for name in "$(printf '\033]0;x\007a')" "$(printf 'a\nweb ok')" "$(printf 'b\302\2331m')" "$(printf 'c\342\200\256d')" "$(printf '\303\244%.0s' $(seq 60))"; do
	echo '[job]' >"$E/jobs.d/$name.conf"
done
clean() { # WHAT: of what is in $T/raw
	tr -d '\r' <"$T/raw" >"$T/shown"
	is "$1: nothing is hidden in it" "$(hidden <"$T/shown") $(grep -c '^web ok' "$T/shown") $(iconv -f UTF-8 "$T/shown" >/dev/null 2>&1; echo $?)" "0 0 0"
}
acro status >"$T/raw" 2>&1; clean "status"
like "the rows are there" "$(cat "$T/shown")" '^ \]0;x a +- +failing'
COLUMNS=80 acro status >"$T/raw" 2>&1; clean "status of 80 columns"
acro status --warn 1d >"$T/raw" 2>&1; clean "status --warn"
like "figures" "$(head -n 1 "$T/shown")" "' \]0;x a'=0s"
TERM=dumb on_terminal >"$T/raw"; clean "status with a timeline"
like "which is there" "$(cat "$T/shown")" '^c\?d +password1'
acro plan >"$T/raw" 2>&1; clean "plan"
like "the rows of a plan" "$(cat "$T/shown")" '^a web ok: '
acro run --verbose >"$T/raw" 2>&1; clean "run"
acro check >"$T/raw" 2>&1; clean "check"
acro history >"$T/raw" 2>&1; clean "history"
is "status -o json: nothing is hidden in it" "$(acro status -o json | hidden)" 0
done_testing
