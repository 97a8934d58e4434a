#!/bin/sh
# SPDX-License-Identifier: MIT
# Does the proof see faults? Breaks the proven functions one by one (mutants.list) and proves the broken function again: a goal has to stay
# open. Where the contract leaves room, the unit tests have to fail. Some ten minutes; not part of CI. A word selects lines: mutants.sh grace
set -eu
cd "$(dirname "$0")/../.."
top=$PWD
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
WHY3CONFIG=$T/why3.conf
export WHY3CONFIG
why3 config detect >/dev/null 2>&1

# open_goals FILE FUNCTION: how many cannot be proven, in the tree in $T.
open_goals() {
	(cd "$T" && frama-c -machdep gcc_x86_64 -cpp-extra-args='-Iinclude -D_GNU_SOURCE' "$1" -wp -wp-rte -wp-prover z3,cvc4 \
		-wp-timeout "${PROOF_TIMEOUT:-10}" -wp-par "$(nproc)" -wp-fct "$2" 2>&1) |
		sed -n 's|^\[wp\] Proved goals: *\([0-9]*\) / \([0-9]*\)$|\1 \2|p' | { read -r p n && echo $((n - p)); }
}

# fails FILE: the unit test of its module, linked with the broken file in place of the library's.
fails() {
	test=test_$(basename "$1" .c)
	make --no-print-directory "build/release/t/$test" >"$T/make.log" 2>&1
	cc -std=c17 -O1 -Iinclude -Itests -D_GNU_SOURCE -o "$T/$test" "$T/$1" "build/release/tests/unit/$test.o" build/release/lib.a \
		-lcurl -lcjson -lcrypto -linih -lacl -lattr -lcmocka -lpthread -lm
	! timeout 60 "$T/$test" >"$T/test.log" 2>&1
}

survived=0 seen=0
cp -r include "$T/include"
printf '%-18s %-18s %s\n' 'seen by' 'function' 'fault'
grep -v '^#' "$top/tests/proof/mutants.list" | grep -e "${1:-.}" >"$T/list"
while IFS= read -r line; do
	file=${line%% | *} line=${line#* | }
	function=${line%% | *} line=${line#* | }
	what=${line##* | } script=${line% | *}
	mkdir -p "$T/$(dirname "$file")"
	if [ ! -e "$T/sound-$function" ]; then
		cp "$file" "$T/$file"
		[ "$(open_goals "$file" "$function")" = 0 ] || { echo "mutants: $function is not proven as it is within ${PROOF_TIMEOUT:-10} s a goal"; exit 1; }
		: >"$T/sound-$function"
	fi
	# From the line of its name to the brace that closes it.
	sed "/^[a-z].*[ *]$function(/,/^}/{$script
}" "$file" >"$T/$file"
	! cmp -s "$file" "$T/$file" || { echo "mutants: nothing to break in $function: $script"; exit 1; }
	goals=$(open_goals "$file" "$function")
	if [ "${goals:-0}" -gt 0 ]; then
		by="proof, $goals open" seen=$((seen + 1))
	elif fails "$file"; then
		by="unit tests" seen=$((seen + 1))
	else
		by="NOBODY" survived=$((survived + 1))
	fi
	printf '%-18s %-18s %s\n' "$by" "$function" "$what"
done <"$T/list"
echo "$seen faults seen, $survived not"
[ "$survived" = 0 ]
