#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Kills a rotation at every system call, or makes every call on a file fail in several ways, one at a time. After each:
#   - every sink is read by this script (not by acrotate's code) and its password tried at the registry: it must work;
#   - so must the password that was deployed before, which a consumer may still hold;
#   - then one undisturbed run must converge: all sinks the same, working password, at most one generate more than a rotation takes,
#     no temporary file left.
#
#   everywhere.pl kill|errors [STRIDE [OFFSET]]      one TAP line for all, a table, and the points that failed
#
# The job is always due; the emulator's clock moves on by a minute between two runs, so that nothing has to be waited for.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use IPC::Open3;
use JSON::PP;
use MIME::Base64;
use POSIX qw(:sys_wait_h);
use Time::HiRes qw(sleep time);

my ($what, $stride, $offset) = @ARGV;
die "usage: everywhere.pl kill|errors [STRIDE [OFFSET]]\n" unless defined $what && $what =~ /^(kill|errors)$/;
$stride = $stride || 1;
$offset = $offset || 0;
my $root   = abs_path(dirname($0) . '/../..');
my $build  = $ENV{BUILD} || "$root/build/release";
my $stop   = $ENV{STOP_AT} || "$build/stop-at";
my @errors = qw(ENOSPC EIO EDQUOT EACCES EROFS EMFILE EINTR short);
my $per_emulator = 600;    # its clock moves a minute or two a point, and acrotate refuses one that is a day off

my $work = tempdir('acrotate-prove.XXXXXX', TMPDIR => 1);
my ($pid, %env, $dir, $rounds);
my %sum = (points => 0, violations => 0, stuck => 0, extra => 0, litter => 0);
my @failed;

delete $ENV{$_} for grep { /proxy/i } keys %ENV;
$ENV{NO_PROXY} = 'localhost,127.0.0.1';

END { my $s = $?; stop_emulator(); system('rm', '-rf', $work) if $work && !$ENV{KEEP}; $? = $s; }
$SIG{INT} = $SIG{TERM} = sub { exit 143 };

sub slurp { my ($f) = @_; open my $h, '<', $f or return undef; local $/; return <$h>; }
sub spill { my ($f, $text) = @_; open my $h, '>', $f or die "$f: $!"; print $h $text; close $h or die "$f: $!"; }

sub stop_emulator {
	return unless $pid;
	kill 'TERM', $pid;
	waitpid $pid, 0;
	$pid = undef;
}

sub start_emulator {
	stop_emulator();
	$rounds = 0;
	$dir = "$work/e" . int(time() * 1000);
	mkdir $dir or die "$dir: $!";
	$pid = fork();
	if ($pid == 0) {
		open STDOUT, '>', "$dir/out";
		exec "$build/acrotate-emulator", '--dir', "$dir/e", '--token', 'web-pull', '--fast' or exit 127;
	}
	for (1 .. 400) { last if (slurp("$dir/out") || '') =~ /ready/; sleep 0.05; }
	%env = map { /^(\w+)=(.*)$/ ? ($1 => $2) : () } split /\n/, slurp("$dir/e/env") // die "the emulator did not start\n";
	mkdir "$dir/e/jobs.d";
	mkdir "$dir/sinks";
	spill("$dir/sinks/config.json", "{\n  \"auths\": {\n    \"other.example.com\": { \"auth\": \"Zm9vOmJhcg==\" }\n  }\n}\n");
	# Due at once, always: an hour of life, renewed 59 minutes and 50 seconds before it ends. Two sinks are renamed, one is written in place.
	spill("$dir/e/jobs.d/web.conf", <<"END");
[job]
registry = contoso
resource_group = emulated
token = web-pull
lifetime = 60m
renew_before = 59m 50s
grace = 2s
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
	spill("$dir/sinks/in-place", "");
	$ENV{STATE_DIRECTORY} = "$dir/state";
	for (1 .. 2) { advance(61); my ($rc, $err) = acrotate(); die "the first runs fail: $rc $err\n" if $rc; }
}

