#!/bin/sh
# SPDX-License-Identifier: MIT
# acrotate-failed: what OnFailure= tells, and what it does not. systemctl and journalctl are stubs that answer as told.
set -u
. "$(dirname "$0")/lib.sh"
mkdir "$T/bin" "$T/state"
cat >"$T/bin/systemctl" <<END
#!/bin/sh
case "\$*" in *InvocationID*) echo 0123 ;; *ExecMainStatus*) cat "$T/status" ;; *Result*) cat "$T/result" ;; esac
END
cat >"$T/bin/journalctl" <<END
#!/bin/sh
echo "\$*" >>"$T/asked"
case "\$*" in *--sync*) ;; *"-n 1"*) [ -e "$T/closed" ] || echo "an older line" ;; *) cat "$T/journal" ;; esac
END
cat >"$T/bin/hook" <<END
#!/bin/sh
{ printf '<%s>' "\$@"; echo; cat; } >"$T/told"
END
chmod +x "$T"/bin/*
# failed RESULT STATUS JOURNAL [OPTION]: what was told.
failed() {
	echo "$1" >"$T/result"; echo "$2" >"$T/status"; printf '%s' "$3" >"$T/journal"; rm -f "$T/told"; shift 3
	PATH="$T/bin:$PATH" TELL="$T/bin/hook --to *ops" STATE_DIRECTORY=$T/state \
		sh "$ROOT/packaging/systemd/acrotate-failed" "$@" acrotate.service >"$T/out" 2>&1
	cat "$T/told" 2>/dev/null
}
like "what the run has said is told" "$(failed exit-code 65 'web: token is disabled')" '^web: token is disabled$'
like "with the unit, and how it ended" "$(cat "$T/told")" '^acrotate.service on .* has failed \(exit-code, status 65\)'
like "and where to look" "$(cat "$T/told")" 'acrotate status --problems'
like "by the words of TELL, unexpanded" "$(cat "$T/told")" '^<--to><\*ops>$'
like "of that run alone, warnings and worse" "$(cat "$T/asked")" '-p warning _SYSTEMD_INVOCATION_ID=0123'
is "a failure of which the run has said nothing is none" "$(failed exit-code 75 '')" ""
is "nor of the script" "$(cat "$T/out")" ""
like "a program that did not start is one" "$(failed exit-code 203 '')" 'status 203'
like "so is a run that was killed" "$(failed signal 9 '')" '\(signal, status 9\)'
is "once a day" "$(failed signal 9 '')" ""
like "one that was timed out is another one" "$(failed timeout 15 '')" '\(timeout, status 15\)'
find "$T/state" -type f -exec touch -d '25 hours ago' {} +
like "and after a day it is told again" "$(failed signal 9 '')" '\(signal, status 9\)'
# What could not be told is told again; where that cannot be noted every time.
rm -r "$T/state"
sed -i 's/^{/[ ! -e "$(dirname "$0")\/broken" ] || exit 3\n{/' "$T/bin/hook"
touch "$T/bin/broken"
is "one that cannot be told" "$(failed signal 9 '')" ""
rm "$T/bin/broken"
like "is told the next time" "$(failed signal 9 '')" '\(signal, status 9\)'
is "once" "$(failed signal 9 '')" ""
rm -r "$T/state"; : >"$T/state"
for time in first second; do like "with no place for a note, the $time time" "$(failed signal 9 '')" '\(signal, status 9\)'; done
rm "$T/state"
# A user who may not read the journal is told all the same, of what does not pass by itself.
touch "$T/closed"
like "a journal that cannot be read: the status is told" "$(failed exit-code 65 '')" '\(exit-code, status 65\)'
like "and why there is no more" "$(cat "$T/told")" 'may not read'
is "once a day, too" "$(failed exit-code 65 '')" ""
is "what passes by itself is not" "$(failed exit-code 75 '')" ""
rm "$T/closed"
failed exit-code 65 'x' --user >/dev/null
like "of a user's unit" "$(tail -n 1 "$T/asked")" '^--user '
sh "$ROOT/packaging/systemd/acrotate-failed" >/dev/null 2>&1
is "without a unit: usage" $? 64
for u in acrotate.service user/acrotate.service; do
	is "$u starts it" "$(sed -n 's/^OnFailure=//p' "$ROOT/packaging/systemd/$u")" "acrotate-failed@%n.service"
done
done_testing
