#!/bin/sh
# SPDX-License-Identifier: MIT
# Followers: one job rotates, others copy what it has delivered. They ask their source and the registry, never Azure; they take what is newer, and
# nothing else.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/job.sh"
needs strace openssl faketime

start_emulator --fast --token web-pull
make_host 'lifetime = 90d' 'grace = 1s'
job web-pull <<END
[job]
token = web-pull
[sink out]
type = file
path = $H/shared/out.txt
content = {username} {password} {expires} {slot}
[sink copy]
type = store
[sink docker]
type = docker
path = $H/rotator.json
END
mkdir -p "$H/shared"

# Another host: its own configuration, without an identity.
F=$T/follower
mkdir -p "$F/jobs.d" "$F/state"
cat >"$F/acrotate.conf" <<END
[http]
ca_file = $E/ca.pem
ca_only = yes
[run]
state_dir = $F/state
metrics_file = $F/metrics.prom
END
# follower NAME [LINE of job]... <<END source and sinks END
follower() {
	_name=$1; shift
	{
		printf '[job]\nregistry = %s\ntoken = web-pull\nverify_timeout = 2s\n' "$EMULATOR_LOGIN_SERVER"
		for _line in "$@"; do printf '%s\n' "$_line"; done
		cat
	} >"$F/jobs.d/$_name.conf"
}
source_password() { cut -d' ' -f2 "$H/shared/out.txt"; }
state_of() { follow status "$1" -o json; jget "$T/out" "0.$2"; }
metric() { sed -n "s/^acrotate_$1{name=\"$2\"[^}]*} //p" "$F/metrics.prom"; }
# What was asked of whom, since the log was cleared.

follower web <<END
[source]
type = file
path = $H/shared/out.txt
content = {username} {password} {expires} {slot}
[sink docker]
type = docker
path = $F/config.json
on_change = /bin/sh -c 'echo \$ACROTATE_SLOT \$ACROTATE_SINKS >>$F/hooks'
[sink env]
type = file
path = $F/web.env
content = PASSWORD={password}
END

# ---- before there is anything -----------------------------------------------------------------------------------------------------
follow plan
is "plan without a source: exit status" "$RC" 75
like "it says what is missing" "$(said)" "file $H/shared/out.txt: .*no password of token 'web-pull'"
follow run
is "run without a source: exit status" "$RC" 75
like "nothing works yet, so it is not quiet" "$(said)" 'nothing was delivered yet: file .*no password of token'
ok "no sink was made" test ! -e "$F/config.json"

# ---- the first password -----------------------------------------------------------------------------------------------------------
acrotate run
p1=$(source_password)
clear_log
follow run
is "the first run succeeds" "$RC" 0
is "and is quiet" "$(said)" ""
is "docker has what the rotator delivered" "$(password_in "$F/config.json")" "$p1"
is "and so has the other sink" "$(cat "$F/web.env")" "PASSWORD=$p1"
is "the hook ran, once, and knows the slot" "$(cat "$F/hooks")" "password1 docker"
is "three logins" "$(control log | grep -c '"path":"/oauth2/token')" 3
is "no request to the Resource Manager or Entra" "$(control log | grep -cE '"path":"/(subscriptions|[0-9a-f-]{36}/oauth2)')" 0

# ---- in step ----------------------------------------------------------------------------------------------------------------------
follow run # saves what came of the first
clear_log
strace -f -qq -o "$T/trace" -e trace=socket,connect,execve "$ACROTATE" run --config "$F/acrotate.conf" >"$T/out" 2>"$T/err"
is "in step: exit status" "$?" 0
is "nothing is asked" "$(requests)" 0
ok "nor any socket made" sh -c '! grep -E "socket\(|connect\(" "$1"' sh "$T/trace"
is "it is the small program" "$(grep -c 'execve(' "$T/trace")" 1
is "status" "$(state_of web state)" ok
is "what it follows" "$(jget "$T/out" 0.follows)" "file $H/shared/out.txt"
is "how it stands to it" "$(jget "$T/out" 0.source)" "in step"
is "the slot is what the source says" "$(jget "$T/out" 0.active)" password1
like "until when, too" "$(jget "$T/out" 0.expires)" '^20[0-9-]+T'
follow status
like "status says it in words" "$(said)" "follows file $H/shared/out.txt, in step"
follow plan
like "plan says it" "$(said)" "^web: keep: follows file $H/shared/out.txt, in step: password1 expires in (90d|89d)"
follow plan -o json
is "plan in JSON" "$(jget "$T/out" 0.follows)" "file $H/shared/out.txt"
is "metrics" "$(metric follower_in_step web)" 1
follow get web
is "get" "$(cat "$T/out")" "$p1"
follow get web -o json
is "get knows the slot" "$(jget "$T/out" slot)" password1
follow history web
like "history" "$(said)" 'follow .*password1.*no sink holds'

