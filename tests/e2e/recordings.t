#!/bin/sh
# SPDX-License-Identifier: MIT
# The emulator answers the requests of published recordings as the real service did.
set -u
. "$(dirname "$0")/lib.sh"

for f in "$ROOT"/tests/recordings/*.json; do
	recording=$(basename "$f" .json)
	rm -f "$T/bearer"
	# shellcheck disable=SC2046
	start_emulator $(jget "$f" arguments | tr -d '[]"' | tr ',' ' ')
	arm_token
	perl "$ROOT/tests/recordings/replay.pl" "$f" "$EMULATOR_URL" "$E/ca.pem" "$T/bearer" >"$T/replayed"
	while IFS= read -r line; do
		case $line in
		"ok - "*) ok "$recording: ${line#ok - }" true ;;
		"not ok - "*) ok "$recording: ${line#not ok - }" false ;;
		*) echo "$line" ;;
		esac
	done <"$T/replayed"
	end_all
done
done_testing
