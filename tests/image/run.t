#!/bin/sh
# SPDX-License-Identifier: MIT
# The image and packaging/kubernetes together, as a cluster would have them: the manifests are applied to a real kube-apiserver, and the pod of their CronJob is run by
# crun, with kubelet's volumes, without root, capabilities or a file system that can be written (pod.pl). A pull secret is to be rotated by it, with each of the three
# identities; and by the image of another architecture, under qemu. Needs root. ARCHES="amd64 arm64": what `make image` has built.
set -u
export KUBE=real
. "$(dirname "$0")/../e2e/lib.sh"
. "$ROOT/tests/kube/lib.sh"
native=$(dpkg --print-architecture)
ARCHES=${ARCHES:-$native}
VERSION=$(cat "$ROOT/VERSION")
[ "$(id -u)" = 0 ] || skip_all "needs root"

. "$ROOT/tests/image/lib.sh"
openssl req -x509 -newkey rsa:2048 -noenc -keyout "$T/key.pem" -out "$T/cert.pem" -days 30 -subj /CN=acrotate 2>/dev/null
cat "$T/key.pem" "$T/cert.pem" >"$T/identity.pem"
start_kube --fast --token web-pull --certificate "$T/cert.pem"
namespace acrotate
namespace default
BATCH=v1
kube get --raw /apis/batch/v1 2>/dev/null | grep -q '"cronjobs"' || BATCH=v1beta1

# The emulator in the place of Azure: what a person edits, and whom to trust, which the public Azure does not need.
overlay() { # NAME: applied
	rm -rf "$T/manifests"
	cp -R "$ROOT/packaging/kubernetes" "$T/manifests"
	chmod -R u+w "$T/manifests"
	_conf=$T/manifests/overlays/$1/acrotate.conf
	sed -i "s/^subscription = .*/subscription = $(setting subscription)/; s/^tenant_id = .*/tenant_id = $EMULATOR_TENANT/; s/^client_id = .*/client_id = $EMULATOR_CLIENT_ID/
		s/^resource_group = .*/resource_group = emulated/; s/^lifetime = .*/lifetime = 90d\ngrace = 1s/" "$_conf"
	sed -i "/^client_id = /a cloud = custom\nresource_manager = $(setting resource_manager)\nauthority = $(setting authority)" "$_conf"
	printf '\n[http]\nca_file = /etc/acrotate/ca/ca.pem\n' >>"$_conf"
	cat >"$T/manifests/kustomization.yaml" <<-END
	apiVersion: kustomize.config.k8s.io/v1beta1
	kind: Kustomization
	resources: [overlays/$1]
	patches:
	- target: {kind: CronJob}
	  patch: |-
	    - {op: replace, path: /apiVersion, value: batch/$BATCH}
	    - {op: add, path: /spec/jobTemplate/spec/template/spec/volumes/-, value: {name: ca, configMap: {name: ca}}}
	    - {op: add, path: /spec/jobTemplate/spec/template/spec/containers/0/volumeMounts/-, value: {name: ca, mountPath: /etc/acrotate/ca, readOnly: true}}
	END
	kube delete -n acrotate cronjobs/acrotate >/dev/null 2>&1
	kube apply -k "$T/manifests" >"$T/out" 2>&1 || sed 's/^/# /' "$T/out"
}
# pod ARCH [ARGUMENT...]: sets RC, output in $T/out
pod() {
	_arch=$1; shift
	POD=$((POD + 1))
	_bundle=$T/pod$POD
	mkdir -p "$_bundle/image"
	tar -C "$_bundle/image" -xf "$ROOT/build/image/acrotate-$VERSION-$_arch.oci.tar"
	perl "$ROOT/tests/image/pod.pl" "$_bundle" "$T/kubeconfig" acrotate acrotate || { RC=99; return; }
	# qemu starts no further program of its processor where the kernel does not know it: the whole program then, at once.
	if [ "$_arch" = arm64 ] && [ "$native" != arm64 ]; then
		cp /usr/bin/qemu-aarch64-static "$_bundle/rootfs/usr/bin/"
		set -- 's|"/usr/bin/acrotate"|"/usr/bin/qemu-aarch64-static", "-0", "acrotate", "/usr/libexec/acrotate/acrotate-net"|' "$@"
	fi
	for _change; do perl -0pi -e "$_change" "$_bundle/config.json"; done
	# crun does not run where both versions of control groups are in use; this one needs none.
	unshare --mount sh -c 'umount -l /sys/fs/cgroup/unified 2>/dev/null; exec "$@"' sh \
		crun --cgroup-manager=disabled --root "$T/crun" run --bundle "$_bundle" "acrotate-e2e-$$-$POD" >"$T/out" 2>&1 </dev/null
	RC=$?
}
POD=0

