#!/bin/sh
# SPDX-License-Identifier: MIT
# acrotate history: what happened, kept in the record; acrotate adopt: a record that moved with its job.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jobs.sh"
start_emulator --fast --token web-pull --token other
config
web_job grace=1s
events() { acro history web-pull -o json >"$T/json"; perl -MJSON::PP -0777 -ne 'print join(" ", map { $_->{event} } @{decode_json($_)}), "\n"' "$T/json"; }
field() { jget "$T/json" "$1"; }

is "nothing has happened yet" "$(acro history; acro history -o json)" "[]"
acro run
is "the first password" "$(events)" bootstrap
is "has its slot, outcome and exit status" "$(field 0.slot) $(field 0.outcome) $(field 0.exit) $(field 0.count)" "password1 ok 0 1"
like "a reason" "$(field 0.reason)" 'no sink holds a living password'
like "how long the registry took" "$(field 0.seconds)" '^[0-9]+\.[0-9]{3}$'
like "and a time" "$(field 0.time)" '^20[0-9-]+T[0-9:]+Z$'
is "in a form with a version" "$(field 0.version)" 1
acro run; acro run
is "runs with nothing to do are no events" "$(events)" bootstrap
acro run --force
is "a rotation" "$(events)" "bootstrap rotate"
cp "$T/web.env" "$T/passwords"; rm "$T/web.env"; cp "$T/state/web-pull.state" "$T/kept"
job_with web-pull grace=1s <<END
[sink env]
type = file
path = $T/web.env
[sink second]
type = file
path = $T/second.env
END
acro run >/dev/null 2>&1
arm PATCH tokens/web-pull '{"properties":{"status":"disabled"}}' >/dev/null
rm -f "$T/web.env" "$T/second.env"
for _ in 1 2 3; do acro run 2>/dev/null; done
acro history web-pull -o json >"$T/json"
is "a failure that goes on is one event" "$(field -1.event) $(field -1.count) $(field -1.exit)" "refuse 3 65"
like "with its error" "$(field -1.error)" 'is disabled'
ok "and its first time beside the last" test "$(field -1.first)" '<' "$(field -1.time)0"
arm PATCH tokens/web-pull '{"properties":{"status":"enabled"}}' >/dev/null
acro run >/dev/null 2>&1
acro history >"$T/out"
is "a line each" "$(wc -l <"$T/out")" "$(acro history -o json | grep -c '"version": 1')"
like "in words" "$(cat "$T/out")" '^20[0-9TZ:-]+  web-pull  refuse     .*exit 65: 3 times since 20.*is disabled'
is "--since leaves out what is older" "$(at $((10 * DAY)) acro history --since 1d | wc -l)" 0
is "no secret is in it" "$(grep -cF -f "$T/passwords" "$T/state/web-pull.state")" 0

sleep 2.1; acro run
# At most fifty, and never in the way of the ledger.
perl -0777 -pi -e 's/\[history\]\n.*/"[history]\n" . join("", map { sprintf "2026-01-01T00:%02d:00Z 2026-01-01T00:%02d:00Z 1 heal - 0 0 x\n", $_ % 60, $_ % 60 } 1..70)/se' "$T/state/web-pull.state"
sleep 2.1
acro run --force
is "at most fifty are kept" "$(acro history web-pull | wc -l)" 50
perl -0777 -pi -e 's/\[history\]\n.*/[history]\nnonsense\n2026/s' "$T/state/web-pull.state"
acro run
is "a history that was damaged costs nothing but itself" "$? $(acro status web-pull -o json >"$T/json"; field 0.state) $(acro history web-pull | wc -l)" "0 ok 0"

printf '[history]\n2026-01-01T00:00:00Z 2026-01-01T00:00:00Z 1 heal - 0 0 a\033]0;x\007b\302\2331mc\342\200\256d\n' >"$T/odd"
perl -0777 -pi -e 's/\[history\]\n.*//s' "$T/state/web-pull.state"; cat "$T/odd" >>"$T/state/web-pull.state"
like "what somebody put into the record is shown" "$(acro history web-pull)" ' heal .* a \]0;x b 1mc\?d$'
is "and controls no terminal" "$(acro history web-pull | hidden) $(acro history -o json | hidden)" "0 0"

# ---- adopt -------------------------------------------------------------------------------------------------------------------------
sleep 2.1; web_job grace=1s; rm -f "$T/second.env"
acro run --force >/dev/null 2>&1
password=$(cat "$T/web.env")
mv "$E/jobs.d/web-pull.conf" "$E/jobs.d/renamed.conf"
sed -i 's/^\[sink env\]/token = web-pull\n[sink env]/' "$E/jobs.d/renamed.conf"; sed -i '0,/^token = web-pull$/{/^token = web-pull$/d}' "$E/jobs.d/renamed.conf"
acro run renamed >/dev/null 2>"$T/err"
is "a renamed job knows nothing of its passwords" $? 65
acro check renamed >"$T/out" 2>/dev/null
is "check offers no may_replace for what a sink may hold" "$(grep -c 'may_replace' "$T/out")" 0
like "but adopt" "$(cat "$T/out")" 'acrotate adopt renamed FILE'
acro adopt renamed "$T/state/web-pull.state" >"$T/out" 2>&1
is "adopt takes the old record" "$?" 0
like "and says so" "$(cat "$T/out")" "^renamed: the record '.*web-pull.state' is its own now"
acro run renamed; acro status renamed -o json >"$T/json"
is "the job is well" "$(field 0.state) $(field 0.active)" "ok $(acro get renamed -o json >"$T/g"; jget "$T/g" slot)"
is "with the password it had" "$(cat "$T/web.env")" "$password"
like "which its history tells" "$(acro history renamed)" ' adopt .*taken over from'
acro adopt renamed "$T/state/web-pull.state" 2>"$T/err"
is "a record that is in use is not replaced" $? 65
like "and why" "$(cat "$T/err")" 'has a record of its own'

# A new machine id.
sed -i 's/^machine = .*/machine = 00112233445566778899aabbccddeeff/' "$T/state/renamed.state"
acro run renamed >"$T/out" 2>"$T/err"
is "a record of another machine is not used" $? 65
like "the run says so, and where it is" "$(cat "$T/err")" 'renamed: the record .*another machine.* kept as renamed.state.lost.*acrotate adopt renamed'
like "its history, too" "$(acro history renamed)" ' lost .*kept as renamed.state.lost'
acro adopt renamed >"$T/out" 2>&1
is "the record of another machine is taken over" "$? $(acro run renamed; acro status renamed -o json >"$T/json"; field 0.state)" "0 ok"
ok "what it was is kept beside" test -s "$T/state/renamed.state.lost"

# What does not fit.
rm "$T/state/renamed.state"
cp "$T/web.env" "$T/was"; echo another >"$T/web.env"
acro adopt renamed "$T/state/web-pull.state" 2>"$T/err"
is "sinks that hold something else" $? 65
like "are named" "$(cat "$T/err")" "sink 'env' holds a password that the record knows nothing of"
cp "$T/was" "$T/web.env"
echo nonsense >"$T/nonsense"
acro adopt renamed "$T/nonsense" 2>/dev/null
is "what is no record" $? 65
acro adopt renamed "$T/nowhere" 2>/dev/null
is "what is not there" $? 69
sed -i 's/^token = .*/token = other/' "$E/jobs.d/renamed.conf"
acro adopt renamed "$T/kept" 2>/dev/null
is "the record of other passwords" $? 65
done_testing
