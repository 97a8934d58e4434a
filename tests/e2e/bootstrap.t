#!/bin/sh
# SPDX-License-Identifier: MIT
# create = yes: a node with an identity and a job file, and nothing else, ends up with a token, its password in every sink and a hook run;
# whatever is not there yet, whoever else does the same at once, wherever it is killed.
set -u
. "$(dirname "$0")/lib.sh"
needs openssl

plain=$(free_port) tls=$(free_port)
options="--fast --plain-port $plain --port $tls --scope-map shared-map=repositories/hello/content/read"
# shellcheck disable=SC2086
start_emulator $options --token existing --token two-slots

# node NAME [KEY = VALUE]...: a host of its own: configuration, state, two sinks and a hook; its identity is that of the machine. Further
# lines go into [job], which has `create = yes` and the token NAME unless one of them says otherwise.
node() {
	N=$T/$1
	mkdir -p "$N/jobs.d"
	sed '/^auth = /d; /^client_/d; /^\[azure\]/a auth = managed-identity'"
		s|^state_dir = .*|state_dir = $N/state|" "$E/acrotate.conf" >"$N/acrotate.conf"
	{
		printf '[job]\nregistry = contoso\nresource_group = emulated\n'
		_name=$1; shift
		case " $*" in *" token = "*) ;; *) printf 'token = %s\n' "$_name" ;; esac
		case " $*" in *" create = "*) ;; *) printf 'create = yes\n' ;; esac
		case " $*" in *" scope_map = "* | *"repository = "*) ;; *) printf 'scope_map = _repositories_pull\n' ;; esac
		for _line in "$@"; do printf '%s\n' "$_line"; done
		printf 'on_change = /bin/sh -c '\''echo "$ACROTATE_SLOT" >>%s/told'\''\n' "$N"
		printf '[sink docker]\ntype = docker\npath = %s/config.json\n[sink env]\ntype = file\npath = %s/env\n' "$N" "$N"
	} >"$N/jobs.d/web.conf"
}
# at NODE ARGUMENT...: acrotate there; sets RC; output in NODE/out and NODE/err.
at() {
	N=$T/$1; shift
	_command=$1; shift
	AZURE_POD_IDENTITY_AUTHORITY_HOST=http://127.0.0.1:$plain "$ACROTATE" "$_command" --config "$N/acrotate.conf" "$@" >"$N/out" 2>"$N/err" </dev/null
	RC=$?
	return 0
}
# The same in the background; at_end NODE waits for it and sets RC.
at_once() {
	(at "$@"; echo "$RC" >"$T/$1/rc") &
	eval "at_pid_$(echo "$1" | tr - _)=\$!"
	PIDS="$! $PIDS"
}
at_end() {
	eval "wait \$at_pid_$(echo "$1" | tr - _)"
	RC=$(cat "$T/$1/rc")
}
said() { cat "$T/$1/out" "$T/$1/err"; }
env_of() { cat "$T/$1/env" 2>/dev/null; }
docker_of() {
	perl -MJSON::PP -e 'local $/; open my $f, "<", $ARGV[0] or exit; print JSON::PP->new->decode(<$f>)->{auths}{$ARGV[1]}{auth} // ""' \
		"$T/$1/config.json" "$EMULATOR_LOGIN_SERVER" | openssl base64 -d -A
}
# well NODE [TOKEN]: both sinks have one password, and the registry takes it.
well() {
	_p=$(env_of "$1") _t=${2:-$1}
	[ -n "$_p" ] && [ "$(docker_of "$1")" = "$_t:$_p" ] && [ "$(login "$_t" "$_p")" = 200 ]
}
is_well() { ok "$1" well "$2" "${3:-$2}"; }
hit() { control faults | grep -q '"hits":[1-9]'; }
why() { sed 's/^/# /' "$T/$1/err" "$T/$1/out" | head -n 20; }