kube -n default create secret generic acr-pull --type=kubernetes.io/dockerconfigjson --from-literal=.dockerconfigjson='{"auths":{"ghcr.io":{"auth":"c29tZWJvZHk6ZWxzZQ=="}}}' >/dev/null
kube -n acrotate create configmap ca --from-file="ca.pem=$E/ca.pem" >/dev/null
kube -n acrotate create secret generic identity --from-file=client-secret="$E/client-secret" --from-file="$T/identity.pem" >/dev/null

# rotates WHAT ARCH: the pod is well, the Secret has another password, which works, and the one before works still
rotates() {
	sleep 2.1
	before=$(pull_password default acr-pull 2>/dev/null)
	pod "$2" 's/"run",/"run", "--force",/'
	is "$1: the pod ends well" "$RC" 0
	[ "$RC" = 0 ] || sed 's/^/# /' "$T/out"
	after=$(pull_password default acr-pull)
	ok "$1: the password is another one" test "$before" != "$after" -a -n "$after"
	is "$1: the registry takes it" "$(login web-pull "$after")" 200
	[ -z "$before" ] || is "$1: and the one before" "$(login web-pull "$before")" 200
}
overlay client-secret
rotates "client secret" "$native"
like "the record is in the cluster" "$(kget /api/v1/namespaces/acrotate/configmaps/acrotate-web-pull metadata.labels)" managed-by
like "an entry of others stays" "$(pull_config default acr-pull)" '"ghcr.io":\{"auth":"c29tZWJvZHk6ZWxzZQ=="\}'
clear_log
pod "$native"
is "nothing due" "$RC" 0
is "nothing due: nothing is said" "$(cat "$T/out")" ""
is "nothing due: nothing is asked of Azure" "$(control log | grep -vc '"operation":"kube-')" 0
overlay certificate
rotates certificate "$native"
subject='"issuer":"https://cluster.example","subject":"system:serviceaccount:acrotate:acrotate","audience":"api://AzureADTokenExchange"'
control identities "{\"client_id\":\"$EMULATOR_CLIENT_ID\",\"federated\":[{$subject}]}" >/dev/null
control federated-token "{$subject}" >"$T/federated.json"
jget "$T/federated.json" token >"$T/federated"
export FEDERATED="$T/federated"
overlay workload-identity
rotates "workload identity" "$native"
for arch in $ARCHES; do [ "$arch" = "$native" ] || rotates "$arch" "$arch"; done

# ---- what is not there, and what is not allowed ------------------------------------------------------------------------------------------
root=$T/pod1/rootfs
is "programs: two, and no shell" "$(cd "$root" && find . -type f -size +0 -perm /111 ! -name '*.so*' | sort | tr '\n' ' ')" "./usr/bin/acrotate ./usr/libexec/acrotate/acrotate-net "
pod "$native" 's/"run",\s+"--wait",\s+"10m"/"status", "--verbose"/'
is "status in the pod" "$RC" 0
like "status in the pod: the job is well" "$(cat "$T/out")" 'web-pull +contoso/web-pull +ok'
done_testing
