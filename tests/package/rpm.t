#!/bin/sh
# SPDX-License-Identifier: MIT
# What `make rpm` has built: what is in it, and that it runs.
set -u
. "$(dirname "$0")/../e2e/lib.sh"
version=$(cat "$ROOT/VERSION")
RPM=$(echo "$ROOT/build/rpm/acrotate-$version"-*."$(uname -m)".rpm)
[ -e "$RPM" ] || skip_all "no package: make rpm"
rpm -qlp "$RPM" >"$T/list" 2>/dev/null
for f in /usr/bin/acrotate /usr/bin/docker-credential-acrotate \
	/usr/lib/kubernetes/credential-providers/acrotate-credential-provider /usr/libexec/acrotate/acrotate-net /usr/lib/systemd/system/acrotate.service \
	/usr/lib/systemd/system/acrotate.timer /usr/lib/systemd/user/acrotate.service /usr/lib/systemd/user/acrotate.timer \
	/etc/acrotate/jobs.d /usr/share/acrotate/acrotate-role.json /usr/share/acrotate/acrotate.rules.yml \
	/usr/lib/systemd/system/acrotate-failed@.service /usr/lib/systemd/user/acrotate-failed@.service /usr/libexec/acrotate/acrotate-failed \
	/usr/share/zsh/site-functions/_acrotate /usr/share/fish/vendor_completions.d/acrotate.fish /usr/share/acrotate/acrotate-dashboard.json; do
	ok "has $f" grep -qx "$f" "$T/list"
done
is "configuration is marked" "$(rpm -qp --qf '[%{filenames} %{fileflags:fflags}\n]' "$RPM" 2>/dev/null | grep ' c' | tr '\n' ' ')" \
	"/etc/acrotate/acrotate.conf cn /etc/cron.d/acrotate cn "
rpm -qp --scripts "$RPM" >"$T/scripts" 2>/dev/null
like "the timer is enabled as the distribution's preset says" "$(cat "$T/scripts")" 'systemctl .*preset acrotate.timer'
like "and disabled when the package goes" "$(cat "$T/scripts")" 'systemctl .*disable --now acrotate.timer'
ok "the state is nobody's" sh -c '! grep -q /var/lib "$1"' sh "$T/list"
mkdir "$T/root"
is "it can be unpacked" "$(cd "$T/root" && rpm2cpio "$RPM" | cpio -idm --quiet 2>&1; echo $?)" 0
is "the program runs" "$("$T/root/usr/bin/acrotate" --version)" "acrotate $version"
is "and finds the whole one" "$("$T/root/usr/bin/acrotate" keys | grep -c '^ *renew_before')" 1
is "also as docker and a kubelet find it" "$("$T/root/usr/bin/docker-credential-acrotate" version)
$("$T/root/usr/lib/kubernetes/credential-providers/acrotate-credential-provider" --version)" "docker-credential-acrotate (acrotate) $version
acrotate-credential-provider (acrotate) $version"
like "with the system's libcurl" "$(ldd "$T/root/usr/libexec/acrotate/acrotate-net")" 'libcurl\.so'
requires() { rpm -qp --requires --recommends "$1" 2>/dev/null; }
is "installing it brings no GLib" "$(requires "$RPM" | grep -oE 'lib(glib|gio|gobject|secret|dbus)[^ ]*')" ""
KEYRING=$(echo "$ROOT/build/rpm/acrotate-keyring-$version"-*."$(uname -m)".rpm)
like "that is the keyring's" "$(requires "$KEYRING" | tr '\n' ' ')" "acrotate = $version-.*libsecret-1\.so"
is "which is one program" "$(rpm -qlp "$KEYRING" 2>/dev/null | grep /libexec/)" /usr/libexec/acrotate/acrotate-keyring
ok "and no other package has it" sh -c '! grep -q acrotate-keyring "$1"' sh "$T/list"
ok "the emulator is a package of its own" sh -c 'rpm -qlp "$1" 2>/dev/null | grep -qx /usr/bin/acrotate-emulator' sh \
	"$ROOT/build/rpm/acrotate-emulator-$version"-*."$(uname -m)".rpm
done_testing