# ---- from nothing, in one command -----------------------------------------------------------------------------------------------------
node from-nothing 'repository = hello content/read metadata/read' 'repository = Other/thing content/read' 'gateway = gw1 config/read'
at from-nothing plan
is "plan of a token that does not exist: exit status" "$RC" 0
like "says what would be done" "$(said from-nothing)" '^web: create the token, generate a password and deliver it: the token does not exist$'
is "and creates nothing" "$(count_log token-put)$(count_log scope-map-put)" 00
at from-nothing check
is "check has nothing against it" "$RC" 0
like "and says so" "$(said from-nothing)" "^ok +web: token: 'from-nothing' does not exist yet: the next run creates it"
at from-nothing run --wait 10m
is "run --wait: exit status" "$RC" 0
is "quietly" "$(said from-nothing)" ""
is_well "every sink has a password that works" from-nothing
is "the hook ran once" "$(cat "$T/from-nothing/told")" password1
is "one token was created" "$(count_log token-put)" 1
arm GET scopeMaps/from-nothing-scope-map >/dev/null
is "its scope map says what the job says" "$(jget "$T/body" properties.actions)" \
	'["repositories/hello/content/read","repositories/hello/metadata/read","repositories/Other/thing/content/read","gateway/gw1/config/read"]'
arm GET tokens/from-nothing >/dev/null
like "and is the token's" "$(jget "$T/body" properties.scopeMapId)" '/scopeMaps/from-nothing-scope-map$'
at from-nothing run
is "the next run looks once whether all went well" "$RC $(count_log login '"status":200')" "0 5"
clear_log
at from-nothing run
is "and the one after it asks nobody" "$RC $(control log | grep -c .)" "0 0"
at from-nothing run --force
is "it rotates like any other" "$RC$(said from-nothing)" 0
is_well "to a password that works" from-nothing
is "its token is not created again" "$(count_log token-put)" 0

node by-name 'scope_map = shared-map'
node by-id "scope_map = $REGISTRY_ID/scopeMaps/shared-map"
at_once by-name run
at_once by-id run
at_end by-name
is "a scope map by its name" "$RC$(well by-name && echo yes)" 0yes
at_end by-id
is "and by its id" "$RC$(well by-id && echo yes)" 0yes
node by-mistake 'scope_map = no-such-map'
at by-mistake run
is "one that is not there: exit status" "$RC" 69
like "is named" "$(said by-mistake)" "no-such-map"

# A scope map may have other users.
arm PUT scopeMaps/foreign-map-scope-map '{"properties":{"actions":["repositories/theirs/content/read"]}}' >/dev/null
node foreign-map 'repository = hello content/read'
clear_log
at foreign-map run
is "somebody else's scope map of that name: exit status" "$RC" 65
like "is said" "$(said foreign-map)" "scope map 'foreign-map-scope-map' exists in registry 'contoso' with other actions"
is "it is left alone, and no token is made" "$(count_log scope-map-put)$(count_log token-put)" 00

# ---- names --------------------------------------------------------------------------------------------------------------------------
if [ "$(id -u)" = 0 ] && unshare --uts sh -c 'hostname=$(cat /proc/sys/kernel/hostname); echo "$hostname" >/proc/sys/kernel/hostname' 2>/dev/null; then
	node host 'token = %H'
	cat >"$T/as-host" <<'END'
name=$1; shift
echo "$name" >/proc/sys/kernel/hostname && exec "$@"
END
	AZURE_POD_IDENTITY_AUTHORITY_HOST=http://127.0.0.1:$plain unshare --uts sh "$T/as-host" Build_07.example.com \
		"$ACROTATE" run --config "$T/host/acrotate.conf" >"$T/host/out" 2>"$T/host/err"
	is "a token named after the host" "$?$(well host Build-07-example-com && echo yes)" 0yes
	AZURE_POD_IDENTITY_AUTHORITY_HOST=http://127.0.0.1:$plain unshare --uts sh "$T/as-host" localhost \
		"$ACROTATE" run --config "$T/host/acrotate.conf" >"$T/host/out" 2>"$T/host/err"
	is "not when the host has no name yet" $? 78
fi
if [ -s /etc/machine-id ]; then
	node machine 'token = m-%m'
	at machine run
	is "a token named after the machine's id" "$RC$(well machine "m-$(cat /etc/machine-id)" && echo yes)" 0yes
fi

# ---- what is not there yet ------------------------------------------------------------------------------------------------------------
node early
fault '[{"operation":"imds","effect":"status","status":400,"body":{"error":"invalid_request","error_description":"Identity not found"}},
	{"operation":"registry-get","effect":"status","status":403,"body":{"error":{"code":"AuthorizationFailed","message":"no role yet"}}},
	{"operation":"registry-get","effect":"status","status":404,"body":{"error":{"code":"ResourceNotFound","message":"no registry yet"}}}]' >/dev/null
