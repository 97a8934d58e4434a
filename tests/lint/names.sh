#!/bin/sh
# names.sh BUILD: every external symbol of BUILD/src bears the name of its module (the layer, the
# file, the first word of its name, the header that declares it, or another header of the layer
# whose object it works on), and no two structs of the tree share a name. Prints offenders.
set -u
build=$1
bad=0

# The headers' own words: "include/rotate/rotation.h" allows rotation_ for what it declares.
symbols() {
	find src -name '*.c' | LC_ALL=C sort | while read -r c; do
		o=$build/${c%.c}.o
		[ -f "$o" ] || continue
		nm -g --defined-only "$o" | awk -v c="$c" 'NF == 3 { print c, $3 }'
	done
}
declared=$(grep -noE '\b[a-z_0-9]+(\(|\[|;|,)' -r include src --include='*.h' |
	sed -E 's|^([^:]*/)?([a-z_0-9]+)\.h:[0-9]+:([a-z_0-9]+).*|\3 \2|' | LC_ALL=C sort -u)
out=$({
	find include -name '*.h' | sed 's|^include/|H |; s|\.h$||'
	printf '%s\n' "$declared" | sed 's/^/D /'
	symbols | sed 's/^/S /'
} | awk '
	function word(s) { sub(/_.*/, "", s); return s }
	function fits(symbol, prefix) { return symbol == prefix || index(symbol, prefix "_") == 1 }
	$1 == "H" { split($2, p, "/"); headers[p[1]] = headers[p[1]] " " p[2]; next }
	$1 == "D" { home[$2] = home[$2] " " $3; next }
	{
		n = split($2, path, "/"); layer = path[n - 1]; stem = path[n]; sub(/\.c$/, "", stem)
		if ($2 == "src/front.c") next # it stands in for commands that need the network
		if ($3 == "main" || $3 == "_gnutls_global_init_skip") next
		if (fits($3, layer) || fits($3, stem) || fits($3, word(stem))) next
		m = split(home[$3] headers[layer], h, " "); ok = 0
		for (i = 1; i <= m; i++) ok = ok || fits($3, h[i]) || fits($3, word(h[i]))
		if (!ok) print $2 ": " $3 " does not bear the name of its module"
	}')
[ -z "$out" ] || { echo "$out"; bad=1; }

if command -v ctags >/dev/null 2>&1; then
	out=$(ctags -x --kinds-C=s -R include src | awk '
		{ where[$1] = where[$1] " " $4 ":" $3; n[$1]++ }
		END { for (s in n) if (n[s] > 1) print "struct " s " is several:" where[s] }')
	[ -z "$out" ] || { echo "$out"; bad=1; }
fi
exit $bad
