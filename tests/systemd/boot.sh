# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Sourced by the tests beside it: what `make deb` has built, on a real systemd: Debian 12 booted in a container with systemd as process
# 1 and no network but loopback. What is tried there is inside/NAME.sh, whose lines are passed on.
#
#   boot_and_run NAME       systemd as process 1, then inside/NAME.sh
#   run_without NAME        no systemd at all: inside/NAME.sh below a small process 1
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
bail() { echo "Bail out! $*"; exit 1; }
[ "$(id -u)" = 0 ] || skip "not root"
command -v systemd-nspawn >/dev/null || lacks "no systemd-nspawn: packaging/install-deps systemd"
ls "$ROOT"/build/deb/acrotate_*.deb >/dev/null 2>&1 || lacks "no package: make deb"
base=$(sh "$here/root.sh") || bail "no root file system"

T=$(mktemp -d "${TMPDIR:-/tmp}/acrotate-systemd.XXXXXX")
nspawn=
end() {
	[ -z "$nspawn" ] || { kill -KILL "$nspawn" 2>/dev/null; wait "$nspawn" 2>/dev/null; }
	rm -rf "$T"
}
trap end EXIT
trap 'exit 143' INT TERM HUP
mkdir "$T/debs"
cp "$ROOT"/build/deb/*.deb "$T/debs/"

# What a test does to the root is gone with it: in an overlay, or a copy where the kernel has none. Not registered with the host's machined.
# CAP_IPC_LOCK: without it nspawn's filter refuses mlock, though the unit's limit allows it.
container() {
	local root
	if grep -qw overlay /proc/filesystems || modprobe overlay 2>/dev/null; then
		root=(-D "$base" --volatile=overlay)
	else
		cp -a --reflink=auto "$base" "$T/root"
		root=(-D "$T/root")
	fi
	# Several at once, each with a name of its own; in a session of its own.
	exec setsid systemd-nspawn -q "${root[@]}" --machine="acrotate-$$" --register=no --keep-unit --private-network --console=pipe \
		--capability=CAP_IPC_LOCK --bind-ro="$here/inside:/inside" --bind-ro="$T/debs:/debs" "$@" </dev/null
}

# nspawn -> its helper -> process 1 of the container, whichever depth this version has.
leader() {
	local pid=$nspawn child
	while child=$(cat "/proc/$pid/task/$pid/children" 2>/dev/null) && child=${child%% *} && [ -n "$child" ]; do
		pid=$child
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" = systemd ] && { echo "$pid"; return; }
	done
	return 1
}

boot_and_run() {
	local pid='' status
	container --boot >"$T/console" 2>&1 &
	nspawn=$!
	# Seconds; two minutes for a machine that has other things to do.
	for _ in $(seq 600); do
		kill -0 "$nspawn" 2>/dev/null || break
		pid=$(leader) && nsenter -t "$pid" -m -p -u -i -n -- systemctl is-system-running 2>/dev/null |
			grep -qE '^(running|degraded)$' && break
		pid=
		sleep 0.2
	done
	if [ -z "$pid" ]; then
		sed 's/^/# /' "$T/console" | tail -n 40
		bail "systemd did not come up"
	fi
	# The waits in there are bounded one by one; this is for what hangs.
	timeout 400 nsenter -t "$pid" -m -p -u -i -n -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		sh "/inside/$1.sh"
	status=$?
	nsenter -t "$pid" -m -p -u -i -n -- systemctl poweroff >/dev/null 2>&1
	for _ in $(seq 100); do kill -0 "$nspawn" 2>/dev/null || break; sleep 0.1; done
	exit "$status"
}

run_without() {
	container --as-pid2 env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 timeout 400 sh "/inside/$1.sh" &
	nspawn=$!
	wait "$nspawn"
	local status=$?
	nspawn=
	exit "$status"
}
