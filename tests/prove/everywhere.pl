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
use FindBin;
use lib $FindBin::Bin;
use Prove;
use Time::HiRes qw(time);

my ($what, $stride, $offset) = @ARGV;
die "usage: everywhere.pl kill|errors [STRIDE [OFFSET]]\n" unless defined $what && $what =~ /^(kill|errors)$/;
$stride = $stride || 1;
$offset = $offset || 0;
my $stop   = $ENV{STOP_AT} || build() . '/stop-at';
my @errors = qw(ENOSPC EIO EDQUOT EACCES EROFS EMFILE EINTR short);
my $per_emulator = 600;    # its clock moves a minute or two a point, and acrotate refuses one that is a day off

my $rounds;
my %sum = (points => 0, violations => 0, stuck => 0, extra => 0, litter => 0);
my @failed;

# One point; the exit status of the disturbed run.
sub point {
	my ($mode, $n) = @_;
	if ($rounds++ >= $per_emulator) { start_emulator(); $rounds = 0; }
	advance(61);
	my $before = password_in('env');
	my $generated = generations();
	my ($rc, $said) = acrotate($stop, $mode, $n);
	my @why;
	$sum{points}++;
	forget_logins();
	for my $sink (sinks()) {
		# A write in place is not atomic, and its key says so: a reader may see a mix, never after a run that ended.
		next if $sink eq 'place' && $mode eq 'kill';
		push @why, "sink $sink does not work" unless works(password_in($sink));
	}
	push @why, 'what was deployed before does not work' unless works($before);
	$sum{violations}++ if @why;
	advance(61);
	my ($rc2, $said2) = acrotate();
	forget_logins();
	my $extra = generations() - $generated - 1;
	my %held = map { (password_in($_) // 'nothing') => 1 } sinks();
	my @left = litter();
	# 75: brought in step, and then due again while consumers may still hold the other password.
	if (($rc2 != 0 && $rc2 != 75) || keys %held != 1 || !works(password_in('env'))) { $sum{stuck}++; push @why, "does not converge: exit $rc2 $said2"; }
	if ($extra > 1) { $sum{extra}++; push @why, "$extra generates more"; }
	if (@left) { $sum{litter}++; push @why, "left behind: @left"; }
	if (@why) { push @failed, "$mode $n: exit $rc: " . join('; ', @why) . ($said ? " [$said]" : ''); start_emulator(); $rounds = 0; }
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
row($what eq 'kill' ? 'SIGKILL at a system call' : 'a call on a file fails, ' . @errors . ' ways', $sum{points}, $sum{violations},
	"stuck $sum{stuck}, more than one generate extra $sum{extra}, litter $sum{litter}");
print "# $_\n" for @failed;
print @failed ? "not ok 1 - $what\n" : "ok 1 - $what at $sum{points} points\n";
print "1..1\n";
exit(@failed ? 1 : 0);
