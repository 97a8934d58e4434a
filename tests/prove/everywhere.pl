#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Kills a rotation at every system call, or makes every call on a file fail in several ways, one at a time. After each:
#   - every sink is read by this script (not by acrotate's code) and its password tried at the registry: it must work;
#   - so must the password that was deployed before, which a consumer may still hold;
#   - then one undisturbed run must converge: all sinks the same, working password, at most one generate more than a rotation takes,
#     no temporary file left, neither beside the sinks nor beside the state.
# A point whose call never came proves nothing; nearly all must come.
#
#   everywhere.pl kill|threads|errors [STRIDE [OFFSET [MODE]]]   one TAP line for all, a table, and the points that failed
#
# threads: kill, in a run of two jobs, which works in threads, and with a hook, which is a child.
#
# The job is always due; the emulator's clock moves on by a minute between two runs, so that nothing has to be waited for.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Prove;
use Time::HiRes qw(time);

my ($what, $stride, $offset, $only) = @ARGV;
die "usage: everywhere.pl kill|threads|errors [STRIDE [OFFSET [MODE]]]\n" unless defined $what && $what =~ /^(kill|threads|errors)$/;
$stride = $stride || 1;
$offset = $offset || 0;
my $stop   = $ENV{STOP_AT} || build() . '/stop-at';
my @errors = grep { !defined $only || $_ eq $only } qw(ENOSPC EIO EDQUOT EACCES EROFS EMFILE EINTR short look-EIO look-EACCES look-EINTR);
my $per_emulator = 600;    # its clock moves a minute or two a point, and acrotate refuses one that is a day off

my $rounds = 0;

my $two = $what eq 'threads';
sub again { start_emulator(second => $two); $rounds = 0; }

# One point: what was found wrong.
sub point {
	my ($mode, $n) = @{ $_[0] };
	again() if $rounds++ >= $per_emulator;
	advance(61);
	my $before = password_in('env');
	my $generated = generations();
	my ($rc, $said) = acrotate('timeout', '-s', 'KILL', '120', $stop, $mode, $n);
	my %r = (mode => $mode, violations => 0, stuck => 0, extra => 0, more => 0, litter => 0, torn => 0,
		hit => $rc != 0 ? 1 : 0, came => $said !~ /^stop-at: call \d+ never came$/m ? 1 : 0);
	my @why;
	forget_logins();
	for my $sink (sinks()) {
		next if works(password_in($sink));
		# A write in place is not atomic, and its key says so: a reader may see a mix, never after a run that ended.
		if ($sink eq 'place' && $mode eq 'kill') { $r{torn} = 1 }
		else { push @why, "sink $sink does not work" }
	}
	push @why, 'what was deployed before does not work' unless works($before);
	push @why, 'the second job\'s sink does not work' if $two && !second_works();
	$r{violations} = 1 if @why;
	my $delivered = (password_in('env') // '') ne $before;
	push @why, 'it does not end' if $mode ne 'kill' && $rc == 137;
	advance(61);
	my ($rc2, $said2) = acrotate();
	my $lost = intent_stands();
	if ($lost) { advance(660); ($rc2, $said2) = acrotate(); }
	forget_logins();
	my $extra = generations() - $generated - 1;    # of the first job's token
	my %held = map { (password_in($_) // 'nothing') => 1 } sinks();
	my @left = litter();
	push @why, "exit $rc of a run that was killed" if $mode eq 'kill' && $r{came} && $rc != 137;
	# 75: brought in step, and then due again while consumers may still hold the other password.
	if (($rc2 != 0 && $rc2 != 75) || keys %held != 1 || !works(password_in('env')) || ($two && !second_works())) { $r{stuck} = 1; push @why, "does not converge: exit $rc2 $said2"; }
	# What was delivered is due again at once: the next run generates as it should.
	$r{more} = $extra if $extra > 0 && !$delivered;
	if ($extra > 1) { $r{extra} = 1; push @why, "$extra generates more"; }
	if (@left) { $r{litter} = @left; push @why, "left behind: @left"; }
	if (@why) { $r{why} = "$mode $n: exit $rc: " . join('; ', @why) . ($said ? " [$said]" : ''); again(); }
	print STDERR $r{why} // "ok $mode $n", "\n" if $ENV{PROVE_VERBOSE};
	return \%r;
}

again();
advance(61);
my ($rc, $counts) = acrotate($stop, 'count');
my ($calls, $files, $looks, $transfers, $where) = $counts =~ /calls (\d+) files (\d+) looks (\d+) transfers (\d+) \((.*)\)/
	or die "cannot count: $rc $counts\n";
stop_emulator();
sub every { my ($mode, $last) = @_; my @n; for (my $n = 1 + $offset; $n <= $last; $n += $stride) { push @n, [ $mode, $n ] } return @n; }
# Threads meet in another order every time: a few calls more or less.
my @points = $what ne 'errors' ? every('kill', $calls + 20) : map { every($_, $_ eq 'short' ? $transfers : /look/ ? $looks : $files) } @errors;
my $began = time();
my @results = in_parallel(\&again, \&point, @points);
my %sum;
for my $r (@results) { $sum{$_} += $r->{$_} for qw(violations stuck extra more litter hit came torn); }
my @failed = grep { defined } map { $_->{why} } @results;
push @failed, "only $sum{came} of " . @results . ' calls came' if $sum{came} < @results * 0.95 - 1;
printf "# a rotation: %d system calls (%s), %d of them on files and sockets, %d that look, map and close, %d transfers; %.0f s\n",
	$calls, $where, $files, $looks, $transfers, time() - $began;
for my $mode ($what ne 'errors' ? 'kill' : @errors) {
	my @of = grep { $_->{mode} eq $mode } @results;
	printf "# %s: %d points, %d came, %d made the run fail\n", $mode, scalar @of, scalar(grep { $_->{came} } @of), scalar grep { $_->{hit} } @of;
}
row($what eq 'kill' ? 'SIGKILL at a system call' : $two ? 'SIGKILL at a system call, two jobs, a hook' : 'a call on a file fails, ' . @errors . ' ways', $sum{came}, $sum{violations},
	"of $calls calls ($where): stuck $sum{stuck}, generates in vain $sum{more}, more than one $sum{extra}, temporary files left $sum{litter}"
	. ($what ne 'errors' ? ", torn in place $sum{torn}" : ''));
print "# $_\n" for @failed;
print @failed ? "not ok 1 - $what\n" : "ok 1 - $what at " . @results . " points\n";
print "1..1\n";
exit(@failed ? 1 : 0);
