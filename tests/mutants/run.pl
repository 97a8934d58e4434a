#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Do the tests see faults? Puts the faults of a list (faults.list here, or MUTANTS_LIST) into copies of the tree one by one, builds what has
# changed and runs the test that has to see it. A test is a program of build/release/t, a file of tests/e2e ("e2e/drift.t"), or a proof
# ("proof:FUNCTION": a goal of that function of the broken file has to stay open); of several the first that turns red is enough. Words
# select faults: run.pl observe grace. MUTANTS_ANY=1: when the named tests stay green all that are quick are tried, for a fault whose test is
# not known yet. MUTANTS_SAMPLE=N: every Nth fault, from another one on with each commit. --fits: only, does each fault still find its lines? Ends with
# "N passed, N failed"; passed: the fault was seen.
use strict;
use warnings;
use File::Basename qw(basename dirname);
use File::Temp qw(tempdir);
use POSIX qw(_exit);
use Time::HiRes qw(time);

my $top = dirname(__FILE__) . '/../..';
my $list = $ENV{MUTANTS_LIST} // dirname(__FILE__) . '/faults.list';
my $B = 'build/release';
my $SECONDS = 240;    # for one test; the slowest takes half a minute on a machine with other work
my $main = $$;

# ---- the list --------------------------------------------------------------------------------------------------------------------------

