#!/bin/sh
# SPDX-License-Identifier: MIT
# One job: a run with nothing due, and a rotation.
set -u
. "$(dirname "$0")/lib.sh"
RUNS=${RUNS:-21}

start_emulator --fast --token web-pull --token bare
bench_host 'lifetime = 90d' 'grace = 1s'
job web-pull <<END
[job]
token = web-pull
[sink env]
type = file
path = $H/web.env
content = REGISTRY_PASSWORD={password}
END
acrotate run
[ "$RC" = 0 ] || { said; exit 1; }

echo "A run with nothing due, one job"
set -- -- "acrotate run" "$ACROTATE" run --config "$E/acrotate.conf"
if command -v uacme >/dev/null; then
	mkdir -p "$T/uacme/private/example.org" "$T/uacme/example.org"
	openssl genrsa -out "$T/uacme/private/key.pem" 2048 2>/dev/null
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$T/uacme/private/example.org/key.pem" -out "$T/uacme/example.org/cert.pem" \
		-subj /CN=example.org -addext subjectAltName=DNS:example.org -days 365 2>/dev/null
	# It says "nothing due" by status 1.
	set -- -- "uacme issue" =1 uacme -c "$T/uacme" issue example.org "$@"
fi
if command -v uacme >/dev/null; then
	compare -n "$RUNS" -c -i -g "cpu <= 0.2" -g "calls of one <= 98" -- "/bin/true" /bin/true "$@"
else
	compare -n "$RUNS" -c -i -g "calls of one <= 98" -- "/bin/true" /bin/true "$@"
fi

echo "What is asked often"
for words in "status" "plan" "get web-pull" "--version"; do
	# shellcheck disable=SC2086
	compare -n "$RUNS" -g "cpu ms <= 3" -- "acrotate $words" "$ACROTATE" $words --config "$E/acrotate.conf"
done

echo "One rotation: generate, prove, deliver to one file"
# A rotation needs a spare slot whose grace is over; two seconds are waited for before each, and not counted.
IFS='
'
set -f
# shellcheck disable=SC2046
compare -n "$RUNS" -b "sleep 2.1" -c -i -g "cpu <= 1.15" -- "the same requests, bare libcurl" $(bare 1 bare) \
	-- "acrotate run --force" "$ACROTATE" run --force --config "$E/acrotate.conf"
sleep 2.1
clear_log
acrotate run --force
[ "$RC" = 0 ] || { said; exit 1; }
goal "reads at Azure Resource Manager in a rotation" "$(($(count_log token-get) + $(count_log registry-get) + $(count_log registry-list)))" 2
