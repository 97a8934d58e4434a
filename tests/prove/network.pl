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
my $considered = 0;
# A run: time-out of an exchange 2 s, verify_timeout 4 s, some repeats, and up to 20 s for a request whose answer was lost to die: a
# quarter of what the password in use has left.
my $seconds_max = 45;

# Whoever connects here is a leak: another host than the one a secret was meant for.
my $evil = IO::Socket::INET->new(Listen => 20, LocalAddr => '127.0.0.1', Proto => 'tcp', Blocking => 0) or die "cannot listen: $!";
my $evil_host = 'localhost:' . $evil->sockport;
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
	[ '429, for ever',       { effect => 'status', status => 429, headers => { 'Retry-After' => '86400' } }, \%passing ],
	[ '500 after it acted',  { effect => 'act-status', status => 500 }, { 0, 1, 75, 1, 76, 1 } ],
	[ 'redirect to another host', { effect => 'redirect', location => "https://$evil_host/steal" }, { 0, 1, 65, 1, 75, 1, 76, 1, 77, 1 } ],
	[ 'links to another host', { effect => 'evil-links', host => $evil_host }, { 0, 1, 75, 1, 76, 1 } ],
);
my @generate_only = (
	[ '202 that succeeds',   { effect => 'accepted', outcome => 'success' }, { 0, 1 } ],
	[ '202 that fails',      { effect => 'accepted', outcome => 'failure' }, \%bad ],
	[ '202, operation that fails', { effect => 'accepted', outcome => 'failure', async => JSON::PP::true }, \%bad ],
	[ '202 that never ends', { effect => 'accepted', outcome => 'never' }, \%passing ],
);

my %sum = (pairs => 0, violations => 0, status => 0, message => 0, slow => 0, leaks => 0, stuck => 0);
my @failed;

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
	return unless $title =~ /$pattern/i && $considered++ % $stride == 0;
	my ($operation) = split / /, $name;
	# A fresh one: what was deployed lives longer than the pair takes, and the emulator's clock stays within a day of ours.
	my $short = $operation eq 'generate';
	start_fresh($short) if $short || $sum{pairs} % 20 == 0;
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
	$sum{pairs}++;
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
	start_fresh(0) if @why && !$short;
}

# The listeners with certificates that a client must refuse, and a door without TLS: nothing may be sent there.
sub wrong_doors {
	my $conf = dir() . '/e/acrotate.conf';
	my $text = slurp($conf);
	my ($expired, $host, $untrusted) = map { env("EMULATOR_${_}_PORT") } qw(EXPIRED WRONG_HOST UNTRUSTED);
	my %doors = ('an expired certificate' => "https://localhost:$expired", 'a certificate for another name' => "https://localhost:$host",
		'a certificate of an unknown CA' => "https://localhost:$untrusted", 'plain HTTP' => env('EMULATOR_PLAIN'),
		'nobody there' => 'https://localhost:1');
	for my $key ('resource_manager', 'authority') {
		for my $door (sort keys %doors) {
			next unless "$key: $door" =~ /$pattern/i && $considered++ % $stride == 0;
			(my $changed = $text) =~ s/^\Q$key\E = .*$/$key = $doors{$door}/m;
			spill($conf, $changed);
			advance(61);
			my ($rc, $said) = acrotate('timeout', '-s', 'KILL', '90');
			spill($conf, $text);
			$sum{pairs}++;
			my @why;
			forget_logins();
			expect_state(\@why, 'violations', map { "sink $_ does not work" } grep { !works(password_in($_)) } sinks());
			expect_state(\@why, 'status', "exit $rc: $said") unless $rc == 75 || $rc == 76 || $rc == 78;
			push @failed, "$key, $door: " . join('; ', @why) if @why;
		}
	}
	settle();
}

my $began = time();
start_fresh(0);
wrong_doors();
for my $exchange (@exchanges) {
	pair($exchange, $_) for @faults, $exchange->[0] eq 'generate' ? @generate_only : ();
}
printf "# %.0f s\n", time() - $began;
row('an exchange of a rotation meets a failure', $sum{pairs}, $sum{violations},
	join(', ', map { "$_ $sum{$_}" } qw(status message slow leaks stuck)));
print "# $_\n" for @failed;
print @failed ? "not ok 1 - network\n" : "ok 1 - network: $sum{pairs} pairs\n";
print "1..1\n";
exit(@failed ? 1 : 0);
