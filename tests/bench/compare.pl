#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# The same work by several programs, side by side: a run of each in turn, so that whatever else the machine does meets all of them alike. A
# row for each: median and quartiles of CPU and wall time in milliseconds, most memory in MiB, system calls, instructions.
#
#   compare.pl [-n RUNS] [-b BEFORE] [-s FILE] [-c] [-i] [-g GOAL]... -- LABEL [=STATUS] COMMAND... [-- LABEL COMMAND...]...
#
# -b: a shell command before each run, not counted; -s: what each reads from stdin; -c, -i: count system calls (strace) and instructions (callgrind) in one run more;
# -g: "cpu <= 0.2" sets the last row against the one before it, "wall ms <= 800" or "calls of one <= 98" the last row by itself; each says
# whether it is met, and the file GOALS counts them. =STATUS: what the command ends with when it is well, if not 0.
use strict;
use warnings;
use Getopt::Long;

my ($runs, $input, $before, $calls, $instructions, @goals) = (11, '/dev/null');
Getopt::Long::Configure('no_permute', 'bundling');
GetOptions('n=i' => \$runs, 'b=s' => \$before, 's=s' => \$input, 'c' => \$calls, 'i' => \$instructions, 'g=s' => \@goals) or exit 64;
my $scratch = $ENV{T} // die "T: a directory for scratch files\n";
my $measure = "$ENV{BUILD}/bench/measure";

my (@rows, $row);
for my $word (@ARGV) {
	if ($word eq '--') { push @rows, $row = { status => 0, command => [] } }
	elsif (!defined $row) { push @rows, $row = { status => 0, command => [], label => $word } }
	elsif (!defined $row->{label}) { $row->{label} = $word }
	elsif (!@{ $row->{command} } && $word =~ /^=(\d+)$/) { $row->{status} = $1 }
	else { push @{ $row->{command} }, $word }
}
$calls = 0 if $calls && system('command -v strace >/dev/null 2>&1') != 0;
$instructions = 0 if $instructions && system('command -v valgrind >/dev/null 2>&1') != 0;

sub quietly {
	my ($status, @command) = @_;
	if ($before && system($before) != 0) { die "compare: '$before' failed\n" }
	my $pid = fork // die "fork: $!\n";
	if (!$pid) {
		open STDIN, '<', $input or exit 127;
		open STDOUT, '>', '/dev/null';
		open STDERR, '>', "$scratch/words" or die;
		exec @command or exit 127;
	}
	waitpid $pid, 0;
	return if $? >> 8 == $status && !($? & 127);
	open my $f, '<', "$scratch/words";
	my @words = $f ? <$f> : ();
	die "compare: '@command[0 .. ($#command < 5 ? $#command : 5)]' ended with ", $? >> 8, ', signal ', $? & 127, ":\n", splice @words, 0, 5;
}

sub read_line { open my $f, '<', $_[0] or die "$_[0]: $!\n"; my $line = <$f>; return $line }
sub at { my ($share, @v) = @_; @v = sort { $a <=> $b } @v; return $v[ int($share * $#v + 0.5) ] }

for (1 .. $runs) {
	for my $r (@rows) {
		quietly($r->{status}, $measure, "$scratch/measured", @{ $r->{command} });
		my @v = split ' ', read_line("$scratch/measured");
		push @{ $r->{ (qw(cpu wall memory))[$_] } }, $v[$_] for 0 .. 2;
	}
}

sub count_calls {
	my ($r) = @_;
	quietly($r->{status}, 'strace', '-f', '-c', '-o', "$scratch/calls", @{ $r->{command} });
	open my $f, '<', "$scratch/calls" or die;
	while (<$f>) { return (split)[3] if /total$/ }
	return '-';
}

sub count_instructions {
	my ($r) = @_;
	unlink glob "$scratch/callgrind.*";
	quietly($r->{status}, 'valgrind', '--tool=callgrind', '--trace-children=yes', "--callgrind-out-file=$scratch/callgrind.%p", @{ $r->{command} });
	my $sum = 0;
	for my $file (glob "$scratch/callgrind.*") {
		open my $f, '<', $file or next;
		while (<$f>) { $sum += $1 if /^(?:summary|totals): (\d+)/ && ++$r->{"seen $file"} == 1 }
	}
	return $sum;
}

printf "  %-34s %9s %-19s %9s %-19s %7s%s%s\n", '', 'CPU ms', '[quartiles]', 'wall ms', '[quartiles]', 'MiB', $calls ? sprintf(' %7s', 'calls') : '',
	$instructions ? sprintf(' %9s', 'Minstr') : '';
for my $r (@rows) {
	for my $what (qw(cpu wall)) { $r->{"$what-$_"} = at($_ / 4, @{ $r->{$what} }) for 1 .. 3 }
	$r->{peak} = at(1, @{ $r->{memory} });
	printf "  %-34s %9.2f [%8.2f %8.2f] %9.2f [%8.2f %8.2f] %7.1f", $r->{label}, map({ my $w = $_; map { $r->{"$w-$_"} } 2, 1, 3 } qw(cpu wall)), $r->{peak};
	if ($calls) { $r->{calls} = count_calls($r); printf ' %7s', $r->{calls} }
	if ($instructions) { $r->{minstr} = count_instructions($r) / 1e6; printf ' %9.2f', $r->{minstr} }
	print "\n";
}
my ($peer, $us) = @rows[ -2, -1 ];
if (@goals && @rows > 1) {
	printf "  -> CPU %.3f, wall %.2f, memory %.2f%s%s of '%s'\n", $us->{'cpu-2'} / $peer->{'cpu-2'}, $us->{'wall-2'} / $peer->{'wall-2'},
		$us->{peak} / $peer->{peak}, $calls ? sprintf(', calls %.2f', $us->{calls} / $peer->{calls}) : '',
		$instructions ? sprintf(', instructions %.2f', $us->{minstr} / $peer->{minstr}) : '', $peer->{label};
}
my %member = (cpu => 'cpu-2', wall => 'wall-2', memory => 'peak', calls => 'calls', instructions => 'minstr');
for my $goal (@goals) {
	my ($what, $own, $most) = $goal =~ /^(cpu|wall|memory|calls|instructions)( ms| MiB| M| of one)? <= ([\d.]+)$/ or die "compare: goal '$goal'\n";
	my $value = $us->{ $member{$what} };
	next if !defined $value;    # strace or valgrind is not there
	next if !$own && @rows < 2;
	$value /= $peer->{ $member{$what} } if !$own;
	my $met = $value <= $most;
	printf "  goal: %s: %.3f, %s\n", $goal, $value, $met ? 'met' : 'MISSED';
	if ($ENV{GOALS}) { open my $f, '>>', $ENV{GOALS} or die; print $f $met ? 'met' : 'missed', ": $us->{label}: $goal\n"; close $f }
}
