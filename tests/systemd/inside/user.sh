#!/bin/sh
# SPDX-License-Identifier: MIT
# Inside of a Debian whose process 1 is systemd: the units of a user who has a keyring.
# shellcheck source=tests/systemd/inside/lib.sh
. /inside/lib.sh

install_debs /debs/acrotate_*.deb /debs/acrotate-emulator_*.deb /debs/acrotate-keyring_*.deb
is "the packages can be installed" $? 0
azure web-pull
useradd -m -s /bin/sh web
uid=$(id -u web)
loginctl enable-linger web
wait_for test -S "/run/user/$uid/bus"
# as_web COMMAND...: as in a session of that user.
as_web() {
	runuser -u web -- env -i HOME=/home/web USER=web PATH=/usr/bin:/bin LC_ALL=C.UTF-8 XDG_RUNTIME_DIR="/run/user/$uid" \
		DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$uid/bus" "$@"
}
user_property() { as_web systemctl --user show -P "$2" "$1"; }
failed='acrotate-failed@acrotate.service.service'

# ---- installed, with a keyring that is open

is "the timer of users is there, and not enabled" "$(as_web systemctl --user is-enabled acrotate.timer)" disabled
as_web systemctl --user enable --now acrotate.timer 2>/dev/null
is "as the README says it is enabled" "$(as_web systemctl --user is-enabled acrotate.timer) $(as_web systemctl --user is-active acrotate.timer)" \
	"enabled active"
# The bus starts one by itself, locked, for whoever asks before ours is there; --replace ends that.
serves_secrets() {
	as_web dbus-send --session --print-reply --reply-timeout=3000 --dest=org.freedesktop.DBus /org/freedesktop/DBus \
		org.freedesktop.DBus.GetConnectionUnixProcessID string:org.freedesktop.secrets | grep -qw "uint32 $(pgrep -u web -f "^gnome-keyring-daemon $1")"
}
keyring() {
	as_web systemctl --user stop keyring.service 2>/dev/null
	as_web systemd-run --user -q --unit=keyring sh -c \
		"printf '%s' '$1' | gnome-keyring-daemon --replace --foreground --unlock --components=secrets"
	wait_for serves_secrets '--replace --foreground --unlock'
}
keyring of-the-keyring
c=/home/web/.config/acrotate
as_web mkdir -p $c/jobs.d
sed "s|/srv/azure/client-secret|$c/client-secret|" $config | as_web sh -c "cat >$c/acrotate.conf"
as_web sh -c "umask 077; cat >$c/client-secret" </srv/azure/client-secret
cp /srv/azure/ca.pem /home/web/ca.pem
sed -i "s|^ca_file = .*|ca_file = /home/web/ca.pem|" $c/acrotate.conf
as_web sh -c "cat >$c/jobs.d/web.conf" <<END
[job]
registry = $EMULATOR_REGISTRY
token = web-pull
inspect_every = 1s
verify_every = 1s
grace = 1s
[sink keyring]
type = libsecret
END
secret() { as_web secret-tool lookup server "https://$EMULATOR_LOGIN_SERVER" 2>/dev/null || as_web secret-tool lookup server "$EMULATOR_LOGIN_SERVER"; }
# run: as the timer does it; what OnFailure= starts has come to its end when this is over.
run() {
	sleep 1.1 # for inspect_every
	# It waits for what is transient, ten minutes long: nothing here is to be.
	as_web timeout 60 systemctl --user start acrotate.service 2>/dev/null
	RC=$?
	wait_for as_web sh -c "! systemctl --user is-active -q '$failed' && ! systemctl --user list-jobs | grep -q acrotate-failed"
}
run
is "the service rotates into the keyring" "$RC $(user_property acrotate.service Result)" "0 success"
[ "$RC" = 0 ] || journalctl -o cat _UID="$uid" | tail -n 20 | sed 's/^/# /'
first=$(secret)
like "a password is in it" "$first" '^.{52}$'
ok "which works" works web-pull "$first"
is "the state is the user's" "$(stat -c %U /home/web/.local/state/acrotate/web.state)" web
as_web acrotate status >"$OUT" 2>&1
like "status says so" "$(cat "$OUT")" '^web +.* ok '

