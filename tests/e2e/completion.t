#!/bin/bash
# SPDX-License-Identifier: MIT
# bash completion: what is offered for a line, with the real program answering.
set -u
. "$(dirname "$0")/lib.sh"
. "$ROOT/packaging/completion/acrotate"

mkdir -p "$T/jobs.d" && : >"$T/acrotate.conf" && : >"$T/jobs.d/web.conf" && : >"$T/jobs.d/api.conf" && : >"$T/jobs.d/not-a-job"

# offered WORD...: what completes the last word, as one line.
offered() {
	COMP_WORDS=("$ACROTATE" "$@")
	COMP_CWORD=$#
	_acrotate
	printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' ' | sed 's/ $//'
}
has() { # LIST WORD...
	local list=" $1 " w
	shift
	for w; do [[ $list = *" $w "* ]] || { echo "# no '$w' in$list"; return 1; }; done
}

commands=$("$ACROTATE" --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
# shellcheck disable=SC2086
ok "every command" has "$(offered '')" $commands
is "only commands" "$(offered '' | tr ' ' '\n' | sort)" "$(echo "$commands" | sort)"
is "a command by its start" "$(offered ke)" keys
for c in $commands; do
	[ "$c" != token ] || continue
	options=$("$ACROTATE" "$c" --help | grep -o -- ' --[a-z0-9-]*' | sort -u)
	# shellcheck disable=SC2086
	ok "every option of $c" has "$(offered "$c" --)" $options
done
is "an option by its start" "$(offered run --detail)" --detailed-exitcode
is "not those of other commands" "$(offered plan --wai)" ""
is "formats" "$(offered run -o '')" "json text"
is "formats after =" "$(offered run --output = j)" json
is "jobs" "$(offered run --config "$T/acrotate.conf" '')" "api web"
is "jobs by their start" "$(offered -c "$T/acrotate.conf" run w)" web
is "more jobs" "$(offered -c "$T/acrotate.conf" plan web a)" api
ok "files" has "$(offered --config "$T/")" "$T/acrotate.conf" "$T/jobs.d"
is "no jobs where there are none to name" "$(offered keys '')" ""
is "nothing for a time" "$(offered run --wait '')" ""
# acrotate token, with every command it has: as its own help names them.
token_commands=$("$ACROTATE" token --help | sed -n '/^options/q; s/^  \([a-z]*\( [a-z]*\)\{0,1\}\)  .*/\1/p')
is "there are seven" "$(echo "$token_commands" | wc -l)" 7
is "commands of token" "$(offered token '')" "$(echo "$token_commands" | sed 's/ .*//' | sort -u | tr '\n' ' ' | sed 's/ $//')"
is "commands of token credential" "$(offered token credential '')" "delete generate"
is "a command of token by its start" "$(offered token cr)" "create credential"
is "a command of token credential by its start" "$(offered token credential g)" generate
while read -r command; do
	# shellcheck disable=SC2086
	wanted=$("$ACROTATE" token $command --help | grep -oE -- '^  (-[a-z],|   ) --[a-z0-9-]+' | grep -o -- '--.*' | sort)
	ok "options of token $command are more than a few" test "$(echo "$wanted" | wc -l)" -ge 9
	# shellcheck disable=SC2086
	is "every option of token $command, and no other" "$(offered token $command --)" "$(echo $wanted)"
	# shellcheck disable=SC2086
	is "also behind others" "$(offered token $command -r contoso --only-show-errors --)" "$(echo $wanted)"
	for o in -o --output; do
		# shellcheck disable=SC2086
		is "formats of token $command $o" "$(offered token $command $o '')" "json jsonc none table tsv yaml yamlc"
	done
	# shellcheck disable=SC2086
	is "files for --config of token $command" "$(offered token $command --config "$T/acr")" "$T/acrotate.conf"
	for o in --registry -r --resource-group -g --subscription --query; do
		# shellcheck disable=SC2086
		is "nothing is made up for $o of token $command" "$(offered token $command $o '')" ""
	done
done <<<"$token_commands"
for command in create update; do
	is "values of --status of token $command" "$(offered token $command --status '')" "disabled enabled"
done
is "values of --no-passwords" "$(offered token create --no-passwords '')" "false true"
is "formats of token by their start" "$(offered token list --registry x --output ya)" "yaml yamlc"
is "formats of token after =" "$(offered token list --output = js)" "json jsonc"
is "status after =" "$(offered token update --status = en)" enabled
is "options of token credential generate by their start" "$(offered token credential generate --expiration-)" --expiration-in-days
is "no jobs behind token" "$(offered token list '')" ""
done_testing
