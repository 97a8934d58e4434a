#!/bin/sh
# SPDX-License-Identifier: MIT
# Inside of a Debian whose process 1 is systemd: from 0.1.0 to what was built, while a run of 0.1.0 is at work.
# shellcheck source=tests/systemd/inside/lib.sh
. /inside/lib.sh
sink=/etc/web/registry.env
state=/var/lib/acrotate/web.state

# ---- 0.1.0, set up as its README said: acrotate.conf is edited

install_debs /debs/old/acrotate_0.1.0-*.deb /debs/old/acrotate-emulator_0.1.0-*.deb
is "0.1.0 can be installed" $? 0
azure web-pull --propagation 1s
env_job 'grace = 1s' 'on_change = /bin/true'
mkdir -p /etc/systemd/system/acrotate.service.d
acrotate check --systemd-dropin >/etc/systemd/system/acrotate.service.d/paths.conf
systemctl daemon-reload
systemctl start acrotate.service
is "it rotates" "$? $(property acrotate.service Result)" "0 success"
first=$(sed s/REGISTRY_PASSWORD=// $sink)
like "and keeps a record of its own format" "$(cat $state)" '^version = 1$'
cp $state /srv/record

# ---- upgraded while it rotates

sleep 2.1	# grace, in whole seconds of the service's clock
pid=$(property azure.service MainPID)
mkdir -p /run/systemd/system/acrotate.service.d
printf '[Service]\nExecStart=\nExecStart=/usr/bin/acrotate run --force\n' >/run/systemd/system/acrotate.service.d/force.conf
systemctl daemon-reload
# Azure takes its time: the run is in the middle of its first request.
kill -STOP "$pid"
systemctl start --no-block acrotate.service
wait_for sh -c 'test "$(systemctl show -P ActiveState acrotate.service)" = activating'
sleep 0.5
at_work=$(property acrotate.service MainPID)
install_debs /debs/acrotate_*.deb
is "the package is upgraded" $? 0
sed 's/^/# /' "$OUT" | grep -i 'error\|conffile' || :
is "no question was asked" "$(grep -ciE 'conffile|configuration file|what would you like' "$OUT")" 0
is "what was configured is as it was" "$(sed -n 's/^tenant_id = //p' $config)" "$EMULATOR_TENANT"
is "the run is still at work" "$(property acrotate.service ActiveState) $(property acrotate.service MainPID)" "activating $at_work"
kill -CONT "$pid"
wait_for sh -c 'test "$(systemctl show -P ActiveState acrotate.service)" = inactive'
is "and ends well" "$(property acrotate.service Result)" success
second=$(sed s/REGISTRY_PASSWORD=// $sink)
ok "it has rotated" test "$first" != "$second"
ok "the new password works" works web-pull "$second"
ok "the one before it, too" works web-pull "$first"
is "nothing of 0.1.0 alone is left" "$(ls /usr/libexec/acrotate | tr '\n' ' ')" "acrotate-failed acrotate-net "
is "the timer is enabled as before" "$(systemctl is-enabled acrotate.timer) $(systemctl is-active acrotate.timer)" "enabled active"
install_debs /debs/acrotate-emulator_*.deb
rm -r /run/systemd/system/acrotate.service.d
acrotate check --systemd-dropin >/etc/systemd/system/acrotate.service.d/paths.conf
systemctl daemon-reload

# ---- the record of 0.1.0, read by this one

acrotate status >"$OUT" 2>&1
is "status: exit status" $? 0
like "reads it" "$(cat "$OUT")" '^web +.* ok '
acrotate plan >"$OUT" 2>&1
is "plan: nothing to decide" "$? $(grep -cE 'may_replace|foreign|adopt' "$OUT")" "0 0"
systemctl start acrotate.service
is "a run is well" "$? $(property acrotate.service Result)" "0 success"
is "and changes no password" "$(sed s/REGISTRY_PASSWORD=// $sink)" "$second"
acrotate check --problems >"$OUT" 2>&1
is "check finds no problem" "$(grep -c '^PROBLEM' "$OUT")" 0
sleep 2.1
acrotate run --force >"$OUT" 2>&1
is "it rotates what 0.1.0 has generated" "$?" 0
third=$(sed s/REGISTRY_PASSWORD=// $sink)
ok "into a new password" test "$third" != "$second"
ok "which works" works web-pull "$third"
ok "as does the one before" works web-pull "$second"
like "the record is of this one's format" "$(cat $state)" '^version = [2-9]'
acrotate history >"$OUT" 2>&1
like "the history begins here" "$(cat "$OUT")" 'rotate'

# ---- the very first record again, by a run of this one: what a host does that was off for a while

systemctl stop acrotate.timer
cp /srv/record $state
rm -f $sink
acrotate run >"$OUT" 2>&1
like "a lost sink and an old record: it is told or healed, never in silence" "$?.$(cat $sink 2>/dev/null)" \
	'^0\.REGISTRY_PASSWORD=|^(65|75)\.'

systemctl stop azure.service
done_testing
