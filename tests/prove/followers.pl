#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# One rotator and many followers: a job with short lives delivers to a file, a config.json and a Secret of a cluster (the emulator's door), and
# followers, each a host of its own with its own state, copy from there. Each is offline at random for up to renew_before, less the time that
# a rotator and a follower may need for one more run each, and killed at random; so is the rotator. All the time everybody pulls with what
# his config.json holds, online or not: nobody may be refused.
#
# Then the followers are offline for longer. What they hold expires, and they are refused: that is seen, so the count above can fail. The
# first run that reaches the source again heals each of them.
#
#   followers.pl [FOLLOWERS [ROTATIONS]]     (50, 30)
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use JSON::PP;
use MIME::Base64;
use POSIX ();
use Prove;
use Time::HiRes qw(sleep time);

my ($n, $rotations) = ($ARGV[0] || 50, $ARGV[1] || 30);
my ($lifetime, $renew, $step) = (66, 30, 2.5);    # hours; a run of everybody each $step
my $misses  = $renew / $step - 3;    # steps in a row in which a follower may get nothing done
my $at_once = 6;
my @kinds   = ('file', 'docker', 'kubernetes');
my (@problems, $pulls, $refused, $killed, $runs, $offline, $delivered) = ();
$pulls = $refused = $killed = $runs = $offline = $delivered = 0;
srand(20);    # the same every time

