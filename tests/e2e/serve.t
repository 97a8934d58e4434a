#!/bin/sh
# SPDX-License-Identifier: MIT
# The password when it is asked for: docker-credential-acrotate, as docker, podman and skopeo use it, and acrotate-credential-provider, as the
# kubelet does. A job whose only sink is the copy, and no password in any configuration file.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jobs.sh"
for c in skopeo podman docker docker-registry openssl; do command -v $c >/dev/null || skip_all "$c is not installed (packaging/install-deps e2e)"; done

start_registry --fast --token web-pull --token team-pull
config
export ACROTATE_CONFIG="$E/acrotate.conf"
HOST=$EMULATOR_LOGIN_SERVER
S=$T/state/store/$HOST
mkdir -p "$T/bin"
ln -s "$ACROTATE" "$T/bin/docker-credential-acrotate"
ln -s "$ACROTATE" "$T/bin/acrotate-credential-provider"
PATH=$T/bin:$PATH
# helper ACTION [ASKED]: RC, $T/out and $T/err.
helper() {
	printf '%s\n' "${2:-}" | docker-credential-acrotate "$1" >"$T/out" 2>"$T/err"
	RC=$?
}
V1=credentialprovider.kubelet.k8s.io/v1
# asked IMAGE [VERSION]: what a kubelet writes.
asked() { printf '{"kind":"CredentialProviderRequest","apiVersion":"%s","image":"%s"}\n' "${2:-$V1}" "$1"; }
# plugin IMAGE [VERSION] [ARGUMENT]...
plugin() {
	_image=$1 _version=${2:-$V1}
	shift; [ $# = 0 ] || shift
	asked "$_image" "$_version" | acrotate-credential-provider "$@" >"$T/out" 2>"$T/err"
	RC=$?
}
# In place of jget: a registry's name has dots in it.
auth() { perl -MJSON::PP -e 'local $/; my $j = JSON::PP->new->decode(<STDIN>); print $j->{auth}{$ARGV[0]}{$ARGV[1]} // ""' "$1" "$2" <"$T/out"; }

# ---- nothing yet ----------------------------------------------------------------------------------------------------------------------
helper get "$HOST"
is "nothing delivered: exit status" "$RC" 1
is "says so in the protocol's own words" "$(cat "$T/out")" "credentials not found in native keychain"
helper list
is "nothing to list" "$RC$(cat "$T/out")" "0{}"
plugin "$HOST/hello:v1"
is "the plugin has no credentials: exit status" "$RC" 0
is "and says so, for no time" "$(cat "$T/out")" \
	"{\"kind\":\"CredentialProviderResponse\",\"apiVersion\":\"$V1\",\"cacheKeyType\":\"Registry\",\"cacheDuration\":\"0s\"}"

# ---- the real clients -----------------------------------------------------------------------------------------------------------------
job_with web-pull grace=1s <<END
[sink copy]
type = store
END
run
is "a job of a copy alone" "$RC" 0
P=$(jget "$S" password)
helper get "$HOST"
is "it is handed out" "$RC$(jget "$T/out" Username):$(jget "$T/out" Secret)" "0web-pull:$P"
is "as the answer to what was asked" "$(jget "$T/out" ServerURL)" "$HOST"
for form in "https://$HOST" "https://$HOST/v1/" "http://$HOST/v2/" "$(echo "$HOST" | tr '[:lower:]' '[:upper:]')"; do
	helper get "$form"
	is "also as $form" "$RC$(jget "$T/out" Secret)" "0$P"
done
helper list
is "it is listed" "$RC$(cat "$T/out")" "0{\"$HOST\":\"web-pull\"}"
push_image hello
mkdir -p "$T/docker"
printf '{"credHelpers":{"%s":"acrotate"}}\n' "$HOST" >"$T/docker/config.json"
cp "$T/docker/config.json" "$T/docker/before"
manifest() { docker --config "$T/docker" manifest inspect --insecure "$HOST/hello:v1" >"$T/manifest" 2>&1; }
ok "docker asks it, and is let in" manifest
ok "skopeo pulls" pull_image hello "$T/docker/config.json"
podman_login() { podman login --get-login --authfile "$T/docker/config.json" "$HOST"; }
is "podman knows who it is" "$(podman_login 2>&1)" web-pull
# A login stores, a logout erases: both are to end well, and change nothing of ours.
printf '{"ServerURL":"%s","Username":"web-pull","Secret":"of-somebody-else"}' "$HOST" >"$T/in"
docker-credential-acrotate store <"$T/in" >"$T/out" 2>&1
is "store succeeds, and does nothing" "$?$(cat "$T/out")$(jget "$S" password)" "0$P"
cp -r "$T/docker" "$T/logout"
docker --config "$T/logout" logout "$HOST" >"$T/out" 2>&1
is "docker logout ends well" $? 0
is "erase, too" "$(jget "$S" password)" "$P"
sleep 2.1
run --force
is "after a rotation" "$RC$([ "$(jget "$S" password)" != "$P" ] && echo new)" 0new
ok "docker is let in again" manifest
ok "and skopeo" pull_image hello "$T/docker/config.json"
ok "with nothing changed in their configuration" cmp -s "$T/docker/config.json" "$T/docker/before"
is "no password in it" "$(grep -c auth "$T/docker/config.json")" 0

# ---- the kubelet's words --------------------------------------------------------------------------------------------------------------
P=$(jget "$S" password)
for v in v1 v1beta1 v1alpha1; do
	plugin "$HOST/hello:v1" "credentialprovider.kubelet.k8s.io/$v"
	is "$v is answered in $v" "$RC$(cat "$T/out")" "0{\"kind\":\"CredentialProviderResponse\",\"apiVersion\":\"credentialprovider.kubelet.k8s.io/$v\",\"cacheKeyType\":\"Registry\",\"cacheDuration\":\"300s\",\"auth\":{\"$HOST\":{\"username\":\"web-pull\",\"password\":\"$P\"}}}"
done
plugin "$HOST/a/b/c@sha256:0123" $V1 --cache 0s
is "a digest, asked every time" "$RC$(auth "$HOST" password)$(jget "$T/out" cacheDuration)" "0${P}0s"
plugin "$HOST/x" $V1 --cache=1h
is "for an hour" "$(jget "$T/out" cacheDuration)" 3600s
for image in other.azurecr.io/hello hello library/hello "$HOST"; do
	plugin "$image"
	is "of '$image' it knows nothing" "$RC$(jget "$T/out" auth)" 0
done
for bad in '' '{' '[]' '{}' "$(asked "$HOST/x" v9)" "$(asked '' $V1)" '{"kind":"Secret","apiVersion":"'$V1'","image":"x/y"}'; do
	printf '%s' "$bad" | acrotate-credential-provider >"$T/out" 2>"$T/err"
	is "'$bad' is no request: exit status" "$?" 1
	ok "nothing but an error" sh -c '[ -s "$2" ] && [ ! -s "$1" ]' sh "$T/out" "$T/err"
done
asked "$HOST/x" | acrotate-credential-provider --cache soon >"$T/out" 2>"$T/err"
is "a wrong --cache: exit status" $? 64
asked "$HOST/x" | acrotate-credential-provider --nothing >"$T/out" 2>"$T/err"
is "an unknown option: exit status" $? 64
env -u ACROTATE_CONFIG acrotate-credential-provider --config "$E/acrotate.conf" >"$T/out" 2>"$T/err" <<END
$(asked "$HOST/x")
END
is "--config names the configuration" "$?$(auth "$HOST" password)" "0$P"

# ---- a namespace ----------------------------------------------------------------------------------------------------------------------
job_with team-pull <<END
[sink copy]
type = store
key = $HOST/team
END
run team-pull
is "a job for a namespace" "$RC" 0
N=$(jget "$S,team" password)
helper get "$HOST/team"
is "who asks for the namespace gets its own" "$(jget "$T/out" Username)$(jget "$T/out" Secret)" "team-pull$N"
helper get "$HOST"
is "who asks for the registry, that" "$(jget "$T/out" Username)" web-pull
plugin "$HOST/team/app:1"
is "the kubelet gets both, for it remembers them by the registry" "$(auth "$HOST/team" password)$(auth "$HOST" password)" "$N$P"

# ---- bad input ------------------------------------------------------------------------------------------------------------------------
helper get ''
is "no name: the protocol's own words" "$RC$(cat "$T/out")" "1no credentials server URL"
for bad in ../../../etc/passwd "$HOST/../x" 'a b' "$HOST/_" '-x'; do
	helper get "$bad"
	is "'$bad' is not ours" "$RC$(cat "$T/out")" "1credentials not found in native keychain"
done
head -c 70000 /dev/zero | tr '\0' x | docker-credential-acrotate get >"$T/out" 2>&1
is "more than anybody asks: exit status" $? 1
like "is refused" "$(cat "$T/out")" "longer than 65536 bytes"
helper nothing
is "an unknown word" "$RC$(grep -c usage "$T/out")" 11
docker-credential-acrotate >"$T/out" 2>&1
is "no word" "$?$(grep -c usage "$T/out")" 11
like "version" "$(docker-credential-acrotate version)" '^docker-credential-acrotate \(acrotate\) [0-9.]+$'
printf '{"server"' >"$S"
helper get "$HOST"
is "a copy that is none: exit status" "$RC" 1
like "is said, and nothing of it" "$(cat "$T/out")" "$S': it is not a copy that acrotate wrote"
plugin "$HOST/team/app:1"
is "the kubelet gets the rest" "$RC$(auth "$HOST/team" password)" "0$N"
rm "$S"
sleep 2.1
run web-pull
is "removed, it is made again once the other slot is free" "$RC$(jget "$S" username)" 0web-pull

# ---- beside a run ---------------------------------------------------------------------------------------------------------------------
: >"$T/answers"
touch "$T/going"
(while [ -e "$T/going" ]; do printf %s "$HOST" | docker-credential-acrotate get; asked "$HOST/x" | acrotate-credential-provider; done >"$T/answers" 2>&1) &
PIDS="$! $PIDS"
asking=$!
for _ in 1 2 3 4; do sleep 2.1; run --force web-pull; [ "$RC" = 0 ] || cat "$T/err"; done
rm "$T/going"
wait $asking
is "every answer while it was replaced is whole" "$(grep -vcE '"Secret":"[A-Za-z0-9+/]{52}"\}$|"password":"[A-Za-z0-9+/]{52}"\}\}\}$' "$T/answers")" 0
got=$(grep -o '"Secret":"[^"]*"' "$T/answers" | sort -u | grep -c .)
ok "$(grep -c . "$T/answers") answers had $got passwords" test "$got" -ge 3

# ---- whose ----------------------------------------------------------------------------------------------------------------------------
# Root's state, asked by somebody else: a file system of our own where it is.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && unshare --mount sh -c 'mount -t tmpfs none /var/lib' 2>/dev/null; then
	chmod 0755 "$T" "$T/bin"
	cat >"$T/as-user" <<'END'
# as-user STATE MODE COMMAND...: with a copy of STATE as root's, its directories of this mode, as nobody with an own home
state=$1 mode=$2; shift 2
mount -t tmpfs none /var/lib && mkdir /var/lib/acrotate && cp -a "$state/store" /var/lib/acrotate/ || exit 99
chmod "$mode" /var/lib/acrotate /var/lib/acrotate/store
mkdir -m 0777 /var/lib/home
exec env -u ACROTATE_CONFIG -u XDG_STATE_HOME -u XDG_CONFIG_HOME HOME=/var/lib/home setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
END
	as_user() {
		_mode=$1; shift
		printf '%s\n' "$HOST" | unshare --mount sh "$T/as-user" "$T/state" "$_mode" "$@" >"$T/out" 2>"$T/err"
		RC=$?
	}
	as_user 0700 docker-credential-acrotate get
	is "root lets nobody in: not found" "$RC$(cat "$T/out")" "1credentials not found in native keychain"
	as_user 0711 docker-credential-acrotate get
	is "or in, and not to this one: exit status" "$RC" 1
	like "which is said" "$(cat "$T/out")" "/var/lib/acrotate/store/.*Permission denied"
	sed -i '/^type = store/a mode = 0644' "$E/jobs.d/web-pull.conf"
	sleep 2.1
	run --force web-pull
	as_user 0711 docker-credential-acrotate get
	is "with a mode that lets everybody read, everybody is answered" "$RC$(jget "$T/out" Secret)" "0$(jget "$S" password)"
	as_user 0711 sh -c 'mkdir -p ~/.local/state/acrotate/store && echo "{\"server\":\"$1\",\"username\":\"mine\",\"password\":\"own\"}" >~/.local/state/acrotate/store/$1 &&
		exec docker-credential-acrotate get' sh "$HOST"
	is "but one's own comes first" "$RC$(jget "$T/out" Username)" 0mine
fi
done_testing
