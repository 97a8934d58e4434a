#!/bin/sh
# SPDX-License-Identifier: MIT
# Who is told, of what, and how often: [run] on_failure and repeat, and what cron would mail.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jobs.sh"
start_emulator --fast --token web-pull --token other --token third
cat >"$T/tell.sh" <<END
#!/bin/sh
[ ! -e "$T/broken" ] || exit 3
{ echo "status \$ACROTATE_STATUS"; echo "jobs \$ACROTATE_JOBS"; printf '%s' "\$ACROTATE_MESSAGE"; } >>"$T/message"
env >"$T/tell.env"
printf '<%s>' "\$@" >"$T/tell.args"
END
chmod +x "$T/tell.sh"
config "on_failure = $T/tell.sh one 'two three'"
env_jobs web-pull other
# A run as cron starts it: what it prints, and what the command was told.
cron_run() {
	rm -f "$T/message" "$T/tell.env"
	"$ACROTATE" run --config "$E/acrotate.conf" "$@" </dev/null >"$T/out" 2>&1
	RC=$?
}
printed() { grep -c . "$T/out"; }
told() { cat "$T/message" 2>/dev/null; }
# later SECONDS: what was told, and when a run looked, is so much older.
later() {
	perl -pi -e 's/^(\w+) (\d+) (\d+)$/"$1 " . ($2 - '"$1"') . " " . ($3 - '"$1"')/e' "$T/state/told"
	for f in "$T"/state/*.lock "$T/state/last-run"; do [ ! -e "$f" ] || touch -d "@$(($(stat -c %Y "$f") - $1))" "$f"; done
}

cron_run
is "a run that is well tells nobody" "$RC $(printed) $(told)" "0 0 "
arm PATCH tokens/web-pull '{"properties":{"status":"disabled"}}' >/dev/null
rm "$T/web-pull.env"
cron_run
is "a token that was disabled: exit status" $RC 65
like "is printed" "$(cat "$T/out")" "web-pull: .*token 'web-pull' is disabled"
like "and told: the status" "$(told)" '^status 65$'
like "the job" "$(told)" '^jobs web-pull$'
like "the message" "$(told)" "^web-pull: .*token 'web-pull' is disabled"
is "by the words of the command, without a shell" "$(cat "$T/tell.args")" "<one><two three>"
is "no secret is in its environment" "$(grep -cE "$(cat "$T/other.env")|CLIENT_SECRET" "$T/tell.env")" 0
cron_run
is "an hour later" "$RC $(printed) $(told)" "65 0 "
cron_run --verbose
like "--verbose prints it all the same" "$(cat "$T/out")" 'is disabled'
is "but tells nobody again" "$(told)" ""
like "and status knows" "$("$ACROTATE" status --config "$E/acrotate.conf" web-pull)" 'is disabled'
mkdir "$T/dir"; job_with other <<END
[sink env]
type = file
path = $T/dir
END
cron_run
like "another trouble is told" "$(told)" '^jobs other$'
is "alone" "$(told | grep -c web-pull)" 0
later 90000
cron_run
is "after 'repeat' both are told again" "$(told | grep '^jobs' | tr ' ' '\n' | sort | tr '\n' ' ')" "jobs other web-pull "
is "and printed" "$(grep -c 'is disabled' "$T/out")" 1
job_with other <<END
[sink env]
type = file
path = $T/other.env
END
sleep 1.1
cron_run
is "what has passed" "$RC $(told)" "65 "
job_with other <<END
[sink env]
type = file
path = $T/dir
END
later 100
cron_run
like "is told when it comes back" "$(told)" '^jobs other$'

# The command fails: nobody was told, so the next run tells.
later 100000; touch "$T/broken"
cron_run
like "a command that fails is said" "$(cat "$T/out")" "on_failure '.*tell.sh' failed with status 3: nobody was told"
is "and changes no exit status" $RC 65
rm "$T/broken"
cron_run
like "the next run tells" "$(told)" '^jobs .*web-pull'
cron_run
is "once" "$(told)" ""

# A transient failure is quiet until it has lasted; not where nothing works.
arm PATCH tokens/web-pull '{"properties":{"status":"enabled"}}' >/dev/null
job_with other <<END
[sink env]
type = file
path = $T/other.env
END
cron_run
job_with new token=third <<END
[sink env]
type = file
path = $T/new.env
END
fault '{"operation":"entra","effect":"status","status":503,"count":0}' >/dev/null
rm "$T/web-pull.env"
cron_run web-pull
is "Entra is away, and the only sink is empty: exit status" $RC 75
like "printed from the first run on" "$(cat "$T/out")" '^acrotate: web-pull: pulls fail now'
like "and told" "$(told)" '^web-pull: pulls fail now'
cron_run new
is "a job that has never delivered anything" "$RC $(printed)" "75 1"
like "is as loud" "$(cat "$T/out")" '^acrotate: new: nothing was delivered yet'
at $((70 * DAY)) acro run other >"$T/out" 2>&1
is "one whose password works" "$?" 75
is "is quiet" "$(cat "$T/out")" ""
acro status web-pull >/dev/null
is "status exits accordingly" $? 75
acro status other >/dev/null
is "and not for the one that works" $? 0
no_faults >/dev/null

# A name that no job may have starts no line of the message.
odd=$E/jobs.d/$(printf 'odd\nstatus 0').conf
echo '[job]' >"$odd"
cron_run
like "a file with an odd name is told of" "$(told)" '^odd status 0: '
is "on one line" "$(told | grep -c '^status 0')" 0
rm "$odd"

# What the configuration says wrongly.
config "on_failure = tell.sh"
cron_run
like "a relative program is refused, with its place" "$RC $(cat "$T/out")" "^78 acrotate: .*acrotate.conf:[0-9]+: 'on_failure': .*absolute path"
config "on_failure = $T/nowhere" "repeat = never"
cron_run
like "so is a time that is none" "$RC $(cat "$T/out")" "^78 acrotate: .*acrotate.conf:[0-9]+: .*repeat"
done_testing
