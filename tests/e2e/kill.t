#!/bin/sh
# SPDX-License-Identifier: MIT
# kill -9 at every point where something becomes durable or leaves the machine, one after the other: whoever holds a password can log in
# after each, and the next runs converge without help.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/job.sh"
needs strace openssl
strace -qq -o /dev/null -e trace=fsync -e inject=fsync:signal=KILL:when=1 true 2>/dev/null || skip_here "strace may not trace here"

start_emulator --fast --token web-pull
# Lives are short, because a lost request is waited for during a quarter of what is left of the deployed password.
make_host 'lifetime = 20s' 'renew_before = 4s' 'grace = 1s'
usual_job web-pull
acrotate run
is "the first password" "$RC" 0

# killed_at CALLS N: a rotation that dies in its Nth call; false when it came to its end.
killed_at() {
	strace -f -qq -o /dev/null -e trace="$1" -e inject="$1:signal=KILL:when=$2" \
		"$ACROTATE" run --force --config "$E/acrotate.conf" >"$T/out" 2>"$T/err" </dev/null
	[ $? = 137 ]
}
# Both sinks hold the same password, it works, and nothing lies about.
settled() {
	[ "$(cat "$H/web-pull.env")" = "REGISTRY_PASSWORD=$(password_in)" ] && [ "$(login web-pull "$(password_in)")" = 200 ] &&
		[ -z "$(find "$H" -maxdepth 1 -name '.acrotate*')" ]
}
converge() {
	for _try in 1 2 3 4 5 6 7 8; do
		acrotate run
		[ "$RC" = 0 ] && settled && return 0
		sleep 1
	done
	said
	return 1
}
# A password to begin with that lives long enough for the check, and a spare slot whose grace is over.
prepare() {
	for _try in 1 2 3 4 5 6 7 8 9; do
		acrotate run --force
		[ "$RC" = 0 ] && { sleep 2.1; return 0; }
		sleep 1
	done
	said
	return 1
}
kills=0
for calls in fsync renameat,renameat2,rename connect; do
	n=1
	while [ $n -le 60 ]; do
		prepare || { ok "a rotation before kill $n at $calls" false; break; }
		before=$(password_in); env_before=$(sed 's/^REGISTRY_PASSWORD=//' "$H/web-pull.env")
		killed_at "$calls" $n || break
		kills=$((kills + 1))
		now=$(password_in); env_now=$(sed 's/^REGISTRY_PASSWORD=//' "$H/web-pull.env")
		is "killed at $calls $n: every holder can log in" \
			"$(for p in "$before" "$env_before" "$now" "$env_now"; do login web-pull "$p"; done)" 200200200200
		ok "killed at $calls $n: the next run converges" converge
		n=$((n + 1))
	done
done
ok "there were $kills kills" test $kills -ge 16
done_testing
