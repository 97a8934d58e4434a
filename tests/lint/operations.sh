#!/bin/sh
# operations.sh: a test that counts requests under a name that the emulator does not have finds none, whatever happens. Prints such names.
set -u
bad=0

# Those of the cluster are made by a macro.
cluster=$(for kind in $(grep -oE 'VERBS\([^)]*"[a-z]+"\)' src/emulator/cluster.c | grep -oE '[a-z]+"\)' | tr -d '")'); do
	for verb in get patch put delete list create; do echo "\"kube-$kind-$verb\""; done
done)
# has NAME: or the beginning of one, up to a hyphen
has() {
	case $1 in *-) _name="\"$1" ;; *) _name="\"$1\"" ;; esac
	grep -qF "$_name" src/emulator/*.c || echo "$cluster" | grep -qF "$_name"
}
files='tests/*.t tests/*.sh tests/*.p[lm]'
# shellcheck disable=SC2086
for name in $(git grep -hoE "count_log [a-z][a-z0-9.-]*|operation\\\\?\":\\\\?\"\\(?[a-z][a-z0-9.|-]*|operation => '[a-z][a-z0-9.-]*" -- $files |
	sed -E "s/.*[ \"'(]//" | tr '|' '\n' | sort -u); do
	# shellcheck disable=SC2086
	has "$name" || { git grep -nF "$name" -- $files | sed "s/^/the emulator has no operation '$name': /"; bad=1; }
done
exit $bad
