#!/bin/sh
# SPDX-License-Identifier: MIT
# `acrotate token`: the program as it is installed, over real TLS, from create to delete.
set -u
. "$(dirname "$0")/lib.sh"

start_emulator --fast --settle 1s --token old-token --registry contoso
export ACROTATE_CONFIG="$E/acrotate.conf" AZURE_CONFIG_DIR="$T/nowhere"
token() { "$ACROTATE" token "$@" >"$T/out" 2>"$T/err"; }
status() { token "$@"; echo $?; }
query() { token "$@" -o tsv && cat "$T/out"; }

is "create" "$(status create -r contoso -n web-pull --repository Hello content/read --gateway gw1 config/read)" 0
p1=$(jget "$T/out" credentials.passwords.0.value)
p2=$(jget "$T/out" credentials.passwords.1.value)
is "prints two passwords that work" "$(login web-pull "$p1") $(login web-pull "$p2")" "200 200"
is "and nothing on standard error" "$(cat "$T/err")" ""
is "create again is refused" "$(status create -r contoso -n web-pull --scope-map demo-pull)" 1
like "and says what would happen" "$(cat "$T/err")" 'passwords stop working: say --overwrite'
is "both still work" "$(login web-pull "$p1") $(login web-pull "$p2")" "200 200"

is "generate without a slot is refused" "$(status credential generate -r contoso -n web-pull)" 2
is "both still work after it" "$(login web-pull "$p1") $(login web-pull "$p2")" "200 200"
g2=$(query credential generate -r contoso -n web-pull --password2 --expiration-in-days 30 --query 'passwords[?name==`password2`].value | [0]')
is "generate one slot" "$(login web-pull "$g2") $(login web-pull "$p2") $(login web-pull "$p1")" "200 401 200"

fault '{"operation":"generate","effect":"act-drop"}' >/dev/null
clear_log
is "a generate that may have acted" "$(status credential generate -r contoso -n web-pull --password2)" 1
is "is not sent again" "$(count_log generate)" 1
no_faults >/dev/null

is "update" "$(query update -r contoso -n web-pull --status disabled --query status)" disabled
is "shuts the door" "$(login web-pull "$p1")" 401
is "another scope map leaves it shut" "$(query update -r contoso -n web-pull --scope-map _repositories_push --query status)" disabled
is "enable" "$(query update -r contoso -n web-pull --status enabled --query status)" enabled
is "opens it" "$(login web-pull "$p1")" 200
is "credential delete" "$(query credential delete -r contoso -n web-pull --password1 --query 'credentials.passwords[].name')" password2
is "list" "$(query list -r contoso --query 'sort_by([], &name)[].name' | tr '\n' ' ')" "old-token web-pull "
is "delete without a terminal" "$(status delete -r contoso -n web-pull </dev/null)" 1
is "delete" "$(status delete -r contoso -n web-pull --yes)" 0
is "it is gone" "$(status show -r contoso -n web-pull)" 3
like "in the service's words" "$(cat "$T/err")" '^ERROR: \(ResourceNotFound\) The resource web-pull could not be found'
is "help" "$(status --help)" 0
is "no command" "$(status)" 2
# A job with a sink of the keyring, which cannot be reached from here: what it may hold is not killed.
mkdir -p "$E/jobs.d"
printf '[job]\nregistry = contoso\ntoken = old-token\n[sink keyring]\ntype = libsecret\n' >"$E/jobs.d/keyring.conf"
is "a job whose sink cannot be read" "$(status credential generate -r contoso -n old-token --password1)" 1
like "is not cut off" "$(cat "$T/err")" "this would cut off job 'keyring'"
is "unless told to" "$(status credential generate -r contoso -n old-token --password1 --force)" 0
rm "$E/jobs.d/keyring.conf"

