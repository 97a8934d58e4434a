#!/bin/sh
# SPDX-License-Identifier: MIT
# root.sh: prints the directory of a Debian 12 with systemd as process 1 and the libraries of the
# packages; makes it if it is not there (a minute), outside of the tree. Needs root, debootstrap.
set -eu
cache=${XDG_CACHE_HOME:-$HOME/.cache}/acrotate
root=$cache/debian-12
# What the packages depend on, what the test uses; a change of this list makes a new one.
packages='systemd systemd-sysv dbus dbus-user-session libpam-systemd cron procps openssl ca-certificates curl
	libcurl4 libcjson1 libinih1 libacl1 libattr1 libssl3 libsecret-1-0 libmicrohttpd12 libyaml-0-2
	gnome-keyring libsecret-tools'
list=$(echo $packages)
if [ "$(cat "$root/packages" 2>/dev/null)" != "$list" ]; then
	mkdir -p "$cache"
	rm -rf "$root" "$root.new"
	debootstrap --variant=minbase bookworm "$root.new" >&2
	cp /etc/resolv.conf "$root.new/etc/"
	# How this machine reaches Debian's packages.
	for f in /etc/apt/apt.conf.d/* /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
		[ ! -f "$f" ] || cp "$f" "$root.new$f"
	done
	chroot "$root.new" sh -c "export DEBIAN_FRONTEND=noninteractive
		apt-get -q update && apt-get -q install -y --no-install-recommends $list && apt-get clean" >&2
	rm -rf "$root.new/var/lib/apt/lists"
	echo "$list" >"$root.new/packages"
	mv "$root.new" "$root"
fi
echo "$root"
