# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Sourced by what runs inside of the container: TAP lines, the packages, and Azure, which is the emulator.
set -u
N=0
FAILED=0
ok() {
	N=$((N + 1))
	_what=$1
	shift
	if "$@"; then echo "ok $N - $_what"; else
		FAILED=$((FAILED + 1))
		echo "not ok $N - $_what"
		return 1
	fi
}
is() { ok "$1" test "$2" = "$3" || printf '# got:  %s\n# want: %s\n' "$2" "$3"; }
like() { ok "$1" sh -c 'printf "%s\n" "$1" | grep -qE -- "$2"' sh "$2" "$3" || printf '# got: %s\n# want: /%s/\n' "$2" "$3"; }
done_testing() {
	echo "1..$N"
	[ $FAILED = 0 ]
}
# wait_for COMMAND...: until it succeeds. For half a minute at most: what is waited for takes a second, on a machine that does nothing else.
wait_for() {
	_end=$(($(date +%s) + 30))
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt $_end ] || return 1
		sleep 0.1
	done
}
property() { systemctl show -P "$2" "$1"; }
config=/etc/acrotate/acrotate.conf
OUT=$(mktemp)
export DEBIAN_FRONTEND=noninteractive

# The packages: nobody is there to answer a question.
install_debs() { dpkg -i "$@" >"$OUT" 2>&1 </dev/null; }
# azure TOKEN...: in the background; its variables are read, and what its configuration says goes where this user's is.
azure() {
	for _t in "$@"; do set -- "$@" --token "$_t"; shift; done
	if [ -d /run/systemd/system ]; then
		systemd-run -q --unit=azure acrotate-emulator --dir /srv/azure --fast "$@"
	else
		acrotate-emulator --dir /srv/azure --fast "$@" >/srv/azure.out 2>&1 &
		# shellcheck disable=SC2034  # for whoever ends it
		AZURE=$!
	fi
	wait_for grep -q . /srv/azure/env
	# shellcheck source=/dev/null
	. /srv/azure/env
	grep -v '^state_dir' /srv/azure/acrotate.conf >"$config"
}
# env_job [LINE...]: a job of token web-pull, with these lines in [job], whose one sink is the file $sink.
env_job() {
	mkdir -p "$(dirname "$sink")"
	{
		printf '[job]\nregistry = %s\ntoken = web-pull\n' "$EMULATOR_REGISTRY"
		[ $# = 0 ] || printf '%s\n' "$@"
		# shellcheck disable=SC2154  # of the test
		printf '[sink env]\ntype = file\npath = %s\ncontent = REGISTRY_PASSWORD={password}\n' "$sink"
	} >/etc/acrotate/jobs.d/web.conf
}
# disable STATUS [TOKEN]: what an administrator does to the token.
disable() { acrotate token update -r "$EMULATOR_REGISTRY" -n "${2:-web-pull}" --status "$1" --force --config "$config" -o none; }
works() { # TOKEN PASSWORD
	curl -sSf --cacert /srv/azure/ca.pem -u "$1:$2" "https://$EMULATOR_LOGIN_SERVER/oauth2/token?service=$EMULATOR_LOGIN_SERVER" \
		-o /dev/null 2>&1
}
# A sendmail that keeps what it gets: /srv/mail/1, 2, ...
mail_sink() {
	mkdir -p /srv/mail
	chmod 1777 /srv/mail
	cat >/usr/sbin/sendmail <<'END'
#!/bin/sh
m=$(mktemp /srv/mail/.new.XXXXXX)
cat >"$m"
n=1
until ln "$m" "/srv/mail/$n" 2>/dev/null; do n=$((n + 1)); done
rm "$m"
END
	chmod 755 /usr/sbin/sendmail
}
mails() { find /srv/mail -name '[0-9]*' | wc -l; }
# A webhook on loopback: what is posted goes to /srv/hook/1, 2, ...; HOOK is its address.
webhook() {
	mkdir -p /srv/hook
	cat >/srv/webhook.pl <<'END'
use IO::Socket::INET;
my ($n, $s) = (0, IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 8099, Listen => 5, ReuseAddr => 1));
while (my $c = $s->accept) {
	my ($len, $body) = (0, "");
	while (<$c>) { last if /^\r?$/; $len = $1 if /^content-length: *(\d+)/i; }
	read $c, $body, $len;
	print $c "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
	close $c;
	open my $f, ">", "/srv/hook/.new" or die; print $f $body; close $f;
	rename "/srv/hook/.new", "/srv/hook/" . ++$n;
}
END
	systemd-run -q --unit=webhook perl /srv/webhook.pl
	# shellcheck disable=SC2034  # for the drop-in of the test
	HOOK=http://127.0.0.1:8099/acrotate
	# Connections are refused until it listens; an empty line tells that it does.
	wait_for perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new("127.0.0.1:8099")'
	wait_for test -e /srv/hook/1 && rm /srv/hook/1
}
posts() { find /srv/hook -name '[0-9]*' | wc -l; }
