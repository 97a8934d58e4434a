#!/bin/sh
# SPDX-License-Identifier: MIT
# The Secret Service: a real gnome-keyring on a bus of its own, docker's helper and skopeo reading what acrotate stores; and the keyring
# locked, frozen, killed, without a collection, without a service, without a bus.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/job.sh"
needs skopeo docker-registry dbus-daemon dbus-send gnome-keyring-daemon docker-credential-secretservice

start_registry --token web-pull --propagation 0s
push_image hello
make_host 'lifetime = 90d' 'grace = 1s'
keyring_job() {
	job web-pull <<END
[job]
token = web-pull
[sink keyring]
type = libsecret
$*
END
}
keyring_job

unset DISPLAY WAYLAND_DISPLAY DBUS_SESSION_BUS_ADDRESS XDG_RUNTIME_DIR
R=$T/run
mkdir -m 700 "$R"
# A bus at the usual place in a runtime directory; HOME is where the keyring lies.
start_bus() { # NAME
	mkdir -m 700 "$R/$1"
	# What it activates lives in the same home.
	start "bus-$1" env HOME="$T/home" XDG_DATA_HOME="$T/home/.local/share" XDG_RUNTIME_DIR="$R/$1" dbus-daemon --session --nofork --nosyslog --address="unix:path=$R/$1/bus"
	wait_for "the bus" test -S "$R/$1/bus"
}
at_bus() { # NAME COMMAND...
	_bus=$1; shift
	HOME=$T/home XDG_DATA_HOME=$T/home/.local/share XDG_RUNTIME_DIR=$R/$_bus DBUS_SESSION_BUS_ADDRESS=unix:path=$R/$_bus/bus "$@"
}
start_keyring() {
	mkdir -p "$T/home/.local/share/keyrings"
	# Not by `start`, whose pid would be the pipe's.
	printf %s keyring-password >"$T/keyring-password"
	env HOME="$T/home" XDG_DATA_HOME="$T/home/.local/share" XDG_RUNTIME_DIR="$R/one" DBUS_SESSION_BUS_ADDRESS="unix:path=$R/one/bus" \
		gnome-keyring-daemon --replace --foreground --unlock --components=secrets <"$T/keyring-password" >"$T/keyring.out" 2>&1 &
	KEYRING=$!
	PIDS="$KEYRING $PIDS"
	wait_for "the keyring" serves_secrets "$KEYRING"
}
# After a kill the bus starts another one, locked, until ours takes its place.
serves_secrets() {
	at_bus one dbus-send --session --print-reply --dest=org.freedesktop.DBus /org/freedesktop/DBus \
		org.freedesktop.DBus.GetConnectionUnixProcessID string:org.freedesktop.secrets | grep -qw "uint32 $1"
}
helper() { printf %s "$EMULATOR_LOGIN_SERVER" | at_bus one docker-credential-secretservice get >"$T/helper" 2>/dev/null; }
held() { helper && jget "$T/helper" Secret; }
run_at() { _at=$1; shift; at_bus "$_at" acrotate run "$@"; }

# ---- it stores, and docker's helper reads -----------------------------------------------------------------------------------------
start_bus one
start_keyring
run_at one
says "the first run" 0 '^$'
p1=$(held)
is "docker's helper has the token's name" "$(jget "$T/helper" Username)" web-pull
is "the registry takes its password" "$(login web-pull "$p1")" 200
is "its list has the login server" "$(at_bus one docker-credential-secretservice list)" "{\"$EMULATOR_LOGIN_SERVER\":\"web-pull\"}"
printf '{"credHelpers":{"%s":"secretservice"}}\n' "$EMULATOR_LOGIN_SERVER" >"$T/helpers.json"
ok "skopeo pulls through the helper, with no further step" at_bus one pull_image hello "$T/helpers.json"
clear_log
run_at one
says "a second run" 0 '^$'
is "a second run makes no request" "$(requests)" 0

# ---- it rotates -------------------------------------------------------------------------------------------------------------------
run_at one --force
says "a forced rotation" 0 '^$'
p2=$(held)
ok "the password is another one" test "$p1" != "$p2"
is "which the registry takes" "$(login web-pull "$p2")" 200
is "as it does the old one" "$(login web-pull "$p1")" 200

# ---- under cron nobody says where the bus is --------------------------------------------------------------------------------------
env -i PATH="$PATH" HOME="$T/home" LOGNAME=root SHELL=/bin/sh XDG_RUNTIME_DIR="$R/one" \
	"$ACROTATE" run --config "$E/acrotate.conf" >"$T/out" 2>"$T/err"; RC=$?
says "with XDG_RUNTIME_DIR alone" 0 '^$'
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
	env -i PATH="$PATH" HOME="$T/home" unshare -m sh -c 'mount -t tmpfs none /run && mkdir -p /run/user/0 &&
		ln -s "$1/bus" /run/user/0/bus && shift && exec "$@"' sh "$R/one" "$ACROTATE" run --config "$E/acrotate.conf" \
		>"$T/out" 2>"$T/err"
	# shellcheck disable=SC2034  # says reads it
	RC=$?
	says "with /run/user/UID/bus alone" 0 '^$'
fi

