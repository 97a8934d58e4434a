#!/bin/sh
# SPDX-License-Identifier: MIT
# acrotate check: every finding, all at once, each with what fixes it; nothing is changed by it.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jobs.sh"
start_emulator --fast --token web-pull --token other --token third
config

finds() { like "$1" "$(cat "$T/out")" "$2"; }
is "no job: all is well" "$(exit_of check)" 0
finds "but there is nothing to do" '^warning +jobs: there is none in .*jobs.d'
finds "and how to begin" '^ +acrotate init REGISTRY TOKEN'
ok "without a state directory being made" test ! -e "$T/state"

job_with web-pull on_change=/bin/true <<END
[sink env]
type = file
path = $T/web.env
[sink docker]
type = docker
path = $T/config.json
END
is "a job that never ran: well" "$(exit_of check)" 0
finds "who we are" "^ok +identity: client-secret, tenant $EMULATOR_TENANT, client id $EMULATOR_CLIENT_ID, object id [0-9a-f-]{36}, its token lives [0-9]+"
finds "the clock" '^ok +clock: '
finds "the registry" "^ok +web-pull: registry: 'contoso', login server $EMULATOR_LOGIN_SERVER, resource group emulated"
finds "the token" "^ok +web-pull: token: 'web-pull' exists and is enabled"
finds "its slots" '^ok +web-pull: password2: absent'
finds "a right that was used" '^ok +web-pull: permission: .*/tokens/read: it was used just now'
finds "a right that was read" '^ok +web-pull: permission: .*/generateCredentials/action$'
finds "no right that only creating takes" '0 problems'
finds "sinks" "^ok +web-pull: sink 'env': '$T/web.env' can be read and replaced"
finds "hooks" "^ok +web-pull: on_change: '/bin/true' can be run"
ok "nothing was written" test ! -e "$T/web.env" -a ! -e "$T/config.json" -a ! -e "$T/state"
acro run
before=$(find "$T/state" "$T/web.env" "$T/config.json" -printf '%p %i %s %T@\n'; cksum "$T/state/web-pull.state")
is "after a run" "$(exit_of check)" 0
finds "the slot in use" '^ok +web-pull: password1: of this job, in use, expires 20'
finds "the registry accepts it" '^ok +web-pull: login: the registry accepts'
is "nothing was changed" "$(find "$T/state" "$T/web.env" "$T/config.json" -printf '%p %i %s %T@\n'; cksum "$T/state/web-pull.state")" "$before"

# Many findings at once.
cat >"$T/hook.sh" <<'END'
#!/bin/sh
END
arm POST generateCredentials "{\"tokenId\":\"$REGISTRY_ID/tokens/other\",\"name\":\"password1\"}" >/dev/null
arm POST generateCredentials "{\"tokenId\":\"$REGISTRY_ID/tokens/other\",\"name\":\"password2\"}" >/dev/null
echo '{"credsStore":"desktop"}' >"$T/shadowed.json"
job_with other on_change="$T/hook.sh" <<END
[sink docker]
type = docker
path = $T/shadowed.json
[sink env]
type = file
path = /proc/no-such/file
END
job_with nobody <<END
[sink env]
type = file
path = $T/nobody.env
END
job_with third <<END
[sink env]
type = file
path = $T/third.env
END
arm PATCH tokens/third '{"properties":{"status":"disabled"}}' >/dev/null
job_with mistaken bogus=1 <<END
[sink env]
type = file
path = $T/mistaken.env
END
is "many things are wrong: the first status wins" "$(exit_of check)" 78
finds "a mistake in a file" '^PROBLEM +mistaken: configuration: .*mistaken.conf:[0-9]+: .*bogus'
finds "a hook that cannot be run" "^PROBLEM +other: on_change: cannot run '$T/hook.sh': Permission denied"
finds "how to fix it" "^ +chmod \+x $T/hook.sh"
finds "a shadowed entry" "^PROBLEM +other: sink 'docker': .*credsStore"
finds "a sink that cannot be written" "^PROBLEM +other: sink 'env': "
finds "foreign slots that stand in the way" '^PROBLEM +other: password1: foreign, generated 20.*in the way of the rotation due now'
finds "the line to paste" '^ +may_replace = password1@20[0-9T:.+-]+ +# into \[job\] of .*other.conf'
finds "a token that does not exist" "^PROBLEM +nobody: token: 'nobody' does not exist in registry 'contoso'"
finds "how to create it" '^ +acrotate token create --registry contoso --name nobody '
finds "a disabled token" "^PROBLEM +third: token: 'third' is disabled"
finds "how to enable it" '^ +acrotate token update --registry contoso --name third --status enabled'
finds "the good one is still told" '^ok +web-pull: login'
is "one job alone" "$(exit_of check third)" 65
acro check -o json >"$T/json" 2>/dev/null
is "as JSON" "$(perl -MJSON::PP -e 'local $/; print join " ", map { "$_->{job}/$_->{subject}" } grep { $_->{level} eq "problem" && $_->{job} eq "nobody" } @{decode_json(<STDIN>)}' <"$T/json")" nobody/token
# The commands it prints do what they say.
try check nobody
fix=$(sed -n 's/^ *acrotate \(token create .*\)/\1/p' "$T/out")
# shellcheck disable=SC2086
ok "the command that fixes a missing token works" acro $fix
is "then the job is well" "$(exit_of check nobody)" 0
rm "$E/jobs.d/mistaken.conf" "$E/jobs.d/other.conf" "$E/jobs.d/third.conf" "$E/jobs.d/nobody.conf"

