#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Two halves of a proxy between networks that do not know each other; the socket in the file system joins them.
#   connect_proxy.pl proxy PORT-FILE USER:PASSWORD SOCKET LOG     listens on this network's loopback, wants a login (by Kerberos or by name), takes CONNECT
#   connect_proxy.pl relay SOCKET HOST:PORT                       passes all that comes through the socket on to one place
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use MIME::Base64;

$SIG{CHLD} = 'IGNORE';
my $mode = shift;

sub join_up {
	my ($one, $other) = @_;
	my ($both, $piece) = (IO::Select->new($one, $other));
	while (my @ready = $both->can_read(60)) {
		for my $from (@ready) {
			my $to = $from == $one ? $other : $one;
			sysread($from, $piece, 65536) or return;
			while (length $piece) { my $n = syswrite $to, $piece or return; substr($piece, 0, $n) = ''; }
		}
	}
}

sub each_client {
	my ($listener, $serve) = @_;
	while (1) {
		my $client = $listener->accept or next;
		next if fork;
		$serve->($client);
		exit;
	}
}

if ($mode eq 'relay') {
	my ($socket, $target) = @ARGV;
	my $listener = IO::Socket::UNIX->new(Local => $socket, Listen => 16) or die "listen: $!";
	each_client($listener, sub { join_up($_[0], IO::Socket::INET->new(PeerAddr => $target) || exit) });
}

my ($port_file, $login, $socket, $log) = @ARGV;
my $want = encode_base64($login, '');
my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 16) or die "listen: $!";
open my $f, '>', "$port_file.new" or die; print $f $listener->sockport, "\n"; close $f;
rename "$port_file.new", $port_file or die;
each_client($listener, sub {
	my ($client, $head, $piece) = ($_[0], '');
	while ($head !~ /\r\n\r\n/ && sysread $client, $piece, 4096) { $head .= $piece; }
	my ($first) = $head =~ /^([^\r\n]*)/;
	my ($given) = $head =~ /^Proxy-Authorization: Basic (\S+)/mi;
	my $ok = defined $given && $given eq $want;
	open my $l, '>>', $log or die; syswrite $l, ($ok ? 'passed ' : 'refused ') . "$first\n"; close $l;
	if (!$ok) {
		syswrite $client, "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: Basic realm=\"test\"\r\n"
			. "Content-Length: 0\r\nConnection: close\r\n\r\n";
		return;
	}
	my $server = IO::Socket::UNIX->new(Peer => $socket) or return;
	syswrite $client, "HTTP/1.1 200 Connection established\r\n\r\n";
	join_up($client, $server);
});
