#!/bin/sh
# SPDX-License-Identifier: MIT
# What `make deb` has built, installed into an empty root of its own, as any user: files, units, removal, purge.
set -u
. "$(dirname "$0")/../e2e/lib.sh"
ls "$ROOT"/build/deb/acrotate_*.deb >/dev/null 2>&1 || skip_all "no package: make deb"
DEB=$(echo "$ROOT"/build/deb/acrotate_*.deb)
R=$T/root
mkdir -p "$R/var/lib/dpkg/updates" "$R/var/lib/dpkg/info" "$R/run"
: >"$R/var/lib/dpkg/status"
dpkg_here() {
	dpkg --root="$R" --force-not-root --force-script-chrootless --force-depends --log="$R/log" "$@" >"$T/out" 2>&1 </dev/null
}
left() { (cd "$R" && find etc usr lib var/lib/acrotate -type f -o -type l 2>/dev/null | sort | tr '\n' ' '); }
version=$(cat "$ROOT/VERSION")

lintian --fail-on error,warning "$ROOT"/build/deb/*.changes >"$T/lintian" 2>&1
is "lintian finds nothing" "$? $(grep '^[EW]:' "$T/lintian")" "0 "
is "and nothing is hidden from it" "$(find "$ROOT/packaging/debian" -name '*lintian-overrides')" ""
depends() { dpkg-deb -f "$1" Depends Recommends; }
like "every library is depended on" "$(depends "$DEB")" 'libcurl4 .*libssl3 '
is "and none of a desktop" "$(depends "$DEB" | grep -oE 'lib(glib|secret|dbus)[^ ]*')" ""
KEYRING=$(echo "$ROOT"/build/deb/acrotate-keyring_*.deb)
like "these are the keyring's" "$(depends "$KEYRING")" "libglib2[^ ]* .*libsecret-1-0 .*acrotate \\(= $version-0upstream1\\)"
is "which is one program" "$(dpkg-deb -c "$KEYRING" | sed -n 's|^-.* \./\(usr/libexec/.*\)|\1|p')" usr/libexec/acrotate/acrotate-keyring
# Everybody edits acrotate.conf: as a conffile it would be a question at every upgrade.
is "configuration is marked, but for what everybody edits" "$(dpkg-deb --ctrl-tarfile "$DEB" | tar -xO ./conffiles | tr '\n' ' ')" \
	"/etc/cron.d/acrotate "
dpkg_here -i "$DEB"
is "it can be installed" $? 0
ok "it has put acrotate.conf there" cmp "$R/etc/acrotate/acrotate.conf" "$ROOT/etc/acrotate.conf.sample"
is "the program runs" "$("$R/usr/bin/acrotate" --version)" "acrotate $version"
is "and finds the whole one" "$("$R/usr/bin/acrotate" keys | grep -c '^ *renew_before')" 1
is "also for tokens" "$("$R/usr/bin/acrotate" token --help >/dev/null; echo $?)" 0
is "also as docker and a kubelet find it" "$("$R/usr/bin/docker-credential-acrotate" version)
$("$R/usr/lib/kubernetes/credential-providers/acrotate-credential-provider" --version)" "docker-credential-acrotate (acrotate) $version
acrotate-credential-provider (acrotate) $version"
like "with the system's libcurl" "$(ldd "$R/usr/libexec/acrotate/acrotate-net")" 'libcurl\.so'
# loads PROGRAM WHAT-NOT: 0 where it does not, nor does anything that it loads.
loads_no() { ! ldd "$1" | grep -E "$2"; }
ok "which brings no GLib" loads_no "$R/usr/libexec/acrotate/acrotate-net" 'glib|secret|dbus'
ok "what is on the PATH loads no libcurl" loads_no "$R/usr/bin/acrotate" 'curl|ssl|glib'
# A job for the keyring: the package that is missing is named, and then it is there.
mkdir "$T/job" "$T/job/jobs.d" "$T/job/state"
printf '[azure]\nauth = azure-cli\n[run]\nstate_dir = %s\n' "$T/job/state" >"$T/job/acrotate.conf"
printf '[job]\nregistry = contoso.azurecr.io\ntoken = web-pull\n[sink keyring]\ntype = libsecret\n' >"$T/job/jobs.d/web.conf"
keyring_job() { env -u DBUS_SESSION_BUS_ADDRESS XDG_RUNTIME_DIR=/nowhere "$R/usr/bin/acrotate" "$1" -c "$T/job/acrotate.conf" >"$T/out" 2>&1; }
keyring_job run
is "a job for the keyring is a mistake of configuration" $? 78
like "which names the package" "$(cat "$T/out")" "sink 'keyring': .*install the package acrotate-keyring"
dpkg_here -i "$KEYRING"
is "that can be installed" $? 0
keyring_job status
is "and then it is none" "$(grep -c 'install the package' "$T/out")" 0
dpkg_here --purge acrotate-keyring
is "which can be removed" "$? $(find "$R" -name '*acrotate-keyring*' ! -path '*/dpkg/*' | wc -l)" "0 0"
is "the timer is enabled" "$(readlink "$R/etc/systemd/system/timers.target.wants/acrotate.timer")" /lib/systemd/system/acrotate.timer
ok "the emulator is a package of its own" test ! -e "$R/usr/bin/acrotate-emulator"
ok "with its manual page" sh -c 'dpkg-deb -c "$1" | grep -q man1/acrotate-emulator.1' sh "$ROOT"/build/deb/acrotate-emulator_*.deb
is "the configuration that comes with it can be read" \
	"$("$R/usr/bin/acrotate" status -c "$R/etc/acrotate/acrotate.conf" >"$T/out" 2>&1; echo $?; cat "$T/out")" "0
0 jobs"

# The snippet for cloud-init: read as YAML, and each file in it by acrotate itself.
doc=$R/usr/share/doc/acrotate
python3 - "$doc/cloud-init.yaml" "$T/init" >"$T/out" 2>&1 <<'END'
import os, sys, yaml
text = open(sys.argv[1]).read()
assert text.startswith("#cloud-config\n")
y = yaml.safe_load(text)
assert set(y) <= {"hostname", "preserve_hostname", "write_files", "runcmd"}, y.keys()
for f in y["write_files"]:
    assert set(f) == {"path", "permissions", "content"} and isinstance(f["permissions"], str), f
    to = sys.argv[2] + f["path"]
    os.makedirs(os.path.dirname(to), exist_ok=True)
    open(to, "w").write(f["content"])
assert all(isinstance(w, str) for c in y["runcmd"] for w in c)
assert y["runcmd"][-1] == ["/usr/bin/acrotate", "run", "--wait", "10m"]
END
is "the snippet for cloud-init is YAML as it wants it" "$? $(cat "$T/out")" "0 "
like "its job can be read" "$("$R/usr/bin/acrotate" status -c "$T/init/etc/acrotate/acrotate.conf" 2>&1)" '^node +(contoso|-)/node-'
is "and it writes what the drop-in in it says" "$("$R/usr/bin/acrotate" check --systemd-dropin -c "$T/init/etc/acrotate/acrotate.conf" |
	grep -cxF "$(sed -n 's/^ReadWritePaths=\(.*\)/ReadWritePaths="\1"/p' "$T/init/etc/systemd/system/acrotate.service.d/paths.conf")")" 1
if command -v cloud-init >/dev/null; then
	is "cloud-init's own schema" "$(cloud-init schema --config-file "$doc/cloud-init.yaml" >"$T/out" 2>&1; echo $?)" 0
fi

# Units. They name the program by the path that it has here.
units="$R/lib/systemd/system $R/usr/lib/systemd/user"
for d in $units; do sed -i "s|=/usr/bin/|=$R/usr/bin/|" "$d/acrotate.service"; done
verify() { MANPATH=$R/usr/share/man XDG_RUNTIME_DIR=$R/run systemd-analyze "$@" 2>&1; }
is "systemd-analyze verify is silent" "$(verify verify "$R/lib/systemd/system/acrotate.timer" "$R/lib/systemd/system/acrotate.service"; echo $?)" 0
is "of the units of users, too" "$(verify --user verify "$R/usr/lib/systemd/user/acrotate.timer" "$R/usr/lib/systemd/user/acrotate.service"; echo $?)" 0
verify security --offline=yes --threshold=20 --no-pager "$R/lib/systemd/system/acrotate.service" >"$T/security"
is "systemd-analyze security: 2.0 or better" "$?" 0
sed -n 's/^.*Overall/# Overall/p' "$T/security"
# With everything that a drop-in may add it is still one that systemd calls OK.
mkdir "$R/lib/systemd/system/acrotate.service.d"
"$R/usr/bin/acrotate" check --systemd-dropin -c "$R/etc/acrotate/acrotate.conf" >"$R/lib/systemd/system/acrotate.service.d/paths.conf"
is "a drop-in that check has written is silent, too" "$(verify verify "$R/lib/systemd/system/acrotate.service"; echo $?)" 0

# The state is the user's.
mkdir -p "$R/var/lib/acrotate"
echo state >"$R/var/lib/acrotate/web.state"
echo job >"$R/etc/acrotate/jobs.d/web.conf"
echo '# mine' >>"$R/etc/acrotate/acrotate.conf"
rm -r "$R/lib/systemd/system/acrotate.service.d"
dpkg_here -r acrotate
is "it can be removed" $? 0
like "configuration, jobs and state are kept" "$(left)" \
	'^etc/acrotate/acrotate.conf etc/acrotate/acrotate.conf.kept etc/acrotate/jobs.d/web.conf etc/cron.d/acrotate etc/systemd/.* var/lib/acrotate/web.state $'
dpkg_here -i "$DEB"
is "and installed again" "$? $(tail -n 1 "$R/etc/acrotate/acrotate.conf")" "0 # mine"
ok "without what was put aside for a purge" test ! -e "$R/etc/acrotate/acrotate.conf.kept"
rm "$R/etc/acrotate/acrotate.conf"
dpkg_here -i "$DEB"
ok "one that was removed on purpose does not come back" test ! -e "$R/etc/acrotate/acrotate.conf"
cp "$ROOT/etc/acrotate.conf.sample" "$R/etc/acrotate/acrotate.conf"
echo '# mine' >>"$R/etc/acrotate/acrotate.conf"
dpkg_here --purge acrotate
is "and purged" $? 0
like "which says that the state is kept" "$(cat "$T/out")" '^acrotate: kept /var/lib/acrotate;'
like "and the jobs" "$(cat "$T/out")" '^acrotate: kept /etc/acrotate/jobs.d;'
like "and the configuration" "$(cat "$T/out")" '^acrotate: kept /etc/acrotate/acrotate.conf;'
is "and keeps them, and nothing else" "$(left)" "etc/acrotate/acrotate.conf etc/acrotate/jobs.d/web.conf var/lib/acrotate/web.state "
is "as it was" "$(tail -n 1 "$R/etc/acrotate/acrotate.conf")" "# mine"
dpkg_here -i "$DEB"
dpkg_here -r acrotate
echo '# edited since' >>"$R/etc/acrotate/acrotate.conf"
dpkg_here --purge acrotate
is "what was edited behind a removal is kept" "$(tail -n 1 "$R/etc/acrotate/acrotate.conf") $(left)" \
	"# edited since etc/acrotate/acrotate.conf etc/acrotate/jobs.d/web.conf var/lib/acrotate/web.state "
# As it was installed it goes with the program.
rm "$R/etc/acrotate/acrotate.conf"
dpkg_here -i "$DEB"
dpkg_here --purge acrotate
is "one that nobody changed is not kept" "$(left)" "etc/acrotate/jobs.d/web.conf var/lib/acrotate/web.state "
done_testing
