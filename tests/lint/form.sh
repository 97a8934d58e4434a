#!/bin/sh
# form.sh: clang-format agrees with every file; no line of code is longer than 100 columns; a .c
# file without a header of its name opens with what it is for. Prints offenders.
set -u
bad=0
sources=$(git ls-files -co --exclude-standard '*.c' '*.h' | while read -r f; do [ -f "$f" ] && echo "$f"; done)
format=$(command -v clang-format-14 || command -v clang-format)
if [ -n "$format" ]; then
	# shellcheck disable=SC2086
	out=$(printf '%s\n' $sources | xargs -P "$(nproc)" -n 20 "$format" --dry-run -Werror 2>&1 | grep -E ': (error|warning):')
	[ -z "$out" ] || { echo "$out" | head -n 40; echo "make format applies it"; bad=1; }
fi
# shellcheck disable=SC2046
out=$(awk '{ n = 0; for (i = 1; i <= length($0); i++) n += substr($0, i, 1) == "\t" ? 8 - n % 8 : 1
	if (n > 100) print FILENAME ":" FNR ": " n " columns" }' $(printf '%s\n' $sources | grep -E '^(src|include)/'))
[ -z "$out" ] || { echo "$out"; bad=1; }
for f in $(git ls-files -co --exclude-standard 'src/*.c'); do
	[ -f "$f" ] || continue
	h=${f#src/}; h=include/${h%.c}.h
	[ -f "$h" ] || [ -f "${f%.c}.h" ] || sed -n 2p "$f" | grep -q '^/\*' || { echo "$f: no word on what it is for"; bad=1; }
done
exit $bad