# ---- the timer starts it

mkdir -p /home/web/.config/systemd/user/acrotate.timer.d
printf '[Timer]\nOnActiveSec=1s\nRandomizedDelaySec=0\nAccuracySec=1ms\n' >/home/web/.config/systemd/user/acrotate.timer.d/soon.conf
before=$(user_property acrotate.service InactiveEnterTimestampMonotonic)
as_web systemctl --user daemon-reload
as_web systemctl --user restart acrotate.timer
later() { [ "$(user_property acrotate.service InactiveEnterTimestampMonotonic)" -gt "$before" ]; }
ok "the timer fires" wait_for later
wait_for sh -c '[ "$1" != activating ]' sh "$(user_property acrotate.service ActiveState)"
is "and the run is well" "$(user_property acrotate.service Result)" success
rm -r /home/web/.config/systemd/user/acrotate.timer.d
as_web systemctl --user daemon-reload

# ---- it fails, tells, recovers

mail_sink
disable disabled
run
is "a disabled token: the unit fails" "$RC $(as_web systemctl --user is-failed acrotate.service)" "1 failed"
is "and one mail goes out" "$(mails)" 1
like "to the user" "$(cat /srv/mail/1 2>/dev/null)" '^To: web$'
like "with what the run has said" "$(cat /srv/mail/1 2>/dev/null)" "web: .*'web-pull' is disabled"
[ "$(mails)" = 1 ] || { as_web systemctl --user status "$failed" --no-pager; as_web journalctl --user -n 20 --no-pager; } 2>&1 | sed 's/^/# /'
run
is "the next time nobody is told again" "$RC $(mails)" "1 1"
disable enabled
run
is "it recovers" "$RC $(mails)" "0 1"

webhook
mkdir -p "/home/web/.config/systemd/user/acrotate-failed@.service.d"
sed "s|https://hooks.example.com/acrotate|$HOOK|" /usr/share/doc/acrotate/failed-webhook.conf \
	>"/home/web/.config/systemd/user/acrotate-failed@.service.d/webhook.conf"
chown -R web: /home/web/.config
as_web systemctl --user daemon-reload
sed -i 's/^token = .*/&\nlifetim = 90d/' $c/jobs.d/web.conf
run
is "a mistake in a job, the drop-in for a webhook in the user's directory" "$RC $(posts) $(mails)" "1 1 1"
like "the same is posted" "$(cat /srv/hook/* 2>/dev/null)" "web.conf:[0-9]+: .*lifetim.*lifetime"
sed -i '/^lifetim /d' $c/jobs.d/web.conf
run
is "it recovers from that, too" "$RC $(posts)" "0 1"

# ---- the journal is kept in memory, where a user may not read it

mkdir -p /run/systemd/journald.conf.d
printf '[Journal]\nStorage=volatile\n' >/run/systemd/journald.conf.d/volatile.conf
rm -rf /var/log/journal
systemctl restart systemd-journald
is "a user sees nothing of such a journal" "$(as_web journalctl --user -q -n 1 -o cat 2>/dev/null)" ""
disable disabled
run
is "a failure is told all the same" "$RC $(posts)" "1 2"
like "by its exit status" "$(cat /srv/hook/*)" '\(exit-code, status 65\)'
like "and why by that alone" "$(cat /srv/hook/*)" 'this user may not read'
disable enabled
run
is "and it recovers" "$RC $(posts)" "0 2"

# ---- the keyring is locked, as it is until somebody logs in

as_web systemctl --user stop keyring.service
as_web systemd-run --user -q --unit=keyring gnome-keyring-daemon --replace --foreground --components=secrets
wait_for serves_secrets '--replace --foreground --components'
sleep 2.1
as_web timeout 60 acrotate run >"$OUT" 2>&1
is "a locked keyring is for the next run" "$?" 75
like "with --verbose it says so" "$(as_web timeout 60 acrotate run --verbose 2>&1)" 'locked'
keyring of-the-keyring
run
is "open again, a run is well" "$RC" 0
ok "and what is in it works" works web-pull "$(secret)"
as_web systemctl --user stop keyring.service
systemctl stop azure.service webhook.service
done_testing
