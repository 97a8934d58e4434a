#!/bin/sh
# SPDX-License-Identifier: MIT
# Inside of a Debian whose process 1 is systemd: who is told when acrotate.service fails, and who is not.
# shellcheck source=tests/systemd/inside/lib.sh
. /inside/lib.sh
sink=/etc/web/registry.env
failed='acrotate-failed@acrotate.service.service'

install_debs /debs/acrotate_*.deb /debs/acrotate-emulator_*.deb
azure web-pull
env_job 'inspect_every = 1s' 'verify_every = 1s'
mkdir -p /etc/systemd/system/acrotate.service.d
acrotate check --systemd-dropin >/etc/systemd/system/acrotate.service.d/paths.conf
systemctl daemon-reload
# run: as the timer does it; what OnFailure= starts has come to its end when this is over.
run() {
	sleep 1.1 # for inspect_every
	systemctl start acrotate.service 2>/dev/null
	RC=$?
	wait_for sh -c "! systemctl is-active -q '$failed' && ! systemctl list-jobs | grep -q acrotate-failed"
}

# ---- by mail, which is what happens without anything being configured

run
is "a first run is well" "$RC $(property acrotate.service Result)" "0 success"
acrotate check --problems >"$OUT" 2>/dev/null
like "check: without a sendmail nobody is told" "$(cat "$OUT")" '^warning +told: .*no sendmail: nobody is told'
mail_sink
acrotate check >"$OUT" 2>/dev/null
like "with one it says who" "$(cat "$OUT")" '^ok +told: acrotate-failed@.service mails root'
run
is "a run that is well tells nobody" "$RC $(mails)" "0 0"
disable disabled
run
is "a disabled token: the unit fails" "$RC $(systemctl is-failed acrotate.service)" "1 failed"
is "and one mail goes out" "$(mails)" 1
like "to root" "$(cat /srv/mail/1)" '^To: root$'
like "with the unit and the host" "$(cat /srv/mail/1)" "^Subject: acrotate.service on $(uname -n) has failed\$"
like "what the run has said" "$(cat /srv/mail/1)" "web: .*'web-pull' is disabled"
like "how it ended" "$(cat /srv/mail/1)" 'has failed \(exit-code, status 65\)'
like "and where to look" "$(cat /srv/mail/1)" 'acrotate status --problems'
is "the command that tells did not fail" "$(property "$failed" Result)" success
run
is "the next hour: it fails, and nobody is told again" "$RC $(mails)" "1 1"
disable enabled
run
is "it recovers" "$RC $(systemctl is-active acrotate.service) $(mails)" "0 inactive 1"

# ---- by a webhook: the example that comes with it

webhook
mkdir -p "/etc/systemd/system/acrotate-failed@.service.d"
sed "s|https://hooks.example.com/acrotate|$HOOK|" /usr/share/doc/acrotate/failed-webhook.conf \
	>"/etc/systemd/system/acrotate-failed@.service.d/webhook.conf"
systemctl daemon-reload
rm -f $sink && mkdir $sink
run
is "something stands where the sink was: it fails" "$RC" 1
is "one message is posted, no mail" "$(posts) $(mails)" "1 1"
like "with what the run has said" "$(cat /srv/hook/*)" "web: .*$sink"
rmdir $sink
run
is "it recovers, and heals the sink" "$RC $(posts)" "0 1"
ok "with a password that works" works web-pull "$(sed s/REGISTRY_PASSWORD=// $sink)"

# ---- a run that cannot say anything itself

pid=$(property azure.service MainPID)
kill -STOP "$pid"
sleep 2.1
systemctl start --no-block acrotate.service
wait_for sh -c 'test "$(systemctl show -P ActiveState acrotate.service)" = activating'
systemctl kill -s KILL acrotate.service
wait_for sh -c '[ "$(find /srv/hook -name "[0-9]*" | wc -l)" = 2 ]'
kill -CONT "$pid"
like "a run that was killed is told, too" "$(cat /srv/hook/*)" '\(signal, status (9|KILL)\)'
run
is "and the next one is well" "$RC" 0

# ---- the mail example: other addresses

rm "/etc/systemd/system/acrotate-failed@.service.d/webhook.conf"
cp /usr/share/doc/acrotate/failed-mail.conf "/etc/systemd/system/acrotate-failed@.service.d/mail.conf"
systemctl daemon-reload
sed -i 's/^token = .*/&\nlifetim = 90d/' /etc/acrotate/jobs.d/web.conf
run
is "a mistake in a job: it fails" "$RC $(property acrotate.service ExecMainStatus)" "1 78"
like "those named in the drop-in get the mail" "$(cat /srv/mail/2)" '^To: ops@example.com,oncall@example.com$'
like "with file, line and what is right" "$(cat /srv/mail/2)" "web.conf:[0-9]+: .*lifetim.*lifetime"

is "nowhere a password" "$(cat /srv/mail/* /srv/hook/* | grep -cF "$(sed s/REGISTRY_PASSWORD=// $sink)")" 0
systemctl stop azure.service webhook.service
done_testing
