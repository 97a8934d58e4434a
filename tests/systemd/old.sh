#!/bin/sh
# SPDX-License-Identifier: MIT
# old.sh: prints the directory of the packages of 0.1.0; builds them from the commit that was released as that if they are not there
# (half a minute), outside of the tree. Needs the history of the tree: fails where a clone is too shallow.
set -eu
cache=${XDG_CACHE_HOME:-$HOME/.cache}/acrotate
old=$cache/deb-0.1.0
commit=ef31a2c47ace61fd5c19362b8b5b0878a558ecdd
here=$(cd "$(dirname "$0")" && pwd)
if ! ls "$old"/acrotate_0.1.0-*.deb "$old"/acrotate-emulator_0.1.0-*.deb >/dev/null 2>&1; then
	git -C "$here" cat-file -e "$commit^{commit}" 2>/dev/null || exit 1
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	git clone -q --no-checkout "$(git -C "$here" rev-parse --show-toplevel)" "$work/tree" >&2
	git -C "$work/tree" checkout -q "$commit" >&2
	make -C "$work/tree" deb >&2
	mkdir -p "$old"
	cp "$work"/tree/build/deb/acrotate_0.1.0-*_*.deb "$work"/tree/build/deb/acrotate-emulator_0.1.0-*_*.deb "$old/"
fi
echo "$old"
