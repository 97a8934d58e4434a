#!/bin/sh
# SPDX-License-Identifier: MIT
# A real cron daemon with the cron.d file of the package: it rotates with nothing but cron's environment, success is silent, failure is mailed,
# and beside systemd it does nothing. The daemon has its own /etc/cron.d, /run and sendmail in a mount namespace, and its minutes last
# two seconds; its jobs see neither that clock nor anything else of this test.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jobs.sh"
[ "$(id -u)" = 0 ] || skip_here "cron needs root"
[ -x /usr/sbin/cron ] || skip_all "there is no cron daemon"
fast=$(find /usr/lib -path '*/faketime/libfaketimeMT.so.1' 2>/dev/null | head -n 1)
[ -n "$fast" ] || skip_all "there is no faketime"
unshare -m --propagation private mount -t tmpfs tmpfs /mnt 2>/dev/null || skip_here "no mount namespace of one's own"

start_emulator --fast --token web-pull
mkdir "$T/cron.d" "$T/sbin" "$T/mail" "$T/prom"
config "metrics_file = $T/prom/acrotate.prom"
# Due again a second after every rotation; a password lives long enough for the slowest machine.
job_with web-pull lifetime=1h renew_before="59m 59s" <<END
[sink env]
type = file
path = $T/web.env
content = REGISTRY_PASSWORD={password}
END

# ---- the daemon --------------------------------------------------------------------------------------------------------------------
sed -e "s|/usr/bin/acrotate|$ACROTATE|g" -e "s|^17 \*|* *|" "$ROOT/packaging/cron.d/acrotate" >"$T/cron.d/acrotate"
is "the file of the package is taken as it is, but for path and minute" "$(grep -c "^[*@].*test -d /run/systemd/system || .*$ACROTATE run" "$T/cron.d/acrotate")" 2
sed -i "1i ACROTATE_CONFIG=$E/acrotate.conf" "$T/cron.d/acrotate"
echo "* * * * * root echo \$\$ >>$T/ticks; env >$T/env.new && mv $T/env.new $T/env" >"$T/cron.d/tick"
chmod 644 "$T"/cron.d/*
chmod 755 "$T"
cat >"$T/sbin/sendmail" <<END
#!/bin/sh
m=\$(mktemp $T/mail/new.XXXXXX) && cat >"\$m" && mv "\$m" "$T/mail/mail.\$\$"
END
chmod 755 "$T/sbin/sendmail"
cp /usr/sbin/cron "$T/sbin/cron"
: >"$T/crontab"
cat >"$T/box" <<END
set -e
mount --bind "$T/cron.d" /etc/cron.d
[ ! -e /etc/crontab ] || mount --bind "$T/crontab" /etc/crontab
mount -t tmpfs tmpfs /var/spool/cron/crontabs -o mode=1730
mount -t tmpfs tmpfs /run
mount --bind "$T/sbin" /usr/sbin
export LD_PRELOAD="$fast" FAKETIME="+0 x30" FAKETIME_DONT_FAKE_MONOTONIC=1
exec /usr/sbin/cron -f
END
start cron unshare -m --propagation private sh "$T/box"
CRON=$PID

# until_true SECONDS WHAT COMMAND...: generous, since what it waits for takes seconds.
until_true() {
	_limit=$(($(date +%s) + $1)) _for=$2; shift 2
	until "$@" >/dev/null 2>&1; do
		if [ "$(date +%s)" -gt "$_limit" ]; then echo "# waited in vain for: $_for"; sed 's/^/# cron: /' "$T/cron.out"; return 1; fi
		sleep 0.1
	done
}
ticks() { wc -l <"$T/ticks" 2>/dev/null || echo 0; }
more_ticks() { _want=$(($(ticks) + $1)); until_true 120 "$1 ticks" eval '[ "$(ticks)" -ge '$_want' ]'; }
inode() { stat -c "%i %y" "$T/prom/acrotate.prom" 2>/dev/null; }
a_run() { _was=$(inode); until_true 120 "a run" eval '[ -n "$(inode)" ] && [ "$(inode)" != "'"$_was"'" ]'; }
mails() { find "$T/mail" -name 'mail.*' | wc -l; }
works() { test "$(login web-pull "$(sed 's/^REGISTRY_PASSWORD=//' "$T/web.env")")" = 200; }
changed() { ! cmp -s "$T/web.env" "$T/web.env.was"; }

ok "cron runs it at boot: a password is delivered" until_true 120 "the first password" test -s "$T/web.env"
ok "which works" works
cp "$T/web.env" "$T/web.env.was"
ok "and by the clock: it is rotated" until_true 120 "a rotation" changed
ok "the new one works" works
more_ticks 1
is "with cron's environment, and no more" "$(grep -cE '^(LD_PRELOAD|ACROTATE|XDG_|no_proxy|T)=' "$T/env")" 0
like "which has root's home" "$(cat "$T/env")" "^HOME=$(getent passwd root | cut -d: -f6)\$"
is "success is silent: no mail" "$(mails)" 0

# Failure. Fixed again, it is silent again.
cp "$E/jobs.d/web-pull.conf" "$T/job.was"
sed -i '1a lifetim = 1h' "$E/jobs.d/web-pull.conf"
ok "a mistake in a job is mailed" until_true 120 "mail" eval '[ "$(mails)" -ge 1 ]'
mail=$(find "$T/mail" -name 'mail.*' | head -n 1)
like "to root" "$(cat "$mail")" '^To: root$'
like "with the command" "$(cat "$mail")" "^Subject: Cron .*acrotate run"
like "the line in the file, and what is right" "$(cat "$mail")" "web-pull.conf:2: .*lifetim.*lifetime"
cp "$T/job.was" "$E/jobs.d/web-pull.conf"
# Nothing is due any more, either: such a run takes no time.
sed -i 's/^renew_before.*/renew_before = 1s/' "$E/jobs.d/web-pull.conf"
a_run && a_run && more_ticks 3
count=$(mails)
a_run && a_run && more_ticks 3
is "fixed, it is silent again" "$(mails)" "$count"

# Beside systemd.
nsenter -t "$CRON" -m mkdir -p /run/systemd/system
more_ticks 5
was=$(inode)
more_ticks 3
is "where systemd runs the timer, cron does not" "$(inode)" "$was"
is "and nothing is mailed" "$(mails)" "$count"
done_testing