# ---- another user's item -----------------------------------------------------------------------------------------------------------
sleep 2.1
printf '{"ServerURL":"%s","Username":"somebody","Secret":"theirs"}' "$EMULATOR_LOGIN_SERVER" |
	at_bus one docker-credential-secretservice store
run_at one --force
says "another user's item" 65 "another user \\('somebody'\\).*take_entry = yes"
like "it is still there" "$(at_bus one docker-credential-secretservice list)" 'somebody|web-pull'
keyring_job 'take_entry = yes'
run_at one --force
says "it is taken" 0 '^$'
is "ours is the only one" "$(at_bus one docker-credential-secretservice list)" "{\"$EMULATOR_LOGIN_SERVER\":\"web-pull\"}"
p3=$(held)
is "and the registry takes it" "$(login web-pull "$p3")" 200
keyring_job

# ---- the same through docker's helper as a sink of type helper ----------------------------------------------------------------------
sleep 2.1
job web-pull <<END
[job]
token = web-pull
[sink vault]
type = helper
program = docker-credential-secretservice
END
run_at one
says "a helper sink finds it in step" 0 '^$'
run_at one --force
says "a rotation through the helper" 0 '^$'
p4=$(held)
ok "the password is another one" test "$p4" != "$p3"
is "which the registry takes" "$(login web-pull "$p4")" 200
keyring_job
run_at one
says "and the libsecret sink reads what the helper wrote" 0 '^$'
p3=$p4
sleep 2.1

# ---- locked, frozen, killed --------------------------------------------------------------------------------------------------------
control state >"$T/before"
at_bus one dbus-send --session --print-reply --dest=org.freedesktop.secrets /org/freedesktop/secrets \
	org.freedesktop.Secret.Service.Lock array:objpath:/org/freedesktop/secrets/collection/login >/dev/null
run_at one --force --verbose
says "locked" 75 'the keyring .*is locked'
kill -STOP "$KEYRING"
began=$(date +%s)
run_at one --force --verbose
took=$(($(date +%s) - began))
says "frozen" 75 'did not answer within 5 seconds'
ok "frozen: it took $took seconds" test "$took" -lt 30
kill -CONT "$KEYRING"
kill -KILL "$KEYRING"
wait "$KEYRING" 2>/dev/null
run_at one --force --verbose
says "killed" 75 'the keyring .*is locked|no Secret Service|did not answer|cannot'
control state >"$T/after"
is "nothing was generated meanwhile" "$(sed 's/"now":"[^"]*"//' "$T/after")" "$(sed 's/"now":"[^"]*"//' "$T/before")"
start_keyring
is "unlocked again, it has what it had" "$(held)" "$p3"
run_at one
says "and a run is content" 0 '^$'

# ---- no collection, no service, no bus ----------------------------------------------------------------------------------------------
mkdir -m 700 "$R/two"
# Without activation of whatever is installed: only what is started on it.
cat >"$T/bus.conf" <<END
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=$R/two/bus</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
END
start bus-two dbus-daemon --config-file="$T/bus.conf" --nofork --nosyslog
wait_for "the second bus" test -S "$R/two/bus"
run_at two --force --verbose
says "no service" 69 'no Secret Service on the session bus'
# A keyring that nobody ever logged in to: the service is there, and has no collection to be the default one.
mkdir -m 700 "$R/three"
mkdir -p "$T/fresh/.local/share/keyrings"
sed "s|$R/two/bus|$R/three/bus|" "$T/bus.conf" >"$T/bus-three.conf"
start bus-three dbus-daemon --config-file="$T/bus-three.conf" --nofork --nosyslog
wait_for "the third bus" test -S "$R/three/bus"
start fresh-keyring env HOME="$T/fresh" XDG_DATA_HOME="$T/fresh/.local/share" XDG_RUNTIME_DIR="$R/three" \
	DBUS_SESSION_BUS_ADDRESS="unix:path=$R/three/bus" gnome-keyring-daemon --foreground --components=secrets
default_collection() {
	at_bus three dbus-send --session --print-reply --dest=org.freedesktop.secrets /org/freedesktop/secrets \
		org.freedesktop.Secret.Service.ReadAlias string:default | sed -n 's/.*object path "\(.*\)"/\1/p'
}
has_answered() { [ -n "$(default_collection)" ]; }
wait_for "the fresh keyring" has_answered
is "a fresh keyring has no default collection" "$(default_collection)" /
run_at three --force --verbose
says "no default collection" 69 'the Secret Service has no default keyring: make one'
is "none was made, and nobody was asked" "$(default_collection)$(find "$T/fresh/.local/share/keyrings" -type f)" /
control state >"$T/after"
is "nothing was generated" "$(sed 's/"now":"[^"]*"//' "$T/after")" "$(sed 's/"now":"[^"]*"//' "$T/before")"
DBUS_SESSION_BUS_ADDRESS=unix:path=$T/nowhere acrotate run --force --verbose
says "no bus there" 75 'cannot reach the session bus'
if [ ! -e "/run/user/$(id -u)/bus" ]; then
	acrotate run --force --verbose
	says "no bus at all" 75 'no session bus: .*enable-linger'
fi
is "the password in the keyring is still what it was" "$(held)" "$p3"
done_testing
