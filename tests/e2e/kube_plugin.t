#!/bin/sh
# SPDX-License-Identifier: MIT
# acrotate-credential-provider, asked by the kubelet's own code (tests/kube/ask.go): the CredentialProviderConfig of the manual page is taken,
# and images are looked up as a kubelet looks them up, across a rotation.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jobs.sh"
BIN=$("$ROOT/tests/kube/build" --have-ask) || {
	[ "${KUBE:-}" != real ] || { echo "Bail out! the kubelet's code is not there: run tests/kube/build"; exit 1; }
	skip_all "the kubelet's code is not there (tests/kube/build)"
}

start_emulator --fast --token web-pull --token team-pull
config
HOST=$EMULATOR_LOGIN_SERVER
S=$T/state/store/$HOST
mkdir -p "$T/plugins"
ln -s "$ACROTATE" "$T/plugins/acrotate-credential-provider"
# provider NAME [LINE...]: of the page, for this Kubernetes (1.20: both versions are v1alpha1) and this registry; further lines go behind it.
provider() {
	_to=$T/$1; shift
	sed -n '/^apiVersion: kubelet.config.k8s.io/,/^\.Ed/p' "$ROOT/packaging/man/acrotate-credential-provider.8" | sed '/^\.Ed/d' |
		sed "s|kubelet.k8s.io/v1\$|kubelet.k8s.io/v1alpha1|; s|config.k8s.io/v1\$|config.k8s.io/v1alpha1|; s|contoso.azurecr.io|$HOST|" >"$_to"
	echo "      - --config=$E/acrotate.conf" >>"$_to"    # a plugin of 1.20 has no environment but what is said there
	for _line in "$@"; do sed -i "$_line" "$_to"; done
}
# ask CONFIG IMAGE...: RC and $T/out.
ask() {
	_config=$1; shift
	"$BIN/ask" "$T/$_config" "$T/plugins" "$@" >"$T/out" 2>"$T/err" </dev/null
	RC=$?
}
provider remembered
provider forgotten 's/--cache=5m/--cache=0s/'
provider second 's/--cache=5m/--cache=1s/'
is "the manual page has a configuration" "$(grep -c 'name: acrotate-credential-provider' "$T/remembered")" 1

ask remembered "$HOST/hello"
is "nothing delivered yet: no credentials" "$RC$(cat "$T/out")" "0$HOST/hello"
job_with web-pull grace=1s <<END
[sink copy]
type = store
END
acro run >"$T/run" 2>&1
is "a job of a copy alone" "$?$(cat "$T/run")" 0
P=$(jget "$S" password)
ask remembered "$HOST/hello" "$HOST/a/b/c" "$HOST/hello@sha256:$(printf '%064d' 1)"
is "the kubelet takes it, for every image of the registry" "$(cut -d' ' -f2- "$T/out" | sort | uniq -c | tr -s ' ')" " 3 web-pull:$P"
ask remembered other.azurecr.io/hello hello
is "and for no other" "$RC$(cat "$T/out")" "0other.azurecr.io/hello
hello"
job_with team-pull <<END
[sink copy]
type = store
key = $HOST/team
END
acro run >"$T/run" 2>&1
N=$(jget "$S,team" password)
ask remembered "$HOST/hello" "$HOST/team/app"
is "that of a namespace is tried first for what is in it, and for nothing else" "$(cat "$T/out")" "$HOST/hello web-pull:$P
$HOST/team/app team-pull:$N web-pull:$P"

# ---- across a rotation: one process, as a kubelet is -------------------------------------------------------------------------------------
# asking CONFIG: asks, waits for a rotation, asks again.
asking() {
	mkfifo "$T/go"
	exec 3<>"$T/go"
	# shellcheck disable=SC2016,SC2086 # the child's own; nothing, or a word
	start ask sh -c 'exec "$@" <"$0"' "$T/go" "$BIN/ask" "$T/$1" "$T/plugins" "$HOST/hello" again ${2:-} "$HOST/hello"
	wait_for "a first answer" grep -q "$HOST" "$T/ask.out"
	sleep 2.1
	acro run --force web-pull >"$T/run" 2>&1 || cat "$T/run"
	echo >&3
	exec 3>&-
	wait "$PID"
	rm "$T/go"
	cut -d' ' -f2 "$T/ask.out" | cut -d: -f2- >"$T/two"
}
asking forgotten
is "asked every time it has the new one" "$(cat "$T/two")" "$P
$(jget "$S" password)"
P=$(jget "$S" password)
asking second sleep
is "so it has after the time that it remembers it for" "$(cat "$T/two")" "$P
$(jget "$S" password)"
P=$(jget "$S" password)
asking remembered
is "until then it has the old one" "$(cat "$T/two")" "$P
$P"
is "which works all the while" "$(login web-pull "$P")$(login web-pull "$(jget "$S" password)")" 200200

printf '{' >"$S"
rm "$S,team"
ask remembered "$HOST/hello"
is "a copy that cannot be read: the kubelet goes on without" "$RC$(cat "$T/out")" "0$HOST/hello"
like "and logs why" "$(cat "$T/err")" "exit status 1|not a copy that acrotate wrote"
done_testing
