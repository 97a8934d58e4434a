#!/bin/sh
# SPDX-License-Identifier: MIT
# What others do to a token and to the sinks behind our back: noticed by the next run that looks, healed where that is safe, reported where
# it is not, with the documented exit status.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jobs.sh"
needs faketime openssl

start_emulator --fast --token web-pull --token docker-pull --token lone-pull
config
# pair NAME: two files; lone NAME: one; further lines go into [job].
pair() {
	_n=$1; shift
	job_with "$_n" grace=1s "$@" <<END
[sink one]
type = file
path = $T/$_n.one
[sink two]
type = file
path = $T/$_n.two
END
}
tell() { control "tokens/$1" "$2" >/dev/null; }
# settled NAME: both sinks have one password, and the registry takes it.
settled() { cmp -s "$T/$1.one" "$T/$1.two" && [ "$(login "$1" "$(cat "$T/$1.one")")" = 200 ]; }
HOUR=3600

pair web-pull
run
is "a first password" "$RC$(settled web-pull && echo yes)" 0yes

# ---- a redeployment wiped the passwords ------------------------------------------------------------------------------------------------
first=$(cat "$T/web-pull.one")
arm PUT tokens/web-pull "{\"properties\":{\"scopeMapId\":\"$REGISTRY_ID/scopeMaps/_repositories_pull\",\"status\":\"enabled\"}}" >/dev/null
is "the token was deployed anew: its password is dead" "$(login web-pull "$first")" 401
run
is "a run before verify_every asks nobody" "$RC$(job_field web-pull state)" 0ok
acro status --online web-pull >"$T/out" 2>"$T/err"
like "status --online sees it" "$(said)" 'nothing that works|none|due'
is "the next run after verify_every heals: exit status" "$(at $((7 * HOUR)) acro run >"$T/out" 2>"$T/err"; echo $?)" 0
is "every sink has another password, which works" "$(settled web-pull && [ "$(cat "$T/web-pull.one")" != "$first" ] && echo yes)" yes
pair web-pull verify_every=1s
tell web-pull '{"action":"wipe"}'
sleep 2.1
run
is "with a shorter verify_every it is noticed sooner" "$RC$(settled web-pull && echo yes)" 0yes
pair web-pull
# Both alive, and only the spare one wiped: nobody is hurt, nothing is to be done.
run --force web-pull
before=$(cat "$T/web-pull.one")
spare=password1
[ "$(job_field web-pull active)" = password2 ] || spare=password2
tell web-pull "{\"action\":\"wipe\",\"slot\":\"$spare\"}"
is "the spare slot wiped: nothing to do" "$(at $((25 * HOUR)) acro run 2>&1; echo $?)$(cat "$T/web-pull.one")" "0$before"

# ---- the token is disabled -------------------------------------------------------------------------------------------------------------
tell web-pull '{"action":"disable"}'
g=$(generations web-pull)
run --force web-pull
is "disabled, and forced: exit status" "$RC" 65
like "what to do is said" "$(said)" "token 'web-pull' is disabled: enable it \(acrotate token update --registry contoso --name web-pull --status enabled\)"
is "state" "$(job_field web-pull state)" disabled
is "disabled, noticed by a run after verify_every: exit status" "$(at $((60 * HOUR)) acro run 2>/dev/null; echo $?)" 65
is "nothing was generated, nothing was changed" "$(generations web-pull)$(cat "$T/web-pull.one")" "$g$before"
tell web-pull '{"action":"enable"}'
is "enabled again: the next run is well" "$(at $((60 * HOUR)) acro run 2>&1; echo $?)" 0
is "and the state" "$(job_field web-pull state)" ok
is "with the password it had" "$(cat "$T/web-pull.one")" "$before"

# ---- a sink edited by hand -------------------------------------------------------------------------------------------------------------
printf '%s\n' EditedByHand1234 >"$T/web-pull.two"
clear_log
run
is "one of two edited: it gets back what the other has" "$RC$(settled web-pull && echo yes)" 0yes
is "for that the registry is asked, and nothing generated" "$(count_log login '"status":200')$(count_log generate)" 20
printf 'notes of a person, not a password\n' >"$T/web-pull.two"
run
is "one of two is something else now: exit status" "$RC" 65
like "it is not overwritten, and what to do is said" "$(said)" "sink 'two': '$T/web-pull.two' has other content than the template .*overwrite = yes"
is "it is as it was" "$(cat "$T/web-pull.two")" 'notes of a person, not a password'
is "the other one's password works on" "$(login web-pull "$(cat "$T/web-pull.one")")" 200
rm "$T/web-pull.two"
run
is "one of two removed" "$RC$(settled web-pull && echo yes)" 0yes
: >"$T/web-pull.two"
run
is "one of two emptied" "$RC$(settled web-pull && echo yes)" 0yes
cat "$T/web-pull.one" >"$T/old"
sleep 2.1
run --force web-pull
is "rotated" "$RC" 0
cp "$T/old" "$T/web-pull.two"
clear_log
run
is "one of two restored from a backup, to a password that still lives: the newer one wins" "$RC$(settled web-pull && ! cmp -s "$T/old" "$T/web-pull.two" && echo yes)" 0yes
is "nothing was generated" "$(count_log generate)" 0
cp "$T/old" "$T/web-pull.one"
cp "$T/old" "$T/web-pull.two"
run
is "both restored: that password lives, and stays" "$RC$(settled web-pull && cmp -s "$T/old" "$T/web-pull.two" && echo yes)" 0yes
is "nothing was generated" "$(count_log generate)" 0
is "the sinks are in step" "$(job_field web-pull sinks_in_step)" 2

