#!/bin/sh
# SPDX-License-Identifier: MIT
# What can go wrong does: a clear message, the documented exit status, and nothing changed.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/job.sh"
needs openssl

start_emulator --fast --token web-pull --token disabled --token foreign --token second --token third
make_host 'grace = 1s'
docker_job() { # NAME TOKEN PATH
	printf '[job]\ntoken = %s\n[sink docker]\ntype = docker\npath = %s\n' "$2" "$3" >"$E/jobs.d/$1.conf"
}
file_job() { # NAME TOKEN PATH
	printf '[job]\ntoken = %s\n[sink file]\ntype = file\npath = %s\ncontent = {password}\n' "$2" "$3" >"$E/jobs.d/$1.conf"
}
only() { rm -f "$E"/jobs.d/*.conf; }
none='0 0 '

# ---- sinks: found before anything is generated --------------------------------------------------------------------------------------
only; printf 'this is not JSON' >"$H/broken.json"
docker_job broken web-pull "$H/broken.json"
unchanged "a config.json that cannot be parsed" 74 "broken: .*broken\.json" run
is "nothing was generated" "$(generations web-pull)" "$none"

only; mkdir "$H/directory"
file_job directory web-pull "$H/directory"
unchanged "a sink that is a directory" 74 "directory: .*$H/directory" run
is "nothing was generated" "$(generations web-pull)" "$none"

only; file_job nowhere web-pull "$H/nowhere/password"
unchanged "a sink in a directory that does not exist" '74|69|78' "nowhere: .*$H/nowhere" run
is "nothing was generated" "$(generations web-pull)" "$none"

only; printf 'keep me: %s' 'hand-written' >"$H/other-content"
printf '[job]\ntoken = web-pull\n[sink file]\ntype = file\npath = %s\ncontent = PASSWORD={password}\n' "$H/other-content" >"$E/jobs.d/other.conf"
unchanged "a file that does not match its template" 65 "other: .*other-content.*overwrite" run
is "nothing was generated" "$(generations web-pull)" "$none"

for shadow in '"credsStore": "secretservice"' "\"credHelpers\": { \"$EMULATOR_LOGIN_SERVER\": \"x\" }"; do
	only; printf '{ "auths": {}, %s }\n' "$shadow" >"$H/shadowed.json"
	docker_job shadowed web-pull "$H/shadowed.json"
	unchanged "shadowed by $shadow" 78 "shadowed: .*shadowed\.json.*cred(sStore|Helpers)" run
	is "nothing was generated" "$(generations web-pull)" "$none"
done

only; printf '{"auths":{"%s":{"auth":"%s"}}}\n' "$EMULATOR_LOGIN_SERVER" "$(printf 'somebody:else' | openssl base64 -A)" >"$H/taken.json"
docker_job taken web-pull "$H/taken.json"
unchanged "an entry of another user name" 65 "taken: .*somebody.*take_entry" run
is "nothing was generated" "$(generations web-pull)" "$none"

only; printf '{ "auths": {} }\n' >"$H/linked.json"; ln "$H/linked.json" "$H/other-name.json"
docker_job linked web-pull "$H/linked.json"
unchanged "a file that has another name" 78 "linked: .*linked\.json.*has 2 names \(hard links\)" run
is "nothing was generated" "$(generations web-pull)" "$none"
acrotate check
is "check finds it" "$RC" 78

if [ "$(id -u)" = 0 ] && mkdir "$H/full" && mount -t tmpfs -o size=64k tmpfs "$H/full" 2>/dev/null; then
	trap 'umount "$H/full" 2>/dev/null; clean_up' EXIT
	only; printf '{ "auths": {} }\n' >"$H/full/config.json"
	dd if=/dev/zero of="$H/full/filler" bs=1k 2>/dev/null
	docker_job full web-pull "$H/full/config.json"
	unchanged "a full disk" 74 "full: .*(No space left|full).*" run
	is "nothing was generated" "$(generations web-pull)" "$none"
	is "and nothing left behind" "$(ls -A "$H/full" | sort | tr '\n' ' ')" "config.json filler "
	umount "$H/full"
	trap clean_up EXIT

	only; printf 'x' >"$H/mounted"; printf 'old' >"$H/elsewhere"
	mount --bind "$H/elsewhere" "$H/mounted"
	trap 'umount "$H/mounted" 2>/dev/null; clean_up' EXIT
	printf '[job]\ntoken = web-pull\n[sink file]\ntype = file\npath = %s\ncontent = {password}\noverwrite = yes\n' "$H/mounted" >"$E/jobs.d/mounted.conf"
	unchanged "a file that is a mount point" 78 "mounted: .*mount.*in_place" run
	is "nothing was generated" "$(generations web-pull)" "$none"
	umount "$H/mounted"
	trap clean_up EXIT
else
	ok "a full disk # SKIP needs root and mount" true
fi

if [ "$(id -u)" = 0 ] && mkdir "$H/shared" && chmod 777 "$H/shared"; then
	only; file_job shared web-pull "$H/shared/password"
	unchanged "root, and a directory that anybody can write to" '74|78' "shared: .*$H/shared" run
	is "nothing was generated" "$(generations web-pull)" "$none"
fi

# ---- identity -----------------------------------------------------------------------------------------------------------------------
only; usual_job web-pull
cp "$E/client-secret" "$T/secret"
printf 'not-the-secret' >"$E/client-secret"
unchanged "a wrong client secret" 77 'web-pull: .*AADSTS7000215' run
ok "which is not repeated" sh -c '! grep -rq not-the-secret "$1" "$2"' sh "$T/out" "$T/err"
chmod 644 "$E/client-secret"
unchanged "a client secret that others can read" 78 'web-pull: .*client-secret' run
rm "$E/client-secret"
unchanged "no client secret" 78 'client-secret' run
cp "$T/secret" "$E/client-secret"; chmod 600 "$E/client-secret"

RP=Microsoft.ContainerRegistry
control identities "{\"client_id\":\"$EMULATOR_CLIENT_ID\",\"actions\":[\"$RP/registries/read\",\"$RP/registries/tokens/read\"]}" >/dev/null
unchanged "the right to generate is missing" 77 "web-pull: .*$RP/registries/generateCredentials/action.*/registries/contoso" run
control identities "{\"client_id\":\"$EMULATOR_CLIENT_ID\",\"actions\":[\"$RP/registries/read\"]}" >/dev/null
unchanged "the right to read tokens is missing" 77 "web-pull: .*$RP/registries/tokens/read" run
control identities "{\"client_id\":\"$EMULATOR_CLIENT_ID\",\"actions\":[\"*\"]}" >/dev/null

# ---- the token ------------------------------------------------------------------------------------------------------------------------
only; docker_job missing no-such-token "$H/config.json"
unchanged "a token that does not exist" 69 "missing: .*no-such-token" run
only; printf '[job]\nregistry = fabrikam\ntoken = web-pull\n[sink docker]\ntype = docker\npath = %s/config.json\n' "$H" >"$E/jobs.d/no-registry.conf"
unchanged "a registry that does not exist" 69 "no-registry: .*fabrikam" run
only; docker_job disabled disabled "$H/config.json"
control tokens/disabled '{"action":"disable"}' >/dev/null
unchanged "a disabled token" 65 "disabled: .*disabled" run
like "is refused by plan, too" "$(acrotate plan; echo "$RC"; said)" '65'
only; docker_job foreign foreign "$H/config.json"
control tokens/foreign '{"action":"generate","slot":"password1"}' >/dev/null
control tokens/foreign '{"action":"generate","slot":"password2"}' >/dev/null
unchanged "both slots are foreign" 65 'may_replace = password[12]@20[0-9-]+T[0-9:.]+' run
line=$(said | grep -oE 'may_replace = password[12]@[0-9TZ:.+-]+' | head -n 1)
acrotate plan
is "plan refuses as well" "$RC" 65
like "and has the line to paste on stdout" "$(cat "$T/out")" 'may_replace = password[12]@'
sed -i "s/^token = foreign/&\\n$line/" "$E/jobs.d/foreign.conf"
acrotate run
is "with the line pasted, it is replaced" "$RC" 0
is "that slot alone" "$(generations foreign | tr ' ' '\n' | sort | tr '\n' ' ' | sed 's/^ *//')" '1 2 '
is "and the new password works" "$(login foreign "$(password_in)")" 200
cp "$T/config.json.orig" "$H/config.json"

# ---- a service that is not itself -------------------------------------------------------------------------------------------------------
only; usual_job web-pull
for op in token-get registry-get entra; do
	rm -rf "$H/state"
	fault "{\"operation\":\"$op\",\"effect\":\"garbage\",\"count\":0}" >/dev/null
	unchanged "garbage for $op" 76 '^acrotate: web-pull: ' run
	no_faults >/dev/null
done
for op in token-get registry-get; do
	rm -rf "$H/state"
	fault "{\"operation\":\"$op\",\"effect\":\"wrong-types\",\"count\":0}" >/dev/null
	unchanged "wrong types for $op" 76 '^acrotate: web-pull: ' run
	no_faults >/dev/null
done
rm -rf "$H/state"
fault '{"operation":"token-get","effect":"huge","count":0}' >/dev/null
unchanged "an endless answer" '75|76' 'web-pull: ' run --verbose
no_faults >/dev/null
fault '{"operation":"token-get","effect":"redirect","location":"https://localhost:1/","count":0}' >/dev/null
unchanged "a redirect" 76 'web-pull: ' run
no_faults >/dev/null
fault '{"operation":"token-get","effect":"status","status":503,"count":0}' >/dev/null
unchanged "a service that is down, told to who looks" 75 'web-pull: .*503' run --verbose
acrotate run
like "a transient failure is told where nothing was delivered yet" "$RC $(said)" "^75 .*nothing was delivered yet: .*503"
no_faults >/dev/null

# Answers that come too late to prevent anything: the sinks are untouched, and the next run takes the slot that nobody has.
sinks() { cat "$H/config.json" "$H/web-pull.env" 2>&1; }
rm -rf "$H/state"; before=$(sinks)
for effect in garbage wrong-types act-drop truncate; do
	fault "{\"operation\":\"generate\",\"effect\":\"$effect\",\"bytes\":40,\"count\":0}" >/dev/null
	acrotate run
	like "generate answered with $effect" "$RC" '75|76'
	is "no sink was touched" "$(sinks)" "$before"
	no_faults >/dev/null
done
acrotate run
is "the next run goes on" "$RC" 0
like "it was the same slot every time" "$(generations web-pull)" '(^| )0 '
first=$(password_in)
is "with a password that works" "$(login web-pull "$first")" 200
fault '{"operation":"login","effect":"status","status":401,"count":0}' >/dev/null
usual_job web-pull 'verify_timeout = 2s' 'grace = 1s'
before=$(sinks); sleep 2.1
acrotate run --force
like "a password that the registry never accepts is not delivered" "$RC" '75|76|77'
like "and that is said" "$(acrotate run --force --verbose; said)" 'web-pull: '
is "no sink was touched" "$(sinks)" "$before"
no_faults >/dev/null
is "whoever holds the old one is served" "$(login web-pull "$first")" 200
rm -rf "$H/state" "$H/web-pull.env"; cp "$T/config.json.orig" "$H/config.json"

# ---- configuration ------------------------------------------------------------------------------------------------------------------------
only; usual_job web-pull 'lifetme = 90d'
unchanged "a mistyped key" 78 "web-pull\.conf:3: .*lifetme.*lifetime" run
only; usual_job web-pull 'lifetime = 10d' 'renew_before = 20d'
unchanged "a policy that contradicts itself" 78 "web-pull\.conf.*renew_before" run
only; usual_job web-pull; cp "$E/jobs.d/web-pull.conf" "$E/jobs.d/again.conf"
unchanged "two jobs on one token" 78 "web-pull" run
only; docker_job second second "$H/config.json"; file_job disabled disabled "$H/disabled.txt"
acrotate run
like "one job's failure does not stop another" "$RC $(password_in | wc -c)" '^65 5[0-9]$'
"$ACROTATE" run --config "$T/nothing.conf" >"$T/out" 2>"$T/err" </dev/null
is "no configuration at all" "$?" 78
like "is said" "$(said)" 'nothing\.conf'

# With an ACL the group's bits are its mask: what reads as the right of root's group is somebody's whom no bit names.
if [ "$(id -u)" = 0 ] && command -v setfacl >/dev/null; then
	only; file_job acl third "$H/acl.txt"
	if setfacl -m u:nobody:rw "$E/jobs.d/acl.conf" 2>"$T/err"; then
		unchanged "a job that an ACL lets somebody write" 78 'acl\.conf.*user nobody \(by its ACL\) can write it' run
		is "nothing was generated" "$(generations third)" "$none"
		setfacl -m u:nobody:r "$E/jobs.d/acl.conf"
		acrotate plan
		is "one that he may read is well" "$RC" 0
	fi
fi

# ---- a second run ---------------------------------------------------------------------------------------------------------------------------
only; docker_job third third "$H/third.json"
fault '{"operation":"generate","effect":"pass","delay_before":3}' >/dev/null
start slow "$ACROTATE" run --force --config "$E/acrotate.conf"
slow=$PID
sleep 0.7
acrotate run --force --verbose
is "while another run has the job" "$RC" 75
like "it is left alone" "$(said)" 'third: .*(another|lock)'
wait "$slow"
is "the first one ends well" "$?" 0
done_testing
