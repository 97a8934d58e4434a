#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Runs every proof, three at a time, and prints one table: what was tried, how often, how often the guarantee was broken, and what else
# was counted. Everything the proofs say goes to the log directory.
#
#   all.pl whole|quick LOGS      quick: a sample of each, for every change
#
# PROVE_STRIDE, PROVE_NETWORK_STRIDE, PROVE_ROTATIONS, PROVE_SAMPLE (one scenario of so many of a group) change the size of the sample;
# the schedules that broke the promise once are tried whole each time.
use strict;
use warnings;
use FindBin;
use POSIX ();
use Time::HiRes qw(time);

my ($size, $logs) = @ARGV;
die "usage: all.pl whole|quick LOGS\n" unless defined $logs && $size =~ /^(whole|quick)$/;
my $quick     = $size eq 'quick';
my $stride    = $ENV{PROVE_STRIDE} || ($quick ? 23 : 1);
my $network   = $ENV{PROVE_NETWORK_STRIDE} || ($quick ? 12 : 1);
my $rotations = $ENV{PROVE_ROTATIONS} || ($quick ? 12 : 200);

my $sample    = $ENV{PROVE_SAMPLE} || ($quick ? 9 : 1);

# The longest first. The same sample every time: a red run can be repeated. No sample waits for what takes minutes of real time.
my @proofs = (
	[ 'schedules', 'schedules.pl', $sample > 1 ? 'quick' : $size ],
	[ 'fleet',   'fleet.pl' ],
	[ 'followers', 'followers.pl', $sample > 1 ? (8, 3) : (50, 30) ],
	[ 'fleet_blob', 'fleet.pl', 'blob' ],
	[ 'fleet_vault', 'fleet.pl', 'vault' ],
	[ 'others',  'others.pl' ],
	[ 'errors',  'everywhere.pl', 'errors', $stride, $quick ? 5 : 0 ],
	[ 'network', 'network.pl', $network ],
	[ 'puller',  'puller.t', $rotations ],
	[ 'kill',    'everywhere.pl', 'kill', $stride, $quick ? 5 : 0 ],
	[ 'threads', 'everywhere.pl', 'threads', $stride * 3, $quick ? 5 : 0 ],
	[ 'secrets', 'secrets.pl' ],
	[ 'disk',    'disk.pl' ],
);
$ENV{PROVE_SAMPLE} = $sample;

my (%running, %result);
my $began = time();
$SIG{INT} = $SIG{TERM} = sub { kill 'TERM', keys %running; exit 143 };

sub start {
	my ($name, $script, @args) = @_;
	my $pid = fork() // die "fork: $!";
	if ($pid == 0) {
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', "$logs/$name" or POSIX::_exit(126);
		open STDERR, '>&', \*STDOUT;
		exec(($script =~ /\.pl$/ ? $^X : 'sh'), "$FindBin::Bin/$script", @args) or POSIX::_exit(127);
	}
	$running{$pid} = $name;
}

sub one_ends {
	my $pid = waitpid(-1, 0);
	my $name = delete $running{$pid} or return;
	$result{$name} = $?;
}

system('mkdir', '-p', $logs);
for my $proof (@proofs) {
	one_ends() while keys %running >= 3;
	start(@$proof);
}
one_ends() while %running;

my ($tried, $violations, @bad) = (0, 0);
printf "%-44s %7s %10s  %s\n", 'what was tried', 'tried', 'violations', 'and';
for my $name (map { $_->[0] } @proofs) {
	open my $f, '<', "$logs/$name" or die "$logs/$name: $!";
	my $rows = 0;
	while (<$f>) {
		my ($what, $n, $v, $more) = /^# = (.*?) \| (\d+) \| (\d+) \| ?(.*)/ or next;
		printf "%-44s %7d %10d  %s\n", $what, $n, $v, $more;
		$tried += $n, $violations += $v, $rows++;
	}
	push @bad, $name if $result{$name} != 0 || $rows == 0;
}
printf "%-44s %7d %10d  %.0f s, %s\n", 'in all', $tried, $violations, time() - $began, @bad ? 'FAILED: ' . join(' ', @bad) : 'every other promise kept';
for my $name (@bad) {
	print "== the end of $logs/$name\n";
	system('tail', '-n', '30', "$logs/$name");
}
printf "%d passed, %d failed\n", @proofs - @bad, scalar @bad;
exit(@bad ? 1 : 0);