# Rights.
R=Microsoft.ContainerRegistry/registries
rights "[\"*/read\"]"
is "a right is missing: exit 77" "$(exit_of check)" 77
finds "which" "^PROBLEM +web-pull: permission: $R/generateCredentials/action is missing, to generate passwords"
finds "how to get it" "^ +az role assignment create --assignee-object-id [0-9a-f-]{36} .*--scope /subscriptions/$EMULATOR_SUBSCRIPTION/resourceGroups/emulated/providers/$R/contoso"
rights "[\"$R/read\",\"$R/tokens/read\",\"$R/generateCredentials/action\"]"
is "rights that may not be read are no problem" "$(exit_of check)" 0
finds "but unknown" "^unknown +web-pull: permission: $R/generateCredentials/action"
finds "what was used is known all the same" "^ok +web-pull: permission: $R/tokens/read: it was used"
rights "[\"$R/read\"]"
is "a token that may not be read: exit 77" "$(exit_of check)" 77
finds "is said with the service's words" "^PROBLEM +web-pull: token: .*$R/tokens/read"
finds "and fixed" '^ +az role assignment create'
rights '["*"]'

# Drift.
cp "$T/web.env" "$T/kept.env"
arm POST generateCredentials "{\"tokenId\":\"$REGISTRY_ID/tokens/web-pull\",\"name\":\"password1\"}" >/dev/null
try check
finds "the password in use was replaced by somebody else" '^warning +web-pull: (login: no sink holds a living password|password1: foreign)'

job_with missing token=other <<END
[sink docker]
type = docker
path = $T/no dir/config.json
END
acro check missing >"$T/missing"
rm "$E/jobs.d/missing.conf"
like "a directory that is missing is made so" "$(cat "$T/missing")" "^ +mkdir -p -m 0700 '$T/no dir'"

# Identity.
echo wrong >"$E/client-secret.wrong"; chmod 600 "$E/client-secret.wrong"
sed -i "s|^client_secret_file.*|client_secret_file = $E/client-secret.wrong|" "$E/acrotate.conf"
is "a wrong secret: exit 77" "$(exit_of check)" 77
finds "in Entra's words" '^PROBLEM +identity: .*AADSTS7000215'
finds "where it was said" "^ +# client_secret_file is set in $E/acrotate.conf:$(grep -n ^client_secret_file "$E/acrotate.conf" | cut -d: -f1)\$"
finds "and how to make a new one" '^ +az ad app credential reset'
finds "sinks and hooks are looked at all the same" "^ok +web-pull: on_change"
is "the problem is told once" "$(grep -c '^PROBLEM' "$T/out")" 1

