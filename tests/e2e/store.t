#!/bin/sh
# SPDX-License-Identifier: MIT
# acrotate's own copy: where it stands, who may read it, and that it fills the other sinks again when they have forgotten theirs.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jobs.sh"
needs openssl

start_emulator --fast --token web-pull --token lone-pull --token team-pull --token alone-pull
config
S=$T/state/store/$EMULATOR_LOGIN_SERVER
# What podman would log in with.
auth_of() {
	perl -MJSON::PP -e 'local $/; open my $f, "<", $ARGV[0] or exit; print JSON::PP->new->decode(<$f>)->{auths}{$ARGV[1]}{auth} // ""' \
		"$1" "$EMULATOR_LOGIN_SERVER" | openssl base64 -d -A | cut -d: -f2-
}

# ---- where, and what ------------------------------------------------------------------------------------------------------------------
job_with alone-pull <<END
[sink copy]
type = store
key = $EMULATOR_LOGIN_SERVER
END
try check alone-pull
is "a job of a copy alone: check" "$RC" 0
run
is "is given its first password" "$RC" 0
ok "in STATE/store/SERVER" test -f "$S"
is "which only its owner reads" "$(stat -c %a "$S" "$T/state/store")" "600
700"
is "it says whose it is" "$(jget "$S" username) $(jget "$S" server) $(jget "$S" slot)" "alone-pull $EMULATOR_LOGIN_SERVER password1"
like "and until when" "$(jget "$S" expires) $(jget "$S" created)" '^20[0-9-]*T[0-9:.]*Z 20[0-9-]*T[0-9:.]*\+00:00$'
is "the registry takes it" "$(login alone-pull "$(jget "$S" password)")" 200
is "acrotate get prints it" "$(acro get alone-pull)" "$(jget "$S" password)"
run
run
is "nothing is left beside it" "$(ls -A "$T/state/store")" "$EMULATOR_LOGIN_SERVER"

# ---- a registry and a namespace in it -------------------------------------------------------------------------------------------------
job_with team-pull <<END
[sink copy]
type = store
key = $EMULATOR_LOGIN_SERVER/team
mode = 0640
END
run
is "a namespace beside the registry itself: exit status" "$RC" 0
is "its copy stands beside the other one" "$(jget "$S,team" username)" team-pull
is "which stays" "$(jget "$S" username)" alone-pull
is "others come to the one that they may read" "$(stat -c %a "$S,team" "$T/state/store" "$T/state")" "640
711
711"
rm -rf "$T/state" "$E/jobs.d/alone-pull.conf"
sed -i '/^grace/d; /^token/a exclusive = yes' "$E/jobs.d/team-pull.conf"
run --wait 1m
is "the namespace alone" "$RC$(jget "$S/team" username)" 0team-pull
job_with alone-pull exclusive=yes <<END
[sink copy]
type = store
END
run --wait 1m
is "then the registry, too: in the directory" "$RC$(jget "$S/_" username)" 0alone-pull
is "both are read again" "$(acro get team-pull)$(acro get alone-pull)" "$(jget "$S/team" password)$(jget "$S/_" password)"
job_with other-pull token=lone-pull <<END
[sink copy]
type = store
key = $EMULATOR_LOGIN_SERVER/team
END
run other-pull
is "two jobs on one copy: exit status" "$RC" 78
like "are told" "$(said)" "a sink of job 'team-pull' writes the same entry"
rm "$E/jobs.d/other-pull.conf"
rm "$E/jobs.d/alone-pull.conf" "$E/jobs.d/team-pull.conf"
rm -r "$T/state"

# ---- the other sinks have forgotten theirs --------------------------------------------------------------------------------------------
# As podman has it: a file on a tmpfs, gone with the boot.
job_with lone-pull <<END
[sink podman]
type = docker
path = $T/lone/auth.json
END
job_with web-pull <<END
[sink podman]
type = docker
path = $T/run/auth.json
[sink copy]
type = store
END
mkdir -p "$T/run" "$T/lone"
run
run --force
run
is "two jobs have rotated" "$(login web-pull "$(auth_of "$T/run/auth.json")")$(login lone-pull "$(auth_of "$T/lone/auth.json")")" 200200
before=$(auth_of "$T/run/auth.json")
rm "$T/run/auth.json" "$T/lone/auth.json"
clear_log
run lone-pull
is "without a copy: a third password has to wait" "$RC" 75
ok "and a job in which nothing works is not quiet" test -s "$T/err"
like "it says what is the matter" "$(said)" "lone-pull"
run lone-pull
ok "in the next run neither" test -s "$T/err"
is "nothing was generated" "$(generated)" 0
run web-pull
is "with a copy: exit status" "$RC" 0
is "the sink is filled again from it" "$(auth_of "$T/run/auth.json")" "$before"
is "the registry takes it" "$(login web-pull "$before")" 200
is "and nothing was generated for that" "$(generated)" 0
rm "$S"
run web-pull
is "a copy that was removed is made again from the sink" "$RC$(jget "$S" password)$(generated)" "0${before}0"
printf '{"server' >"$S"
run web-pull
is "one that is no copy any more: exit status" "$RC" 74
like "says what to do" "$(said)" "/store/.*': it is not a copy that acrotate wrote: remove it"
is "and the other sink keeps its own" "$(auth_of "$T/run/auth.json")" "$before"
rm "$S"
run web-pull
is "removed, it is made again" "$RC$(jget "$S" password)" "0$before"

# ---- check knows the remedy -----------------------------------------------------------------------------------------------------------
if [ -d /dev/shm ] && [ "$(stat -f -c %T /dev/shm)" = tmpfs ]; then
	V=$(mktemp -d /dev/shm/acrotate-e2e.XXXXXX)
	sed -i "s|$T/lone/auth.json|$V/auth.json|" "$E/jobs.d/lone-pull.conf"
	try check lone-pull
	like "all of it in memory: check names the store" "$(said)" "type = store"
	printf '[sink copy]\ntype = store\n' >>"$E/jobs.d/lone-pull.conf"
	sed -i "/^type = store/a key = $EMULATOR_LOGIN_SERVER/lone" "$E/jobs.d/lone-pull.conf"
	try check lone-pull
	is "with it nothing is said" "$(said | grep -c 'in memory')" 0
	rm -rf "$V"
fi
done_testing
