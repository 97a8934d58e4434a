#!/bin/sh
# SPDX-License-Identifier: MIT
# Inside of a Debian without systemd: the package, a real cron, and a sendmail that keeps what it gets.
# shellcheck source=tests/systemd/inside/lib.sh
. /inside/lib.sh
sink=/etc/web/registry.env

install_debs /debs/acrotate_*.deb /debs/acrotate-emulator_*.deb
is "the package can be installed" $? 0
ok "there is no systemd here" test ! -d /run/systemd/system
mail_sink
mkdir -p /srv /etc/web
azure web-pull
env_job 'inspect_every = 1s' 'verify_every = 1s'
acrotate check --problems >"$OUT" 2>&1
like "check: the line of cron is there, but no daemon that reads it" "$(cat "$OUT")" '^warning +runs: .*no cron daemon runs: nothing starts acrotate'
# Every minute instead of every hour; all else is as it comes.
sed -i 's/^17 \*/* */' /etc/cron.d/acrotate
is "one line was changed" "$(grep -c '^\* \*' /etc/cron.d/acrotate)" 1
cron -f &
CRON=$!
# soon COMMAND...: within three minutes, of which cron's clock takes one.
soon() {
	_end=$(($(date +%s) + 180))
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt $_end ] || return 1
		sleep 0.2
	done
}
password() { sed s/REGISTRY_PASSWORD=// $sink; }
ok "cron runs it at boot: a password is delivered" soon test -s $sink
ok "which works" works web-pull "$(password)"
acrotate check >"$OUT" 2>&1
like "check: by cron" "$(cat "$OUT")" "^ok +runs: by cron: '/etc/cron.d/acrotate', at least every 1m"
like "and by mail" "$(cat "$OUT")" '^ok +told: cron mails what a run says'
is "success is silent" "$(mails)" 0

disable disabled
ok "a failure is mailed" soon test -s /srv/mail/1
like "to root" "$(cat /srv/mail/1)" '^To: root$'
like "with what is wrong" "$(cat /srv/mail/1)" "web: .*'web-pull' is disabled"
last() { acrotate status -o json | sed -n 's/.*"last_run": *"\([^"]*\)".*/\1/p'; }
was=$(last)
another() { [ "$(last)" != "$was" ]; }
ok "the next run fails, too" soon another
sleep 2
is "and mails nothing" "$(mails)" 1
disable enabled
was=$(last)
ok "enabled again, the next run is well" soon another
acrotate status >"$OUT" 2>&1
like "as status says" "$(cat "$OUT")" '^web +.* ok '
is "and no mail says so" "$(mails)" 1
is "no password is in a mail" "$(cat /srv/mail/* | grep -cF "$(password)")" 0

kill $CRON
dpkg -r acrotate >"$OUT" 2>&1
is "removed" "$?" 0
like "the line of cron that stays does nothing without the program" "$(cat /etc/cron.d/acrotate)" 'test ! -x /usr/bin/acrotate \|\|'
is "which is right" "$(sh -c 'test -d /run/systemd/system || test ! -x /usr/bin/acrotate || /usr/bin/acrotate run' 2>&1; echo $?)" 0
kill $AZURE
done_testing
