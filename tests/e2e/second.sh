# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What a second rotator can do with a record that another one wrote, whatever keeps it. The test that includes this has an emulator, hosts a, b
# and c with one job `web` in $T/HOST (c: without its file), and
#
#   record                 the record's text; false if there is none
#   put_record FILE        makes it this text, as somebody would with a backup

# on HOST COMMAND...: runs acrotate there: sets RC; output in $T/out and $T/HOST.out
on() {
	_host=$1; shift
	HOME=$T/$_host/home STATE_DIRECTORY=/nonexistent/state "$ACROTATE" "$@" --config "$T/$_host/acrotate.conf" >"$T/$_host.out" 2>&1 </dev/null
	RC=$?
	cp "$T/$_host.out" "$T/out"
	: >"$T/err"
}
# The password that the sink holds.
deployed() { pull_password web regcred; }
kinds() { awk '{ printf "%s ", $3 }' "$T/out" | sed 's/ $//'; }

# Behind the first run of a, whose password is $p1.
second_takes_over() {
	on b status
	says "it knows what the first one did" 0 'web +contoso/web-pull +ok +password1'
	on b plan
	says "and what comes next" 0 'web: keep: password1 is deployed'
	on b get web
	says "and the password" 0 "^$(printf %s "$p1" | sed 's/[+]/[+]/g')\$"
	sleep 2.1
	on b run --force
	says "it rotates" 0 '^$'
	p2=$(deployed)
	ok "the password is another one" test "$p1" != "$p2"
	is "which the registry takes" "$(login web-pull "$p2")" 200
	is "and the old one, too" "$(login web-pull "$p1")" 200
	on a status
	says "the first one knows" 0 'web +contoso/web-pull +ok +password2'
}

# Four times.
both_at_once() {
	clear_log
	bad=0 conflicts=0 cut_off=0
	for _ in 1 2 3 4; do
		sleep 2.1
		before=$(deployed)
		HOME=$T/a/home "$ACROTATE" run --force --config "$T/a/acrotate.conf" >"$T/a.out" 2>&1 </dev/null &
		one=$!
		HOME=$T/b/home "$ACROTATE" run --force --config "$T/b/acrotate.conf" >"$T/b.out" 2>&1 </dev/null &
		two=$!
		for pid in $one $two; do
			wait "$pid"
			case $? in 0) ;; 75) conflicts=$((conflicts + 1)) ;; *) bad=$((bad + 1)); sed 's/^/# /' "$T/a.out" "$T/b.out" ;; esac
		done
		[ "$(login web-pull "$before")" = 200 ] || cut_off=$((cut_off + 1))
		[ "$(login web-pull "$(deployed)")" = 200 ] || cut_off=$((cut_off + 1))
	done
	is "two at once: each ends well, or leaves it to the other" "$bad" 0
	is "nobody is cut off" "$cut_off" 0
	echo "# $conflicts of 8 left it to the other, $(generated) generated"
	# Whoever cannot save what it has just delivered leaves a record in which the old password may still be there: a person knows better.
	on a forget web pull
}

# The last of all: what it leaves in the record is waited for until its access token has expired.
token_beside() {
	control tokens/web-pull '{"action":"create"}' >/dev/null
	on a run
	says "the first rotator delivers" 0 '^$'
	sleep 2.1
	fault '{"operation":"generate","effect":"pass","delay_before":2}' >/dev/null
	HOME=$T/b/home "$ACROTATE" run --force --config "$T/b/acrotate.conf" >"$T/b.out" 2>&1 </dev/null &
	_other=$!
	wait_for "the second one's generate" sh -c 'curl -sS "$1/faults" | grep -q "\"hits\":[1-9]"' sh "$EMULATOR_CONTROL"
	on a token credential generate -r contoso -g emulated -n web-pull --password1 --force
	says "acrotate token while another rotator is at work" 1 'another rotator is at work since'
	wait "$_other"
	is "the one at work ends well" "$?" 0
	no_faults >/dev/null
	one=$(deployed)
	is "what it delivered works" "$(login web-pull "$one")" 200
	on a token credential generate -r contoso -g emulated -n web-pull --password2
	says "acrotate token of what is deployed" 1 "this would cut off job 'web'"
	sleep 2.1
	fault '{"operation":"generate","effect":"late","after":3}' >/dev/null
	on a token credential generate -r contoso -g emulated -n web-pull --password1 --force
	says "acrotate token, whose answer is lost" 1 'password1 is not generated before'
	no_faults >/dev/null
	clear_log
	on b run --force
	says "a run of the other one" 75 'another rotator is at work|may still act'
	is "generates nothing" "$(generated)" 0
	sleep 4
	is "what is deployed works when the request has acted" "$(login web-pull "$one")" 200
}

