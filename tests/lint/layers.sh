#!/bin/sh
# Who may include whom, which file owns which library, who may read the bytes of a secret, who may speak. Prints offenders.
set -u
bad=0
say() {
	echo "$*"
	bad=1
}

may() {
	case $1 in
	base)     echo base ;;
	http)     echo base http ;;
	azure)    echo base http azure ;;
	kube)     echo base http kube ;;
	sink)     echo base http azure kube sink ;;
	store)    echo base http azure kube store ;;
	keyring)  echo base keyring ;;
	output)   echo base output ;;
	emulator) echo base emulator ;;
	config)   echo base azure kube sink store config ;;
	rotate)   echo base azure kube sink store config rotate ;;
	token)    echo base http azure sink output store config rotate token cli ;;
	*)        echo base http azure kube sink output store config rotate token cli ;;
	esac
}
sources=$(find src include -name '*.[ch]' | LC_ALL=C sort)
# shellcheck disable=SC2086
includes=$(grep -oE '^#include "[a-z]*/' $sources | sed 's/:#include "/ /; s|/$||' | LC_ALL=C sort -u)
while read -r f dep; do
	layer=${f#*/}
	layer=${layer%%/*}
	case " $(may "$layer") " in
	*" $dep "*) ;;
	*) say "$f: layer '$layer' may not include '$dep/'" ;;
	esac
done <<END
$includes
END

# owner HEADER FILE...: the header of a library, and the files (patterns) that may include it.
owner() {
	header=$1
	shift
	for f in $(grep -rlE "^ *# *include *[<\"]$header" src include); do
		allowed=no
		for pattern in "$@"; do
			# shellcheck disable=SC2254
			case $f in $pattern) allowed=yes ;; esac
		done
		[ $allowed = yes ] || say "$f: <$header...> belongs to $*"
	done
}
owner 'curl/'      src/http/curl.h
owner 'cjson/'     src/base/json.c
owner 'cJSON'      src/base/json.c
owner 'ini\.h>'    src/base/ini.c
owner 'yaml\.h>'   src/kube/yaml.c
owner 'libsecret/' src/keyring/session.h
owner 'glib'       src/keyring/session.h
owner 'gio/'       src/keyring/session.h
owner 'microhttpd' 'src/emulator/*'
owner 'openssl/'   src/base/crypto.c src/base/openssl.c src/base/signer.c src/emulator/pki.c src/emulator/pki_jwt.c src/emulator/pki_keys.h

# allowed PATTERN WHAT FILE...: a word in code (comments aside) that only these files may use, and do.
allowed() {
	pattern=$1 what=$2
	shift 2
	# shellcheck disable=SC2086
	for f in $(grep -lE "$pattern" $sources); do
		for ok in "$@"; do
			# shellcheck disable=SC2254
			case $f in $ok) continue 2 ;; esac
		done
		hit=$(sed -e 's|/\*.*\*/||' -e '/^ *\/\?\*/d' "$f" | grep -nE "$pattern" | head -n 1)
		[ -z "$hit" ] || say "$f: $what (line ${hit%%:*} or near)"
	done
	for ok in "$@"; do
		case $ok in
		*\**) ;;
		*) grep -qE "$pattern" "$ok" || say "tests/lint/layers.sh: $ok is listed, and has no $pattern" ;;
		esac
	done
}
# Adding a file here is a design change: say in the commit why its bytes cannot stay inside.
allowed '\bsecret_peek *\(' 'is not on the secret_peek list' \
	include/base/secret.h src/base/secret.c src/base/crypto.c src/base/signer.c src/base/said.c src/http/curl_request.c \
	src/azure/entra.c src/azure/whoami.c \
	src/sink/copy.c src/sink/docker_auth.c src/sink/docker_edit.c src/sink/template.c src/sink/secret_service.c src/sink/helper.c src/keyring/libsecret.c src/keyring/main.c \
	src/cli/cmd_get.c 'src/emulator/*'
allowed '\blog_(msg|err|journal|setup|max) *\(' 'logs, which is for rotate/, cli/ and the emulator' \
	include/base/log.h src/base/log.c 'src/rotate/*' 'src/token/*' 'src/cli/*' 'src/emulator/*'
allowed '\b(printf|puts|putchar|perror) *\(|\bstdout\b|\bstderr\b' 'prints, which is for cli/ and the emulator' \
	'src/cli/*' 'include/cli/*' 'src/token/*' 'src/emulator/*' 'include/emulator/*' src/front.c
# The linker's list (run.sh) cannot see those that a header turns into something else.
allowed '\b(atoi|atol|strtok|sprintf|strcpy|strcat|strncpy|strncat|system|popen|rand|alloca) *\(' 'calls a banned function'
allowed '\bgoto\b' 'jumps: AUTO() makes every return safe'
exit $bad
