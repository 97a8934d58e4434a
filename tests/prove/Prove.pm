# SPDX-License-Identifier: MIT
# What the proofs share: an emulator with one token, a job with three sinks, and a checker that reads the sinks and logs in without any
# code of acrotate. Every process started here is ended by its pid.
package Prove;
use strict;
use warnings;
use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use IPC::Open3;
use JSON::PP;
use MIME::Base64;
use POSIX ();
use Time::HiRes qw(sleep time);

our @EXPORT = qw(slurp spill start_emulator stop_emulator run acrotate curl control faults no_faults advance advance_service advance_local intent_stands settle generations password_in
	works forget_logins litter row scenario report guarantee converge work_dir dir build env sinks write_job in_parallel second_works wait_until_hit own_dev
	conf_path background wait_for foreign slots active spare state_file permit);

my $root  = abs_path(dirname(__FILE__) . '/../..');
my $build = $ENV{BUILD} || "$root/build/release";
my $work  = tempdir('acrotate-prove.XXXXXX', TMPDIR => 1);
my ($pid, %env, $dir, %works);
my $clock = $ENV{CLOCK} || "$build/clock.so";
my $owner = $$;
my @workers;

delete $ENV{$_} for grep { /proxy/i } keys %ENV;
$ENV{NO_PROXY} = 'localhost,127.0.0.1';

# The clock of this machine, as all that is started here sees it: ahead by as much as the emulator's. The emulator and the checker have
# nothing preloaded.
sub local_clock {
	my ($ahead) = @_;
	@ENV{qw(LD_PRELOAD PROVE_CLOCK_AHEAD)} = ($clock, $ahead);
}
die "$clock is missing: make $clock\n" unless -e $clock;
local_clock(0);

END {
	if ($$ == $owner) {
		my $s = $?;
		kill 'TERM', @workers if @workers;
		waitpid $_, 0 for @workers;
		stop_emulator();
		system('rm', '-rf', $work) unless $ENV{KEEP};
		$? = $s;
	}
}
$SIG{INT} = $SIG{TERM} = sub { exit 143 };

sub work_dir { return $work; }
sub dir { return $dir; }
sub build { return $build; }
sub env { return $env{$_[0]}; }
sub sinks { return ('docker', 'env', 'place'); }
sub slurp { my ($f) = @_; open my $h, '<', $f or return undef; local $/; return scalar <$h>; }
sub spill { my ($f, $text) = @_; open my $h, '>', $f or die "$f: $!"; print $h $text; close $h or die "$f: $!"; }

sub stop_emulator {
	return unless $pid;
	kill 'TERM', $pid;
	waitpid $pid, 0;
	$pid = undef;
}

# Due at once, always: an hour of life, renewed 59 minutes and 50 seconds before it ends. Two sinks are renamed, one is written in place.
sub write_job {
	my (%o) = @_;
	my ($more, $lifetime, $renew) = ($o{job} || '', $o{lifetime} || '60m', $o{renew_before} || '59m 50s');
	# A lost request is waited for by moving the clocks, not in real time.
	$more .= "\nverify_timeout = 30s" unless $more =~ /verify_timeout/;
	$more .= "\ngrace = 2s" unless $more =~ /grace/;
	spill("$dir/e/jobs.d/web.conf", <<"END");
[job]
registry = contoso
resource_group = emulated
token = web-pull
lifetime = $lifetime
renew_before = $renew
$more
[sink docker]
type = docker
path = $dir/sinks/config.json
[sink env]
type = file
path = $dir/sinks/registry.env
content = PASSWORD={password}
[sink place]
type = file
path = $dir/sinks/in-place
content = {password}
in_place = yes
END
}