at early run
is "no identity yet, without --wait: exit status" "$RC" 77
at early run --wait 10m
is "a role and then the registry come later: --wait" "$RC" 0
is_well "has a password that works" early
like "the first is told" "$(said early)" 'warning: web: .*AuthorizationFailed.*tried again \(--wait\)'
no_faults >/dev/null
fault '{"operation":"token-get","effect":"status","status":403,"count":0,"body":{"error":{"code":"AuthorizationFailed","message":"no"}}}' >/dev/null
at early run --force --wait 10m
is "what takes a role away later is not waited for" "$RC" 77
no_faults >/dev/null

node no-network
kill "$EMULATOR_PID"
wait "$EMULATOR_PID" 2>/dev/null
at_once no-network run --wait 10m --verbose
wait_for "a first attempt" grep -q 'tried again (--wait)' "$T/no-network/err"
# shellcheck disable=SC2086
start_emulator $options --token existing --token two-slots
rm -f "$T/bearer"
at_end no-network
is "the network comes later" "$RC" 0
is_well "then there is a password" no-network
grep -q . "$T/no-network/env" || why no-network

# ---- a token that exists is never created ---------------------------------------------------------------------------------------------
control tokens/existing '{"action":"generate","slot":"password1","password":"of-somebody-else"}' >/dev/null
node existing
clear_log
at existing run
is "the token of somebody else: it takes the free slot" "$RC$(well existing && echo yes)" 0yes
is "nobody is cut off" "$(login existing of-somebody-else)" 200
is "the token is not PUT" "$(count_log token-put)" 0
control tokens/existing '{"action":"delete"}' >/dev/null
at existing run --force
is "a token that was deleted is not made again by itself: exit status" "$RC" 69
like "but says how" "$(said existing)" "existed and was deleted .*acrotate forget web"
is "nor PUT" "$(count_log token-put)" 0
at existing forget web
is "forgotten" "$RC" 0
at existing run
is "it is made again" "$RC$(well existing && echo yes)" 0yes

# pass SECONDS: by Azure's clock alone. as_here: as ours again.
pass() { control clock "{\"advance\": $1}" >/dev/null; }
as_here() { control clock '{"shift": 0}' >/dev/null; }

# ---- two at once ----------------------------------------------------------------------------------------------------------------------
# twice NAME: two nodes with one token, started together.
twice() {
	node "$1-a" "token = $1"
	node "$1-b" "token = $1"
	at_once "$1-a" run
	[ -z "${2:-}" ] || wait_for "the first one's request" hit
	at_once "$1-b" run
	at_end "$1-a"; _a=$RC
	at_end "$1-b"
	_rcs="$_a $RC"
}
both_well() { # WHAT NAME
	is "$1: exit statuses" "$_rcs" "0 0"
	[ "$_rcs" = "0 0" ] || { why "$2-a"; why "$2-b"; }
	ok "$1: the first has a password that works" well "$2-a" "$2"
	ok "$1: and so has the second" well "$2-b" "$2"
}
twice at-once
both_well "two creators at once" at-once
# The first learns that there is no token, but late: the second has made it meanwhile.
clear_log
fault '{"operation":"token-get","skip":1,"delay_after":4}' >/dev/null
twice late-answer hit
both_well "an answer that comes late" late-answer
is "an answer that comes late is not relied on: one PUT" "$(count_log token-put)" 1
no_faults >/dev/null
# The first's PUT is under way for so long that the second has delivered: it wipes that, and the second's next run finds out.
fault '{"operation":"token-put","delay_before":15}' >/dev/null
twice late-put hit
no_faults >/dev/null
at late-put-b run
_rcs="${_rcs% *} $RC"
both_well "a PUT that comes late" late-put
# The service says that it is busy with that token, or knows the precondition.
clear_log
for status in 409 412; do
	fault "{\"operation\":\"token-put\",\"token\":\"refused-$status\",\"effect\":\"status\",\"status\":$status,\"body\":{\"error\":{\"code\":\"Conflict\",\"message\":\"m\"}}}" >/dev/null
	node refused-$status
