#!/bin/sh
# SPDX-License-Identifier: MIT
# Templates of a file: line breaks and encoded forms; one that is changed finds its own file again.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/jobs.sh"
start_emulator --fast --token web-pull
config
F=$T/web.env
# content TEXT: the job with a file of this.
content() {
	job_with web-pull <<END
[sink env]
type = file
path = $F
content = $1
END
}

content 'A={username}\nB={password}'
is "a first run" "$(exit_of run)" 0
password=$(acro get web-pull)
is "two lines" "$(cat "$F")" "A=web-pull
B=$password"
is "nothing is due" "$(exit_of run)" 0
asked=$(control log | grep -c generateCredentials)

content 'https://{username}:{password:url}@{server}/'
is "another template: the file lags" "$(job_field web-pull state)" healing
is "and the run writes it" "$(exit_of run)" 0
encoded=$(printf '%s' "$password" | sed 's/+/%2B/g; s/\//%2F/g; s/=/%3D/g')
is "encoded" "$(cat "$F")" "https://web-pull:$encoded@$EMULATOR_LOGIN_SERVER/"
is "the same password" "$(acro get web-pull)" "$password"
content '{"auth":"{auth:json}","p":"{password:json}"}'
is "from there to JSON" "$(exit_of run)" 0
is "that says the same" "$(jget "$F" p)" "$password"
is "and the pair" "$(jget "$F" auth | openssl base64 -d -A)" "web-pull:$password"
content 'P={password}'
is "from auth back to a line" "$(exit_of run)" 0
is "as it was" "$(cat "$F")" "P=$password"
is "nothing was generated for that" "$(control log | grep -c generateCredentials)" "$asked"
is "ok" "$(job_field web-pull state)" ok

echo "somebody's" >"$F"
is "what has no password of ours is not replaced" "$(exit_of run)" 65
is "and stays" "$(cat "$F")" "somebody's"
done_testing