# ---- a newer one ------------------------------------------------------------------------------------------------------------------
rotate
p2=$(source_password)
ok "the rotator has another one" test "$p1" != "$p2"
is "status before the run" "$(state_of web state) $(jget "$T/out" 0.source)" "due behind"
follow plan
like "plan" "$(said)" '^web: follow: the source has a newer password: '
follow run
is "run" "$RC" 0
is "docker has it" "$(password_in "$F/config.json")" "$p2"
is "the other sink, too" "$(cat "$F/web.env")" "PASSWORD=$p2"
is "the hook ran" "$(tail -n 1 "$F/hooks")" "password2 docker"
is "status" "$(state_of web active)" password2

# ---- one sink lags, or is edited --------------------------------------------------------------------------------------------------
printf 'PASSWORD=%s\n' "$p1" >"$F/web.env"
follow run
is "a sink restored by hand: run" "$RC" 0
is "it is brought into step" "$(cat "$F/web.env")" "PASSWORD=$p2"
rm "$F/web.env"
follow run
is "a sink that was removed" "$(cat "$F/web.env")" "PASSWORD=$p2"

# ---- the source fails -------------------------------------------------------------------------------------------------------------
cp "$H/shared/out.txt" "$T/newest"
# fails WHAT WORD PATTERN: a run is quiet, exits 75, and changes nothing; status says it.
fails() {
	sha256sum "$F/config.json" "$F/web.env" >"$T/before"
	follow run
	is "$1: exit status" "$RC" 75
	is "$1: quiet at first" "$(said)" ""
	sha256sum "$F/config.json" "$F/web.env" >"$T/after"
	ok "$1: nothing changed" diff "$T/before" "$T/after"
	follow run --verbose
	like "$1: says why" "$(said)" "$3"
	is "$1: status" "$(state_of web state) $(jget "$T/out" 0.source)" "failing $2"
	is "$1: metrics" "$(metric follower_in_step web)" 0
	cp "$T/newest" "$H/shared/out.txt"
	follow run
	is "$1: well again" "$RC $(state_of web state)" "0 ok"
}
: >"$H/shared/out.txt"
fails "empty" empty "no password of token 'web-pull'.*what the sinks have is kept"
printf '\0garbage{' >"$H/shared/out.txt"
fails "garbage" empty 'no password'
rm "$H/shared/out.txt"; mkdir "$H/shared/out.txt"
fails_unreadable() {
	follow run
	is "unreadable: exit status" "$RC" 75
	is "unreadable: quiet" "$(said)" ""
	is "unreadable: status" "$(state_of web state) $(jget "$T/out" 0.source)" "failing unreadable"
	follow status web
	like "unreadable: why" "$(said)" 'which cannot be read'
	rm "$F/web.env"
	follow run
	is "unreadable: what the others have is copied all the same" "$RC $(cat "$F/web.env")" "75 PASSWORD=$p2"
}
fails_unreadable
rmdir "$H/shared/out.txt"; cp "$T/newest" "$H/shared/out.txt"
follow run
printf 'web-pull %s %s password1\n' "$p1" "$(date -u -d '+20 days' +%FT%TZ)" >"$H/shared/out.txt"
fails "restored to an older one" older 'has an older password'
printf 'web-pull no-such-password %s password1\n' "$(date -u -d '+99 days' +%FT%TZ)" >"$H/shared/out.txt"
fails "what the registry refuses" behind 'did not accept the new password'
: >"$H/shared/out.txt"
follow run
faketime -f +7h "$ACROTATE" run --config "$F/acrotate.conf" >"$T/out" 2>"$T/err"
is "after patience: exit status" "$?" 75
like "it is loud" "$(said)" 'no password of token'
cp "$T/newest" "$H/shared/out.txt"
faketime -f +50d "$ACROTATE" run --config "$F/acrotate.conf" >"$T/out" 2>"$T/err"
is "a rotator that does not rotate, long before the end: exit status" "$?" 0
faketime -f +76d "$ACROTATE" run --config "$F/acrotate.conf" >"$T/out" 2>"$T/err"
is "near the end: exit status" "$?" 75
like "near the end: loud" "$(said)" 'no newer password: does its rotator run'
follow run
is "and well again" "$RC" 0

# ---- by force ---------------------------------------------------------------------------------------------------------------------
rotate
follow run
p3=$(source_password)
is "a newer one, again" "$(password_in "$F/config.json")" "$p3"
printf 'web-pull %s %s password1\n' "$p1" "$(date -u -d '+20 days' +%FT%TZ)" >"$H/shared/out.txt"
if [ "$(login web-pull "$p1")" = 200 ]; then
	follow run --force
	is "an older one that works is taken by force" "$RC $(password_in "$F/config.json")" "0 $p1"
