#!/bin/sh
# SPDX-License-Identifier: MIT
# A Secret Service that asks its user, where nobody is: the prompt dismissed, ignored, its process gone; a service that has the name and
# answers nothing; a keyring of another name that is locked. Each has its own error, in time, and no password is generated for any.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/job.sh"
needs dbus-daemon
SERVICE=$BUILD/secret-service
[ -x "$SERVICE" ] || skip_all "no $SERVICE: make $SERVICE"

start_emulator --token web-pull --token other --propagation 0s
make_host 'lifetime = 90d' 'grace = 1s'
job web-pull <<'END'
[job]
token = web-pull
[sink keyring]
type = libsecret
END
unset DISPLAY WAYLAND_DISPLAY
export DBUS_SESSION_BUS_ADDRESS="unix:path=$T/bus"
cat >"$T/bus.conf" <<END
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=$T/bus</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
END
start bus dbus-daemon --config-file="$T/bus.conf" --nofork --nosyslog
wait_for "the bus" test -S "$T/bus"
has_owner() {
	dbus-send --session --print-reply --dest=org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus.NameHasOwner \
		string:org.freedesktop.secrets 2>/dev/null | grep -q "boolean $1"
}
serve() { # MODE
	start service "$SERVICE" "$1"
	SERVED=$PID
	wait_for "the service" has_owner true
}
gone() {
	kill "$SERVED" 2>/dev/null
	wait "$SERVED" 2>/dev/null
	wait_for "its end" has_owner false
}
# Whoever waits for a prompt for ever is red here, and not only late.
bounded() { timeout -k 5 90 "$ACROTATE" run --config "$E/acrotate.conf" --verbose >"$T/out" 2>"$T/err" </dev/null; RC=$?; }

while read -r mode rc pattern; do
	serve "$mode"
	clear_log
	fresh
	bounded
	is "$mode: exit status" "$RC" "$rc"
	like "$mode: says so" "$(said)" "$pattern"
	case $mode in
	dismissed | dies | ignored) ;;	# the prompt comes when the password is there
	*) is "$mode: nothing was generated" "$(generated)" 0 ;;
	esac
	gone
	rm -rf "$H/state"
	control tokens/web-pull '{"action":"delete"}' >/dev/null
	control tokens/web-pull '{"action":"create"}' >/dev/null
done <<'END'
dismissed 75 asked its user, who declined or was not there
ignored 75 did not answer within 5 seconds; it hangs or was stopped, or waits for its user
dies 75 asked its user, who declined or was not there
locked 75 the keyring 'Passwords' is locked
silent 75 did not answer within 5 seconds
END

# INT and TERM in the middle of one that hangs: well before its deadline.
serve silent
for signal in TERM INT; do
	timeout --foreground -s KILL 60 "$ACROTATE" run --config "$E/acrotate.conf" --verbose >"$T/out" 2>"$T/err" </dev/null &
	run=$!
	PIDS="$run $PIDS"
	sleep 1
	kill -s "$signal" "$run"
	began=$(date +%s)
	wait "$run"
	is "$signal ends a run that waits for it" "$?" 75
	ok "$signal: at once" test $(($(date +%s) - began)) -le 2
	is "$signal: and nothing of it is left" "$(pgrep -f "$BUILD/acrotate-keyring" | wc -l)" 0
done
gone
done_testing