done
fault '{"operation":"token-put","token":"lost-reply","effect":"act-drop"}' >/dev/null
node lost-reply 'verify_timeout = 30s'
for n in refused-409 refused-412 lost-reply; do at_once $n run; done
for n in refused-409 refused-412; do
	at_end $n
	is "$n: exit status" "$RC" 0
	is_well "$n: a password that works" $n
done
at_end lost-reply
is "an answer that is lost: exit status" "$RC" 75
like "it may still act" "$(said lost-reply)" 'may still act: no run goes on before 20'
at lost-reply run
is "the token is there: exit status" "$RC" 75
like "and is left alone" "$(said lost-reply)" 'a request that may replace or remove its password may still act'
is "without a password" "$(env_of lost-reply)" ""
pass 601
at lost-reply run
is "ten minutes later: exit status" "$RC" 0
is_well "a password that works" lost-reply
as_here
is "what was refused is sent again, what was lost is not" "$(count_log token-put refused-409)$(count_log token-put refused-412)$(count_log token-put lost-reply)" 221
no_faults >/dev/null

# ---- killed anywhere --------------------------------------------------------------------------------------------------------------------
if command -v strace >/dev/null && strace -qq -o /dev/null -e trace=fsync -e inject=fsync:signal=KILL:when=1 true 2>/dev/null; then
	# Each on a node of its own, many at once: a token takes its time.
	killed() { # NODE CALLS N
		AZURE_POD_IDENTITY_AUTHORITY_HOST=http://127.0.0.1:$plain strace -f -qq -o /dev/null -e trace="$2" -e inject="$2:signal=KILL:when=$3" \
			"$ACROTATE" run --config "$T/$1/acrotate.conf" >"$T/$1/out" 2>"$T/$1/err" </dev/null
		echo $? >"$T/$1/killed"
	}
	nodes="" killers=""
	for calls in fsync rename connect; do
		trace=$calls
		[ $calls != rename ] || trace=renameat,renameat2,rename
		for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do
			node "kill-$calls-$n" 'verify_timeout = 30s'
			nodes="$nodes kill-$calls-$n"
			killed "kill-$calls-$n" $trace $n &
			PIDS="$! $PIDS"
			killers="$killers $!"
		done
	done
	# shellcheck disable=SC2086
	wait $killers
	for n in $nodes; do at_once "$n" run; done
	for n in $nodes; do
		at_end "$n"
		like "$n: the next run: exit status" "$RC" '^(0|75)$'
		[ "$RC" = 0 ] || like "$n: the PUT may act yet" "$(said "$n")" 'may still act'
	done
	pass 601
	for n in $nodes; do at_once "$n" run; done
	for n in $nodes; do at_end "$n"; is "$n: ten minutes later: exit status" "$RC" 0; done
	for n in $nodes; do
		is_well "$n: ends with a password that works" "$n"
		ok "$n: and the hook has run" test -s "$T/$n/told"
		ok "$n: nothing lies about" sh -c '[ -z "$(find "$1" -name ".acrotate*")" ]' sh "$T/$n"
	done
	kills=$(cat "$T"/*/killed | grep -cx 137)
	ok "there were $kills kills" test "$kills" -gt 20
fi

as_here

# ---- a node that was made anew ----------------------------------------------------------------------------------------------------------
node two-slots 'exclusive = yes' 'grace = 1s' 'lifetime = 90d'
at two-slots run
sleep 2.1
at two-slots run --force
is "a node whose token has two passwords" "$RC$(well two-slots && echo yes)" 0yes
reimage() { rm -rf "$T/two-slots/state" "$T/two-slots/env" "$T/two-slots/config.json" "$T/two-slots/told"; }
reimage
sed -i '/^exclusive/d' "$T/two-slots/jobs.d/web.conf"
at two-slots run
is "made anew, without exclusive: exit status" "$RC" 65
like "a person has to decide" "$(said two-slots)" 'may_replace = password[12]@20'
sed -i '/^create/a exclusive = yes' "$T/two-slots/jobs.d/web.conf"
at two-slots run --wait 10m
is "with exclusive it comes back by itself" "$RC$(well two-slots && echo yes)" 0yes
is "and tells its hook" "$(grep -c . "$T/two-slots/told")" 1
reimage
# An image that brings along what somebody backed up: a password of the token, long replaced.
printf stale-password >"$T/two-slots/env"
at two-slots plan
is "a sink with an unknown password that may work: plan refuses" "$RC" 65
done_testing
