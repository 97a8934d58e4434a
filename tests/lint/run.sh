#!/bin/sh
# make lint: every rule that a machine can watch. LINT_COMPILE is the compile command, LINT_BUILD the
# directory of the build; the arguments are all its objects.
# A tool that is not installed is named and left out; .ci/run installs them all.
set -u
cd "$(dirname "$0")/../.." || exit 1
passed=0 failed=0 missing=

# check NAME COMMAND...: its output is shown when it fails.
check() {
	name=$1
	shift
	if out=$("$@" 2>&1); then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'lint: %s\n%s\n' "$name" "$out" | head -n 60
	fi
}
have() {
	command -v "$1" >/dev/null 2>&1 && return 0
	missing="$missing $1"
	return 1
}
shell_files() {
	git ls-files -co --exclude-standard | while read -r f; do
		[ -f "$f" ] && head -n 1 "$f" | grep -qE '^#!.*\b(sh|bash)\b' && echo "$f"
	done
}

headers() {
	compile=$(printf '%s' "$LINT_COMPILE" | sed 's/ -MMD//; s/ -MP//')
	status=0
	for h in $(find include -name '*.h' | LC_ALL=C sort); do
		printf '#include "%s"\nextern int not_empty;\n' "${h#include/}" | eval "$compile -fsyntax-only -x c -" || {
			echo "$h does not compile alone"
			status=1
		}
	done
	return $status
}

banned='strcpy|stpcpy|strcat|sprintf|vsprintf|strncpy|strncat|strtok|gets|gmtime|localtime|ctime|asctime|mktemp|tmpnam|tempnam'
banned="$banned|system|popen|atoi|atol|rand|srand|random|drand48|alloca|setjmp|longjmp"
functions() { # of the objects: no macro hides anything from nm, and fortified variants are seen too
	! nm -Au "$@" | grep -E " U (__|__isoc99_)?($banned)(_chk)?(@.*)?$"
}

tidy() {
	flags=$(eval "set -- $LINT_COMPILE"; for a; do case $a in -I*|-D*|-std=*) printf "'%s' " "$a" ;; esac; done)
	# shellcheck disable=SC2086
	# As system headers: what is wrong with GLib is not ours to fix.
	libsecret=$(pkg-config --cflags libsecret-1 2>/dev/null | sed 's/-I/-isystem /g')
	skip=none
	[ -n "$libsecret" ] || skip='src/keyring/*'
	find src -name '*.c' ! -path $skip | LC_ALL=C sort |
		eval "xargs -P \$(nproc) -n 4 sh -c 'clang-tidy --quiet \"\$@\" -- $(printf '%s' "$flags" | sed "s/'/'\\\\''/g") $libsecret 2>/dev/null' tidy"
}

# A pointer is compared with NULL by name, in conditions as elsewhere.
null() {
	flags=$(eval "set -- $LINT_COMPILE"; for a; do case $a in -I*|-D*|-std=*) printf "'%s' " "$a" ;; esac; done)
	libsecret=$(pkg-config --cflags libsecret-1 2>/dev/null)
	find src -name '*.c' | LC_ALL=C sort |
		eval "xargs -P \$(nproc) -n 8 sh -c 'clang-query -f tests/lint/null.query \"\$@\" -- $(printf '%s' "$flags" | sed "s/'/'\\\\''/g") $libsecret 2>/dev/null' null" |
		sed -n 's/: note: "[a-z]*" binds here$/: compare with NULL/p' | awk '{ print; bad = 1 } END { exit bad }'
}

# gcc's analyzer. Not uninitialized values: it takes a pointer that take() reads through a void pointer for one; clang-tidy, valgrind and
# the sanitizers look for those.
analyzer() {
	flags=$(eval "set -- $LINT_COMPILE"; for a; do case $a in -I*|-D*|-std=*) printf "'%s' " "$a" ;; esac; done)
	libsecret=$(pkg-config --cflags libsecret-1 2>/dev/null | sed 's/-I/-isystem /g')
	skip=none
	[ -n "$libsecret" ] || skip='src/keyring/*'
	find src -name '*.c' ! -path $skip | LC_ALL=C sort |
		eval "xargs -P \$(nproc) -n 8 sh -c 'for f; do LC_ALL=C gcc -fanalyzer -DANALYZER -Wno-analyzer-use-of-uninitialized-value -O1 -fdiagnostics-plain-output $(printf '%s' "$flags" | sed "s/'/'\\\\''/g") $libsecret -c -o /dev/null \$f; done' analyze" 2>&1 |
		LC_ALL=C sed -nE "s/^([^ :]+):([0-9]+):[0-9]+: warning: .*['\`]([^'\`]*)' .*\[-Wanalyzer-(.*)\]$/\1 \4 \3 line \2/p; s/^([^ :]+):([0-9]+):[0-9]+: (fatal )?error: .*/\1 does not compile line \2/p" |
		awk 'NR == FNR { if (!/^#/ && NF) { key = $0; sub(/:.*/, "", key); known[key] = 0 } next }
		     { at = $0; sub(/ line [0-9]+$/, "", at); if (at in known) known[at]++; else { print; bad = 1 } }
		     END { for (k in known) if (!known[k]) { print "tests/lint/analyzer.txt: no longer found: " k; bad = 1 } exit bad }' tests/lint/analyzer.txt -
}

