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
ok "commands of token" has "$(offered token '')" create delete list show update credential
is "commands of token credential" "$(offered token credential '')" "delete generate"
ok "options of token create" has "$(offered token create --)" --name --registry --repository --no-passwords --output
is "options of token credential generate" "$(offered token credential generate --expiration-)" --expiration-in-days
is "formats of token" "$(offered token list -o '')" "json jsonc none table tsv yaml yamlc"
is "formats of token by their start" "$(offered token list --registry x --output ya)" "yaml yamlc"
done_testing
