#!/bin/sh
# SPDX-License-Identifier: MIT
# status.sh: makes status.svg, what `acrotate status` prints on a terminal of 80 columns, from the real
# program beside the emulator. Needs a build (make) and util-linux' script.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
ROOT=$(cd "$here/../.." && pwd)
. "$ROOT/tests/e2e/lib.sh"
start_emulator --token build-agents --token edge-nodes --token mirror --token web-pull
C=$T/etc/acrotate.conf
mkdir -p "$T/etc/jobs.d" "$T/sinks"
sed "s|^state_dir.*|state_dir = $T/state|" "$E/acrotate.conf" >"$C"
grep -q '^state_dir' "$C" || sed -i "s|^\[run\]|&\nstate_dir = $T/state|" "$C"
grep -q '^\[run\]' "$C" || printf '[run]\nstate_dir = %s\n' "$T/state" >>"$C"
job() { # NAME TOKEN [LINE...]
	name=$1 token=$2
	shift 2
	{
		printf '[job]\nregistry = %s\ntoken = %s\n' "$EMULATOR_REGISTRY" "$token"
		printf '%s\n' "$@"
		printf '[sink docker]\ntype = docker\npath = %s\n' "$T/sinks/$name.json"
	} >"$T/etc/jobs.d/$name.conf"
}
job build-agents build-agents
job edge-nodes edge-nodes
job mirror mirror
job web web-pull
"$ACROTATE" run -c "$C" >"$T/out" 2>&1
printf '[sink file]\ntype = file\npath = %s\n' "$T/sinks/web.password" >>"$T/etc/jobs.d/web.conf"
echo '{"auths":{}}' >"$T/sinks/mirror.json"
chmod 0600 "$T/sinks/mirror.json"
cd "$T"
COLUMNS=80 TERM=xterm-256color script -qec "stty cols 80; '$ACROTATE' status -c '$C'" /dev/null </dev/null |
	tr -d '\r' | perl "$here/terminal.pl" 'acrotate status' >"$T/status.svg"
mv "$T/status.svg" "$here/status.svg"
