#!/bin/sh
# SPDX-License-Identifier: MIT
# Inside of a Debian whose process 1 is systemd: the packages as an operator has them.
# shellcheck source=tests/systemd/inside/lib.sh
. /inside/lib.sh
sink=/etc/web/registry.env

# ---- installed

install_debs /debs/acrotate_*.deb /debs/acrotate-emulator_*.deb
is "the packages can be installed" $? 0
is "the timer is enabled" "$(systemctl is-enabled acrotate.timer)" enabled
is "and active" "$(systemctl is-active acrotate.timer)" active
like "it has a next time" "$(property acrotate.timer NextElapseUSecRealtime)" ':'
is "without a job the service does nothing" \
	"$(systemctl start acrotate.service; echo $?; property acrotate.service ConditionResult)" "0
no"

# ---- a job: Azure is the emulator, the consumer a service that reads a file

azure web-pull
mkdir -p /etc/web
cat >/etc/systemd/system/web.service <<'END'
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
ExecReload=/bin/sh -c 'cp /etc/web/registry.env /run/web.seen'
END
systemctl daemon-reload
systemctl start web.service
env_job 'on_change = /usr/bin/systemctl try-reload-or-restart web.service'
systemctl start acrotate.service
status=$?
like "what is not in the drop-in cannot be written" "$status $(journalctl -u acrotate.service -o cat)" \
	"^[^0].*$sink"
is "and the unit has failed" "$(systemctl is-failed acrotate.service)" failed
mkdir -p /etc/systemd/system/acrotate.service.d
acrotate check --systemd-dropin >/etc/systemd/system/acrotate.service.d/paths.conf
systemctl daemon-reload
systemctl start acrotate.service
is "with the drop-in that check writes it rotates" "$? $(property acrotate.service Result)" "0 success"
like "the sink has a password" "$(cat $sink)" '^REGISTRY_PASSWORD=.{52}$'
is "the consumer was reloaded by the hook, and saw it" "$(cat /run/web.seen)" "$(cat $sink)"
ok "the registry accepts it" works web-pull "$(sed s/REGISTRY_PASSWORD=// $sink)"
like "one line of it is in the journal" "$(journalctl -t acrotate -o cat)" 'web'
is "no password is in the journal" "$(journalctl -o cat | grep -cF "$(sed s/REGISTRY_PASSWORD=// $sink)")" 0

# ---- the timer starts it

mkdir -p /etc/systemd/system/acrotate.timer.d
printf '[Timer]\nOnActiveSec=1s\nRandomizedDelaySec=0\nAccuracySec=1ms\n' >/etc/systemd/system/acrotate.timer.d/soon.conf
before=$(property acrotate.service InactiveEnterTimestampMonotonic)
systemctl daemon-reload
systemctl restart acrotate.timer
later() { [ "$(property acrotate.service InactiveEnterTimestampMonotonic)" -gt "$before" ]; }
ok "the timer fires" wait_for later
is "with nothing due it succeeds and says nothing" "$(property acrotate.service Result)" success
rm -r /etc/systemd/system/acrotate.timer.d
systemctl daemon-reload

# ---- it fails, and recovers

disable disabled
sed -i 's/^token = web-pull/&\ninspect_every = 1s\nverify_every = 1s/' /etc/acrotate/jobs.d/web.conf
sleep 2.1
systemctl start acrotate.service 2>/dev/null
like "a disabled token: the unit fails, and says why" \
	"$? $(systemctl is-failed acrotate.service) $(journalctl -u acrotate.service -o cat | tr '\n' ' ')" '^[^0] failed .*disabled'
disable enabled
sleep 2.1
systemctl start acrotate.service
is "and it recovers with it" "$? $(systemctl is-active acrotate.service) $(property acrotate.service Result)" "0 inactive success"

# ---- removed

dpkg -r acrotate >"$OUT" 2>&1
is "removed while it is set up" "$? $(systemctl is-active acrotate.timer)" "0 inactive"
ok "configuration and state stay" test -s /etc/acrotate/jobs.d/web.conf -a -s /var/lib/acrotate/web.state
dpkg -P acrotate >"$OUT" 2>&1
is "purged" "$?" 0
ok "what is the user's stays" test -s /etc/acrotate/jobs.d/web.conf -a -s /var/lib/acrotate/web.state
like "and is said" "$(cat "$OUT")" 'kept /var/lib/acrotate'
systemctl stop azure.service
done_testing
