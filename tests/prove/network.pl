#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Every exchange of a rotation meets every way in which a network or a service can fail. For each pair: every sink still holds a
# password that works, the exit status is one that the contract names for it, the message names what failed, the run ends in time, no
# secret went to another host; and when the fault is gone, one run brings everything in step.
#
#   network.pl [STRIDE [PATTERN]]    every STRIDEth pair; only the pairs "EXCHANGE: FAULT" that match
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use IO::Socket::INET;
use JSON::PP ();
use Prove;
use Time::HiRes qw(time);

my $stride = $ARGV[0] || 1;
my $pattern = $ARGV[1] // '';
# A run: time-out of an exchange 2 s, verify_timeout 4 s, some repeats, and up to 20 s for a request whose answer was lost to die: a
# quarter of what the password in use has left.
my $seconds_max = 45;

# Whoever connects here is a leak: another host than the one a secret was meant for.
my ($evil, $evil_host);
sub listen_for_leaks {
	$evil = IO::Socket::INET->new(Listen => 20, LocalAddr => '127.0.0.1', Proto => 'tcp', Blocking => 0) or die "cannot listen: $!";
	$evil_host = 'localhost:' . $evil->sockport;
}
sub visitors { my $n = 0; while (my $c = $evil->accept) { $n++; close $c; } return $n; }

my @exchanges = (
	# operation, how the message names it; what is passed over first
	[ 'entra', qr/Entra|identity|token endpoint|client-secret/i, 0 ],
	[ 'token-get', qr/token|registry|Azure|contoso/i, 0 ],
	[ 'token-get again', qr/token|registry|Azure|contoso/i, 1 ],
	[ 'token-get confirm', qr/token|registry|Azure|contoso/i, 2 ],
	[ 'generate', qr/generat|password/i, 0 ],
	[ 'v2', qr/localhost/, 0 ],
	[ 'login', qr/localhost/, 0 ],
	[ 'login second', qr/localhost/, 1 ],
);

my %passing = map { $_ => 1 } (0, 75);
my %bad     = map { $_ => 1 } (0, 75, 76);
my @faults = (
	[ 'reset before',        { effect => 'reset' }, \%passing ],
	[ 'closed before',       { effect => 'drop' }, \%passing ],
	[ 'reset after it acted', { effect => 'act-reset' }, \%passing ],
	[ 'closed after it acted', { effect => 'act-drop' }, \%passing ],
	[ 'never answers',       { effect => 'hang' }, \%passing ],
	[ 'never answers, acted', { effect => 'act-hang' }, \%passing ],
	[ 'acts late',           { effect => 'late', after => 2 }, \%passing ],
	[ 'body cut',            { effect => 'truncate', bytes => 20 }, \%bad ],
	[ 'body of garbage',     { effect => 'garbage', bytes => 500 }, \%bad ],
	[ 'wrong types',         { effect => 'wrong-types' }, \%bad ],
	[ '10 MiB of JSON',      { effect => 'huge', bytes => 10 << 20 }, \%bad ],
	[ 'header flood',        { effect => 'headers', bytes => 2 << 20 }, \%bad ],
	[ 'one byte a second',   { effect => 'drip', interval => 1 }, \%passing ],
	( map { [ "status $_", { effect => 'status', status => $_ }, { 0, 1, 65, 1, 69, 1, 75, 1, 76, 1, 77, 1 } ] }
		(400, 401, 403, 404, 409, 412, 500, 502, 503, 504) ),
	[ '429',                 { effect => 'status', status => 429 }, \%passing ],
	[ '429, seconds',        { effect => 'status', status => 429, headers => { 'Retry-After' => '1' } }, \%passing ],
	[ '429, a date',         { effect => 'status', status => 429, headers => { 'Retry-After' => 'Wed, 21 Oct 2015 07:28:00 GMT' } }, \%passing ],
	[ '429, a date to come', { effect => 'status', status => 429, headers => { 'Retry-After' => 'Fri, 31 Dec 2100 23:59:59 GMT' } }, \%passing ],
	[ '429, for ever',       { effect => 'status', status => 429, headers => { 'Retry-After' => '86400' } }, \%passing ],
	[ '500 after it acted',  { effect => 'act-status', status => 500 }, { 0, 1, 75, 1, 76, 1 } ],
	[ 'redirect to another host', sub { return { effect => 'redirect', location => "https://$evil_host/steal" } }, { 0, 1, 65, 1, 75, 1, 76, 1, 77, 1 } ],
	[ 'links to another host', sub { return { effect => 'evil-links', host => $evil_host } }, { 0, 1, 75, 1, 76, 1 } ],
);
my @generate_only = (
	[ '202 that succeeds',   { effect => 'accepted', outcome => 'success' }, { 0, 1 } ],
	[ '202 that fails',      { effect => 'accepted', outcome => 'failure' }, \%bad ],
	[ '202, operation that fails', { effect => 'accepted', outcome => 'failure', async => JSON::PP::true }, \%bad ],
	[ '202 that never ends', { effect => 'accepted', outcome => 'never' }, \%passing ],
);

