#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# report.pl BUILD PREFIX...: what no test has executed of the sources whose names begin with a PREFIX, from the counters in BUILD/profiles.
# What makes it fail:
#   - a statement that never ran;
#   - an error branch: a condition that never came out as it does when something has failed. That is false for a call that takes an error
#     to fill (`f(..., e)`), true for what leads to an error (`if (...) return err_sys(...)`, `return false`), both for what asks errno.
# Of other conditions that came out one way only the number is told; COVERAGE=all lists them. What is in tests/coverage/unreached is told
# with its reason, and does not count; an entry there that no longer fits the source does.
use strict;
use warnings;
use JSON::PP;

my ($build, @prefixes) = @ARGV;
@prefixes or die "usage: report.pl BUILD PREFIX...\n";
my $list = 'tests/coverage/unreached';

# FILE, then indented lines: "OUTCOME: the text of the condition or the beginning of the code", and deeper the reason.
sub read_known {
	my (@known, $file);
	open my $f, '<', $list or die "$list: $!\n";
	while (<$f>) {
		chomp;
		next if /^#|^\s*$/;
		if (/^(\S+)$/) { $file = $1 }
		elsif (/^\t(true|false|code): (.+)$/) { push @known, { file => $file, outcome => $1, text => $2, reason => '', used => 0, line => $. } }
		elsif (/^\t\t(.+)$/ && @known) { $known[-1]{reason} .= ($known[-1]{reason} ne '' ? ' ' : '') . $1 }
		else { die "$list:$.: neither a file, an outcome nor a reason\n" }
	}
	for (@known) { die "$list:$_->{line}: no reason\n" if $_->{reason} eq '' }
	return @known;
}

sub export {
	my @profiles = glob "$build/profiles/*.profraw";
	@profiles or die "no profiles in $build/profiles\n";
	open my $names, '>', "$build/profiles.list" or die "$build/profiles.list: $!\n";
	print $names map { "$_\n" } @profiles;
	close $names or die "$build/profiles.list: $!\n";
	system('llvm-profdata', 'merge', '-sparse', '-failure-mode=all', '-f', "$build/profiles.list", '-o', "$build/all.profdata") == 0
		or die "llvm-profdata failed\n";
	open my $json, '-|', "llvm-cov export -instr-profile=$build/all.profdata $build/acrotate-net -object $build/acrotate 2>$build/llvm-cov.err"
		or die "llvm-cov: $!\n";
	local $/;
	my $all = JSON::PP->new->decode(<$json>);
	close $json or die "llvm-cov failed, see $build/llvm-cov.err\n";
	return @{$all->{data}[0]{files}};
}

my %lines;
sub source {
	my ($file) = @_;
	return $lines{$file} //= do {
		open my $f, '<', $file or die "$file: $!\n";
		[map { s/\n//r } <$f>];
	};
}

# The text from one place to another, blanks made one.
sub text {
	my ($file, $from, $column, $to, $end) = @_;
	my $lines = source($file);
	my $text = $from == $to ? substr($lines->[$from - 1], $column - 1, $end - $column)
		: join ' ', substr($lines->[$from - 1], $column - 1), @$lines[$from .. $to - 2], substr($lines->[$to - 1], 0, $end - 1);
	return $text =~ s/\s+/ /gr =~ s/^ | $//gr;
}

my %whole;
sub whole {
	my ($file) = @_;
	return $whole{$file} //= do {
		my (@starts, $text);
		$text = '';
		for (@{source($file)}) { push @starts, length $text; $text .= "$_\n" }
		{ text => $text, starts => \@starts };
	};
}