sed -i "s|^client_secret_file.*|client_secret_file = $E/client-secret|" "$E/acrotate.conf"
# A job with an identity of its own inherits nothing of the common one.
job_with own token=third <<END
[azure]
auth = client-secret
client_id = 99999999-9999-9999-9999-999999999999
client_secret_file = $E/client-secret.wrong
[sink env]
type = file
path = $T/own.env
END
try check own
finds "an identity of the job's own" "^ +# client_id is set in $E/jobs.d/own.conf:7\$"
is "nothing of the common one is named with it" "$(grep -c '# client_secret_file is set in .*acrotate.conf' "$T/out")" 0
sed -i '/^auth\|^client/d' "$E/jobs.d/own.conf"
sed -i '/^\[azure\]/a subscription = 77777777-7777-7777-7777-777777777777' "$E/jobs.d/own.conf"
try check own
finds "a subscription that the registry is not in" "^ +# subscription is set in $E/jobs.d/own.conf:6\$"
rm "$E/jobs.d/own.conf"
cp "$E/acrotate.conf" "$T/acrotate.conf.kept"
sed -i '/^subscription/d' "$E/acrotate.conf"
(unset AZURE_SUBSCRIPTION_ID; try check)
finds "none at all" "^PROBLEM +web-pull: subscription: no subscription: set it in \[azure\] of '$E/acrotate.conf', or AZURE_SUBSCRIPTION_ID"
finds "and into which file" "^ +subscription = ID +# into \[azure\] of $E/acrotate.conf: "
cp "$T/acrotate.conf.kept" "$E/acrotate.conf"

: >"$E/jobs.d/web.ini"
try check
finds "a file that is no job by its name" "^warning +jobs: 'web.ini' in '.*jobs.d' is not read: a job's file ends in '.conf'"
rm "$E/jobs.d/web.ini"

# Without the network nothing of it is asked: what the sandboxed service needs.
mkdir "$T/real dir"; ln -s "$T/real dir/link.env" "$T/linked.env"; touch "$T/real dir/link.env"
job_with link token=other <<END
[sink env]
type = file
path = $T/linked.env
user = nobody
END
chmod 755 "$T"
[ "$(id -u)" != 0 ] || chown nobody "$T/real dir"
acro check --systemd-dropin >"$T/out"
is "systemd-dropin" $? 0
finds "is a drop-in" '^\[Service\]$'
finds "with the directories" "^ReadWritePaths=\"-$T\"$"
[ "$(id -u)" != 0 ] || finds "of the real files" "^ReadWritePaths=\"-$T/real dir\"$"
finds "and what 'user' takes" '^CapabilityBoundingSet=CAP_SETUID CAP_SETGID$'
finds "of system calls, too" '^SystemCallFilter=@setuid setfsuid setfsgid @chown$'
# A user's path leads where that user likes: what is not a directory of his own is not given, and nothing he wrote becomes a line.
if [ "$(id -u)" = 0 ]; then
	rm "$E/jobs.d/link.conf"
	job_with lured token=other <<END
[sink env]
type = file
path = $T/home/web.env
user = nobody
END
	mkdir "$T/home"
	EVIL="x
ExecStartPre=+/bin/touch $T/pwned"
	mkdir -p "$T/home/$EVIL"
	touch "$T/home/$EVIL/web.env"
	chown -R nobody "$T/home"
	lure() { ln -sfn "$1" "$T/home/web.env"; chown -h nobody "$T/home/web.env"; acro check --systemd-dropin lured >"$T/out" 2>"$T/err"; RC=$?; }
	lure "$EVIL/web.env"
	is "a line break on a user's way: a configuration error" "$RC" 78
	like "which says so" "$(cat "$T/err")" "^acrotate: '.*ExecStartPre.* has a control character"
	is "no line begins in it" "$(grep -c '^ExecStartPre' "$T/out")" 0
	finds "the rest is there" "^ReadWritePaths=\"-$T/state\"$"
	for to in /no-such-file /etc/passwd ../web.env; do
		lure "$to"
		is "a link to $to: nothing is given" "$RC $(grep -c ^ReadWritePaths= "$T/out")" "0 1"
		finds "and that is said" "^# left out: job 'lured', sink 'env': the directory that '.*' leads to belongs to root, not to user nobody"
	done
	lure web2.env
	finds "one to a file of his: his directory" "^ReadWritePaths=\"-$T/home\"$"
	rm -rf "${T:?}/home"
	acro check --systemd-dropin lured >"$T/out"
	finds "one that is not there is not promised" "^# left out: job 'lured'"
	mkdir "$T/100% of \$HOME"
	job_with lured token=other <<END