# What control-flow protection needs of an object. Whether a program has it is for the C library's start files to say.
protection() {
	case $LINT_COMPILE in *-fcf-protection*) ;; *) return 0 ;; esac
	status=0
	for o in "$@"; do
		LC_ALL=C readelf -n "$o" 2>/dev/null | grep -q 'x86 feature:.*IBT.*SHSTK' || { echo "$o: no note of IBT and SHSTK"; status=1; }
	done
	return $status
}

cppcheck_sources() {
	cppcheck --quiet --std=c11 --language=c --error-exitcode=1 --inline-suppr -j "$(nproc)" \
		--enable=warning,portability --suppressions-list=tests/lint/cppcheck.txt -Iinclude -D_GNU_SOURCE -DVERSION='"x"' \
		-DSYSCONF='"/etc"' src
}

shell() {
	# shellcheck disable=SC2046
	shellcheck -x -S warning $(shell_files)
}

# Units as they are, with their programs taken as there; man pages are not installed here.
units() {
	dir=$(mktemp -d)
	status=0
	for from in packaging/systemd packaging/systemd/user; do
		for u in "$from"/*.service "$from"/*.timer; do
			sed 's|^ExecStart=/usr/[^ ]*|ExecStart=/bin/true|; /^Documentation=/d' "$u" >"$dir/$(basename "$u")"
		done
		mode=--system; [ "$from" = packaging/systemd ] || mode=--user
		# An instance of the template stands for it.
		cp "$dir/acrotate-failed@.service" "$dir/acrotate-failed@acrotate.service.service"
		out=$(SYSTEMD_UNIT_PATH="$dir:" systemd-analyze $mode verify "$dir/acrotate.service" "$dir/acrotate.timer" \
			"$dir/acrotate-failed@acrotate.service.service" 2>&1 | grep -F acrotate)
		[ -z "$out" ] || { echo "$out"; status=1; }
	done
	rm -rf "$dir"
	return $status
}

man_warnings() {
	status=0
	for page in packaging/man/*.[1-9]; do
		out=$(MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null)
		[ -z "$out" ] || { printf '%s:\n%s\n' "$page" "$out"; status=1; }
	done
	return $status
}

# Nothing in the tree or in a program may tell where it was built or came from.
paths() {
	here=$(pwd -P)
	origin=$(git config --get remote.origin.url || :)
	case $origin in /*/*) origin=$(dirname "$origin") ;; *) origin= ;; esac
	status=0
	for p in "$here" "$origin"; do
		case $p in ''|/|/tmp|/root|/home|/srv) continue ;; esac
		git grep -nIF -e "$p/" -- . && status=1
		grep -lF -e "$p/" "$@" && status=1
	done
	return $status
}

# A line here is a promise that somebody would have to keep.
leftovers() {
	! git grep -nIE '\b(TODO|FIXME|XXX|HACK)\b' -- '*.c' '*.h' '*.sh' '*.t' '*.md' Makefile .ci ':!tests/lint/run.sh'
}
licence() {
	status=0
	for f in $(git ls-files -co --exclude-standard '*.c' '*.h'); do
		[ ! -f "$f" ] || [ "$(head -n 1 "$f")" = '/* SPDX-License-Identifier: MIT */' ] || { echo "$f: no SPDX line"; status=1; }
	done
	return $status
}
# A header is its manual.
modules() {
	status=0
	for h in $(git ls-files -co --exclude-standard 'include/*/*.h'); do
		head -n 3 "$h" | sed -n 2p | grep -q '^/\*' || { echo "$h: no word on what it is for"; status=1; }
	done
	return $status
}

check 'layers, owners, secret_peek' sh tests/lint/layers.sh
check 'names: symbols and structs' sh tests/lint/names.sh "$LINT_BUILD"
check 'form: clang-format, columns, first lines' sh tests/lint/form.sh
check 'words, and functions over 60 lines' sh tests/lint/words.sh
check 'operations that tests look for' sh tests/lint/operations.sh
check 'each header compiles alone' headers
check 'banned functions' functions "$@"
check 'control-flow protection' protection "$@"
check 'paths of the machine it was built on' paths "$@"
check 'leftovers' leftovers
check 'licence lines' licence
check 'headers say what they are for' modules
have clang-tidy && check 'clang-tidy' tidy
have clang-query && check 'NULL by name' null
have gcc && check 'gcc -fanalyzer' analyzer
have cppcheck && check 'cppcheck' cppcheck_sources
have shellcheck && check 'shellcheck' shell
have zsh && check 'zsh -n' zsh -n packaging/completion/_acrotate
have fish && check 'fish -n' fish -n packaging/completion/acrotate.fish
have promtool && check 'promtool check rules' promtool check rules packaging/prometheus/acrotate.rules.yml &&
	check 'promtool test rules' promtool test rules packaging/prometheus/acrotate.rules.test.yml
have systemd-analyze && check 'systemd-analyze verify' units
if ls packaging/man/*.[1-9] >/dev/null 2>&1; then
	have man && check 'man --warnings' man_warnings
	have mandoc && check 'mandoc -Tlint' mandoc -Tlint -W warning packaging/man/*.[1-9]
fi
[ -z "$missing" ] || echo "lint: not installed, left out:$missing"
echo "lint: $passed passed, $failed failed"
[ $failed = 0 ]
