#!/bin/sh
# SPDX-License-Identifier: MIT
# acrotate get, revoke and forget.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jobs.sh"
start_emulator --fast --token web-pull --token other --token third
config "metrics_file = $T/m.prom"
job_with web-pull on_change="/bin/sh -c 'test ! -e $T/hook-fails'" <<END
[sink env]
type = file
path = $T/web.env
[sink two]
type = file
path = $T/two.env
END
held() { cat "$T/${1:-web}.env"; }
works() { login "${2:-web-pull}" "$1"; }
slots_of() { jget "$T/json" 0.slots; }

# ---- get -------------------------------------------------------------------------------------------------------------------------
is "get of a job that never ran: exit 69" "$(exit_of get web-pull)" 69
like "says what to do" "$(cat "$T/err")" 'acrotate run web-pull'
acro run
is "get prints what the sinks hold" "$(acro get web-pull)" "$(held)"
acro get web-pull -o json >"$T/json"
is "as JSON" "$(jget "$T/json" password) $(jget "$T/json" username) $(jget "$T/json" server) $(jget "$T/json" slot)" \
	"$(held) web-pull $EMULATOR_LOGIN_SERVER password1"
is "in a form of one's own" "$(acro get web-pull --format '{username}@{server}={password} {slot}')" "web-pull@$EMULATOR_LOGIN_SERVER=$(held) password1"
is "of two jobs: usage" "$(exit_of get web-pull other)" 64
rm "$T/web.env" "$T/two.env"
is "when no sink holds one: exit 69" "$(exit_of get web-pull)" 69
acro run 2>/dev/null
is "to a full disk: exit 74" "$(acro get web-pull >/dev/full 2>/dev/null; echo $?)" 74

# ---- revoke, the usual way -------------------------------------------------------------------------------------------------------
acro run --force 2>/dev/null || :
leaked=$(held)
other=$(acro get web-pull)
acro run --force 2>/dev/null || :
is "revoke" "$(exit_of revoke web-pull)" 0
like "says what was done" "$(cat "$T/out")" 'revoked: every earlier password is dead; rotated to password[12]'
is "the leaked password is dead" "$(works "$leaked")" 401
ok "every sink has a new one" test "$(held)" != "$leaked" -a "$(held)" = "$(held two)"
is "that works" "$(works "$(held)")" 200
is "the job is well" "$(acro status -o json >"$T/json"; jget "$T/json" 0.state)" ok
is "and rotates again at once if it must: nobody has the other slot" "$(exit_of run --force)" 0
now=$(held)
acro run --force 2>/dev/null
is "revoke while both slots live and grace runs" "$(exit_of revoke web-pull)" 0
is "kills both" "$(works "$now") $(works "$other")" "401 401"
is "delivers a new one" "$(works "$(held)")" 200

# ---- a hook that fails does not save the leaked password ---------------------------------------------------------------------------
leaked=$(held)
touch "$T/hook-fails"
is "revoke with a hook that fails: exit 70" "$(exit_of revoke web-pull)" 70
is "the leaked password is dead all the same" "$(works "$leaked") $(works "$(held)")" "401 200"
rm "$T/hook-fails"
is "the hook is run by the next run" "$(exit_of run)" 0

# ---- interrupted -------------------------------------------------------------------------------------------------------------------
leaked=$(held)
fault '{"operation":"generate","effect":"status","status":403,"skip":1,"count":1}' >/dev/null
is "a revoke that is cut off after delivery" "$(exit_of revoke web-pull)" 77
is "has not killed yet" "$(works "$leaked") $(works "$(held)")" "200 200"
is "status says so" "$(acro status -o json >"$T/json"; jget "$T/json" 0.revoking)" true
clear_log
is "the next run, though nothing is due, finishes it" "$(exit_of run)" 0
is "with one generate" "$(count_log generate)" 1
is "the leaked one is dead, the new one lives" "$(works "$leaked") $(works "$(held)")" "401 200"
is "status has forgotten it" "$(acro status -o json >"$T/json"; jget "$T/json" 0.revoking)" false
leaked=$(held)
fault '{"operation":"generate","effect":"status","status":403,"count":1}' >/dev/null
is "one that is cut off before anything" "$(exit_of revoke web-pull)" 77
is "is finished by the next run, too" "$(exit_of run; works "$leaked"; works "$(held)")" "0
401200"