[sink env]
type = file
path = $T/100%% of \$HOME/web.env
END
	acro check --systemd-dropin lured >"$T/out"
	ok "a percent sign is no specifier, a dollar sign no variable" grep -Fqx "ReadWritePaths=\"-$T/100%% of \$HOME\"" "$T/out"
	rm "$E/jobs.d/lured.conf"
	job_with link token=other <<END
[sink env]
type = file
path = $T/linked.env
user = nobody
END
fi
job_with owned token=other <<END
[sink env]
type = file
path = $T/owned.env
owner = nobody
END
acro check --systemd-dropin owned >"$T/out"
finds "and what a file of somebody else takes" '^CapabilityBoundingSet=CAP_CHOWN CAP_FOWNER CAP_DAC_OVERRIDE CAP_LEASE$'
is "but no more" "$(grep -c CAP_SETUID "$T/out")" 0
rm "$E/jobs.d/owned.conf"

# Is the drop-in there, and does it fit? Units in a directory of ours.
if [ "$(id -u)" = 0 ]; then
	U=$T/units D=$T/units/acrotate.service.d/paths.conf
	mkdir -p "$U" "$T/far"
	export SYSTEMD_UNIT_PATH="$T/none:$U"
	unit() { sed "s|^ExecStart=.*|ExecStart=/usr/bin/acrotate run --wait 10m $1|" "$ROOT/packaging/systemd/acrotate.service" >"$U/acrotate.service"; }
	systemd() { try check "$@"; grep -A2 systemd: "$T/out" || :; }
	is "no unit: not a word" "$(systemd)" ""
	unit "--config /etc/other.conf"
	is "a unit with another configuration: not a word" "$(systemd)" ""
	unit "--config $E/acrotate.conf"
	systemd >"$T/found"
	like "without a drop-in" "$(cat "$T/found")" '^warning +systemd: the drop-in of acrotate.service is missing: the service lacks [A-Za-z]+=.*, and more$'
	like "how to write it" "$(cat "$T/found")" '^ +acrotate check --systemd-dropin >/etc/systemd/system/acrotate.service.d/paths.conf && systemctl daemon-reload$'
	mkdir "$U/acrotate.service.d"
	acro check --systemd-dropin >"$D"
	like "with the one that was printed" "$(systemd)" '^ok +systemd: '
	job_with far token=third <<END
[sink env]
type = file
path = /var/lib/far-away/far.env
END
	like "a job more" "$(systemd)" '^warning +systemd: .* is stale: the service lacks ReadWritePaths=/var/lib/far-away$'
	like "for another job it is well" "$(systemd link)" '^ok +systemd: '
	printf '[Service]\nReadWritePaths=/srv /var/lib\n' >"$U/acrotate.service.d/mine.conf"
	like "one by hand, for a tree, will do" "$(systemd)" '^ok +systemd: '
	rm "$U/acrotate.service.d/mine.conf"
	acro check --systemd-dropin >"$D"
	rm "$E/jobs.d/far.conf"
	like "a job less" "$(systemd)" '^warning +systemd: .* is stale: no job needs ReadWritePaths=/var/lib/far-away$'
	unset SYSTEMD_UNIT_PATH
fi
acro check --systemd-dropin >"$T/out"
case $T in /tmp/* | /var/tmp/*) finds "nothing is hidden that a sink is in" '^PrivateTmp=no$' ;; esac
done_testing
