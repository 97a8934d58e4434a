#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# replay.pl RECORDING URL CA BEARER-FILE: sends the requests of a recording of the real service to the emulator and compares status,
# headers and bodies. Names, ids, states and messages must be equal; times, passwords and people only of the same form.
use strict;
use warnings;
use JSON::PP;

my ($file, $base, $ca, $bearer) = @ARGV;
open my $f, '<', $file or die "$file: $!";
my $recording = decode_json(do { local $/; <$f> });
my %drift = map { $_ => 1 } @{ $recording->{drift} };
my (@wrong, %last);

sub form {
	my ($text) = @_;
	return 'time' if $text =~ /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6}[1-9]|\.[1-9])?(Z|\+00:00)$/;
	return 'password' if $text =~ /^\(\d+ characters\)$/ || $text =~ /^[A-Za-z0-9+\/]{42}\+ACR[A-Za-z0-9+\/]{6}$/;
	return 'somebody' if $text =~ /\@example\.com$/ || $text =~ /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
	return $text;
}

sub compare {
	my ($where, $want, $got) = @_;
	my ($key) = $where =~ /([^.]*)$/;
	return if $drift{$key};
	if (ref $want eq 'HASH') {
		return push @wrong, "$where: no object" if ref $got ne 'HASH';
		for my $k (sort keys %{ { %$want, %$got } }) {
			next if $drift{$k};
			push @wrong, "$where.$k: missing" and next if !exists $got->{$k};
			push @wrong, "$where.$k: not in the recording" and next if !exists $want->{$k};
			compare("$where.$k", $want->{$k}, $got->{$k});
		}
	} elsif (ref $want eq 'ARRAY') {
		return push @wrong, "$where: no array" if ref $got ne 'ARRAY';
		return push @wrong, "$where: " . @$got . " members instead of " . @$want if @$got != @$want;
		compare("$where.$_", $want->[$_], $got->[$_]) for 0 .. $#$want;
	} elsif ($key =~ /^(created|lastModified)ByType$/) {
		return;    # a person there, an application here
	} elsif ($key eq 'expiry') {
		push @wrong, "$where: '$got' instead of '$want'" if $want ne $got;    # echoed, so equal to the digit
	} else {
		my ($w, $g) = map { form(defined $_ ? "$_" : 'null') } $want, $got;
		push @wrong, "$where: '$g' instead of '$w'" if $w ne $g;
	}
}

sub link_of {
	my ($link) = @_;
	$link =~ s/^\Q$base\E//;
	$link =~ s/([&?][tcsh]=)[^&]*/$1/g;
	return $link;
}

sub ask {
	my ($e) = @_;
	my $url = $e->{follow} ? $last{ $e->{follow} } : "$base$e->{path}";
	my @curl = ('curl', '-sS', '-i', '--cacert', $ca, '-X', $e->{method}, '-H', "\@$bearer", '-H', 'Accept: application/json');
	push @curl, '-H', "x-ms-client-request-id: $e->{client_request_id}" if $e->{client_request_id};
	push @curl, '-H', 'Content-Type: application/json', '-d', encode_json($e->{request}) if $e->{request};
	open my $p, '-|', @curl, $url or die "curl: $!";
	my $reply = do { local $/; <$p> } // '';
	close $p;
	my ($head, $body) = split /\r\n\r\n/, $reply, 2;
	my ($status) = ($head // '') =~ m{^HTTP/1.1 (\d+)};
	my %header = map { /^([^:]+): *(.*?)\r?$/ ? (lc $1, $2) : () } split /\n/, $head // '';
	return ($status, \%header, $body);
}

my $n = 0;
for my $e (@{ $recording->{entries} }) {
	@wrong = ();
	sleep $e->{wait} if $e->{wait};
	my ($status, $header, $body) = ask($e);
	push @wrong, "status $status instead of $e->{status}" if $status != $e->{status};
	for my $h (sort keys %{ $e->{headers} }) {
		my ($want, $got) = ($e->{headers}{$h}, $header->{$h});
		push @wrong, "header $h is missing" and next if !defined $got;
		($want, $got) = (link_of($want), link_of($got)) if $h =~ /^(location|azure-asyncoperation)$/;
		next if $want eq '*' || $h =~ /^x-ms-ratelimit/;
		next if $h eq 'retry-after';    # the emulator's can be set
		push @wrong, "header $h: '$got' instead of '$want'" if $got ne $want;
	}
	push @wrong, 'a polling URL that was there before' if $e->{follow} && $header->{ $e->{follow} } && $header->{ $e->{follow} } eq $last{ $e->{follow} };
	push @wrong, 'a polling URL of ' . length($header->{'azure-asyncoperation'}) . ' bytes'
		if ($e->{headers}{'azure-asyncoperation'} // '') =~ /&c=/ && length($header->{'azure-asyncoperation'} // '') < 2900;
	$last{$_} = $header->{$_} for grep { $header->{$_} } qw(location azure-asyncoperation);
	if ($e->{body}) {
		my $got = eval { decode_json($body) };
		$got ? compare('', $e->{body}, $got) : push @wrong, "no JSON: $body";
	} else {
		push @wrong, 'a body where there was none' if length($body // '') > 0;
	}
	$n++;
	(my $path = $e->{path} // "($e->{follow})") =~ s/.*\/registries\///;
	$path =~ s/.*\/subscriptions\/[^\/]*//;
	print @wrong ? 'not ' : '', "ok - $e->{method} $path\n";
	print "# $_\n" for @wrong;
}
print "# $n exchanges\n";
