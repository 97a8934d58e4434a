#!/bin/sh
# SPDX-License-Identifier: MIT
# Completion in fish and zsh: what is offered for a line, with the real program answering.
set -u
. "$(dirname "$0")/lib.sh"
PATH=$BUILD:$PATH
export PATH HOME="$T"
mkdir -p "$T/jobs.d" && : >"$T/acrotate.conf" && : >"$T/jobs.d/web.conf" && : >"$T/jobs.d/api.conf" && : >"$T/jobs.d/not-a-job"
commands=$(acrotate --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' | sort | tr '\n' ' ')

if command -v fish >/dev/null; then
	offered() {
		fish --no-config -c "source $ROOT/packaging/completion/acrotate.fish; complete -C '$1'" 2>"$T/err" | cut -f 1 | sort | tr '\n' ' '
	}
	is "fish: every command, and no other" "$(offered 'acrotate ')" "$commands"
	like "fish: options" "$(offered 'acrotate run --det')" '^--detailed-exitcode $'
	is "fish: not those of other commands" "$(offered 'acrotate plan --wai' | tr ' ' '\n' | grep -cx -- --wait)" 0
	is "fish: values" "$(offered 'acrotate run -o ')" "json text "
	is "fish: jobs" "$(offered "acrotate run --config $T/acrotate.conf ")" "api web "
	is "fish: commands of token credential" "$(offered 'acrotate token credential ')" "delete generate "
	is "fish: options of them" "$(offered 'acrotate token credential generate --expiration-')" "--expiration-in-days "
	is "fish: nothing where nothing is to be named" "$(offered 'acrotate keys ')" ""
else
	lacks fish "fish: what it offers"
fi
if command -v zsh >/dev/null; then
	cat >"$T/ask.zsh" <<END
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1=; PROMPT_EOL_MARK=; fpath=($ROOT/packaging/completion \\\$fpath); autoload -U compinit; compinit -u -D -d $T/dump; LISTMAX=9999; stty -echo; print READY"
until zpty -r -m z out '*READY*'; do :; done
zpty -w -n z "\$1"\$'\t\t'
for ((i = 0; i < 30; i++)); do sleep 0.1; while zpty -r -t z more; do out+=\$more; done; done
print -r -- \$out
zpty -d z
END
	offered() { zsh -f "$T/ask.zsh" "$1" 2>&1 | sed 's/\x1b\[[0-9;?]*[A-Za-z]//g' | tr '\r' '\n'; }
	offered 'acrotate ' >"$T/all"
	missing=
	for c in $commands; do grep -q "^ *$c  *-- " "$T/all" || missing="$missing $c"; done
	is "zsh: every command" "$missing" ""
	like "zsh: options" "$(offered 'acrotate run --det')" 'detailed-exitcode'
	like "zsh: jobs" "$(offered "acrotate run --config $T/acrotate.conf ")" 'api +web'
	like "zsh: options of token credential generate" "$(offered 'acrotate token credential generate --exp')" 'expiration-in-days'
else
	lacks zsh "zsh: what it offers"
fi
done_testing
