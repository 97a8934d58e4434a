#!/bin/sh
# SPDX-License-Identifier: MIT
# The Prometheus textfile: of all jobs, by every run, also one that does nothing, was asked for one job only, or failed.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jobs.sh"
start_emulator --fast --token web-pull --token other
M=$T/prom/acrotate.prom
mkdir "$T/prom"
config "metrics_file = $M"
env_jobs web-pull other
value() { sed -n "s/^$1 //p" "$M"; }
# What is not about one run: two runs one after the other must write the same.
steady() { grep -v -e '^acrotate_run_' -e '^acrotate_last_run_' "$M"; }

acro plan >/dev/null
ok "a plan writes nothing" test ! -e "$M"
acro run web-pull
is "a run of one job" $? 0
is "writes of all: the state of that one" "$(value 'acrotate_job_state{name="web-pull",state="ok"}')" 1
is "and of the other" "$(value 'acrotate_job_state{name="other",state="new"}')" 1
is "how many there are" "$(value acrotate_jobs)" 2
is "its active slot" "$(value 'acrotate_slot_active{name="web-pull",slot="password1"}')" 1
is "not the other" "$(value 'acrotate_slot_active{name="web-pull",slot="password2"}')" 0
like "when it expires" "$(value 'acrotate_slot_expiry_timestamp_seconds{name="web-pull",slot="password1"}')" '^[0-9]{10}$'
is "the same of what is in use" "$(value 'acrotate_active_expiry_timestamp_seconds{name="web-pull"}')" \
	"$(value 'acrotate_slot_expiry_timestamp_seconds{name="web-pull",slot="password1"}')"
is "nothing of a slot that is not there" "$(value 'acrotate_slot_expiry_timestamp_seconds{name="web-pull",slot="password2"}')" ""
is "nothing is in use of the other job" "$(value 'acrotate_active_expiry_timestamp_seconds{name="other"}')" 0
like "when the next rotation is" "$(value 'acrotate_next_rotation_timestamp_seconds{name="web-pull"}')" '^[0-9]{10}$'
is "sinks" "$(value 'acrotate_sinks{name="web-pull"}') $(value 'acrotate_sinks_in_step{name="web-pull"}')" "1 1"
like "how long the registry took" "$(value 'acrotate_password_acceptance_seconds{name="web-pull"}')" '^[0-9]+(\.[0-9]+)?$'
is "the run was well" "$(value acrotate_run_exit_status)" 0
like "and took so long" "$(value acrotate_run_duration_seconds)" '^[0-9]+(\.[0-9]{3})?$'
is "others may read it" "$(stat -c %a "$M")" 644
acro run
is "the other job ran, too" "$(value 'acrotate_job_state{name="other",state="ok"}')" 1

steady >"$T/before"
inode=$(stat -c %i "$M")
requests=$(control log | wc -l)
strace -f -e trace=execve -o "$T/strace" "$ACROTATE" run --config "$E/acrotate.conf" </dev/null >"$T/out" 2>&1
ok "a run with nothing to do writes it again" test "$(stat -c %i "$M")" != "$inode"
steady >"$T/after"
ok "with the same figures" cmp -s "$T/before" "$T/after"
is "without the network" "$(control log | wc -l)" "$requests"
is "and without the whole program" "$(grep -Ec 'acrotate-(net|lean)' "$T/strace")" 0
acro run other
steady >"$T/after"
ok "so does one of a single job" cmp -s "$T/before" "$T/after"
ok "no temporary file is left" test -z "$(find "$T/prom" -name '.acrotate*')"

# Failures.
fault '{"operation":"token-get","effect":"status","status":500,"count":0}' >/dev/null
at $((80 * DAY)) acro run web-pull 2>/dev/null
is "a run that failed" $? 75
is "says so" "$(value acrotate_run_exit_status)" 75
is "and of its job, too" "$(value 'acrotate_consecutive_failures{name="web-pull"}')" 1
like "since when" "$(value 'acrotate_failing_since_timestamp_seconds{name="web-pull"}')" '^[0-9]{10}$'
is "the other is due" "$(value 'acrotate_job_state{name="other",state="due"}')" 1
no_faults >/dev/null
acro run
is "until it is well again" "$(value 'acrotate_consecutive_failures{name="web-pull"}')" 0
echo bogus >>"$E/jobs.d/other.conf"
acro run 2>/dev/null
is "a job whose file has a mistake" "$? $(value 'acrotate_job_state{name="other",state="failing"}')" "78 1"
is "has no figures" "$(value 'acrotate_sinks{name="other"}')" ""


# Two jobs of one token: neither is run.
job_with other token=web-pull <<END
[sink env]
type = file
path = $T/other.env
END
acro run 2>/dev/null
is "two jobs of one token" "$? $(value 'acrotate_job_state{name="other",state="failing"}')" "78 1"

arm POST generateCredentials "{\"tokenId\":\"$REGISTRY_ID/tokens/web-pull\",\"name\":\"password2\"}" >/dev/null
at $((2 * DAY)) acro run web-pull 2>/dev/null
is "a foreign slot is told long before" "$(value 'acrotate_foreign_ahead{name="web-pull"}') $(value 'acrotate_slot_foreign{name="web-pull",slot="password2"}')" "1 1"

# For whoever has no file to scrape: the same, of the jobs that are asked for, without a run's own.
job_with other <<END
[sink env]
type = file
path = $T/other.env
END
at $((2 * DAY)) acro run >/dev/null 2>&1
at $((2 * DAY)) acro status --output metrics >"$T/told"
is "status prints them" "$?" 0
told() { grep -v -e '^# .* acrotate_run_' -e '^acrotate_run_' "$1" | grep -v '^acrotate_last_run_'; }
told "$M" >"$T/before"; told "$T/told" >"$T/after"
ok "the figures are those of the file" diff -u "$T/before" "$T/after"
is "a run's are not among them" "$(grep -c acrotate_run_ "$T/told")" 0
is "of one job" "$(acro status web-pull -o metrics | grep -c '^acrotate_job_state{')" 1
echo bogus >>"$E/jobs.d/other.conf"
acro status -o metrics other >"$T/told" 2>/dev/null
is "a job whose file has a mistake: exit 78" "$? $(grep 'name="other"' "$T/told")" '78 acrotate_job_state{name="other",state="failing"} 1'

rm -rf "$T/prom"
acro run web-pull 2>"$T/err"
is "a file that cannot be written: exit 74" $? 74
like "says why" "$(cat "$T/err")" "cannot write metrics_file"
mkdir "$T/prom"; echo precious >"$T/precious"; ln -s "$T/precious" "$M"
acro run web-pull 2>/dev/null
is "a symbolic link in its place is not followed" "$? $(cat "$T/precious")" "74 precious"

# Form: every family has HELP and TYPE once, before its samples, and no sample twice.
rm "$M"; acro run web-pull
perl -ne 'if (/^# HELP (\w+) /) { $bad++ if $help{$1}++ } elsif (/^# TYPE (\w+) gauge$/) { $bad++ unless $help{$1}; $type = $1 }
	elsif (/^(\w+)(\{[^}]*\})? -?[0-9.]+$/) { $bad++ if $1 ne $type || $seen{"$1$2"}++ } else { $bad++ } END { exit !!$bad }' "$M"
is "it is in Prometheus's form" $? 0
done_testing