second_rotator() {
	# ---- history ---------------------------------------------------------------------------------------------------------------------
	on a run
	says "the first rotator delivers" 0 '^$'
	one=$(deployed)
	is "the registry takes it" "$(login web-pull "$one")" 200
	on b history web
	is "history: the second one knows what the first did" "$(kinds)" bootstrap
	sleep 2.1
	on b run --force
	says "the second one rotates" 0 '^$'
	two=$(deployed)
	on a history web
	is "history: the first knows, too" "$(kinds)" 'bootstrap rotate'
	cp "$T/out" "$T/history"
	on b history web
	ok "history: both tell the same" cmp "$T/history" "$T/out"
	on b history web -o json
	is "history: as JSON" "$(jget "$T/out" 1.event)" rotate

	# ---- revoke ----------------------------------------------------------------------------------------------------------------------
	on a revoke web
	says "revoke by the one that did not rotate" 0 'revoked: every earlier password is dead'
	is "revoke: both are dead" "$(login web-pull "$one") $(login web-pull "$two")" '401 401'
	three=$(deployed)
	is "revoke: what is deployed works" "$(login web-pull "$three")" 200
	on b status web
	says "status of the other one" 0 'web +contoso/web-pull +ok'
	on b history web
	like "history of the other one" "$(cat "$T/out")" ' revoke '
	on b run
	says "run of the other one" 0 '^$'
	is "it leaves the new one alone" "$(deployed)" "$three"
	# While somebody is at work nothing is revoked beside it.
	sleep 2.1
	fault '{"operation":"generate","effect":"pass","delay_before":3}' >/dev/null
	HOME=$T/a/home "$ACROTATE" run --force --config "$T/a/acrotate.conf" >"$T/a.out" 2>&1 </dev/null &
	_first=$!
	wait_for "the first one's generate" sh -c 'curl -sS "$1/faults" | grep -q "\"hits\":[1-9]"' sh "$EMULATOR_CONTROL"
	on b revoke web
	says "revoke while another one is at work" 75 'another rotator|at work|has to wait'
	wait "$_first"
	is "the one at work ends well" "$?" 0
	no_faults >/dev/null
	is "and what it delivered works" "$(login web-pull "$(deployed)")" 200
	on b revoke web
	says "revoke behind it" 0 'revoked: every earlier password is dead'
	four=$(deployed)
	is "what is deployed works" "$(login web-pull "$four")" 200

	# ---- forget ----------------------------------------------------------------------------------------------------------------------
	on b forget web pull
	says "forget of a sink that the job has" 65 "sink 'pull' is still in the job"
	on c forget web pull
	says "forget of one sink, by one that has no such job" 0 "web: sink 'pull' is forgotten"
	on a run
	says "run of the other one behind it" 0 '^$'
	is "what is deployed stays" "$(deployed)" "$four"
	on b forget web
	says "forget of what is in use" 65 'its sinks hold a living password'
	record >"$T/kept"
	ok "the record is still there" grep -q '^job = web$' "$T/kept"
	on c status
	on c forget web
	says "forget by one that has no such job" 0 'web: forgotten'
	record >"$T/none"
	is "forget: the record is gone" "$?" 1
	on b forget web
	says "forget of what is not there" 69 'nothing is remembered of this job'
	clear_log
	on a run
	says "run without the record: what the sink holds is foreign" 65 'foreign|does not know|knows nothing'
	is "it generates nothing" "$(generated)" 0
	is "what is deployed works still" "$(login web-pull "$four")" 200

	# ---- adopt -----------------------------------------------------------------------------------------------------------------------
	on b adopt web "$T/nowhere"
	is "adopt of no file: exit status" "$RC" 69
	sed 's/^token = .*/token = other/' "$T/kept" >"$T/other"
	on b adopt web "$T/other"
	is "adopt of another token's record: exit status" "$RC" 65
	on b adopt web "$T/kept"
	says "adopt by the second one" 0 "web: the record '$T/kept' is its own now"
	on a status web
	says "status of the first one" 0 'web +contoso/web-pull +ok'
	on a history web
	like "history of the first one" "$(cat "$T/out")" " adopt .*taken over from '$T/kept'"
	on a run
	says "run of the first one" 0 '^$'
	is "nothing was generated" "$(generated)" 0
	on a adopt web "$T/kept"
	says "adopt of what is in use" 65 'the job has a record of its own'
	sleep 2.1
	on a run --force
	says "and it rotates" 0 '^$'
	is "what is deployed works" "$(login web-pull "$(deployed)")" 200
	is "and what was before" "$(login web-pull "$four")" 200

	# ---- a record of somewhere else: a copied container, a namespace made anew ---------------------------------------------------------
	record | sed 's/^machine = ..../machine = 0000/' >"$T/moved"
	clear_log
	put_record "$T/moved"
	on a run
	says "a record of somewhere else" 65 'it is kept beside it; .*acrotate adopt web'
	on b adopt web
	says "adopt of what the other one has set aside" 0 'web: the record .*web.* \(set aside\). is its own now'
	on a run
	says "then all is well" 0 '^$'
	is "and nothing was generated" "$(generated)" 0

	# ---- metrics ---------------------------------------------------------------------------------------------------------------------
	on b status --output metrics
	is "metrics of the second one: exit status" "$RC" 0
	like "metrics: the job is there" "$(cat "$T/out")" '^acrotate_slot_active[{]name="web",slot="password[12]"[}] 1$'
}
