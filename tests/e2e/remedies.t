#!/bin/sh
# SPDX-License-Identifier: MIT
# acrotate check: a row for each finding that it makes, with the remedy of that finding. The places in the source that make one are counted:
# one that has no row here fails, as does a row whose place is gone.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jobs.sh"

# ---- where findings are made: "FILE LEVEL SUBJECT TEXT", the last two as far as they stand there as text

perl -0777 -ne '
	(my $file = $ARGV) =~ s|.*/||;
	while (/findings_(problem|warning|unknown)\(\s*[^,]+,\s*/g) {
		my ($level, $rest) = ($1, substr $_, pos, 600);
		$rest =~ s/\s+/ /g;
		my $subject = $rest =~ s/^"([^"]*)",? ?// ? $1 : $rest =~ s/^([a-z_]+(?:\([a-z]\))?)[,)] ?// ? "*" : "*";
		$subject = "*" if $rest =~ /^job == NULL/;
		$rest =~ s/" "//g;
		my $text = $rest =~ /^"([^"]{0,24})/ ? $1 : "*";
		print "$file $level $subject $text\n";
	}' "$ROOT"/src/cli/check_*.c "$ROOT"/src/cli/cmd_check.c "$ROOT"/src/cli/confine.c | sort -u >"$T/places"
ok "there are places that make findings" test "$(wc -l <"$T/places")" -ge 30
: >"$T/tried"
# place FILE LEVEL SUBJECT TEXT: the rows that follow are of it.
place() { PLACE=$1; echo "$1" >>"$T/tried"; }
# row WHAT SUBJECT TEXT REMEDY: of the last check; all but the first are patterns.
row() {
	perl -MJSON::PP -e '
		local $/; my ($subject, $text, $level) = @ARGV;
		for (@{ decode_json(<STDIN>) }) {
			next if $_->{level} ne $level || $_->{subject} !~ /$subject/ || $_->{text} !~ /$text/;
			print join(" // ", @{ $_->{fix} }), "\n";
		}' "$2" "$3" "$(echo "$PLACE" | cut -d' ' -f2)" <"$T/json" >"$T/fix"
	like "$1" "$(cat "$T/fix")" "$4"
}
check() { acro check "$@" -o json >"$T/json" 2>"$T/err"; }