# Blocks parted by empty lines: "FILE  TEST...", what it harms, then the old lines behind "-", the new ones behind "+", kept ones behind "=".
sub read_list {
	open(my $in, '<', $list) or die "mutants: $list: $!\n";
	local $/ = '';
	my @faults;
	while (my $block = <$in>) {
		my @lines = grep { !/^#/ } split /\n/, $block;
		next unless @lines;
		my ($file, @tests) = split ' ', shift @lines;
		my $open = grep { $_ eq 'open' } @tests;
		@tests = grep { $_ ne 'open' } @tests;
		my ($harm) = map { s/^\s+//r } shift @lines;
		my (@old, @new);
		for (@lines) {
			if (/^-\s*(.*?)\s*$/) { push @old, $1 }
			elsif (/^\+\s*(.*?)\s*$/) { push @new, $1 }
			elsif (/^=\s*(.*?)\s*$/) { push @old, $1; push @new, $1 }
			else { die "mutants: $list: neither old nor new: $_\n" }
		}
		die "mutants: $list: incomplete: $file: $harm\n" unless @tests && @old;
		die "mutants: $list: nothing changes: $file: $harm\n" if "@old" eq "@new";
		push @faults, { file => $file, tests => \@tests, open => $open, harm => $harm, old => \@old, new => \@new };
	}
	return @faults;
}

# A text without white space and without the seams of string literals, and where in the text each
# character of it stands: how lines are broken and indented is the formatter's.
sub bare {
	my ($text) = @_;
	my ($bare, @at) = ('');
	while ($text =~ /(?:"\s*"|\s)*(\S)/g) {
		$bare .= $1;
		push @at, pos($text) - 1;
	}
	return ($bare, \@at);
}

# The text with the fault in it. The old lines must stand there exactly once.
sub broken {
	my ($fault, $text) = @_;
	my ($bare, $at) = bare($text);
	my ($old) = bare(join "\n", @{ $fault->{old} });
	my $from = index $bare, $old;
	return undef if $from < 0 || index($bare, $old, $from + 1) >= 0;
	my ($first, $last) = @$at[$from, $from + length($old) - 1];
	return substr($text, 0, $first) . join("\n", @{ $fault->{new} }) . substr $text, $last + 1;
}

# ---- one fault -------------------------------------------------------------------------------------------------------------------------

sub slurp {
	my ($name) = @_;
	local $/;
	open(my $in, '<', $name) or die "mutants: $name: $!\n";
	return scalar <$in>;
}

sub put {
	my ($name, $text) = @_;
	open(my $out, '>', $name) or die "mutants: $name: $!\n";
	print $out $text;
	close $out or die "mutants: $name: $!\n";
}

sub program { return $_[0] =~ /\.t$|^proof:/ ? () : ("$B/t/$_[0]") }
sub command { return $_[0] =~ /\.t$/ ? "prove tests/$_[0]" : "$B/t/$_[0]" }

# How many goals of a function cannot be proven.
sub open_goals {
	my ($tree, $file, $function) = @_;
	my $timeout = $ENV{PROOF_TIMEOUT} // 10;
	my $out = `cd '$tree' && frama-c -machdep gcc_x86_64 -cpp-extra-args='-Iinclude -D_GNU_SOURCE' $file -wp -wp-rte -wp-prover z3,cvc4 -wp-timeout $timeout -wp-par 2 -wp-fct $function 2>&1`;
	return $out =~ m{^\[wp\] Proved goals: *(\d+) / (\d+)$}m ? $2 - $1 : undef;
}

# In the directory of a tree. 0: green; else why not.
sub red {
	my ($tree, $test, $file) = @_;
	if ($test =~ /^proof:(.*)/) {
		my $open = open_goals($tree, $file, $1);
		return defined $open && $open > 0 ? "$open goals open" : 0;
	}
	my $status = system("cd '$tree' && timeout -k 5 $SECONDS " . command($test) . ' >test.log 2>&1 </dev/null');
	return 0 if $status == 0;
	return $status >> 8 == 124 ? 'no end' : 'red';
}

sub build {
	my ($tree, @tests) = @_;
	my @goals = map { program($_) } @tests;
	push @goals, 'all' if grep { /\.t$/ } @tests;
	return system("cd '$tree' && make --no-print-directory @goals >build.log 2>&1") == 0;
}

sub cheap {
	my %seen;
	return grep { !$seen{$_}++ } map { basename($_) } grep { !/curl|jmespath|emulator|man_|\.log$|fuzz/ } glob("$top/$B/t/*");
}

# What became of it, and whether that is as it should be.
sub judge {
	my ($tree, $fault) = @_;
	unlink "$tree/test.log";
	my $text = slurp("$tree/$fault->{file}");
	my $bad = broken($fault, $text);
	return ('the text has changed', 0) unless defined $bad;
	my $object = "$tree/$B/" . ($fault->{file} =~ s/\.c$/.o/r);
	my $was = (stat "$tree/$fault->{file}")[9];
	rename $object, "$object.good" or return ('no object', 0);
	put("$tree/$fault->{file}", $bad);
	my @result = ('NOBODY', 0);
	if (!build($tree, @{ $fault->{tests} })) {
		@result = ('does not compile', 0);
	} else {
		for my $test (@{ $fault->{tests} }, $ENV{MUTANTS_ANY} ? cheap() : ()) {
			next if $ENV{MUTANTS_ANY} && !build($tree, $test);
			my $why = red($tree, $test, $fault->{file}) or next;
			@result = ($why eq 'red' ? $test : "$test ($why)", 1);
			last;
		}
		# Not root, no Landlock, a file system without attributes: what a test leaves out here it cannot see.
		@result = ('left out here', undef) if !$result[1] && -e "$tree/test.log" && slurp("$tree/test.log") =~ /SKIPPED/;
	}
	# As before, and as old: it need not be built again, but the library does.
	put("$tree/$fault->{file}", $text);
	utime $was, $was, "$tree/$fault->{file}";
	rename "$object.good", $object;
	unlink "$tree/$B/lib.a";
	return @result;
}

# ---- all of them -----------------------------------------------------------------------------------------------------------------------

# Does each fault still find its lines? That takes no build, so lint asks it.
sub fits {
	chdir $top or die "mutants: $top: $!\n";
	my @bad = grep { !-e $_->{file} || !defined broken($_, slurp($_->{file})) } read_list();
	print "$_->{file}: the text has changed: $_->{harm}\n" for @bad;
	return @bad == 0;
}
exit(fits() ? 0 : 1) if "@ARGV" eq '--fits';

my @words = @ARGV;
my @faults = grep { my $f = $_; !@words || grep { index("$f->{file} @{$f->{tests}} $f->{harm}", $_) >= 0 } @words } read_list();
if (my $every = $ENV{MUTANTS_SAMPLE}) {
	my $from = `git rev-list --count HEAD` % $every;
	@faults = @faults[grep { $_ % $every == $from } 0 .. $#faults];
}
die "mutants: no such fault\n" unless @faults;
my $n = $ENV{MUTANTS_WORKERS} || `nproc` || 1;
$n = @faults if $n > @faults;
my %tests = map { $_ => 1 } map { @{ $_->{tests} } } @faults;
chdir $top or die "mutants: $top: $!\n";

my $scratch = tempdir('acrotate-mutants.XXXXXX', TMPDIR => 1, CLEANUP => 0);
my @pids;
sub end { my ($how) = @_; return unless $$ == $main; kill 'TERM', @pids if @pids; waitpid $_, 0 for @pids; system('rm', '-rf', $scratch); exit $how }
local $SIG{INT} = sub { end(1) };
local $SIG{TERM} = sub { end(1) };
my @programs = map { program($_) } sort keys %tests;
my $all = grep({ /\.t$/ } keys %tests) ? 'all' : '';
system("make --no-print-directory $all @programs >'$scratch/build.log' 2>&1") == 0 or do {
	print slurp("$scratch/build.log");
	end(1);
};
# A test that is red without a fault would see every one, and so would a proof.
if (grep { /^proof:/ } keys %tests) {
	$ENV{WHY3CONFIG} = "$scratch/why3.conf";
	system('why3 config detect >/dev/null 2>&1');
}
my %proofs = map { my $f = $_; map { /^proof:(.*)/ ? ("$f->{file} $1" => 1) : () } @{ $f->{tests} } } @faults;
for (sort keys %proofs) {
	next if (open_goals('.', split) // 1) == 0;
	print "mutants: not proven as it is: $_\n";
	end(1);
}
for my $test (grep { !/^proof:/ } sort keys %tests) {
	next unless system('timeout -k 5 ' . $SECONDS . ' ' . command($test) . " >'$scratch/test.log' 2>&1 </dev/null");
	print slurp("$scratch/test.log"), "mutants: $test is red without any fault\n";
	end(1);
}

# Each worker has a tree of its own, and takes every nth fault.
mkdir "$scratch/results";
for my $w (0 .. $n - 1) {
	my $pid = fork // die "mutants: $!\n";
	if ($pid) { push @pids, $pid; next }
	$SIG{INT} = $SIG{TERM} = 'DEFAULT';
	my $tree = "$scratch/tree$w";
	mkdir $tree;
	mkdir $_ for "$tree/build", "$tree/$B";
	system("cp -a Makefile VERSION LICENSE etc include packaging src tests '$tree' && cp -a $B/src $B/tests $B/lib.a '$tree/$B'") == 0 or _exit(1);
	for (my $i = $w; $i < @faults; $i += $n) {
		my $start = time;
		my ($by, $ok) = judge($tree, $faults[$i]);
		# What no test sees yet is told, and has to be marked no longer once one does.
		($by, $ok) = $by eq 'NOBODY' ? ('open', 2) : ("$by: no longer open", 0) if $faults[$i]{open};
		printf "%-32s %4.0f s  %-24s %s\n", $by, time - $start, basename($faults[$i]{file}), $faults[$i]{harm};
		STDOUT->flush;
		put("$scratch/results/$i", !defined $ok ? 'left out' : $ok == 2 ? 'open' : $ok ? 'seen' : 'not');
	}
	_exit(0);
}
waitpid $_, 0 for @pids;
@pids = ();
my @results = map { -e "$scratch/results/$_" ? slurp("$scratch/results/$_") : 'not' } 0 .. $#faults;
my ($seen, $not) = (scalar(grep { $_ eq 'seen' } @results), scalar(grep { $_ eq 'not' } @results));
my $open = grep { $_ eq 'open' } @results;
print "mutants: $open are open: no test sees them yet\n" if $open;
printf "%d passed, %d failed\n", $seen, $not;
end($not == 0 && $seen > 0 ? 0 : 1);