# Exit status and standard error of a command.
sub run {
	my @cmd = @_;
	my $child = open3(my $in, my $out, undef, @cmd);
	close $in;
	my $text = do { local $/; <$out> };
	waitpid $child, 0;
	return ($? & 127 ? 128 + ($? & 127) : $? >> 8, $text // '');
}

sub acrotate { return run(@_, "$build/acrotate", 'run', '-c', "$dir/e/acrotate.conf"); }
sub curl { my ($rc, $text) = run('curl', '-sS', '--cacert', $env{EMULATOR_CA}, @_); return $text; }
sub control { my ($path, $body) = @_; return curl('-X', 'POST', '-d', $body, "$env{EMULATOR_CONTROL}/$path"); }
sub advance { my ($s) = @_; control('clock', "{\"advance\": $s}"); }

sub generations {
	my $state = decode_json(curl("$env{EMULATOR_CONTROL}/state"));
	my $t = $state->{registries}[0]{tokens}[0];
	return $t->{password1}{generations} + $t->{password2}{generations};
}

# What a consumer would read: undef for what it could not use.
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

my %works;
sub works {
	my ($password) = @_;
	return 0 unless defined $password;
	spill("$work/netrc", "machine localhost login web-pull password $password\n");
	chmod 0600, "$work/netrc";
	$works{$password} //= curl('-o', '/dev/null', '-w', '%{http_code}', '--netrc-file', "$work/netrc",
		"https://$env{EMULATOR_LOGIN_SERVER}/oauth2/token?service=$env{EMULATOR_LOGIN_SERVER}") eq '200';
	return $works{$password};
}

sub litter {
	opendir my $d, "$dir/sinks" or die;
	return grep { /^\.acrotate/ } readdir $d;
}

# One point; the exit status of the disturbed run.
sub point {
	my ($mode, $n) = @_;
	start_emulator() if !$pid || $rounds++ >= $per_emulator;
	advance(61);
	my $before = password_in('env');
	my $generated = generations();
	my ($rc, $said) = acrotate($stop, $mode, $n);
	my @why;
	$sum{points}++;
	%works = ();
	for my $sink ('docker', 'env', 'place') {
		# A write in place is not atomic, and its key says so: a reader may see a mix, never after a run that ended.
		next if $sink eq 'place' && $mode eq 'kill';
		push @why, "sink $sink does not work" unless works(password_in($sink));
	}
	push @why, 'what was deployed before does not work' unless works($before);
	$sum{violations}++ if @why;
	advance(61);
	my ($rc2, $said2) = acrotate();
	%works = ();
	my $extra = generations() - $generated - 1;
	my %held = map { (password_in($_) // 'nothing') => 1 } 'docker', 'env', 'place';
	my @left = litter();
	# 75: brought in step, and then due again while consumers may still hold the other password.
	if (($rc2 != 0 && $rc2 != 75) || keys %held != 1 || !works(password_in('env'))) { $sum{stuck}++; push @why, "does not converge: exit $rc2 $said2"; }
	if ($extra > 1) { $sum{extra}++; push @why, "$extra generates more"; }
	if (@left) { $sum{litter}++; push @why, "left behind: @left"; }
	if (@why) { push @failed, "$mode $n: exit $rc: " . join('; ', @why) . ($said ? " [$said]" : ''); start_emulator(); }
	return $rc;
}

start_emulator();
advance(61);
my ($rc, $counts) = acrotate($stop, 'count');
my ($calls, $files) = $counts =~ /calls (\d+) files (\d+)/ or die "cannot count: $rc $counts\n";
my $began = time();
if ($what eq 'kill') {
	for (my $n = 1 + $offset; $n <= $calls + 20; $n += $stride) { point('kill', $n); }
} else {
	for my $e (@errors) {
		for (my $n = 1 + $offset; $n <= $files; $n += $stride) { point($e, $n); }
	}
}
printf "# %d system calls in a rotation, %d on files; %.0f s\n", $calls, $files, time() - $began;
printf "# %-32s %7s %10s %6s %6s %7s\n", 'what was tried', 'points', 'violations', 'stuck', 'extra', 'litter';
printf "# %-32s %7d %10d %6d %6d %7d\n", $what eq 'kill' ? 'SIGKILL at a system call' : 'a file call fails, ' . @errors . ' ways',
	@sum{qw(points violations stuck extra litter)};
print "# $_\n" for @failed;
print @failed ? "not ok 1 - $what\n" : "ok 1 - $what at $sum{points} points\n";
print "1..1\n";
exit(@failed ? 1 : 0);