# A killed process, at every request it makes: the next run always ends it. A kill before the mark is durable has revoked nothing: then
# everything is as it was.
kill_revoke_at() {
	leaked=$(held)
	fault "{\"operation\":\"*\",\"effect\":\"act-hang\",\"skip\":$1,\"count\":1}" >/dev/null
	FAKETIME_DONT_FAKE_MONOTONIC=1 timeout -s KILL 1 faketime -f "+${AT}s" "$ACROTATE" revoke web-pull --config "$E/acrotate.conf" >/dev/null 2>&1
	no_faults >/dev/null
	sweep_faketime
}
ended() {
	acro run >"$T/out" 2>&1 || return 1
	[ "$(acro status -o json >"$T/json"; jget "$T/json" 0.revoking)" = false ] && [ "$(works "$(held)")" = 200 ] &&
		{ [ "$(works "$leaked")" = 401 ] || [ "$leaked" = "$(held)" ]; }
}
killed=
for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
	at $((n * 200)) kill_revoke_at $n
	at $((n * 200 + 100)) ended || break
	killed="$killed $n"
done
is "killed at any request, the next run ends it" "$killed" " 1 2 3 4 5 6 7 8 9 10 11 12"

# ---- --now -------------------------------------------------------------------------------------------------------------------------
leaked=$(held)
clear_log
is "revoke --now" "$(exit_of revoke web-pull --now)" 0
is "kills and delivers" "$(works "$leaked") $(works "$(held)")" "401 200"
first=$(control log | grep -n '"operation":"generate"' | head -n 1 | cut -d: -f1)
last=$(control log | grep -n '"operation":"generate"' | tail -n 1 | cut -d: -f1)
is "both slots are generated before the registry is asked" "$(control log | sed -n "${first},${last}p" | grep -c '"operation":"login"')" 0

# ---- foreign slots -----------------------------------------------------------------------------------------------------------------
job_with other <<END
[sink env]
type = file
path = $T/other.env
END
acro run other
arm POST generateCredentials "{\"tokenId\":\"$REGISTRY_ID/tokens/other\",\"name\":\"password2\"}" >/dev/null
foreign=$(jget "$T/body" passwords.0.value); [ -n "$foreign" ] || foreign=$(jget "$T/body" passwords.1.value)
ours=$(held other)
is "a foreign slot in the way: exit 65" "$(exit_of revoke other)" 65
like "says how" "$(cat "$T/err")" '--password2.*--now'
is "nothing was touched" "$(works "$ours" other) $(works "$foreign" other)" "200 200"
is "nor is a revoke left under way" "$(acro status other -o json >"$T/json"; jget "$T/json" 0.revoking)" false
is "--now replaces ours in its place" "$(exit_of revoke other --now)" 0
is "and leaves the foreign one" "$(works "$ours" other) $(works "$(held other)" other) $(works "$foreign" other)" "401 200 200"
ours=$(held other)
is "named, it dies, too" "$(exit_of revoke other --password2)" 0
is "all earlier ones are dead" "$(works "$ours" other) $(works "$(held other)" other) $(works "$foreign" other)" "401 200 401"

# ---- forget ------------------------------------------------------------------------------------------------------------------------
job_with third <<END
[sink stays]
type = file
path = $T/stays.env
[sink goes]
type = file
path = $T/goes.env
END
acro run third
is "a sink of the job is not forgotten: exit 65" "$(exit_of forget third stays)" 65
is "nor one that never was: exit 69" "$(exit_of forget third never)" 69
job_with third <<END
[sink stays]
type = file
path = $T/stays.env
END
acro run --force third
is "a removed sink keeps its slot" "$(at $((80 * DAY)) exit_of run third)" 75
at $((80 * DAY)) acro run --verbose third >"$T/out" 2>&1
like "which says how to end that" "$(cat "$T/out")" 'acrotate forget third goes'
is "forget it" "$(exit_of forget third goes)" 0
is "once" "$(exit_of forget third goes)" 69
at $((80 * DAY)) acro run third >/dev/null 2>&1
is "after grace its slot is free" "$(at $((82 * DAY)) exit_of run third)" 0
is "a job in use is not forgotten: exit 65" "$(exit_of forget web-pull)" 65
is "of one that holds its lock: exit 75" "$(flock "$T/state/web-pull.lock" "$ACROTATE" forget web-pull --force --config "$E/acrotate.conf" 2>/dev/null; echo $?)" 75
rm "$E/jobs.d/third.conf"
is "one whose file is gone is" "$(exit_of forget third)" 0
ok "with its state" test ! -e "$T/state/third.state"
is "once" "$(exit_of forget third)" 69
is "a name no job can have: usage" "$(exit_of forget ../third)" 64
done_testing
