#!/bin/sh
# SPDX-License-Identifier: MIT
# A job file that somebody copied: the copies are refused, whichever jobs a command names; the one that was there first goes on, and says
# that there are copies; status and metrics say the same.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jobs.sh"
start_emulator --fast --token web-pull
config "metrics_file = $T/metrics.prom"
web_job() { # NAME LINE...
	name=$1; shift
	job_with "$name" token=web-pull grace=1s "$@" <<END
[sink env]
type = file
path = $T/$name.env
END
}
run() { acro "$@" >"$T/out" 2>"$T/err"; RC=$?; }
said() { cat "$T/out" "$T/err"; }
generations() { control "state?token=web-pull" | grep -o '"generations":[0-9]*' | cut -d: -f2 | tr '\n' ' '; }
state() { acro status "$1" -o json 2>/dev/null | grep -o '"state": "[a-z]*"' | cut -d'"' -f4; }
metric_state() { sed -n "s/^acrotate_job_state{[a-z]*=\"$1\",state=\"\([a-z]*\)\"} 1$/\1/p" "$T/metrics.prom"; }

web_job web
run run
run run --force
run run
sleep 2.1
run run --force
like "the first job has both slots, and uses the first" "$(acro status web 2>&1)" ' ok +password1 '
is "the first job" "$RC $(login web-pull "$(cat "$T/web.env")")" "0 200"
before=$(generations)
# By its name it would come first.
web_job a-copy exclusive=yes
run run a-copy
is "the copy, named alone: exit status" "$RC" 78
like "is told whose the token is" "$(said)" "a-copy: .*a-copy.conf:1: token '.*web-pull' belongs to job 'web' too"
is "nothing was generated" "$(generations)" "$before"
ok "nothing was delivered" test ! -e "$T/a-copy.env"
is "whoever pulls is served" "$(login web-pull "$(cat "$T/web.env")")" 200
run run web
is "the first one goes on: exit status" "$RC" 0
like "and says that there is a copy" "$(said)" "web: job 'a-copy' wants the same token or entry, and is refused"
run run
is "all of them: the copy fails the run" "$RC" 78
like "for the copy" "$(said)" "a-copy: "
is "and nothing else" "$(said | grep -c 'web: .*web.conf:1')" 0
sleep 2.1
run run --force web
is "the first one rotates" "$RC $(login web-pull "$(cat "$T/web.env")")" "0 200"
ok "it was generated" test "$(generations)" != "$before"
is "status of the copy" "$(state a-copy)" failing
is "status of the first" "$(state web)" ok
like "names the copy" "$(acro status web 2>&1)" "job 'a-copy' wants the same token or entry"
run run
is "metrics say the same" "$(metric_state a-copy) $(metric_state web)" "failing ok"
run run web
is "also after a run of one" "$(metric_state a-copy) $(metric_state web)" "failing ok"
run check web
like "check warns" "$(said)" "^warning +web: configuration: job 'a-copy' wants the same token or entry"
run check a-copy
is "and refuses the copy" "$RC" 78
rm "$E/jobs.d/a-copy.conf"
run run web
is "without it: quiet" "$RC$(said)" 0

# Where none has a record nobody was first.
rm -rf "$T/state"
web_job copy
run run web
is "no record of either: refused" "$RC" 78
done_testing