# The only sink: what it held nobody else knows.
job_with lone-pull grace=1s <<END
[sink one]
type = file
path = $T/lone
END
run lone-pull
printf '%s\n' EditedByHand1234 >"$T/lone"
is "the only sink edited: state" "$(job_field lone-pull state)" due
run lone-pull
is "it gets a new password" "$RC $(login lone-pull "$(cat "$T/lone")")" "0 200"
is "from the free slot" "$(generations lone-pull)" "1 1 "
printf '%s\n' EditedAgain12345 >"$T/lone"
job_with lone-pull grace=1d <<END
[sink one]
type = file
path = $T/lone
END
run lone-pull
is "and again at once: nothing works, so that grace protects nobody" "$RC $(login lone-pull "$(cat "$T/lone")")" "0 200"
is "from the other slot" "$(generations lone-pull)" "2 1 "

# ---- a stale docker login --------------------------------------------------------------------------------------------------------------
docker_job() {
	job_with docker-pull grace=1s <<END
[sink docker]
type = docker
path = $T/config.json
$*
[sink two]
type = file
path = $T/docker-pull.two
END
}
# docker_login USER PASSWORD: what `docker login` leaves in the file.
docker_login() {
	printf '{\n\t"auths": {\n\t\t"%s": {\n\t\t\t"auth": "%s"\n\t\t}\n\t}\n}' "$EMULATOR_LOGIN_SERVER" "$(printf '%s:%s' "$1" "$2" | openssl base64 -A)" >"$T/config.json"
}
docker_has() { sed -n 's/.*"auth": "\(.*\)"/\1/p' "$T/config.json" | openssl base64 -d -A; }
docker_settled() { [ "$(docker_has)" = "docker-pull:$(cat "$T/docker-pull.two")" ] && [ "$(login docker-pull "$(cat "$T/docker-pull.two")")" = 200 ]; }
docker_job
run docker-pull
is "a docker sink" "$RC$(docker_settled && echo yes)" 0yes
old=$(cat "$T/docker-pull.two")
run --force docker-pull
docker_login docker-pull "$old"
is "a stale docker login, with our old password: state" "$(job_field docker-pull state)" healing
clear_log
run docker-pull
is "it is healed" "$RC$(docker_settled && echo yes)" 0yes
is "without generating" "$(count_log generate)" 0
docker_login docker-pull mistyped
run docker-pull
is "a docker login with something else" "$RC$(docker_settled && echo yes)" 0yes
docker_login somebody their-password
run docker-pull
is "a docker login of another user is not overwritten: exit status" "$RC" 65
like "and said" "$(said)" "sink 'docker': .*'?somebody'?.*take_entry"
is "it is as it was" "$(docker_has)" somebody:their-password
is "the other sink's password works on" "$(login docker-pull "$(cat "$T/docker-pull.two")")" 200
docker_job 'take_entry = yes'
run docker-pull
is "unless the job says so" "$RC$(docker_settled && echo yes)" 0yes
rm "$T/config.json"
run docker-pull
is "docker logout, or a new home" "$RC$(docker_settled && echo yes)" 0yes
is "in all this was generated" "$(generations docker-pull)" "1 1 "

# ---- somebody generates the slot in use -------------------------------------------------------------------------------------------------
active=$(job_field docker-pull active)
tell docker-pull "{\"action\":\"generate\",\"slot\":\"$active\"}"
sleep 2.1
is "the slot in use was generated by somebody else: healed by a run after verify_every" "$(at $((7 * HOUR)) acro run docker-pull 2>"$T/err"; echo $?)" 0
is "with the other slot" "$(at $((7 * HOUR)) docker_settled && echo yes)$(job_field docker-pull active | grep -c "$active")" yes0
tell docker-pull '{"action":"generate","slot":"password1"}'
tell docker-pull '{"action":"generate","slot":"password2"}'
is "both slots are: nobody may be cut off" "$(at $((20 * HOUR)) acro run docker-pull >"$T/out" 2>"$T/err"; echo $?)" 65
like "the lines are printed" "$(said)" 'may_replace = password[12]@.*may_replace = password[12]@'
is "state" "$(job_field docker-pull state)" refused

# ---- a token that was deleted -----------------------------------------------------------------------------------------------------------
tell lone-pull '{"action":"delete"}'
is "the token was deleted: exit status" "$(at $((60 * HOUR)) acro run lone-pull >"$T/out" 2>"$T/err"; echo $?)" 69
like "and said" "$(said)" "lone-pull: pulls fail now: token 'lone-pull' does not exist in registry 'contoso'"
is "state" "$(job_field lone-pull state)" failing
done_testing
