#!/bin/sh
# SPDX-License-Identifier: MIT
# packaging/kubernetes as kubectl applies it: every overlay, first in a dry run of the server, then really, against a real kube-apiserver. What Pod Security calls
# restricted is looked for in what the server has kept. Where the server is older than batch/v1, its CronJob is tried as batch/v1beta1.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/job.sh"
. "$ROOT/tests/kube/lib.sh"
MANIFESTS=$ROOT/packaging/kubernetes
[ "$KUBE" = real ] || skip_here "the emulator has no CronJobs: make check-kube"
kubectl kustomize "$MANIFESTS" >/dev/null 2>&1 || skip_all "no kubectl, or one before 1.21"

start_kube --fast --token web-pull
# An overlay as this server takes it: the same, but for the CronJob's version.
BATCH=v1
kube get --raw /apis/batch/v1 2>/dev/null | grep -q '"cronjobs"' || BATCH=v1beta1
cp -R "$MANIFESTS" "$T/manifests"
chmod -R u+w "$T/manifests"
variant() { # OVERLAY: prints its directory
	_dir=$T/manifests/of-$1
	mkdir -p "$_dir"
	cat >"$_dir/kustomization.yaml" <<-END
	resources: [../overlays/$1]
	patches:
	- target: {kind: CronJob}
	  patch: '[{"op": "replace", "path": "/apiVersion", "value": "batch/$BATCH"}]'
	END
	echo "$_dir"
}
echo "# CronJobs of this server: batch/$BATCH"

# A dry run does not make the namespace for what comes after it.
namespace acrotate
namespace default
for overlay in workload-identity client-secret certificate; do
	dir=$(variant $overlay)
	kube apply -k "$dir" --dry-run=server >"$T/out" 2>&1
	is "$overlay: the server would take it: $(tail -n 1 "$T/out")" $? 0
	is "$overlay: all of it" "$(grep -c 'server dry run' "$T/out")" 10
	is "$overlay: nothing is there yet" "$(kapi GET /apis/batch/$BATCH/namespaces/acrotate/cronjobs/acrotate)" 404
done
for overlay in workload-identity client-secret certificate; do
	kube apply -k "$(variant $overlay)" >"$T/out" 2>&1
	is "$overlay: the server takes it" $? 0
	kapi GET /apis/batch/$BATCH/namespaces/acrotate/cronjobs/acrotate >/dev/null
	cp "$T/kube" "$T/$overlay.json"
	kapi GET /api/v1/namespaces/acrotate/configmaps/acrotate.conf >/dev/null
	jget "$T/kube" data | perl -MJSON::PP -e 'local $/; print decode_json(<STDIN>)->{"acrotate.conf"}' >"$T/$overlay.conf"
	kube apply -k "$(variant $overlay)" >"$T/out" 2>&1
	is "$overlay: again changes nothing" "$(grep -vc unchanged "$T/out")" 0
	perl "$ROOT/tests/kube/restricted.pl" <"$T/$overlay.json" >"$T/out" 2>&1
	is "$overlay: Pod Security restricted, and a read-only root: $(head -c 300 "$T/out")" $? 0
	is "$overlay: one at a time" "$(jget "$T/$overlay.json" spec.concurrencyPolicy)" Forbid
	# What a job's identity is read from is where the pod has it.
	file=$(sed -n 's/^\(client_secret_file\|certificate_file\|federated_token_file\) = //p' "$T/$overlay.conf")
	mounts=$(perl -MJSON::PP -e 'local $/; print "$_->{mountPath}\n" for @{decode_json(<STDIN>)->{spec}{jobTemplate}{spec}{template}{spec}{containers}[0]{volumeMounts}}' <"$T/$overlay.json")
	ok "$overlay: '$file' is in a volume" sh -c 'printf "%s\n" "$1" | grep -qx "$2"' sh "$mounts" "${file%/*}"
done
for dir in "$MANIFESTS" "$MANIFESTS"/overlays/*; do
	is "${dir##*/}: the image is this version's" "$(kubectl kustomize "$dir" | sed -n 's/^ *image: //p')" "acrotate:$(cat "$ROOT/VERSION")"