# ---- the rotator -------------------------------------------------------------------------------------------------------------------------
sub kube {
	my ($method, $path, $body) = @_;
	my $token = slurp(dir() . '/e/kubernetes-token') =~ s/\s+//gr;
	return curl('-X', $method, '-H', "Authorization: Bearer $token", $body ? ('-H', 'Content-Type: application/json', '-d', $body) : (), env('EMULATOR_URL') . $path);
}
sub kubeconfig {
	my $config = dir() . '/e/kubeconfig';
	spill($config, sprintf <<'END', env('EMULATOR_URL'), env('EMULATOR_CA'), slurp(dir() . '/e/kubernetes-token') =~ s/\s+//gr);
current-context: c
clusters: [{name: c, cluster: {server: "%s", certificate-authority: "%s"}}]
contexts: [{name: c, context: {cluster: c, user: u, namespace: web}}]
users: [{name: u, user: {token: "%s"}}]
END
	chmod 0600, $config;
	return $config;
}
sub write_rotator {
	kube('POST', '/api/v1/namespaces', '{"metadata":{"name":"web"}}');
	my $config = kubeconfig();
	open my $conf, '>>', dir() . '/e/acrotate.conf' or die $!;
	print $conf "[kubernetes]\nkubeconfig = $config\n";
	close $conf;
	my $sinks = dir() . '/sinks';
	spill(dir() . '/e/jobs.d/web.conf', <<"END");
[job]
registry = contoso
resource_group = emulated
token = web-pull
lifetime = ${lifetime}h
renew_before = ${renew}h
verify_timeout = 30s
[sink file]
type = file
path = $sinks/source.txt
content = {password} {expires} {slot}
[sink docker]
type = docker
path = $sinks/config.json
[sink pull]
type = kubernetes
secret = regcred
END
}
{ no warnings 'redefine'; *Prove::write_job = \&write_rotator; }

# ---- the followers -----------------------------------------------------------------------------------------------------------------------
my @followers;    # { dir, kind, away: steps to be offline, missed: steps since its last whole run }
sub source {
	my ($kind) = @_;
	my $sinks = dir() . '/sinks';
	return "type = file\npath = $sinks/source.txt\ncontent = {password} {expires} {slot}\n" if $kind eq 'file';
	return "type = docker\npath = $sinks/config.json\n" if $kind eq 'docker';
	return "type = kubernetes\nnamespace = web\nsecret = regcred\n";
}
sub make_follower {
	my ($i) = @_;
	my $d = dir() . "/f$i";
	my $kind = $kinds[ $i % @kinds ];
	mkdir $_ for $d, "$d/jobs.d", "$d/state";
	spill("$d/acrotate.conf", sprintf "[http]\nca_file = %s\n[run]\nstate_dir = %s/state\n[kubernetes]\nkubeconfig = %s/e/kubeconfig\n", env('EMULATOR_CA'), $d, dir());
	spill("$d/jobs.d/web.conf", sprintf <<'END', env('EMULATOR_LOGIN_SERVER'), $renew, source($kind), $d);
[job]
registry = %s
token = web-pull
renew_before = %dh
verify_timeout = 30s
[source]
%s[sink docker]
type = docker
path = %s/config.json
END
	return { dir => $d, kind => $kind, away => 0, missed => 0 };
}
sub held { my ($f) = @_; my $j = eval { decode_json(slurp("$f->{dir}/config.json") // '') } or return; return (split /:/, decode_base64($j->{auths}{ env('EMULATOR_LOGIN_SERVER') }{auth} // ''), 2)[1]; }

# A run in the background, killed after so many seconds (undef: not); its pid.
sub start_run {
	my ($conf, $kill) = @_;
	my $pid = fork() // die "fork: $!";
	return $pid if $pid;
	my $child = fork() // POSIX::_exit(126);
	if ($child == 0) {
		open STDIN,  '<', '/dev/null';
		open STDOUT, '>', '/dev/null';
		open STDERR, '>', "$conf.said" or POSIX::_exit(126);
		exec build() . '/acrotate', 'run', '-c', $conf or POSIX::_exit(127);
	}
	if (defined $kill) { sleep $kill; kill 'KILL', $child; }
	waitpid $child, 0;
	POSIX::_exit($? & 127 ? 128 : $? >> 8);
}
# A killed run is a missed one: not more in a row than a host may miss, and of the rotator not two.
my $rotator_killed = 0;
sub may_be_killed { my ($i) = @_; return $i < 0 ? !$rotator_killed : $followers[$i]{missed} < $misses; }

# Everybody's run, a few at a time. Exit statuses by the number of who ran.
sub run_all {
	my ($deadly, @who) = @_;
	my (%pid, %rc);
	while (@who || %pid) {
		while (@who && keys %pid < $at_once) {
			my $i = shift @who;
			my $kill = rand() < $deadly && may_be_killed($i) ? rand(0.15) : undef;
			my $conf = $i < 0 ? conf_path() : "$followers[$i]{dir}/acrotate.conf";
			$pid{ start_run($conf, $kill) } = $i;
			$runs++;
		}
		my $pid = waitpid -1, 0;
		next unless exists $pid{$pid};
		my $i = delete $pid{$pid};
		$rc{$i} = $? >> 8;
		$killed++ if $rc{$i} == 128;
	}
	return %rc;
}

# ---- the pulls ---------------------------------------------------------------------------------------------------------------------------
# Everybody logs in once with what he holds, over one connection: who was refused. Passwords go to curl in a file.
sub pull_all {
	my ($file, @who) = @_;
	my @asked = grep { defined held($_) } @who;
	return unless @asked;
	my $url = 'https://' . env('EMULATOR_LOGIN_SERVER') . '/oauth2/token?service=' . env('EMULATOR_LOGIN_SERVER');
	my $old = umask 077;
	spill($file, join "next\n", map { sprintf qq(url = "%s"\nuser = "web-pull:%s"\ncacert = "%s"\noutput = "/dev/null"\nwrite-out = "%%{http_code}\\n"\nsilent\n), $url, held($_) // '', env('EMULATOR_CA') } @asked);
	umask $old;
	local %ENV = %ENV;
	delete $ENV{LD_PRELOAD};
	my ($rc, $said) = run('curl', '-K', $file);
	my @code = split /\n/, $said;
	$pulls += grep { $_ ne '000' } @code;
	return map { $asked[$_] } grep { ($code[$_] // '000') !~ /^(200|000)$/ } 0 .. $#asked;
}
# Again and again while others run, until told to stop; says how many there were, and who was refused.
sub start_pulling {
	pipe my $r, my $w or die "pipe: $!";
	my $pid = fork() // die "fork: $!";
	if ($pid == 0) {
		close $r;
		my ($stop, @bad) = (0);
		$SIG{TERM} = sub { $stop = 1 };
		$pulls = 0;
		do { push @bad, pull_all(dir() . '/pulls', @followers) } until $stop;
		print {$w} encode_json({ pulls => $pulls, bad => [ map { $_->{dir} } @bad ] });
		close $w;
		POSIX::_exit(0);
	}
	close $w;
	return [ $pid, $r ];
}
sub stop_pulling {
	my ($pid, $r) = @{ $_[0] };
	kill 'TERM', $pid;
	my $said = decode_json(do { local $/; <$r> });
	waitpid $pid, 0;
	$pulls += $said->{pulls};
	return @{ $said->{bad} };
}

# ---- up to renew_before ------------------------------------------------------------------------------------------------------------------
sub goes_away { my ($f) = @_; $f->{away} = 1 + int rand($misses) if $f->{away} == 0 && $f->{missed} == 0 && rand() < 0.1; }

sub one_step {
	my ($deadly) = @_;
	advance($step * 3600);
	my $pulling = start_pulling();
	my %rc = run_all($deadly, -1);
	push @problems, "the rotator: exit $rc{-1}: " . (slurp(conf_path() . '.said') // '') unless grep { $_ == $rc{-1} } 0, 75, 128;
	$rotator_killed = $rc{-1} == 128;
	goes_away($_) for @followers;
	my @online = grep { $followers[$_]{away} == 0 } 0 .. $#followers;
	$offline += @followers - @online;
	%rc = run_all($deadly, @online);
	for my $i (@online) { push @problems, "$followers[$i]{dir}: exit $rc{$i}: " . (slurp("$followers[$i]{dir}/acrotate.conf.said") // '') unless $rc{$i} == 0 || $rc{$i} == 128; }
	$followers[$_]{missed} = exists $rc{$_} && $rc{$_} == 0 ? 0 : $followers[$_]{missed} + 1 for 0 .. $#followers;
	$_->{away}-- for grep { $_->{away} > 0 } @followers;
	my @bad = stop_pulling($pulling);
	$refused += @bad;
	push @problems, "!refused while a newer password was on its way: $bad[0]" if @bad;
}

start_emulator(options => [ '--fast', '--kubernetes' ]);
@followers = map { make_follower($_) } 0 .. $n - 1;
my %first = run_all(0, 0 .. $#followers);
for my $i (grep { $first{$_} != 0 } keys %first) { push @problems, "$followers[$i]{dir}: the first run: exit $first{$i}: " . slurp("$followers[$i]{dir}/acrotate.conf.said"); }
my ($from, $steps) = (generations(), 0);
while (generations() < $from + $rotations && $steps++ < 20 * $rotations && @problems < 10) { one_step(0.15); }
push @problems, 'only ' . (generations() - $from) . ' rotations' if generations() < $from + $rotations;
my ($pulled, $ended) = ($pulls, $refused);
row("followers: $rotations rotations, $n hosts", $runs, $refused, "$pulls pulls, $killed runs killed, $offline missed offline");

# ---- longer ------------------------------------------------------------------------------------------------------------------------------
$_->{away} = 0 for @followers;
run_all(0, 0 .. $#followers);
for my $hours (1 .. int(2 * $lifetime / $step)) { advance($step * 3600); run_all(0, -1); }
my @expired = pull_all(dir() . '/pulls', @followers);
push @problems, 'only ' . @expired . " of $n were refused after being offline for two lifetimes: nothing is measured here" if @expired != $n;
my %rc = run_all(0, 0 .. $#followers);
my @ill = grep { $rc{$_} != 0 } 0 .. $#followers;
my @still = pull_all(dir() . '/pulls', @followers);
push @problems, scalar(@ill) . " did not heal at the first contact: exit $rc{ $ill[0] }: " . slurp("$followers[ $ill[0] ]{dir}/acrotate.conf.said") if @ill;
push @problems, '!' . @still . ' are refused after they were healed' if @still;
for my $f (@followers) { my @left = glob("$f->{dir}/.acrotate* $f->{dir}/state/.acrotate*"); push @problems, "left behind: @left" if @left; }
row('followers: offline for longer, then healed', scalar @followers, scalar @still, scalar(@expired) . ' were refused before');

print "# $_\n" for @problems;
print @problems ? "not ok 1\n" : "ok 1\n", "1..1\n";
exit(@problems ? 1 : 0);