fi
acrotate run # heals its own sink
follow run
is "and left again" "$(password_in "$F/config.json")" "$p3"

# ---- other commands ---------------------------------------------------------------------------------------------------------------
follow revoke web
is "revoke: exit status" "$RC" 65
like "revoke: why" "$(said)" 'it follows file .* and generates nothing: revoke where that is rotated'
follow plan --horizon 1y
is "a horizon without it" "$RC" 0
cp "$F/state/web.state" "$T/web.state"
follow adopt web "$H/state/web-pull.state"
is "a rotator's record is not adopted" "$RC" 65
follow forget web
is "forget: a follower finds its way without a record" "$RC" 0
follow run
is "the record is forgotten: it finds itself in step" "$RC $(password_in "$F/config.json") $(state_of web source)" "0 $p3 in step"
follow forget web
follow adopt web "$T/web.state"
is "and a follower's record is adopted" "$RC" 0
rm -f "$F/state/web.state"
follow run
is "the record is lost: it finds itself in step" "$RC $(password_in "$F/config.json")" "0 $p3"
is "with the slot and all" "$(state_of web source)" "in step"

# ---- every kind of source ---------------------------------------------------------------------------------------------------------
follower by-docker <<END
[source]
type = docker
path = $H/rotator.json
[sink d]
type = docker
path = $F/by-docker.json
END
follower by-store <<END
[source]
type = store
[sink d]
type = docker
path = $F/by-store.json
END
cat >"$T/vault" <<END
#!/bin/sh
echo "\$@" >>"$T/vault.log"
[ "\$1" = get ] || { echo 'only get'; exit 1; }
read -r server
printf '{"ServerURL":"%s","Username":"web-pull","Secret":"%s"}' "\$server" "\$(cut -d' ' -f2 "$H/shared/out.txt")"
END
chmod 755 "$T/vault"
follower by-helper <<END
[source]
type = helper
program = $T/vault
[sink d]
type = docker
path = $F/by-helper.json
END
# The store is that of this host's own state: here the one that the rotator fills, as two jobs of one process would.
sed -i "s|^state_dir = .*|state_dir = $H/state|" "$F/acrotate.conf"
for kind in docker store helper; do
	follow run by-$kind
	is "from $kind: run" "$RC" 0
	is "from $kind: delivered" "$(password_in "$F/by-$kind.json")" "$p3"
done
is "of a helper nothing is asked but that" "$(sort -u "$T/vault.log")" get
is "without an expiry in the source" "$(state_of by-docker expires)" ""
is "the slot is not known" "$(jget "$T/out" 0.active)" ""
is "that of a store is" "$(state_of by-store active)" "$(awk '{ print $4 }' "$H/shared/out.txt")"
rotate
p4=$(source_password)
for kind in docker store helper; do
	follow run by-$kind
	is "from $kind: a newer one" "$RC $(password_in "$F/by-$kind.json")" "0 $p4"
done
perl -pi -e 'BEGIN { $o = shift; $n = shift } s/\Q$o\E/$n/' "$(printf 'web-pull:%s' "$p4" | base64 -w0)" "$(printf 'web-pull:%s' "$p3" | base64 -w0)" \
	"$H/rotator.json"
follow run by-docker
is "from docker: never back to what was seen before" "$RC $(password_in "$F/by-docker.json")" "75 $p4"
acrotate run

# ---- one process ------------------------------------------------------------------------------------------------------------------
{
	printf '[job]\nregistry = %s\ntoken = web-pull\n[source]\ntype = docker\npath = %s\n' "$EMULATOR_LOGIN_SERVER" "$H/rotator.json"
	printf '[sink d]\ntype = docker\npath = %s\n' "$H/beside.json"
} | job beside
acrotate run
is "a rotator and a follower of its token in one process" "$RC $(password_in "$H/beside.json")" "0 $p4"
acrotate run
is "and again" "$RC$(said)" 0
printf '[job]\nregistry = %s\ntoken = web-pull\n[source]\ntype = store\n[sink d]\ntype = docker\npath = %s\n' "$EMULATOR_LOGIN_SERVER" "$H/beside.json" | job twice
acrotate run twice
is "two jobs on one entry: exit status" "$RC" 78
like "which" "$(said)" "a sink of job 'beside' writes the same entry"
rm "$E/jobs.d/twice.conf"

# ---- a job that changes its role --------------------------------------------------------------------------------------------------
sed -i '/^\[source\]/,/^path/d; s/^registry = .*/registry = contoso/' "$E/jobs.d/beside.conf"
rm "$E/jobs.d/web-pull.conf"
acrotate run beside
is "a follower that is to rotate: exit status" "$RC" 65
like "nothing of its record is used" "$(said)" 'is of a job that rotates where this one follows, or the reverse'

done_testing
