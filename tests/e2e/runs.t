#!/bin/sh
# SPDX-License-Identifier: MIT
# Does anything run me? The last run's time, also of an idle one; what starts it; a job that is paused.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jobs.sh"
start_emulator --fast --token web-pull --token other
mkdir "$T/prom"
config "metrics_file = $T/prom/acrotate.prom"
env_jobs web-pull other
value() { sed -n "s/^$1 //p" "$T/prom/acrotate.prom"; }
seconds() { date -u -d "$1" +%s; }
# recent TIME: within the last minute.
recent() { [ -n "$1" ] && [ "$(($(date +%s) - $(seconds "$1")))" -lt 60 ]; }

is "a job that never ran has no last run" "$(job_field web-pull last_run)" ""
acro run
ok "one that did has" recent "$(job_field web-pull last_run)"

# As if those runs were long ago.
long_ago() { find "$T/state" -type f -exec touch -d '3 days ago' {} +; perl -pi -e 's/^last_success = .*\n//' "$T"/state/*.state; }
long_ago
is "after three days without one" "$(job_field web-pull overdue)" true
acro status >"$T/out"
like "status says so" "$(cat "$T/out")" 'no run for 3d.* needs one at least every 1d'
acro status --warn 1d >/dev/null
is "and warns monitors, though nothing expires soon" $? 1
before=$(find "$T/state" -type f -exec md5sum {} + | sort)
strace -f -o "$T/trace" "$ACROTATE" run --config "$E/acrotate.conf" </dev/null >"$T/out" 2>&1
is "an idle run" "$? $(cat "$T/out")" "0 "
ok "leaves its time" recent "$(job_field web-pull last_run)"
ok "for each job" recent "$(job_field other last_run)"
is "by one call" "$(grep -c utimensat "$T/trace")" 1
is "without the whole program" "$(grep -Ec 'execve.*acrotate-(net|lean)' "$T/trace")" 0
is "and nothing is written in the state's directory" "$(find "$T/state" -type f -exec md5sum {} + | sort)" "$before"
config
strace -f -o "$T/trace" "$ACROTATE" run --config "$E/acrotate.conf" </dev/null >"$T/out" 2>&1
is "without a metrics_file: one call, no write, no sync" "$(grep -c utimensat "$T/trace") $(grep -cE 'O_CREAT|O_WRONLY|O_RDWR|rename|sync|write\(' "$T/trace")" "1 0"
# Of one job, with the linker and libc of Debian 12: 98 calls, and the one that leaves the time; but for links on the way to a sink, which
# are looked for where a file system that may hang is mounted, as by hang.t beside this.
mv "$E/jobs.d/other.conf" "$T/other.conf"
strace -f -c -e 'trace=!readlink' -o "$T/count" "$ACROTATE" run --config "$E/acrotate.conf" </dev/null
mv "$T/other.conf" "$E/jobs.d/other.conf"
calls=$(awk '$NF == "total" { print $4 }' "$T/count")
case $(ldd --version | head -n 1) in
*2.36*) ok "of one job: 99 calls at most, and it is $calls" test "$calls" -le 99 ;;
*) echo "# $calls calls: another libc, whose own are not counted here" ;;
esac
config "metrics_file = $T/prom/acrotate.prom"
acro run
is "it is overdue no more" "$(job_field web-pull overdue)" false
like "and in the metrics" "$(value 'acrotate_last_run_timestamp_seconds{name="web-pull"}')" '^[0-9]{10}$'
is "beside how long it can go without" "$(value 'acrotate_longest_pause_seconds{name="web-pull"}')" 86400

long_ago
acro run other
ok "a run of one job is that job's" recent "$(job_field other last_run)"
is "and not the other's" "$(job_field web-pull overdue)" true
like "the metrics know both" "$(($(value 'acrotate_last_run_timestamp_seconds{name="other"}') - $(value 'acrotate_last_run_timestamp_seconds{name="web-pull"}')))" '^2[0-9]{5}$'
acro plan >/dev/null
is "a plan is no run" "$(job_field web-pull overdue)" true

# What starts it. Units of the test's own, beside the machine's cron: whatever that has, it runs another configuration.
mkdir -p "$T/units/timers.target.wants"
SYSTEMD_UNIT_PATH=$T/units
export SYSTEMD_UNIT_PATH
checked() { acro check "$@" >"$T/checked" 2>&1; grep -E "(^| )$F: " "$T/checked" | head -n 1; }
F=runs
like "nothing" "$(checked)" '^warning +runs: nothing starts acrotate'
like "has a remedy" "$(grep -A 1 'nothing starts' "$T/checked" | tail -n 1)" '^ +systemctl enable --now acrotate.timer'
sed "s|^ExecStart=.*|ExecStart=$ACROTATE run --config $E/acrotate.conf|" "$ROOT/packaging/systemd/acrotate.service" >"$T/units/acrotate.service"
cp "$ROOT/packaging/systemd/acrotate.timer" "$T/units"
like "a timer that is not enabled" "$(checked)" "^warning +runs: 'acrotate.timer' is installed and not enabled"
ln -s ../acrotate.timer "$T/units/timers.target.wants"
like "one that is" "$(checked)" "^ok +runs: 'acrotate.timer' is enabled, at least every 1h 10m"
F=told
like "who reads what it says" "$(checked)" '^(ok|warning) +told: acrotate-failed@.service mails root'
config "metrics_file = $T/prom/acrotate.prom" "on_failure = /bin/true told"
like "or is told otherwise" "$(checked)" '^ok +told: by on_failure: /bin/true told'
config "metrics_file = $T/prom/acrotate.prom"
F='last run'
like "the last run of a job that has had none for days" "$(checked web-pull)" '^warning +web-pull: last run: 3d'
like "has a remedy" "$(grep -A 1 'last run: ' "$T/checked" | tail -n 1)" 'acrotate run web-pull'
acro run
like "and of one that had" "$(checked web-pull)" '^ok +web-pull: last run: [0-9]+m?s ago'
F=lifetime
job_with web-pull lifetime=3m <<END
[sink env]
type = file
path = $T/web-pull.env
END
like "minutes where months were meant" "$(checked web-pull)" '^PROBLEM +web-pull: lifetime: a new password lives 3m .*1h 10m to the next run'
acro plan --horizon 1y web-pull >"$T/out" 2>"$T/err"
like "over a month it would expire many times, in one line" "$(wc -l <"$T/err") $(cat "$T/err")" '^1 .*would expire before the next rotation, [0-9]{4} times, first at 20'
like "of one job" "$(cat "$T/out")" '^over 365d: 1 job, [0-9]+ rotations, '
like "which counts once" "$(cat "$T/out")" 'would come to expire: 1$'
like "have a remedy" "$(cat "$T/checked")" "lifetime = 11h .*'m' is minutes"
env_job web-pull renew_before=30m
like "a long life with a short end" "$(checked web-pull)" '^PROBLEM +web-pull: lifetime: a new password lives 90d .* last 30m.*1h 10m to the next run'
is "needs a longer end only" "$(grep -c 'lifetime = ' "$T/checked") $(grep -c 'renew_before = 3h    # or longer' "$T/checked")" "0 1"
sed -i "s/^registry = .*/registry = $EMULATOR_LOGIN_SERVER/; /^resource_group/d" "$E/jobs.d/web-pull.conf"
printf '[source]\ntype = file\npath = %s/other.env\n' "$T" >>"$E/jobs.d/web-pull.conf"
is "of a follower the lifetime is not known" "$(checked web-pull)" ""
F=renew_before
like "but the end is" "$(checked web-pull)" '^PROBLEM +web-pull: renew_before: the rotator renews a password in its last 30m, but here it may be 1h 10m to the next run'
is "and no key is advised that it may not have" "$(grep -c 'lifetime = ' "$T/checked")" 0
F=lifetime
job_with web-pull <<END
[sink env]
type = file
path = $T/web-pull.env
END
is "and 90 days are none" "$(checked web-pull)" ""
unset SYSTEMD_UNIT_PATH

# Paused.
job_with other enabled=no <<END
[sink env]
type = file
path = $T/other.env
END
is "enabled = no" "$(job_field other state)" paused
rm "$T/other.env"
requests=$(control log | wc -l)
acro run other >"$T/out" 2>&1
is "a run leaves it alone, quietly" "$? $(cat "$T/out") $(ls "$T/other.env" 2>/dev/null)" "0  "
is "without a request" "$(control log | wc -l)" "$requests"
env_job other enabled=no lifetime=3m
acro plan --horizon 1y other >"$T/out" 2>&1
like "it is in no one's future" "$? $(cat "$T/out")" '^0 over 365d: 0 jobs, 0 rotations, '
like "beside one that is" "$(acro plan --horizon 1y)" '^over 365d: 1 job, '
env_job other enabled=no
like "plan says that it is paused" "$(acro plan other)" '^other: paused \(enabled = no\)'
is "also where another one has work" "$(rm "$T/web-pull.env"; acro run >"$T/out" 2>&1; echo $?; cat "$T/out"; ls "$T/other.env" 2>/dev/null)" 0
is "in the metrics" "$(value 'acrotate_job_state{name="other",state="paused"}')" 1
is "with nothing that could raise an alert" "$(grep -c 'name="other"' "$T/prom/acrotate.prom")" 1
at $((200 * DAY)) acro status other --crit 3d >/dev/null
is "nor does a monitor" $? 0
sed -i 's/^enabled = no/enabled = maybe/' "$E/jobs.d/other.conf"
acro run other 2>"$T/err"
is "a word that is neither yes nor no" $? 78
like "is told with its place" "$(cat "$T/err")" "other.conf:[0-9]+: .*enabled"
done_testing