# Another token, in a job with one sink and a hook: with two jobs a run works in threads and starts children.
sub write_second_job {
	spill("$dir/e/jobs.d/second.conf", <<"END");
[job]
registry = contoso
resource_group = emulated
token = second-pull
lifetime = 60m
renew_before = 59m 50s
grace = 2s
verify_timeout = 30s
on_change = /bin/true
[sink file]
type = file
path = $dir/sinks/second
content = {password}
END
}
sub second_works {
	my ($password) = (slurp("$dir/sinks/second") // '') =~ /^(\S+)\n$/;
	return works($password, 'second-pull');
}

# A new emulator, a new job, both slots generated once, everything in step.
sub start_emulator {
	my (%o) = @_;
	stop_emulator();
	$dir = "$work/e" . int(time() * 1000);
	mkdir $dir or die "$dir: $!";
	local_clock(0);
	$pid = fork();
	if ($pid == 0) {
		delete $ENV{LD_PRELOAD};
		open STDOUT, '>', "$dir/out";
		exec "$build/acrotate-emulator", '--dir', "$dir/e", '--token', 'web-pull', $o{second} ? ('--token', 'second-pull') : (), @{ $o{options} || ['--fast'] } or exit 127;
	}
	for (1 .. 400) { last if (slurp("$dir/out") || '') =~ /ready/; sleep 0.05; }
	%env = map { /^(\w+)=(.*)$/ ? ($1 => $2) : () } split /\n/, slurp("$dir/e/env") // die "the emulator did not start\n";
	mkdir "$dir/e/jobs.d";
	mkdir "$dir/sinks";
	spill("$dir/sinks/config.json", "{\n  \"auths\": {\n    \"other.example.com\": { \"auth\": \"Zm9vOmJhcg==\" }\n  }\n}\n");
	spill("$dir/sinks/in-place", '');
	my $text = slurp("$dir/e/acrotate.conf");
	$text =~ s/\n\[run\]\nstate_dir = .*\n//;    # the environment says where
	spill("$dir/e/acrotate.conf", $text);
	if ($o{conf}) { open my $h, '>>', "$dir/e/acrotate.conf"; print $h $o{conf}; close $h; }
	write_job(%o);
	write_second_job() if $o{second};
	$ENV{STATE_DIRECTORY} = "$dir/state";
	settle(10) for 1 .. 2;
}

# One undisturbed run, some seconds later by the service's clock.
sub settle {
	advance($_[0] || 61);
	my ($rc, $said) = acrotate();
	die "a run that nothing disturbs fails: $rc $said\n" if $rc != 0 && $rc != 75;
	forget_logins();
}

# Calls $try->($item) for every item, spread over PROVE_WORKERS processes (4) with an emulator each, and gives what it returned. Most of the
# time is spent waiting, so more workers than processors are right.
sub in_parallel {
	my ($setup, $try, @items) = @_;
	my $n = $ENV{PROVE_WORKERS} || 4;
	my (@from, @results);
	for my $worker (0 .. $n - 1) {
		pipe my $r, my $w or die "pipe: $!";
		my $child = fork() // die "fork: $!";
		if ($child == 0) {
			close $r;
			($owner, $pid, @workers, @from) = ($$, undef);
			$work = tempdir('acrotate-prove.XXXXXX', TMPDIR => 1);
			$setup->();
			for (my $i = $worker; $i < @items; $i += $n) { print {$w} encode_json({ result => $try->($items[$i]) }), "\n"; }
			close $w or die "pipe: $!";
			exit 0;
		}
		close $w;
		push @workers, $child;
		push @from, $r;
	}
	for my $r (@from) { push @results, map { decode_json($_)->{result} } <$r>; }
	for my $child (splice @workers) {
		waitpid $child, 0;
		die "a worker ended with status $?\n" if $? != 0;
	}
	die 'only ' . @results . ' of ' . @items . " were tried\n" if @results != @items;
	return @results;
}

# Exit status, and what a command said on both channels.
sub run {
	my @cmd = @_;
	my $child = open3(my $in, my $out, undef, @cmd);
	close $in;
	my $text = do { local $/; <$out> };
	waitpid $child, 0;
	return ($? & 127 ? 128 + ($? & 127) : $? >> 8, $text // '');
}

# acrotate run, behind the words given.
sub acrotate { return run(@_, "$build/acrotate", 'run', '-c', "$dir/e/acrotate.conf"); }
sub curl { local %ENV = %ENV; delete $ENV{LD_PRELOAD}; my ($rc, $text) = run('curl', '-sS', '--cacert', $env{EMULATOR_CA}, @_); return $text; }
sub control { my ($path, $body) = @_; return curl('-X', 'POST', '-d', $body, "$env{EMULATOR_CONTROL}/$path"); }
sub faults { my $said = control('faults', encode_json([@_])); die "the emulator refuses the fault: $said" if $said =~ /"error"/; }
# Until an exchange has met the fault, and is held back or disturbed by it; not for ever, as the run may never get there. Of several faults
# the one with the number $which (0).
sub wait_until_hit {
	my ($times, $which) = ($_[0] // 3000, $_[1] // 0);
	for (1 .. $times) {
		return 1 if decode_json(curl("$env{EMULATOR_CONTROL}/faults"))->[$which]{hits} > 0;
		sleep 0.02;
	}
	return 0;
}
sub no_faults { curl('-X', 'DELETE', "$env{EMULATOR_CONTROL}/faults"); }
sub advance_service { my ($s) = @_; control('clock', "{\"advance\": $s}"); }
sub advance_local { my ($s) = @_; local_clock($ENV{PROVE_CLOCK_AHEAD} + $s); }
sub advance { my ($s) = @_; advance_service($s); advance_local($s); }

# A request whose answer nobody has: it may act for ten minutes after it was given up, and a slot is not generated before that.
sub intent_stands { return (slurp("$dir/state/web.state") // '') =~ /^intent = (?:yes|true|1)$/m; }

sub generations {
	my $t = decode_json(curl("$env{EMULATOR_CONTROL}/state"))->{registries}[0]{tokens}[0];
	return $t->{password1}{generations} + $t->{password2}{generations};
}

sub conf_path { return "$dir/e/acrotate.conf"; }
# A run in the background; its pid. wait_for() gives the exit status.
sub background {
	my (@more) = @_;
	my $child = fork() // die "fork: $!";
	if ($child == 0) {
		open STDOUT, '>', '/dev/null';
		open STDERR, '>', '/dev/null';
		exec "$build/acrotate", 'run', '-c', conf_path(), @more or POSIX::_exit(127);
	}
	return $child;
}
sub wait_for { waitpid $_[0], 0; return $? & 127 ? 128 + ($? & 127) : $? >> 8; }

# Behind everybody's back, as az would; the new password.
sub foreign { return decode_json(control('tokens/web-pull', qq({"action":"generate","slot":"$_[0]"})))->{password}; }
sub slots { return decode_json(curl("$env{EMULATOR_CONTROL}/state"))->{registries}[0]{tokens}[0]; }
# The slot that was generated last: after an undisturbed run, the one in use.
sub active { my $t = slots(); return ($t->{password1}{creationTime} // '') gt ($t->{password2}{creationTime} // '') ? 'password1' : 'password2'; }
sub spare { return active() eq 'password1' ? 'password2' : 'password1'; }
sub state_file { return "$dir/state/web.state"; }
# One generation that may go, named as the refusal asks for it.
sub permit { my ($slot, %o) = @_; write_job(%o, job => "may_replace = $slot\@" . slots()->{$slot}{creationTime} . "\n" . ($o{job} // '')); }

# What a consumer would read: undef for what it could not use, or when a foreign entry is not as it was.
sub password_in {
	my ($sink) = @_;
	if ($sink eq 'docker') {
		my $json = eval { decode_json(slurp("$dir/sinks/config.json") // '') } or return undef;
		return undef unless ($json->{auths}{'other.example.com'}{auth} // '') eq 'Zm9vOmJhcg==';
		my ($user, $password) = split /:/, decode_base64($json->{auths}{$env{EMULATOR_LOGIN_SERVER}}{auth} // ''), 2;
		return $password;
	}
	my $text = slurp($sink eq 'env' ? "$dir/sinks/registry.env" : "$dir/sinks/in-place") // '';
	return $text =~ ($sink eq 'env' ? qr/^PASSWORD=(\S+)\n$/ : qr/^(\S+)\n$/) ? $1 : undef;
}

sub forget_logins { %works = (); }

# Does the registry accept it? Asked once until forget_logins(). The password travels in a file of our own, not in argv.
sub works {
	my ($password, $login) = ($_[0], $_[1] // 'web-pull');
	return 0 unless defined $password;
	return $works{$password} if exists $works{$password};
	my $old = umask 077;
	spill("$work/netrc.$$", "machine localhost login $login password $password\n");
	umask $old;
	my $status = '000';
	for (1 .. 3) {		# no answer is no refusal: on a busy machine a connection may time out
		$status = curl('-o', '/dev/null', '-w', '%{http_code}', '--netrc-file', "$work/netrc.$$",
			"https://$env{EMULATOR_LOGIN_SERVER}/oauth2/token?service=$env{EMULATOR_LOGIN_SERVER}");
		last if $status ne '000';
	}
	return $works{$password} = $status eq '200';
}

# A /dev for this mount name space alone, where a log can stand that nobody else sees. To be unmounted before the end.
sub own_dev {
	my ($rc, $said) = run('sh', '-ec', 'mkdir "$1" && mount -t tmpfs -o mode=755 dev "$1" && cd "$1"; for f in null zero full random urandom tty; do : >$f; mount --bind /dev/$f $f; done;'
		. ' ln -s /proc/self/fd fd; mkdir shm pts; mount --rbind . /dev', 'sh', "$work/dev");
	die "cannot make a /dev: $said" if $rc != 0;
	return "$work/dev";
}

# Temporaries of ours: beside the sinks, the state and what else a run writes.
sub litter { return map { s{^\Q$dir\E/}{}r } glob("$dir/sinks/.acrotate* $dir/state/.acrotate* $dir/e/.acrotate*"); }

# A line of the table that all.pl makes.
sub row {
	my ($what, $tried, $violations, $more) = @_;
	print "# = $what | $tried | $violations | $more\n";
}

# ---- scenarios: a name of a group, a title, and a function that returns the broken promises it found -----------------------------------
my (%seen, %tried, %broken, @groups, @problems);

# Words that begin with "!" break the guarantee itself, others some other promise. Of a group, one in PROVE_SAMPLE is tried; with PROVE_ONLY
# those whose "GROUP: TITLE" matches.
sub scenario {
	my ($group, $title, $try) = @_;
	return if length($ENV{PROVE_ONLY} // "") && "$group: $title" !~ /$ENV{PROVE_ONLY}/;
	return if $seen{$group}++ % ($ENV{PROVE_SAMPLE} || 1) != 0;
	push @groups, $group unless exists $tried{$group};
	$tried{$group}++;
	forget_logins();
	my @why = eval { $try->() };
	push @why, "cannot be tried: $@" if $@;
	$broken{$group} = ($broken{$group} // 0) + grep { /^!/ } @why;
	push @problems, "$group: $title: " . join('; ', @why) if @why;
	print STDERR +(@why ? 'BAD' : 'ok', " $group: $title", @why ? ": @why" : '', "\n") if $ENV{PROVE_VERBOSE};
	start_emulator() if @why;
}

sub report {
	for my $g (@groups) {
		my $other = grep { /^\Q$g\E:/ } @problems;
		row($g, $tried{$g}, $broken{$g}, $other ? "$other FAILED" : '');
	}
	print "# $_\n" for @problems;
	print @problems ? "not ok 1\n" : "ok 1\n";
	print "1..1\n";
	exit(@problems ? 1 : 0);
}

# Every sink but those named has a password that works, and so does what was deployed before.
sub guarantee {
	my ($before, @but) = @_;
	forget_logins();
	my %but = map { $_ => 1 } @but;
	my @why = map { "!sink $_ does not work" } grep { !$but{$_} && !works(password_in($_)) } sinks();
	push @why, '!what was deployed before does not work' if defined $before && !works($before);
	return @why;
}

# Undisturbed runs, a minute apart, until every sink holds one password that works; one more when a request that was lost must be dead.
sub converge {
	my ($runs, $said, $rc) = ($_[0] || 3, '', 0);
	for my $run (0 .. $runs) {
		last if $run == $runs && !intent_stands();
		advance($run == $runs ? 660 : 61);
		($rc, $said) = acrotate();
		forget_logins();
		my %held = map { (password_in($_) // 'nothing') => 1 } sinks();
		next if ($rc != 0 && $rc != 75) || keys %held != 1 || !works(password_in('env'));
		return map { "left behind: $_" } litter();
	}
	return "does not converge: exit $rc $said";
}

1;