# What the if or while does whose condition this one is in: the text behind its closing parenthesis.
sub consequence {
	my ($file, $from, $column, $to, $end) = @_;
	my ($text, $starts) = @{whole($file)}{qw(text starts)};
	my ($begin, $stop) = ($starts->[$from - 1] + $column - 1, $starts->[$to - 1] + $end - 1);
	my $before = substr($text, $begin > 1500 ? $begin - 1500 : 0, $begin > 1500 ? 1500 : $begin);
	my $base = $begin - length $before;
	while ($before =~ /.*\b(?:if|while) \(/sg) {
		my ($at, $depth) = ($base + $+[0], 1);
		$depth += { '(' => 1, ')' => -1 }->{substr($text, $at++, 1)} // 0 while $depth > 0 && $at < length $text;
		return substr($text, $at, 400) if $at > $stop;
		$before = substr($before, 0, $-[0]) =~ s/\b(?:if|while) \($//r;
	}
	return '';
}

sub is_error_branch {
	my ($file, $at, $outcome, $text) = @_;
	return 1 if $text =~ /\berrno\b/;
	return $outcome eq ($text =~ /^!/ ? 'true' : 'false') if $text =~ /, (?:e|&why|&ignored|w->e)\)$/;
	return $outcome eq 'true' && consequence($file, @$at) =~ /^\s*\{?[^;{}]*(?:err_(?:set|sys|in)\(|return (?:false|FAILED|failed|-1)|leave_out|ok = false)/;
}

# An operand of ?: or of a condition, or the step of a loop, is as good as the condition it hangs on, unless it makes an error.
sub is_statement {
	my ($file, $line, $column, $text) = @_;
	my ($all, $starts) = @{whole($file)}{qw(text starts)};
	my $at = $starts->[$line - 1] + $column - 1;
	return 1 if $text =~ /\berr_(?:set|sys|in)\(|\bFAILED\b/;
	return substr($all, $at > 200 ? $at - 200 : 0, $at > 200 ? 200 : $at) !~ /(?:[?:]|&&|\|\|)\s*$/ && $text !~ /^\w+(?:\+\+|--|[*+]= \w+)$/ &&
		$text !~ /^(?:\(?\d[\d *()]*|[=!]= \w+)$/;
}

# Places: [line, column, outcome, text, counts]. A condition is told where it was looked at and came out one way only; code that never ran is
# told once, not for each condition in it. Last: does it count?
sub places {
	my ($file) = @_;
	my $name = $file->{filename};
	my (@places, %count, @off);
	for my $b (@{$file->{branches}}) {
		my ($l, $c, $m, $d, $true, $false) = @$b;
		my $sum = $count{"$l:$c:$m:$d"} //= { at => [$l, $c, $m, $d], true => 0, false => 0 };
		$sum->{true} += $true;
		$sum->{false} += $false;
	}
	for my $s (values %count) {
		next if $s->{true} == 0 && $s->{false} == 0;    # in code that never ran, or a constant
		for my $outcome (qw(true false)) {
			my $text = text($name, @{$s->{at}});
			# What fills an error answers false, by contract.
			next if $s->{$outcome} || ($outcome eq 'true' && $text =~ /^(?:err_(?:set|sys|in)|failed|refuse)\(/);
			push @places, [@{$s->{at}}[0, 1], $outcome, $text, is_error_branch($name, $s->{at}, $outcome, $text)];
		}
	}
	my $from;
	for my $s (@{$file->{segments}}) {
		my ($l, $c, $n, $has, $entry, $gap) = @$s;
		my $never = $has && $n == 0;
		if ($never && !$gap) { $from //= [$l, $c] }
		elsif ($from && !$never) { push @places, [@$from, 'code', text($name, @$from, $l, $c), is_statement($name, @$from, text($name, @$from, $l, $c))]; undef $from }
	}
	return sort { $a->[0] <=> $b->[0] || $a->[1] <=> $b->[1] } @places;
}

my @known = read_known();
my ($files, $branches, $taken, @new, @told, @other) = (0, 0, 0);
for my $file (sort { $a->{filename} cmp $b->{filename} } export()) {
	$file->{filename} =~ s{^\./}{};
	next unless grep { index($file->{filename}, $_) == 0 } @prefixes;
	$files++;
	my $sum = $file->{summary}{branches};
	$branches += $sum->{count};
	$taken += $sum->{covered};
	for my $p (places($file)) {
		my ($why) = grep { !$_->{used} && $_->{file} eq $file->{filename} && $_->{outcome} eq $p->[2] && index($p->[3], $_->{text}) == 0 } @known;
		$why->{used}++ if $why;
		push @{$why ? \@told : $p->[4] ? \@new : \@other}, sprintf "%s:%d:%d: %s%s\n", $file->{filename}, @$p[0, 1],
			$p->[2] eq 'code' ? "never executed: " . substr($p->[3], 0, 100) : "never $p->[2]: $p->[3]", $why ? "\n    $why->{reason}" : '';
	}
}
$files or die "nothing in @prefixes has counters\n";

print "not executed by any test, and known to be so:\n", @told if @told;
print "other conditions that came out one way only:\n", @other if ($ENV{COVERAGE} // '') eq 'all';
print "not executed by any test:\n", @new if @new;
my $stale = 0;
for my $k (@known) {
	next if $k->{used} || index(join(' ', map { s/\s+/ /gr =~ s/^ //r } @{source($k->{file})}), $k->{text}) >= 0;
	print "$list:$k->{line}: '$k->{text}' is no longer in $k->{file}\n";
	$stale++;
}
printf "coverage of %s: %d files, %d of %d outcomes of conditions; statements and error branches not executed: %d, and %d with a reason\n", "@prefixes",
	$files, $taken, $branches, scalar @new, scalar @told;
printf "%d passed, %d failed\n", $branches, @new + $stale;
exit(@new || $stale ? 1 : 0);
