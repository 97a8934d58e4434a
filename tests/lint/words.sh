#!/bin/sh
# words.sh: one thing has one word; no function of src is longer than 60 lines. Prints offenders.
set -u
bad=0

# WORD INSTEAD: what a reader would have to learn twice.
while read -r word instead; do
	out=$(git grep -niE "$word" -- src include etc packaging ':!packaging/debian/changelog' | sed "s/^/say '$instead': /")
	[ -z "$out" ] || { echo "$out"; bad=1; }
done <<'EOT'
\bmend(s|ed|ing)?\b fix
\bstrangers?\b foreign
(a|the|of)\s(slot|password|entry|generation)\sof\ssomebody\selse foreign
generated\sby\ssomebody\selse\sand foreign
\bpassing\s(failure|error) transient
\bpasses\sby\sitself transient
EOT

out=$(git ls-files -co --exclude-standard 'src/*.c' | xargs awk '
	/^\{/ { start = FNR; name = before }
	{ before = $0 }
	/^\}/ && start { if (FNR - start + 1 > 60) print FILENAME ":" start ": " FNR - start + 1 " lines: " name; start = 0 }')
[ -z "$out" ] || { echo "$out"; bad=1; }
exit $bad