# Something that takes long, on a terminal: a live line, gone at the end; the result is not touched by it.
slow='{"operation":"operation","effect":"status","status":200,"body":{"status":"Updating"},"headers":{"Retry-After":"1"},"count":2}'
on_terminal() { # FILE COMMAND-LINE
	script -qec "$2" "$1" </dev/null >/dev/null
}
fault "$slow" >/dev/null
control settings '{"settle":1}' >/dev/null
on_terminal "$T/typed" "$ACROTATE token update -r contoso -n old-token --status enabled -o tsv --query name >$T/out"
like "a long operation shows progress" "$(cat "$T/typed")" 'waiting for Azure, [0-9]+ s'
like "which is gone at the end" "$(grep -v '^Script ' "$T/typed" | tr '\r\033\n' 'RE ')" 'RE\[K *$'
is "and the result is whole" "$(cat "$T/out")" old-token
fault "$slow" >/dev/null
is "not on what is no terminal" "$(query update -r contoso -n old-token --status enabled --query name; cat "$T/err")" old-token
no_faults >/dev/null
# The end of a long answer is no answer.
printf 'by no means, say\nn\n' | script -qec "$ACROTATE token delete -r contoso -n old-token" "$T/typed" >/dev/null
is "an answer counts whole" "$(grep -o 'Proceed?' "$T/typed" | wc -l; query show -r contoso -n old-token --query name)" "2
old-token"

# A developer: no configuration anywhere, but a login of az. A program of that name plays it and gives out the emulator's token; the real
# one does so in az_token.t.
mkdir -p "$T/bin" "$T/home/.azure"
arm_token
{
	printf '#!/bin/sh\n[ ! -e "%s/fails" ] || { cat "%s/fails" >&2; exit 1; }\n' "$T" "$T"
	printf 'echo "$*" >>"%s/az-words"\ncat "%s/entra"\n' "$T" "$T"
} >"$T/bin/az"
chmod +x "$T/bin/az"
perl -pi -e 's/"expires_in":(\d+)/q("expires_on":) . (time + $1)/e; s/"access_token"/"accessToken"/' "$T/entra"
printf '[Emulated]\nendpoint_resource_manager = %s/\nendpoint_active_directory = %s/adfs\n' "$EMULATOR_URL" "$EMULATOR_URL" >"$T/home/.azure/clouds.config"
printf '\357\273\277{"subscriptions":[{"id":"%s","name":"mine","isDefault":true,"environmentName":"Emulated"}]}' \
	"$EMULATOR_SUBSCRIPTION" >"$T/home/.azure/azureProfile.json"
developer() {
	env -u ACROTATE_CONFIG -u AZURE_CONFIG_DIR -u AZURE_CLIENT_ID HOME="$T/home" ACROTATE_CONFIG="" XDG_CONFIG_HOME="$T/none" \
		REQUESTS_CA_BUNDLE="$E/ca.pem" PATH="$T/bin:$PATH" "$ACROTATE" token "$@" >"$T/out" 2>"$T/err"
}
clear_log
is "with az's login and no configuration" "$(developer show -r contoso -n old-token --query name -o tsv; cat "$T/out" "$T/err")" old-token
is "az was asked once" "$(cat "$T/az-words")" \
	"account get-access-token --only-show-errors -o json --resource $EMULATOR_URL/ --subscription $EMULATOR_SUBSCRIPTION"
is "and Entra not at all" "$(count_log entra)" 0
is "a new password" "$(developer credential generate -r contoso -n old-token --password2 -o tsv --query 'passwords[?value] | [0].value'
	login old-token "$(cat "$T/out")")" 200
echo "ERROR: Please run 'az login' to setup account." >"$T/fails"
is "nobody is logged in any more" "$(developer show -r contoso -n old-token; echo $?)" 1
like "which says what to do" "$(cat "$T/err")" "az login.*; log in as this user with 'az login'"
rm "$T/fails"
is "no token in the output" "$(grep -c "$(jget "$T/entra" accessToken)" "$T/out" "$T/err" | grep -v ':0')" ""

is "a full disk loses a new password loudly" "$("$ACROTATE" token credential generate -r contoso -n old-token --password1 2>&1 >/dev/full; echo $?)" \
	"ERROR: cannot write to standard output: the new password was made, and has been lost
1"
done_testing
