#!/bin/bash
# SPDX-License-Identifier: MIT
# What `make deb` has built, on a real systemd: Debian 12 booted in a container with systemd as process
# 1 and no network but loopback. What is tried there is inside.sh; its lines are passed on.
set -u
here=$(cd "$(dirname "$0")" && pwd)
ROOT=$(cd "$here/../.." && pwd)
skip() { echo "1..0 # SKIP $*"; exit 0; }
# In CI everything is to be there.
lacks() {
	[ -n "${ACROTATE_CI_RUN:-}" ] || skip "$@"
	printf '1..1\nnot ok 1 - left out in CI: %s\n' "$*"
	exit 1
}
[ "$(id -u)" = 0 ] || skip "not root"
command -v systemd-nspawn >/dev/null || lacks "no systemd-nspawn: packaging/install-deps systemd"
ls "$ROOT"/build/deb/acrotate_*.deb >/dev/null 2>&1 || lacks "no package: make deb"
base=$(sh "$here/root.sh") || { echo "Bail out! no root file system"; exit 1; }

T=$(mktemp -d "${TMPDIR:-/tmp}/acrotate-systemd.XXXXXX")
nspawn=
end() {
	[ -z "$nspawn" ] || { kill -KILL "$nspawn" 2>/dev/null; wait "$nspawn" 2>/dev/null; }
	rm -rf "$T"
}
trap end EXIT
trap 'exit 143' INT TERM HUP

# A copy each time: what the test does to it is gone with it.
cp -a --reflink=auto "$base" "$T/root"
mkdir "$T/root/debs"
cp "$ROOT"/build/deb/*.deb "$T/root/debs/"
cp "$here/inside.sh" "$T/root/inside.sh"
# In a session of its own, not registered with the host's machined. CAP_IPC_LOCK: without it nspawn's
# filter refuses mlock, though the unit's limit allows it.
setsid systemd-nspawn -q -D "$T/root" --register=no --keep-unit --private-network \
	--capability=CAP_IPC_LOCK --boot --console=pipe </dev/null >"$T/console" 2>&1 &
nspawn=$!

# nspawn -> its helper -> process 1 of the container, whichever depth this version has.
leader() {
	local pid=$nspawn child
	while child=$(cat "/proc/$pid/task/$pid/children" 2>/dev/null) && child=${child%% *} && [ -n "$child" ]; do
		pid=$child
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" = systemd ] && { echo "$pid"; return; }
	done
	return 1
}
pid=
in_it() { nsenter -t "$pid" -m -p -u -i -n -- "$@"; }
for _ in $(seq 600); do
	kill -0 "$nspawn" 2>/dev/null || break
	pid=$(leader) && in_it systemctl is-system-running 2>/dev/null | grep -qE '^(running|degraded)$' && break
	pid=
	sleep 0.2
done
if [ -z "$pid" ]; then
	echo "Bail out! systemd did not come up"
	sed 's/^/# /' "$T/console" | tail -n 40
	exit 1
fi
timeout 240 nsenter -t "$pid" -m -p -u -i -n -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 sh /inside.sh
status=$?
in_it systemctl poweroff >/dev/null 2>&1
for _ in $(seq 100); do kill -0 "$nspawn" 2>/dev/null || break; sleep 0.1; done
exit "$status"
