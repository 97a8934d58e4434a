#!/bin/sh
# SPDX-License-Identifier: MIT
# acrotate-kubernetes(7), "From nothing to the first rotation": its commands as they stand there, one after the other, on a bare API server, until a pull secret holds a
# password that the registry takes. In the place of az, k3s and sudo are programs that do what theirs would to the emulator and the image; there is no controller, so the
# Job's pod is run by crun (pod.pl). Needs root.
set -u
export KUBE=real
. "$(dirname "$0")/../e2e/lib.sh"
. "$ROOT/tests/kube/lib.sh"
[ "$(id -u)" = 0 ] || skip_here "needs root"
needs kubectl crun skopeo
PAGE=$ROOT/packaging/man/acrotate-kubernetes.7
. "$ROOT/tests/image/lib.sh"
start_kube --fast
export KUBECONFIG="$T/kubeconfig"
BATCH=v1
kubectl get --raw /apis/batch/v1 2>/dev/null | grep -q '"cronjobs"' || BATCH=v1beta1
kapi POST /api/v1/namespaces/default/serviceaccounts '{"metadata":{"name":"default"}}' >/dev/null    # a controller's work

# ---- what others bring -------------------------------------------------------------------------------------------------------------------
mkdir -p "$T/bin" "$T/desk"
cat >"$T/bin/az" <<END
#!/bin/sh
case "\$1 \$2 \$3" in
"acr token create") curl -sS -X POST -d '{"action":"create","scope_map":"_repositories_pull"}' $EMULATOR_CONTROL/tokens/web-pull ;;
"role definition create") test -f acrotate-role.json ;;
"acr show -n") echo $REGISTRY_ID ;;
"ad sp create-for-rbac") printf '%s\n' $EMULATOR_TENANT $EMULATOR_CLIENT_ID; cat $E/client-secret ;;
*) exit 2 ;;
esac
END
cat >"$T/bin/sudo" <<'END'
#!/bin/sh
exec "$@"
END
cat >"$T/bin/k3s" <<END
#!/bin/sh
[ "\$1 \$2 \$3" = "ctr images import" ] && [ \$# = 4 ] && skopeo copy -q "oci-archive:\$4" "oci:$T/node:x"
END
chmod +x "$T/bin"/*
PATH=$T/bin:$PATH
ln -s "$ROOT/build" "$T/desk/build"
cp "$ROOT/packaging/azure/acrotate-role.json" "$T/desk/"

# ---- the page ------------------------------------------------------------------------------------------------------------------------------
sed -n '/^\.Sh FROM NOTHING/,/^\.Sh WHAT/p' "$PAGE" | sed -n '/^\.Bd -literal/,/^\.Ed/{/^\.\(Bd\|Ed\)/!p}' | sed 's/\\e/\\/g; s/\\-/-/g' >"$T/commands"
is "ten commands, and one to use it" "$(wc -l <"$T/commands")" 11
n=0
while read -r command; do
	n=$((n + 1))
	case $command in
	'make image') ok "$n. $command (was made before)" test -f "$ROOT/build/image/acrotate-$(cat "$ROOT/VERSION")-$(dpkg --print-architecture).oci.tar"; continue ;;
	'cp -R /usr/share/acrotate/kubernetes .') command="cp -R '$ROOT/packaging/kubernetes' ." ;;
	*'create job first'*)
		mkdir -p "$T/pod/image"
		cp -R "$T/node/." "$T/pod/image/"
		ok "$n. the pod: kubelet's part" perl "$ROOT/tests/image/pod.pl" "$T/pod" "$KUBECONFIG" acrotate acrotate
		command='unshare --mount sh -c "umount -l /sys/fs/cgroup/unified 2>/dev/null; exec crun --cgroup-manager=disabled --root $T/crun run --bundle $T/pod acrotate-new-$$"' ;;
	*'--from-file=client-secret'*) tail -n 1 "$T/out3" >"$T/desk/client-secret" ;;
	esac
	(cd "$T/desk" && export T && sh -c "$command") >"$T/out$n" 2>&1 </dev/null
	is "$n. $command" $? 0
	[ "$(tail -n 1 "$T/out$n" | grep -ci error)" = 0 ] || sed 's/^/# /' "$T/out$n"
	case $command in 'cp -R'*)
		# What the page says is to be edited; and the emulator in the place of Azure.
		chmod -R u+w "$T/desk/kubernetes"
		_conf=$T/desk/kubernetes/overlays/client-secret/acrotate.conf
		sed -i "s/^subscription = .*/subscription = $(setting subscription)/; s/^tenant_id = .*/tenant_id = $EMULATOR_TENANT/; s/^client_id = .*/client_id = $EMULATOR_CLIENT_ID/
			s/^resource_group = .*/resource_group = emulated/
			/^client_id = /a cloud = custom\nresource_manager = $(setting resource_manager)\nauthority = $(setting authority)" "$_conf"
		printf '\n[http]\nca_file = ca.pem\n' >>"$_conf"
		cp "$E/ca.pem" "$T/desk/kubernetes/overlays/client-secret/"
		cat >>"$T/desk/kubernetes/kustomization.yaml" <<-END
		patches:
		- target: {kind: CronJob}
		  patch: |-
		    - {op: replace, path: /apiVersion, value: batch/$BATCH}
		    - {op: add, path: /spec/jobTemplate/spec/template/spec/containers/0/volumeMounts/-, value: {name: config, mountPath: /etc/acrotate/ca.pem, subPath: ca.pem, readOnly: true}}
		END
		sed -i 's/^  - acrotate.conf$/&\n  - ca.pem/' "$T/desk/kubernetes/overlays/client-secret/kustomization.yaml" ;;
	esac
done <"$T/commands"
is "the pod says nothing" "$(cat "$T/out10")" ""
is "the registry takes what the pull secret holds" "$(login web-pull "$(pull_password default acr-pull)")" 200
like "its annotations say which slot, and until when" "$(kget /api/v1/namespaces/default/secrets/acr-pull metadata.annotations)" 'acrotate/expires":"20.*acrotate/slot":"password1"'
is "pods pull with it" "$(kget /api/v1/namespaces/default/serviceaccounts/default imagePullSecrets.0.name)" acr-pull
done_testing