# Of the worker that asks.
my ($pairs, $settled, %sum, @failed) = (0, 0);

# With a quarter of what the password in use has left a lost answer is waited for: jobs whose generate is disturbed are short-lived.
sub start_fresh {
	my ($short) = @_;
	start_emulator(options => [ '--fast', '--bad-tls' ], conf => "timeout = 2s\n", job => 'verify_timeout = 4s',
		$short ? (lifetime => '90s', renew_before => '85s') : ());
}

sub expect_state {
	my ($why, $what, @bad) = @_;
	return unless @bad;
	$sum{$what}++;
	push @$why, @bad;
}

sub pair {
	my ($exchange, $fault) = @_;
	my ($name, $mentions, $skip) = @$exchange;
	my ($fault_name, $effect, $allowed) = @$fault;
	my $title = "$name: $fault_name";
	my ($operation) = split / /, $name;
	$effect = $effect->() if ref $effect eq 'CODE';
	# A fresh one: what was deployed lives longer than the pair takes, and the emulator's clock stays within a day of ours.
	my $short = $operation eq 'generate';
	start_fresh($short) if $short || $pairs++ % 20 == 0 || !$settled;
	$settled = !$short;    # the next one's job is another
	advance($short ? 7 : 61);
	my $before = password_in('env');
	my $generated = generations();
	visitors();
	faults({ operation => $operation, skip => $skip, %$effect });
	my $from = time();
	my ($rc, $said) = acrotate('timeout', '-s', 'KILL', '90');
	my $took = time() - $from;
	no_faults();
	forget_logins();
	my @why;
	expect_state(\@why, 'violations', map { "sink $_ does not work" } grep { !works(password_in($_)) } sinks());
	expect_state(\@why, 'violations', 'what was deployed before does not work') unless works($before);
	expect_state(\@why, 'status', "exit $rc") unless $allowed->{$rc};
	expect_state(\@why, 'message', 'the message names nothing: ' . $said) if $rc != 0 && $rc != 75 && $said !~ $mentions;
	expect_state(\@why, 'slow', sprintf 'it took %.0f s', $took) if $took > $seconds_max;
	expect_state(\@why, 'leaks', 'another host was visited') if visitors();
	# 75: a generate that led nowhere backs off, a quarter of an hour at the most.
	my ($rc2, $said2);
	for my $later ($short ? (10, 10, 30) : (61, 61, 901)) {
		advance($later);
		($rc2, $said2) = acrotate('timeout', '-s', 'KILL', '90');
		last if $rc2 != 75;
	}
	forget_logins();
	my %held = map { (password_in($_) // 'nothing') => 1 } sinks();
	expect_state(\@why, 'stuck', "does not converge: exit $rc2 $said2")
		if ($rc2 != 0 && $rc2 != 75) || keys %held != 1 || !works(password_in('env')) || litter();
	printf STDERR "%s %s: exit %d, %.0f s\n", @why ? 'BAD' : 'ok', $title, $rc, $took if $ENV{PROVE_VERBOSE};
	push @failed, "$title: " . join('; ', @why) if @why;
	$settled = 0 if @why;
}

# The listeners with certificates that a client must refuse, and a door without TLS: nothing may be sent there.
my @doors = ('an expired certificate', 'a certificate for another name', 'a certificate of an unknown CA', 'plain HTTP', 'nobody there');
sub wrong_door {
	my ($key, $door) = @_;
	start_fresh(0) unless $settled;
	$settled = 1;
	my $conf = dir() . '/e/acrotate.conf';
	my $text = slurp($conf);
	my ($expired, $host, $untrusted) = map { env("EMULATOR_${_}_PORT") } qw(EXPIRED WRONG_HOST UNTRUSTED);
	my %at;
	@at{@doors} = ("https://localhost:$expired", "https://localhost:$host", "https://localhost:$untrusted", env('EMULATOR_PLAIN'), 'https://localhost:1');
	(my $changed = $text) =~ s/^\Q$key\E = .*$/$key = $at{$door}/m or die "no $key in $conf";
	spill($conf, $changed);
	advance(61);
	my $before = password_in('env');
	my $generated = generations();
	my $from = time();
	my ($rc, $said) = acrotate('timeout', '-s', 'KILL', '90');
	my $took = time() - $from;
	spill($conf, $text);
	my @why;
	forget_logins();
	expect_state(\@why, 'violations', map { "sink $_ does not work" } grep { !works(password_in($_)) } sinks());
	expect_state(\@why, 'violations', 'what was deployed before does not work') unless works($before);
	expect_state(\@why, 'leaks', 'it generated through it') if generations() != $generated;
	expect_state(\@why, 'status', "exit $rc: $said") unless $rc == 75 || $rc == 76 || $rc == 78;
	expect_state(\@why, 'message', "the message does not say where: $said") if $rc != 75 && $said !~ /localhost|\Q$key\E/;
	expect_state(\@why, 'slow', sprintf 'it took %.0f s', $took) if $took > $seconds_max;
	expect_state(\@why, 'stuck', converge());
	push @failed, "$key: $door: " . join('; ', @why) if @why;
}

my @items;
for my $key ('resource_manager', 'authority') { push @items, map { [ "$key: $_", \&wrong_door, $key, $_ ] } @doors; }
for my $exchange (@exchanges) {
	push @items, map { [ "$exchange->[0]: $_->[0]", \&pair, $exchange, $_ ] } @faults, $exchange->[0] eq 'generate' ? @generate_only : ();
}
my $n = 0;
my @chosen = grep { $items[$_][0] =~ /$pattern/i && $n++ % $stride == 0 } 0 .. $#items;

my $began = time();
my @results = in_parallel(\&listen_for_leaks, sub {
	my ($title, $try, @of) = @{ $items[ $_[0] ] };
	%sum = ();
	@failed = ();
	$try->(@of);
	return { %sum, failed => [@failed] };
}, @chosen);
my %all;
for my $what (qw(violations status message slow leaks stuck)) {
	$all{$what} = 0;
	$all{$what} += $_->{$what} // 0 for @results;
}
my @bad = map { @{ $_->{failed} } } @results;
printf "# %.0f s\n", time() - $began;
row('an exchange of a rotation meets a failure', scalar @results, $all{violations}, join(', ', map { "$_ $all{$_}" } qw(status message slow leaks stuck)));
print "# $_\n" for @bad;
print @bad ? "not ok 1 - network\n" : "ok 1 - network: " . @results . " pairs\n";
print "1..1\n";
exit(@bad ? 1 : 0);