done
printf 'images:\n- name: acrotate\n  newName: registry.example/acrotate\n' >>"$T/manifests/kustomization.yaml"
is "another place of it can be named" "$(kubectl kustomize "$T/manifests" | sed -n 's/^ *image: //p')" "registry.example/acrotate:$(cat "$ROOT/VERSION")"
like "the token is for Azure" "$(jget "$T/workload-identity.json" spec)" '"audience": *"api://AzureADTokenExchange"'

# ---- what the service account may do, and may not ----------------------------------------------------------------------------------------
can() { kube auth can-i "$2" "$3" -n "$1" --as system:serviceaccount:acrotate:acrotate 2>/dev/null; }
for right in 'acrotate get configmaps/acrotate-web-pull yes' 'acrotate patch configmaps/acrotate-web-pull yes' 'acrotate create configmaps yes' \
	'acrotate get namespaces/acrotate yes' 'default get secrets/acr-pull yes' 'default patch secrets/acr-pull yes' \
	'acrotate get secrets/identity no' 'acrotate patch configmaps/jobs.d no' 'acrotate patch configmaps/acrotate.conf no' 'acrotate delete configmaps/acrotate-web-pull no' \
	'acrotate list configmaps no' 'acrotate create pods no' 'default create secrets no' 'default list secrets no' 'default get secrets/other no' \
	'default delete secrets/acr-pull no' 'default get configmaps no' 'kube-system get secrets no'; do
	# shellcheck disable=SC2086
	set -- $right
	is "in $1: $2 $3" "$(can "$1" "$2" "$3")" "$4"
done
# ---- the Roles suffice, and nothing in them is unused ------------------------------------------------------------------------------------
account acrotate acrotate
mkdir -p "$T/pod/jobs.d"
{
	sed 's|^state_dir = .*|state = kubernetes:acrotate|' "$E/acrotate.conf"
	printf '[kubernetes]\nkubeconfig = %s\n[defaults]\nregistry = contoso\nresource_group = emulated\ngrace = 1s\n' "$T/acrotate.kubeconfig"
} >"$T/pod/acrotate.conf"
printf '[job]\ntoken = web-pull\n[sink pull]\ntype = kubernetes\nnamespace = default\nsecret = acr-pull\n' >"$T/pod/jobs.d/web-pull.conf"
kapi DELETE /api/v1/namespaces/default/secrets/acr-pull >/dev/null
secret default acr-pull '{"auths":{}}' >/dev/null
run() { HOME=$T "$ACROTATE" run --force --config "$T/pod/acrotate.conf" >"$T/out" 2>&1 </dev/null; }
# verbs NAMESPACE: "INDEX VERB" of each verb in each rule of its Role.
verbs() { kget "$RBAC/$1/roles/acrotate" rules | perl -MJSON::PP -e 'local $/; my $r = decode_json(<STDIN>); for my $i (0 .. $#$r) { print "$i $_\n" for @{ $r->[$i]{verbs} } }'; }
# without NAMESPACE INDEX VERB: the run is refused, and generates nothing.
without() {
	kget "$RBAC/$1/roles/acrotate" rules >"$T/rules"
	_fewer=$(perl -MJSON::PP -e 'local $/; my ($i, $v) = @ARGV; my $r = decode_json(<STDIN>); $r->[$i]{verbs} = [grep { $_ ne $v } @{ $r->[$i]{verbs} }];
		print encode_json([grep { @{ $_->{verbs} } } @$r])' "$2" "$3" <"$T/rules")
	merge "$RBAC/$1/roles/acrotate" "{\"rules\":$_fewer}" >/dev/null
	# A run that fails notes that in the record, too; the right to create it is used only where there is none.
	kapi DELETE /api/v1/namespaces/acrotate/configmaps/acrotate-web-pull >/dev/null
	run
	is "$1, rule $2 without $3: refused, nothing is generated" "$? $(count_log generate)" "77 0"
	merge "$RBAC/$1/roles/acrotate" "{\"rules\":$(cat "$T/rules")}" >/dev/null
}
clear_log
for namespace in acrotate default; do
	verbs "$namespace" >"$T/verbs"
	ok "$namespace: its Role has verbs" test -s "$T/verbs"
	while read -r index verb; do without "$namespace" "$index" "$verb"; done <"$T/verbs"
done
run
is "with all of them it rotates: $(head -c 200 "$T/out")" "$? $(count_log generate)" "0 1"
is "the registry takes what the Secret holds" "$(login web-pull "$(pull_password default acr-pull)")" 200
done_testing
