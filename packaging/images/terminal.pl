#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# terminal.pl TITLE <OUTPUT >FILE.svg: what a program wrote to a terminal, as a picture for light and dark pages.
use strict;
use warnings;

my $title = shift // 'terminal';
my ($width, $height, $left, $top) = (8.43, 20, 16, 44);    # of a character, a line; of the first one
my %name = (31 => 'red', 32 => 'green', 33 => 'yellow', 34 => 'blue', 35 => 'magenta', 36 => 'cyan', 1 => 'bold', 2 => 'dim');

sub escaped { return $_[0] =~ s/&/&amp;/gr =~ s/</&lt;/gr =~ s/>/&gt;/gr }

binmode STDIN, ':utf8';
binmode STDOUT, ':utf8';
my (@lines, $columns);
$columns = 40;
while (my $line = <STDIN>) {
	chomp $line;
	my (@spans, %on);
	for my $part (split /(\x1b\[[0-9;]*m)/, $line) {
		if ($part =~ /^\x1b\[([0-9;]*)m$/) {
			for (split /;/, $1 eq '' ? '0' : $1) {
				if ($_ == 0) { %on = () }
				elsif ($_ == 39) { delete @on{ grep { !/bold|dim/ } keys %on } }
				elsif ($name{$_}) { $on{ $name{$_} } = 1 }
			}
		} elsif ($part ne '') {
			push @spans, [ join(' ', sort keys %on), $part ];
		}
	}
	push @lines, \@spans;
	my $n = length join '', map { $_->[1] } @spans;
	$columns = $n if $n > $columns;
}
my ($w, $h) = (int(2 * $left + $columns * $width + 1), $top + @lines * $height + 4);
print <<"END";
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 $w $h" width="$w" height="$h" role="img" aria-label="@{[escaped($title)]}">
<style>
  .page { fill: #f6f8fa; stroke: #d1d9e0; }
  text { font: 14px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #1f2328; white-space: pre; }
  .title { fill: #59636e; }
  .bold { font-weight: 700; } .dim { fill: #59636e; } .red { fill: #cf222e; } .green { fill: #1a7f37; }
  .yellow { fill: #9a6700; } .blue { fill: #0969da; } .magenta { fill: #8250df; } .cyan { fill: #1b7c83; }
  \@media (prefers-color-scheme: dark) {
    .page { fill: #151b23; stroke: #3d444d; }
    text { fill: #e6edf3; }
    .title, .dim { fill: #9198a1; } .red { fill: #ff7b72; } .green { fill: #3fb950; }
    .yellow { fill: #d29922; } .blue { fill: #4493f8; } .magenta { fill: #ab7df8; } .cyan { fill: #39c5cf; }
  }
</style>
<rect class="page" x="0.5" y="0.5" width="@{[$w - 1]}" height="@{[$h - 1]}" rx="6"/>
<text class="title" x="$left" y="24">\$ @{[escaped($title)]}</text>
END
for my $i (0 .. $#lines) {
	my $column = 0;
	my $y = $top + $i * $height + 10;
	for (@{ $lines[$i] }) {
		my ($class, $text) = @$_;
		printf qq{<text%s x="%.2f" y="%d">%s</text>\n}, $class eq '' ? '' : qq{ class="$class"}, $left + $column * $width, $y,
			escaped($text) if $text =~ /\S/;
		$column += length $text;
	}
}
print "</svg>\n";
