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

# What brings an exchange about that a rotation has only at times; it is undone by the next job and the next run.
sub forget_server { my $f = dir() . '/state/web.state'; my $t = slurp($f); $t =~ s/^login_server = .*\n//m or die 'no login_server'; spill($f, $t); return; }
sub without_group { my $f = dir() . '/e/jobs.d/web.conf'; my $t = slurp($f); $t =~ s/^resource_group = .*\n//m or die 'no resource_group'; spill($f, $t); forget_server(); return; }
sub that_was_a_while_ago { return { operation => 'login', effect => 'pass', delay_before => 1.5 }; }
sub takes_its_time { return { operation => 'generate', effect => 'accepted', outcome => 'success' }; }

my @exchanges = (
	# operation, how the message names it; what is passed over first; what brings it about: a fault that comes before, or nothing
	[ 'entra', qr/client-secret/, 0 ],
	[ 'registry-get', qr/registry 'contoso'/, 0, \&forget_server ],
	[ 'registry-list', qr/the registries|registry 'contoso'/, 0, \&without_group ],
	[ 'token-get', qr/token 'web-pull'|throttles/, 0 ],
	[ 'token-get again', qr/token 'web-pull'|throttles/, 1, \&that_was_a_while_ago ],
	[ 'token-get confirm', qr/token 'web-pull'|throttles/, 1 ],
	[ 'generate', qr/'password[12]' of token|generating the password|throttles/, 0 ],
	[ 'operation', qr/'password[12]' of token|generating the password|throttles/, 0, \&takes_its_time ],
	[ 'v2', qr/registry 'localhost/, 0 ],
	[ 'login', qr/registry 'localhost/, 0 ],
	[ 'login second', qr/registry 'localhost/, 1 ],
	[ 'login third', qr/registry 'localhost/, 2 ],
);

# Each with the exit status that is right: 0 where it passes, or 75 while it lasts.
my @faults = (
	[ 'reset before',        { effect => 'reset' }, 0 ],
	[ 'closed before',       { effect => 'drop' }, 0 ],
	[ 'reset after it acted', { effect => 'act-reset' }, 0 ],
	[ 'closed after it acted', { effect => 'act-drop' }, 0 ],
	[ 'never answers',       { effect => 'hang' }, 0 ],
	[ 'never answers, acted', { effect => 'act-hang' }, 0 ],
	[ 'acts late',           { effect => 'late', after => 2 }, 0 ],
	[ 'body cut',            { effect => 'truncate', bytes => 20 }, 0 ],
	[ 'body of garbage',     { effect => 'garbage', bytes => 500 }, 76 ],
	[ 'wrong types',         { effect => 'wrong-types' }, 76 ],
	[ '10 MiB of JSON',      { effect => 'huge', bytes => 10 << 20 }, 76 ],
	[ 'header flood',        { effect => 'headers', bytes => 2 << 20 }, 76 ],
	[ 'one byte a second',   { effect => 'drip', interval => 1 }, 0 ],
	( map { [ "status $_->[0]", { effect => 'status', status => $_->[0] }, $_->[1] ] }
		[ 400, 76 ], [ 401, 0 ], [ 403, 77 ], [ 404, 76 ], [ 409, 76 ], [ 412, 76 ], [ 500, 0 ], [ 502, 0 ], [ 503, 0 ], [ 504, 0 ]),
	[ '429',                 { effect => 'status', status => 429 }, 0 ],
	[ '429, seconds',        { effect => 'status', status => 429, headers => { 'Retry-After' => '1' } }, 0 ],
	[ '429, a date',         { effect => 'status', status => 429, headers => { 'Retry-After' => 'Wed, 21 Oct 2015 07:28:00 GMT' } }, 0 ],
	[ '429, a date to come', { effect => 'status', status => 429, headers => { 'Retry-After' => 'Fri, 31 Dec 2100 23:59:59 GMT' } }, 75 ],
	[ '429, for ever',       { effect => 'status', status => 429, headers => { 'Retry-After' => '86400' } }, 75 ],
	[ '500 after it acted',  { effect => 'act-status', status => 500 }, 0 ],
	[ 'redirect to another host', sub { return { effect => 'redirect', location => "https://$evil_host/steal" } }, 76 ],
	[ 'links to another host', sub { return { effect => 'evil-links', host => $evil_host } }, 0 ],
);
# Where another one is: an identity that is refused, a thing that is not there, a body that nobody reads.
my %right = (
	'entra: status 400' => 77, 'entra: status 401' => 77,
	'registry-get: status 404' => 69, 'registry-list: status 404' => 69, 'generate: status 404' => 69,
	'v2: status 401' => 76, 'v2: body of garbage' => 0, 'v2: wrong types' => 0,
);
# The password that is in an answer which is lost or not understood is lost: the same slot is generated once more, in the same run, when
# the first request must have died. Only what proves that the service did not act ends the run.
for my $unknown ('body of garbage', 'wrong types', '10 MiB of JSON', 'header flood', 'redirect to another host') { $right{"generate: $unknown"} = $right{"operation: $unknown"} = 0; }
$right{"operation: status $_"} = 0 for 400, 404, 409, 412;
# 403 there is 77 as everywhere: whoever may not ask how a request went generates in vain, again and again, until he is told which right is missing.

# What only one exchange can be answered. The links to another host are ones here that a client would have to follow.
sub elsewhere { my (%o) = @_; return sub { return { effect => 'status', %o, headers => { map { s/EVIL/$evil_host/r } %{ $o{headers} // {} } }, $o{body} ? (body => $o{body} =~ s/EVIL/$evil_host/r) : () } }; }
my %only;
$only{'registry-list'} = [ [ 'next page at another host', elsewhere(status => 200, body => '{"value":[],"nextLink":"https://EVIL/next"}'), 76 ] ];
$only{operation} = [ [ '202 that moves to another host', elsewhere(status => 202, headers => { Location => 'https://EVIL/operationResults/x' }), 0 ] ];
$only{v2} = [
	[ 'login at another host', elsewhere(status => 401, headers => { 'WWW-Authenticate' => 'Bearer realm="https://EVIL/oauth2/token",service="x"' }), 76 ],
	[ 'login without TLS', elsewhere(status => 401, headers => { 'WWW-Authenticate' => 'Bearer realm="http://EVIL/oauth2/token",service="x"' }), 76 ],
];
$only{generate} = [
	[ '202 at another host', elsewhere(status => 202, headers => { Location => 'https://EVIL/operationResults/x' }), 0 ],
	[ '202 at another host, acted', elsewhere(effect => 'act-status', status => 202, headers => { Location => 'https://EVIL/operationResults/x' }), 0 ],
	[ '202 with its state at another host', elsewhere(status => 202, headers => { 'Azure-AsyncOperation' => 'https://EVIL/operationStatuses/x' }), 0 ],
	[ '202 that succeeds',   { effect => 'accepted', outcome => 'success' }, 0 ],
	[ '202 that fails',      { effect => 'accepted', outcome => 'failure' }, 0 ],
	[ '202, operation that fails', { effect => 'accepted', outcome => 'failure', async => JSON::PP::true }, 0 ],
	[ '202 that never ends', { effect => 'accepted', outcome => 'never' }, 75 ],
];

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
	my ($name, $mentions, $skip, $bring_about) = @$exchange;
	my ($fault_name, $effect, $status) = @$fault;
	my $title = "$name: $fault_name";
	$status = $right{$title} // $status;
	my ($operation) = split / /, $name;
	$effect = $effect->() if ref $effect eq 'CODE';
	# A fresh one: what was deployed lives longer than the pair takes, and the emulator's clock stays within a day of ours.
	my $short = $operation =~ /^(generate|operation)$/;
	start_fresh($short) if $short || $pairs++ % 20 == 0 || !$settled;
	$settled = !$short;    # the next one's job is another
	advance($short ? 7 : 61);
	my $before = password_in('env');
	visitors();
	my $job = slurp(dir() . '/e/jobs.d/web.conf');
	my @first = $bring_about ? $bring_about->() : ();
	# The registry is asked ahead of its need, while the token is read; what fails then is asked again.
	my $times = $operation eq 'v2' ? 2 : 1;
	faults(@first, { operation => $operation, skip => $skip, count => $times, %$effect });
	my $from = time();
	# Transient failures say why only after a while, or when asked.
	my ($rc, $said) = run('timeout', '-s', 'KILL', '90', build() . '/acrotate', 'run', '--verbose', '-c', dir() . '/e/acrotate.conf');
	my $took = time() - $from;
	my $met = wait_until_hit(1, scalar @first);
	no_faults();
	spill(dir() . '/e/jobs.d/web.conf', $job);
	forget_logins();
	my @why;
	expect_state(\@why, 'unmet', 'the exchange never met the failure') unless $met;
	expect_state(\@why, 'violations', map { "sink $_ does not work" } grep { !works(password_in($_)) } sinks());
	expect_state(\@why, 'violations', 'what was deployed before does not work') unless works($before);
	# On a busy machine what would have passed may outlast the run's time.
	expect_state(\@why, 'status', "exit $rc, not $status") unless $rc == $status || ($rc == 75 && $status == 0);
	expect_state(\@why, 'message', 'the message names nothing: ' . $said) if $rc != 0 && $said !~ $mentions;
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
	printf STDERR "%s %s: exit %d, %.0f s: %s\n", @why ? "BAD @why" : 'ok', $title, $rc, $took, $said =~ tr/\n/;/r if $ENV{PROVE_VERBOSE};
	push @failed, "$title: " . join('; ', @why) if @why;
	$settled = 0 if @why;
}

# The listeners with certificates that a client must refuse, and a door without TLS: nothing may be sent there. In place of the resource
# manager, of Entra ID, and of the registry, whose name is in the state.
my %doors = (
	'an expired certificate' => sub { 'https://localhost:' . env('EMULATOR_EXPIRED_PORT') },
	'a certificate for another name' => sub { 'https://localhost:' . env('EMULATOR_WRONG_HOST_PORT') },
	'a certificate of an unknown CA' => sub { 'https://localhost:' . env('EMULATOR_UNTRUSTED_PORT') },
	'plain HTTP' => sub { env('EMULATOR_PLAIN') },
	'nobody there' => sub { 'https://localhost:1' },
);

# Requests that came in at this door, other than ours.
sub came_in {
	my ($url) = @_;
	my ($host) = $url =~ m{//(.*)};
	return grep { ($_->{host} // '') eq $host && $_->{path} !~ m{^/_emulator} } map { JSON::PP::decode_json($_) } grep { /^\{/ } split /\n/, curl(env('EMULATOR_CONTROL') . '/log');
}

sub wrong_door {
	my ($key, $door) = @_;
	my $registry = $key eq 'login_server';
	# The entry in config.json keeps its name, whatever the registry is said to be.
	start_emulator(options => [ '--fast', '--bad-tls' ], conf => "timeout = 2s\n", job => 'verify_timeout = 4s');
	my $job = slurp(dir() . '/e/jobs.d/web.conf');
	spill(dir() . '/e/jobs.d/web.conf', $job =~ s/^(type = docker)$/"$1\nkey = " . env('EMULATOR_LOGIN_SERVER')/mer);
	$settled = 0;
	my $file = $registry ? dir() . '/state/web.state' : dir() . '/e/acrotate.conf';
	my $url = $doors{$door}->();
	my $there = $registry ? $url =~ s{^https?://}{}r : $url;
	my $text = slurp($file);
	(my $changed = $text) =~ s/^(\Q$key\E = )(.*)$/$1$there/m or die "no $key in $file";
	my $right = $2;
	spill($file, $changed);
	advance(61);
	my $before = password_in('env');
	my $generated = generations();
	my $from = time();
	my ($rc, $said) = run('timeout', '-s', 'KILL', '90', build() . '/acrotate', 'run', '--verbose', '-c', dir() . '/e/acrotate.conf');
	my $took = time() - $from;
	spill($file, slurp($file) =~ s/^(\Q$key\E = ).*$/$1$right/mr);
	my @why;
	forget_logins();
	expect_state(\@why, 'violations', map { "sink $_ does not work" } grep { !works(password_in($_)) } sinks());
	expect_state(\@why, 'violations', 'what was deployed before does not work') unless works($before);
	expect_state(\@why, 'violations', 'a password was published that no registry has accepted') if $registry && password_in('env') ne $before;
	expect_state(\@why, 'leaks', 'something was sent through it') if came_in($url);
	expect_state(\@why, 'leaks', 'it generated through it') if !$registry && generations() != $generated;
	# A certificate is a person's to fix; what does not speak TLS at all may be another thing tomorrow.
	my $status = $door eq 'nobody there' || ($registry && $door eq 'plain HTTP') ? 75 : 78;
	expect_state(\@why, 'status', "exit $rc, not $status: $said") unless $rc == $status;
	expect_state(\@why, 'message', "the message does not say where: $said") if $said !~ /localhost|127\.0\.0\.1|\Q$key\E/;
	expect_state(\@why, 'slow', sprintf 'it took %.0f s', $took) if $took > $seconds_max;
	expect_state(\@why, 'stuck', converge());
	printf STDERR "%s %s: %s: exit %d, %.0f s: %s\n", @why ? "BAD @why" : 'ok', $key, $door, $rc, $took, $said =~ tr/\n/;/r if $ENV{PROVE_VERBOSE};
	push @failed, "$key: $door: " . join('; ', @why) if @why;
}

my @items;
for my $key ('resource_manager', 'authority', 'login_server') { push @items, map { [ "$key: $_", \&wrong_door, $key, $_ ] } sort keys %doors; }
for my $exchange (@exchanges) {
	push @items, map { [ "$exchange->[0]: $_->[0]", \&pair, $exchange, $_ ] } @faults, @{ $only{ $exchange->[0] } // [] };
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
for my $what (qw(violations unmet status message slow leaks stuck)) {
	$all{$what} = 0;
	$all{$what} += $_->{$what} // 0 for @results;
}
my @bad = map { @{ $_->{failed} } } @results;
printf "# %.0f s\n", time() - $began;
row('an exchange of a rotation meets a failure', scalar @results, $all{violations}, join(', ', map { "$_ $all{$_}" } qw(unmet status message slow leaks stuck)));
print "# $_\n" for @bad;
print @bad ? "not ok 1 - network\n" : "ok 1 - network: " . @results . " pairs\n";
print "1..1\n";
exit(@bad ? 1 : 0);
