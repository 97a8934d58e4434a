#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# restricted.pl: a CronJob (JSON) on standard input. Prints what of it Pod Security's level "restricted" would refuse, and what the manual promises beyond that; fails
# if there is anything. The rules: https://kubernetes.io/docs/concepts/security/pod-security-standards/
use strict;
use warnings;
use JSON::PP;

local $/;
my $spec = decode_json(<STDIN>)->{spec}{jobTemplate}{spec}{template}{spec};
my $pod = $spec->{securityContext} // {};
my @wrong;
my $not = sub { push @wrong, $_[1] if !$_[0] };
my %volumes = map { $_ => 1 } qw(configMap csi downwardAPI emptyDir ephemeral persistentVolumeClaim projected secret);

$not->(!$spec->{$_}, $_) for qw(hostNetwork hostPID hostIPC hostUsers initContainers ephemeralContainers);
for my $v (@{ $spec->{volumes} // [] }) {
	$not->($volumes{$_}, "volume $v->{name} of type $_") for grep { $_ ne 'name' } keys %$v;
}
$not->(@{ $spec->{containers} } == 1, 'more than one container');
for my $c (@{ $spec->{containers} }) {
	my $s = $c->{securityContext} // {};
	my $said = sub { $s->{ $_[0] } // $pod->{ $_[0] } };
	$not->($said->('runAsNonRoot'), 'runAsNonRoot');
	$not->(($said->('runAsUser') // 0) > 0, 'runAsUser');
	$not->(defined $s->{allowPrivilegeEscalation} && !$s->{allowPrivilegeEscalation}, 'allowPrivilegeEscalation');
	$not->(!$s->{privileged}, 'privileged');
	$not->((($said->('seccompProfile') // {})->{type} // '') =~ /^(RuntimeDefault|Localhost)$/, 'seccompProfile');
	$not->(grep({ $_ eq 'ALL' } @{ $s->{capabilities}{drop} // [] }) > 0, 'capabilities.drop');
	$not->(!@{ $s->{capabilities}{add} // [] }, 'capabilities.add');
	$not->(!$s->{procMount} || $s->{procMount} eq 'Default', 'procMount');
	$not->(!grep({ $_->{hostPort} } @{ $c->{ports} // [] }), 'hostPort');
	# Beyond it.
	$not->($s->{readOnlyRootFilesystem}, 'readOnlyRootFilesystem');
	$not->($c->{resources}{limits}{memory}, 'no limit of memory');
	$not->($_->{readOnly}, "volume $_->{name} can be written") for @{ $c->{volumeMounts} // [] };
}
print map { "$_\n" } @wrong;
exit(@wrong > 0);
