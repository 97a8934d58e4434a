#!/bin/sh
# SPDX-License-Identifier: MIT
# Proves the contracts (ACSL comments beside the code) of pure functions for all inputs, with Frama-C/WP, Z3 and CVC4, and that they are
# free of run-time errors: overflow, invalid access, division by zero, endless loops. One line a file, "FILE FUNCTION..." below.
# Prints goals proven and goals in all; fails if one is open. PROOF_TIMEOUT: seconds a prover may think about one goal; the hardest takes a
# few, the rest is for machines that are slower or busy.
set -eu
cd "$(dirname "$0")/../.."
log=build/proof
mkdir -p "$log"
# Why3 keeps its list of provers in a file; this one is ours.
WHY3CONFIG=$PWD/$log/why3.conf
export WHY3CONFIG
[ -s "$WHY3CONFIG" ] || why3 config detect >"$log/why3.log" 2>&1 || { cat "$log/why3.log"; exit 1; }

proven=0 all=0 open=0
prove() {
	file=$1
	shift
	out=$log/$(basename "$file" .c).log
	frama-c -machdep gcc_x86_64 -cpp-extra-args='-Iinclude -D_GNU_SOURCE' "$file" -wp -wp-rte -wp-prover z3,cvc4 \
		-wp-timeout "${PROOF_TIMEOUT:-240}" -wp-par "$(nproc)" -wp-fct "$(echo "$*" | tr ' ' ,)" >"$out" 2>&1 || {
		tail -n 20 "$out"
		echo "proof: frama-c failed on $file"
		exit 1
	}
	# "[wp] Proved goals:  520 / 523"
	counts=$(sed -n 's|^\[wp\] Proved goals: *\([0-9]*\) / \([0-9]*\)$|\1 \2|p' "$out")
	[ -n "$counts" ] || { tail -n 20 "$out"; echo "proof: no goals in $file"; exit 1; }
	p=${counts% *} n=${counts#* }
	printf '%-24s %4d of %4d goals proven, %d functions\n' "$file" "$p" "$n" $#
	[ "$p" = "$n" ] || { open=1; grep -A3 -E '^\[wp\] \[(Failed|Timeout|Unknown|Stepout)' "$out" || :; }
	proven=$((proven + p))
	all=$((all + n))
}

prove src/base/str.c str_is_digit digits str_int unit_seconds str_duration days_from_civil civil_from_seconds civil_to_seconds field fraction \
	zone str_ticks str_time str_http_date
prove src/config/expand.c next_percent behind expand_uses expand_value
prove src/rotate/plan_free.c plan_is_gone plan_may_work plan_is_living plan_is_held plan_is_held_unseen plan_is_blind plan_is_doubtful plan_is_deployed \
	plan_anything_works any_held_foreign plan_is_outage plan_is_excepted plan_is_missed plan_request_dies plan_grace_is_over plan_slot_is_free
prove src/rotate/plan_judge.c is_there explained_by plan_judge_accepted plan_lets_go plan_judge_refusals may_live plan_ends_before
prove src/rotate/plan_revoke.c plan_slot_is_revocable revoke plan_decide_revoke
prove src/rotate/plan.c blocked rotate preference preferred decide_first foreign_ahead outlives make_way decide_active longest decide_missing decide_rotation \
	plan_decide acr_other

printf 'proof: %d of %d goals proven\n%d passed, %d failed\n' "$proven" "$all" "$proven" $((all - proven))
exit "$open"
