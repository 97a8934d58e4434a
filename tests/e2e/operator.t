#!/bin/sh
# SPDX-License-Identifier: MIT
# An operator's evening: what somebody who had never seen it stumbled over, a row for each that no other test has.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jobs.sh"
start_emulator --fast --token web-pull --token other
like "the emulator's configuration keeps its records beside it" "$(cat "$E/acrotate.conf")" "^state_dir = $E/state\$"
config

# ---- words

acro forget --help >"$T/out"
is "forget --help: its --force is its own" "$(grep -c 'forget even if a consumer may still hold' "$T/out") $(grep -c 'rotate even' "$T/out")" "1 0"
env_job web-pull
sed -i 's/^registry = .*/registry = my-registry/' "$E/jobs.d/web-pull.conf"
run
like "a registry with a hyphen: the whole name is refused, with the reason" "$RC $(said)" \
	"^78 .*web-pull.conf:2: 'registry' takes a name, which has letters and digits, .* not 'my-registry'"
env_job web-pull
sed -i 's/^subscription = .*/subscription = My Subscription/' "$E/acrotate.conf"
run
like "a subscription's name is quoted" "$(said)" "'My Subscription'"
config
arm PATCH tokens/web-pull '{"properties":{"status":"disabled"}}' >/dev/null
run
like "a disabled token: the whole command" "$(said)" 'acrotate token update --registry contoso --name web-pull --status enabled'
acro check >"$T/out" 2>/dev/null
like "one problem is one problem" "$(tail -n 1 "$T/out")" '^1 problem, '
arm PATCH tokens/web-pull '{"properties":{"status":"enabled"}}' >/dev/null
mkdir "$T/bin"
printf '#!/bin/sh\nexit 1\n' >"$T/bin/pkg-config"; chmod +x "$T/bin/pkg-config"
(cd "$ROOT" && PATH="$T/bin:$PATH" make B="$T/build" all) >"$T/out" 2>&1
is "make without the libraries fails" "$?" 2
like "and says in its first line what is missing" "$(grep -v '^make' "$T/out" | head -n 1)" 'libraries or tools are missing'

# ---- names that Azure would not give today, of tokens that are there

for name in web_pull 1web; do
	control "tokens/$name" '{"action":"create"}' >/dev/null
	env_job "$name"
	run "$name"
	is "a token that is called $name" "$RC $(login "$name" "$(cat "$T/$name.env")")" "0 200"
	rm "$E/jobs.d/$name.conf"
done

# ---- a hook that is owed

printf '#!/bin/sh\nexit 1\n' >"$T/hook"; chmod +x "$T/hook"
env_job web-pull on_change="$T/hook"
run
is "a hook fails" "$RC" 70
acro plan >"$T/out" 2>&1
like "plan says and exits as the run would" "$? $(cat "$T/out")" '^70 web-pull: .*hook'
env_job web-pull
run
is "without it the job is well" "$RC" 0

# ---- another machine id: a host that was cloned or restored

sed -i 's/^machine = .*/machine = 00000000000000000000000000000000/' "$T/state/web-pull.state"
cp "$T/state/web-pull.state" "$T/record"
password=$(cat "$T/web-pull.env")
foreign_generate web-pull password2
sleep 1
run --force
is "the record of another machine: a run asks" "$RC" 65
like "says what it is, and what helps" "$(said)" "the record is of another machine: .*kept as web-pull.state.lost; .*acrotate adopt web-pull"
ok "and keeps it" cmp "$T/record" "$T/state/web-pull.state.lost"
acro check >"$T/out" 2>/dev/null
is "check permits neither slot: the sink's password may be in either" "$(grep -c '^ *may_replace' "$T/out")" 0
like "it says adopt" "$(cat "$T/out")" 'acrotate adopt web-pull'
is "the password in the sink works" "$(login web-pull "$password")" 200
acro adopt web-pull >"$T/out" 2>&1
is "adopt takes it over" "$?" 0
acro status -o json >"$T/json"
is "and the job knows its password" "$(jget "$T/json" 0.active)" password1
is "which nothing has changed" "$(cat "$T/web-pull.env")" "$password"

# ---- what README has one paste

like "README: each kind of identity sets PRINCIPAL before the role is assigned" "$(sed -n '/az vm identity assign/,/az role assignment create/p' \
	"$ROOT/README.md" | grep -c '^    PRINCIPAL=')" '^2$'

# ---- both slots replaced by a template

env_job other inspect_every=1s verify_every=1s
run other
foreign_generate other password1; foreign_generate other password2
sleep 1.1
run other
is "both slots replaced by somebody else: the first run sees it" "$RC" 65
like "and says first that pulls fail" "$(said | grep other | head -n 1)" '^acrotate: other: pulls fail now'
acro status other >"$T/out" 2>&1
is "status exits accordingly" "$?" 65
like "and says it in its first line" "$(head -n 1 "$T/out")" 'pulls fail now: 1'
done_testing