start_emulator --fast --token web-pull --token other --token third
config
cp "$E/acrotate.conf" "$T/conf"
restore() { cp "$T/conf" "$E/acrotate.conf"; rm -f "$E"/jobs.d/*; }

# ---- the host

check
place "check_host.c warning jobs there is none in '%s'"
row "no job" '^jobs$' 'none in' '^acrotate init REGISTRY TOKEN$'
web_job; : >"$E/jobs.d/web.ini"
check
place "check_host.c warning jobs '%s' in '%s' is not read"
row "a file of another name" '^jobs$' 'web.ini' '^mv web.ini NAME.conf '
rm "$E/jobs.d/web.ini"
sed -i "s|^state_dir = .*|state_dir = $T/conf/state|" "$E/acrotate.conf"
check
place "check_host.c problem state *"
row "a state directory that cannot be made" '^state$' 'Not a directory' "^install -d -m 0700 -o $(id -u) $T/conf/state\$"
mkdir -m 777 "$T/loose"; chmod 777 "$T/loose"
sed -i "s|^state_dir = .*|state_dir = $T/loose|" "$E/acrotate.conf"
check
place "check_host.c warning state %s"
row "one in which others may write" '^state$' 'others can change' "^chown $(id -u) $T/loose && chmod go-w $T/loose\$"
restore; web_job
echo "metrics_file = $T/no metrics/acrotate.prom" >>"$E/acrotate.conf"
sed -i "/^metrics_file/d" "$E/acrotate.conf"; sed -i "s|^\[run\]|[run]\nmetrics_file = $T/no metrics/acrotate.prom|" "$E/acrotate.conf"
check
place "check_host.c problem metrics *"
row "no directory for the metrics" '^metrics$' 'No such file' "^install -d -m 0755 '$T/no metrics'\$"
restore; web_job

# ---- what starts it, who is told

check
place "check_runs.c warning runs %s%s%s"
row "nothing starts it" '^runs$' '.' 'enable --now|kubectl get cronjobs'
place "check_runs.c unknown last run *"
row "it never ran" '^last run$' 'none yet' '^acrotate run web-pull$'
web_job lifetime=3m
place "check_runs.c problem lifetime *"
mkdir -p "$T/box"
cat >"$T/box/cron" <<END
ACROTATE_CONFIG=$E/acrotate.conf
17 * * * * root $ACROTATE run
END
# In a mount namespace in which cron has a line for it, no systemd runs, and there is no sendmail.
in_box() {
	cat >"$T/box/sh" <<END
set -e
mount -t tmpfs tmpfs /etc/cron.d && cp "$T/box/cron" /etc/cron.d/acrotate && chmod 644 /etc/cron.d/acrotate
mount -t tmpfs tmpfs /run
[ ! -e /usr/sbin/sendmail ] || mount --bind /dev/null /usr/sbin/sendmail
cp /bin/sleep /run/cron
/run/cron 60 >/dev/null 2>&1 & C=\$!
"$ACROTATE" check --config "$E/acrotate.conf" -o json >"$T/json" || :
kill \$C
END
	unshare -m --propagation private sh "$T/box/sh" 2>"$T/err"
}
job_with seldom registry="$EMULATOR_LOGIN_SERVER" renew_before=30m <<END
[sink env]
type = file
path = $T/seldom.env
[source]
type = file
path = $T/source
END
sed -i '/^registry = contoso$/d; /^resource_group/d; s/^token = .*/token = other/' "$E/jobs.d/seldom.conf"
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
	in_box
	place "check_runs.c problem renew_before *"
	row "a rotator that renews between two runs" '^renew_before$' 'in its last 30m, but here it may be 1h ' \
		"^# let it run more often than every 30m: .* // renew_before = 3h    # or longer, where 'other' is rotated, and then into .*/seldom.conf\$"
	place "check_runs.c problem lifetime *"
	row "months were meant" '^lifetime$' 'lives 3m.*to the next run' "^lifetime = [0-9]+h .*no unit of months // renew_before = "
	place "check_runs.c warning told %s, but there is no send"
	row "nobody reads cron's mail" '^told$' 'no sendmail' "^on_failure = COMMAND    # into \[run\] of $E/acrotate.conf; or install a sendmail"
else
	echo "check_runs.c warning told %s, but there is no send" >>"$T/tried"
	echo "check_runs.c problem renew_before *" >>"$T/tried"
fi
rm "$E/jobs.d/seldom.conf"
web_job
acro run
find "$T/state" -type f -exec touch -d '3 days ago' {} +
check
place "check_runs.c warning last run %s ago, and it needs one"
row "no run for long" '^last run$' '3d ago' '^acrotate run web-pull    # now'
acro run

sed -i 's/^state_dir = .*/state = kubernetes:acr/' "$E/acrotate.conf"
KUBECONFIG=/nowhere check
place "check_runs.c unknown runs nothing starts acrotate "
row "records that others share" '^runs$' 'others that share' '^kubectl get cronjobs -A '
cp "$T/conf" "$E/acrotate.conf"

# ---- identity, subscription, registry, token

place "check_azure.c problem identity *"
sed -i "s|^client_secret_file.*|client_secret_file = $E/secret|" "$E/acrotate.conf"
# Each has its own: E = its conf, what is done, what is said, what mends it.
rm -f "$E/secret"; check
row "a secret that is missing" '^identity$' 'does not exist' "^.*umask 077; az ad app credential reset .* >$E/secret\)"
: >"$E/secret"; chmod 600 "$E/secret"; check
row "one that is empty" '^identity$' 'is empty' "az ad app credential reset .* >$E/secret    # then: chmod 0600 $E/secret"
cp "$E/client-secret" "$E/secret"; chmod 644 "$E/secret"; check
row "one that others can read" '^identity$' 'can be read by' "// chmod 0600 $E/secret\$"
is "and no new one is made for that" "$(grep -c 'credential reset' "$T/fix")" 0
echo wrong >"$E/secret"; chmod 600 "$E/secret"; check
row "a wrong one" '^identity$' 'AADSTS7000215' 'az ad app credential reset .*# into client_secret_file$'
cp "$T/conf" "$E/acrotate.conf"
sed -i 's/^tenant_id = .*/tenant_id = 88888888-8888-8888-8888-888888888888/' "$E/acrotate.conf"; check
row "a wrong tenant" '^identity$' 'AADSTS90002' '// tenant_id = ID '
is "mended by no secret" "$(grep -c 'credential reset' "$T/fix")" 0
cp "$T/conf" "$E/acrotate.conf"
sed -i 's/^client_id = .*/client_id = 88888888-8888-8888-8888-888888888888/' "$E/acrotate.conf"; check
row "a wrong client id" '^identity$' 'AADSTS700016' '// client_id = ID '
cp "$T/conf" "$E/acrotate.conf"; sed -i '/^ca_file/d' "$E/acrotate.conf"; check
row "a certificate that nobody vouches for" '^identity$' 'ca_file' '// ca_file = FILE    # into \[http\]'
cp "$T/conf" "$E/acrotate.conf"
sed -i '/^subscription/d' "$E/acrotate.conf"
(unset AZURE_SUBSCRIPTION_ID; check)
place "check_job.c problem subscription *"
row "no subscription" '^subscription$' 'no subscription' "^subscription = ID    # into \[azure\] of $E/acrotate.conf"
cp "$T/conf" "$E/acrotate.conf"
job_with nowhere token=other <<END
[sink env]
type = file
path = $T/nowhere.env
END
sed -i 's/^registry = .*/registry = fabrikam/; /^resource_group/d' "$E/jobs.d/nowhere.conf"; check nowhere
place "check_job.c problem * *"
row "a registry that is not there" '^registry$' 'fabrikam' 'resource_group = GROUP    # into \[job\] of .*nowhere.conf'
place "check_job.c unknown * not looked at: the regis"
row "so that its sinks cannot be looked at" "sink 'env'" 'not looked at' "first what stands at 'identity', 'subscription' or 'registry'"
rm "$E/jobs.d/nowhere.conf"
job_with nobody <<END
[sink env]
type = file
path = $T/nobody.env
END
check nobody
place "check_job.c problem token *"
row "a token that is not there" '^token$' "'nobody' does not exist" '^acrotate token create --registry contoso --name nobody .* // create = yes    # into \[job\] of .*nobody.conf'
rm "$E/jobs.d/nobody.conf"
arm PATCH tokens/web-pull '{"properties":{"status":"disabled"}}' >/dev/null; check
row "one that is disabled" '^token$' 'is disabled' '^acrotate token update --registry contoso --name web-pull --status enabled$'
arm PATCH tokens/web-pull '{"properties":{"status":"enabled"}}' >/dev/null
fault '{"operation":"token-get","effect":"status","status":500,"count":0}' >/dev/null; check
row "Azure does not answer for it" '^(token|registry)$' '500' '^az acr show --name contoso '
no_faults >/dev/null

# ---- permissions

R=Microsoft.ContainerRegistry/registries
rights '["*/read"]'; check
place "check_azure.c problem permission *"
row "a right is missing" '^permission$' 'generateCredentials/action is missing' '^az role definition create .* // az role assignment create .*--scope /subscriptions/'
rights "[\"$R/read\",\"$R/tokens/read\",\"$R/generateCredentials/action\"]"; check
place "check_azure.c unknown permission %s, to %s: this identity"
row "rights that may not be read" '^permission$' 'may not read its own' '^az role assignment list --assignee .*--include-inherited'
rights '["*"]'

# ---- slots and login

job_with foreign token=other <<END
[sink env]
type = file
path = $T/foreign.env
END
foreign_generate other password1; foreign_generate other password2; check foreign
place "check_job.c problem * *"
row "foreign slots in the way of a rotation that is due" '^password1$' 'foreign, generated' '^may_replace = password1@20[^ ]* +# into \[job\] of .*foreign.conf, if nobody'
place "check_job.c warning login no sink holds a living p"
row "nothing is deployed" '^login$' 'no sink holds' '^acrotate run foreign$'
rm "$E/jobs.d/foreign.conf"
job_with waits token=third verify="wait 1s" <<END
[sink env]
type = file
path = $T/waits.env
END
acro run waits; check waits
place "check_job.c warning login not tried: verify = wait"
row "passwords are not proven" '^login$' 'not tried' '^verify = login    # into \[job\] of .*waits.conf'
rm "$E/jobs.d/waits.conf"
foreign_generate web-pull password2; check
place "check_job.c warning * foreign, generated %s, %"
row "a foreign slot ahead" '^password2$' 'in the way of the rotation due 20' '^may_replace = password2@20'

# ---- a follower

follower() { # LINE of [source]...
	{
		printf '[job]\nregistry = %s\ntoken = web-pull\n[source]\n' "$EMULATOR_LOGIN_SERVER"
		printf '%s\n' "$@"
		printf '[sink env]\ntype = file\npath = %s\n' "$T/followed.env"
	} >"$E/jobs.d/follower.conf"
	check follower
}
in_days() { date -u -d "+$1 days" +%FT%TZ; }
mkdir "$T/a directory"
follower 'type = file' "path = $T/a directory"
place "check_follow.c problem source *"
row "a source that cannot be read" '^source$' 'not a regular file' "^mv '?$T/a directory"
follower 'type = file' "path = $T/source" 'content = {password} {expires}'
row "one that has no password" '^source$' 'has no password of token' '^acrotate status    # where it is rotated: has it delivered\? // # \[source\] in .*follower.conf says the same'
echo "$(acro get web-pull) $(in_days 3)" >"$T/source"; acro run follower 2>/dev/null; check follower
place "check_follow.c warning source %s; there should be a ne"
row "one whose rotator is late" '^source$' 'should be a newer one by now' '^acrotate status    # where it is rotated: does it run\?$'
echo "another-password $(in_days 1)" >"$T/source"; check follower
place "check_follow.c warning source %s; it is older than tha"
row "one that was restored" '^source$' 'older than that of the sinks' '^acrotate status    # where it is rotated: was the source restored\?$'
place "check_follow.c problem login *"
row "one that the registry refuses" '^login$' 'refuses the password of the source' "^acrotate check    # where 'web-pull' is rotated$"
sed -i 's/^machine = .*/machine = 00000000000000000000000000000000/' "$T/state/follower.state"; check follower
place "cmd_check.c warning state cannot be used (another "
row "a record of another machine, which no rotator's replaces" '^state$' 'looks at the source and the sinks anew' '^acrotate run follower$'
like "as status says" "$(acro status follower)" "another machine's, or damaged\): the next run looks at the source and the sinks anew"
rm "$E/jobs.d/follower.conf"

# ---- sinks and hooks

job_with sinks token=third <<END
[sink dir]
type = docker
path = $T/no dir/config.json
[sink group]
type = file
path = $T/g.env
owner = root:no-such-group
[sink user]
type = file
path = $T/u.env
owner = no-such-user
[sink thing]
type = file
path = $T/thing
[sink store]
type = docker
path = $T/store.json
END
mkdir "$T/thing"; echo '{"credsStore":"desktop"}' >"$T/store.json"; check sinks
place "check_job.c problem * *"
row "a directory that is not there" "^sink 'dir'$" 'No such file' "^mkdir -p -m 0700 '$T/no dir'    "
row "a group that is not there" "^sink 'group'$" 'no group' '^groupadd --system no-such-group$'
row "a user that is not there" "^sink 'user'$" 'no user' '^useradd --system no-such-user$'
row "something else in its place" "^sink 'thing'$" 'not a regular file' "^mv $T/thing $T/thing.aside "
row "a shadow: the words say what to do" "^sink 'store'$" "credsStore.*: remove it" ''
acro run sinks >"$T/out" 2>&1
like "a run names the mkdir, too" "$(cat "$T/out")" "; to make it: mkdir -p -m 0700 '$T/no dir'"
rm "$E/jobs.d/sinks.conf"
echo 'x' >"$T/hook"; chmod 644 "$T/hook"
web_job on_change="$T/hook"; check
row "a hook that is no program" '^on_change$' 'Permission denied' "^chmod \+x $T/hook\$"
web_job on_change=/nowhere/hook; check
row "one that is not there" '^on_change$' 'No such file' '^on_change = /PATH/TO/PROGRAM    # or install /nowhere/hook$'
web_job; chmod 644 "$T/web.env"; check
place "check_job.c warning * %s"
row "a sink that all can read: the words say what to do" "^sink 'env'$" "'chmod 600' it" ''
if [ "$(id -u)" = 0 ] && mkdir "$T/mem" && mount -t tmpfs tmpfs "$T/mem" 2>/dev/null; then
	job_with memory token=third <<END
[sink env]
type = file
path = $T/mem/x.env
END
	check memory
	place "check_job.c warning sinks all of them are on file "
	row "all copies in memory" '^sinks$' 'after a reboot' '^\[sink copy\]    # .*into .*memory.conf // type = store'
	rm "$E/jobs.d/memory.conf"; umount "$T/mem"
else
	echo "check_job.c warning sinks all of them are on file " >>"$T/tried"
fi

# ---- the job's file, its record

echo bogus >>"$E/jobs.d/web-pull.conf"; check
place "cmd_check.c problem configuration *"
row "a mistake in the file" '^configuration$' 'web-pull.conf:[0-9]+:' '^acrotate keys '
web_job
job_with copy token=web-pull <<END
[sink env]
type = file
path = $T/copy.env
END
check
place "cmd_check.c warning configuration job '%s' wants the same "
row "two jobs on one token" '^configuration$' 'wants the same token' '^enabled = no    # into \[job\] of that one'
rm "$E/jobs.d/copy.conf"
sed -i 's/^machine = .*/machine = 00000000000000000000000000000000/' "$T/state/web-pull.state"; check
place "cmd_check.c warning state cannot be used (another "
row "a record of another machine" '^state$' 'cannot be used' "^acrotate adopt web-pull    # if the sinks hold its passwords"

# ---- the clock, the registry's own door

rm -f "$T/state/web-pull.state"
clock() { NO_FAKE_STAT=1 FAKETIME_DONT_FAKE_MONOTONIC=1 faketime -f "$1" "$ACROTATE" check --config "$E/acrotate.conf" -o json >"$T/json" 2>"$T/err"; }
clock +20m
place "check_job.c warning clock %s %s Azure's: times are"
row "a clock that is off" '^clock$' '20m' '^timedatectl set-ntp true$'
clock +2d
place "check_job.c problem clock *"
row "one that is far off" '^clock$' 'no run does anything' '^timedatectl set-ntp true$'

# ---- by other tests, or not at all on a host that is well

# by TEST PLACE: where its row is.
by() { ok "$2: $1 tries it" grep -q -- "$3" "$ROOT/tests/$1"; echo "$2" >>"$T/tried"; }
by e2e/check.t "check_systemd.c warning systemd the drop-in of " 'check --systemd-dropin >/etc/systemd/system'
# never PLACE WHY
never() { echo "$1" >>"$T/tried"; }
never "check_job.c problem login *" "a host that answers as a registry and then refuses every login"
never "check_systemd.c problem systemd *" "a path with a control character"
never "confine.c problem sandbox *" "a kernel that knows Landlock and fails in it"
never "cmd_check.c warning memory cannot be locked: secret" "as root there is no limit"
never "cmd_check.c problem network *" "an [http] of which no client can be made"
never "cmd_check.c problem state *" "a record that cannot be read for another reason than that it is not there"
never "check_doors.c problem * *" "hosts.t"

sort -u "$T/tried" >"$T/have"
is "each place has its row" "$(comm -23 "$T/places" "$T/have")" ""
is "and each row its place" "$(comm -13 "$T/places" "$T/have")" ""
done_testing
