#!/bin/sh
# SPDX-License-Identifier: MIT
# A job file that somebody copied: the copies are refused, whichever jobs a command names; the one that was there first goes on, and says
# that there are copies; status and metrics say the same.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jobs.sh"
start_emulator --fast --token web-pull
config "metrics_file = $T/metrics.prom"
# on_web_pull NAME [key=value...]
on_web_pull() {
	_copy=$1; shift
	env_job "$_copy" token=web-pull grace=1s "$@"
}
metric_state() { sed -n "s/^acrotate_job_state{[a-z]*=\"$1\",state=\"\([a-z]*\)\"} 1$/\1/p" "$T/metrics.prom"; }

on_web_pull web
try run
try run --force
try run
sleep 2.1
try run --force
like "the first job has both slots, and uses the first" "$(acro status web 2>&1)" ' ok +password1 '
is "the first job" "$RC $(login web-pull "$(cat "$T/web.env")")" "0 200"
before=$(generations web-pull)
# By its name it would come first.
on_web_pull a-copy exclusive=yes
try run a-copy
is "the copy, named alone: exit status" "$RC" 78
like "is told whose the token is" "$(said)" "a-copy: .*a-copy.conf:1: token '.*web-pull' belongs to job 'web' too"
is "nothing was generated" "$(generations web-pull)" "$before"
ok "nothing was delivered" test ! -e "$T/a-copy.env"
is "whoever pulls is served" "$(login web-pull "$(cat "$T/web.env")")" 200
try run web
is "the first one goes on: exit status" "$RC" 0
like "and says that there is a copy" "$(said)" "web: job 'a-copy' wants the same token or entry, and is refused"
try run
is "all of them: the copy fails the run" "$RC" 78
like "for the copy" "$(said)" "a-copy: "
is "and nothing else" "$(said | grep -c 'web: .*web.conf:1')" 0
sleep 2.1
try run --force web
is "the first one rotates" "$RC $(login web-pull "$(cat "$T/web.env")")" "0 200"
ok "it was generated" test "$(generations web-pull)" != "$before"
is "status of the copy" "$(job_field a-copy state)" failing
is "status of the first" "$(job_field web state)" ok
like "names the copy" "$(acro status web 2>&1)" "job 'a-copy' wants the same token or entry"
try run
is "metrics say the same" "$(metric_state a-copy) $(metric_state web)" "failing ok"
try run web
is "also after a run of one" "$(metric_state a-copy) $(metric_state web)" "failing ok"
try check web
like "check warns" "$(said)" "^warning +web: configuration: job 'a-copy' wants the same token or entry"
try check a-copy
is "and refuses the copy" "$RC" 78
rm "$E/jobs.d/a-copy.conf"
try run web
is "without it: quiet" "$RC$(said)" 0

# Where none has a record nobody was first.
rm -rf "$T/state"
on_web_pull copy
try run web
is "no record of either: refused" "$RC" 78
done_testing
