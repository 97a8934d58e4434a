#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Real disks in trouble: full, read-only, immutable, gone, mounted over. In a mount name space of its own when root; else what needs no
# root is tried. After each: the guarantee holds, the run says so with a status that the contract names, and when the trouble is over
# undisturbed runs bring everything in step.
use strict;
use warnings;
# A mount name space of our own, before anything is made that would have to be removed.
BEGIN {
	if ($> == 0 && !$^C && !$ENV{PROVE_OWN_MOUNTS}) {
		$ENV{PROVE_OWN_MOUNTS} = 1;
		exec 'unshare', '-m', '--propagation', 'private', $^X, $0, @ARGV or die "unshare: $!";
	}
}
use FindBin;
use lib $FindBin::Bin;
use IO::Socket::UNIX;
use Prove;
use Socket qw(SOCK_DGRAM);

my $root = $> == 0;

sub sh { my ($rc, $said) = run('sh', '-c', "cd '" . dir() . "' && $_[0]"); die "$_[0]: $said" if $rc != 0; return $said; }

# What is done to the disk, how it is undone, the statuses that are right, the sinks that cannot be read meanwhile.
sub trouble {
	my ($group, $title, $do, $undo, $statuses, @gone) = @_;
	scenario($group, $title, sub {
		advance(61);
		my $before = password_in('env');
		sh($do);
		my ($rc, $said) = acrotate();
		my @why = guarantee($before, @gone);
		sh($undo);
		push @why, guarantee($before);
		print STDERR "exit $rc $title\n" if $ENV{PROVE_VERBOSE};
		push @why, "exit $rc: $said" unless grep { $_ == $rc } @$statuses;
		push @why, "says nothing: exit $rc" if $rc != 0 && $rc != 75 && $said !~ /\w/;
		return @why, converge(4);
	});
}

start_emulator();
for my $where ('sinks', 'state') {
	last unless $root;
	# A file system of its own under the directory, with what is in it.
	my $mount = "cp -a $where hold && mount -t tmpfs -o size=256k,mode=700 tmpfs $where && cp -a hold/. $where/";
	my $undo = "cp -a $where/. hold2 && umount $where && rm -rf $where/* && cp -a hold2/. $where/ && rm -rf hold hold2";
	my $unfill = "rm -f $where/filler && mkdir hold2 && $undo";
	for my $free (0 .. 6) {
		my $kib = $free * 4;
		# Full, then so many pages free again.
		trouble('a real full disk', "$where, $kib KiB free", "$mount && { cat /dev/zero >$where/filler 2>/dev/null || :; }" .
			($free ? " && truncate -s -${kib}K $where/filler" : ''), $unfill, [ 74, $kib > 0 ? 0 : () ]);
	}
	trouble('a read-only directory', $where, "$mount && mount -o remount,ro $where", "mount -o remount,rw $where && mkdir hold2 && $undo", [ 74 ]);
	trouble('no inode left', $where, "cp -a $where hold && mount -t tmpfs -o nr_inodes=6,mode=700 tmpfs $where && cp -a hold/. $where/ &&"
		. " for i in 1 2 3 4 5 6 7; do touch $where/filler.\$i 2>/dev/null || break; done",
		"rm -f $where/filler.* && mkdir hold2 && $undo", [ 74 ]);
}
my %files = (docker => 'config.json', env => 'registry.env', place => 'in-place');
my $can_freeze = $root && (run('sh', '-c', "f='" . work_dir() . "/x'; : >\$f && chattr +i \$f && chattr -i \$f"))[0] == 0;
print "# this file system knows no immutable files: left out\n" unless $can_freeze;
if ($can_freeze) {
	trouble('an immutable file', $files{$_}, "chattr +i sinks/$files{$_}", "chattr -i sinks/$files{$_}", [ 74 ]) for sinks();
	trouble('an immutable file', 'the directory', 'chattr +i sinks', 'chattr -i sinks', [ 74 ]);
	trouble('an immutable file', 'the state', 'chattr +i state/web.state', 'chattr -i state/web.state', [ 74 ]);
}
trouble('a vanished directory', 'all sinks', 'mv sinks away', 'mv away sinks', [ 74 ], sinks());
trouble('a vanished file', $files{$_}, "mv sinks/$files{$_} away", "mv away sinks/$files{$_}", [ 0 ], $_) for sinks();
for my $odd ('mkdir', 'mkfifo', 'ln -s /nowhere/at/all', 'ln -s registry.env') {
	trouble('no regular file any more', "$_, $odd", "mv sinks/$files{$_} away && $odd sinks/$files{$_}",
		"rm -rf sinks/$files{$_} && mv away sinks/$files{$_}", [ 74 ], $_) for grep { $odd !~ /registry/ || $_ eq 'docker' } sinks();    # a bare password reads as any line
}
if ($root) {
	trouble('a bind-mounted file', "$files{$_}, over it", "cp -a sinks/$files{$_} other && mount --bind other sinks/$files{$_}",
		"cat sinks/$files{$_} >other2; umount sinks/$files{$_} && cat other2 >sinks/$files{$_}", [ $_ eq 'place' ? 0 : 78 ]) for sinks();
	trouble('a bind-mounted file', "$files{$_}, seen by another process",
		": >seen && { unshare -m --propagation private sh -c 'mount --bind sinks/$files{$_} seen && echo up >up && exec sleep 30' >/dev/null 2>&1 & echo \$! >sleeper; }"
		. ' && for i in 1 2 3 4 5 6 7 8 9 10; do [ -e up ] && break; sleep 0.1; done; sleep 1.1',
		'kill $(cat sleeper); rm -f up', [ $_ eq 'place' ? 0 : 78 ]) for sinks();
}
for my $limit ('-f 0', '-n 12', '-n 16', '-n 24', '-l 0') {
	scenario('limits of the process', "ulimit $limit", sub {
		advance(61);
		my $before = password_in('env');
		my ($rc, $said) = run('sh', '-c', "ulimit $limit; exec \"\$@\"", 'sh', build() . '/acrotate', 'run', '-c', dir() . '/e/acrotate.conf');
		return guarantee($before), converge(4);
	});
}
if ($root) {
	my $dev = own_dev();
	scenario('a log that nobody reads', 'as full as it gets', sub {
		my $log = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => '/dev/log') or die "/dev/log: $!";
		my $rival = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Peer => '/dev/log', Blocking => 0) or die "/dev/log: $!";
		1 while $rival->send('x');
		advance(61);
		my $before = password_in('env');
		my ($rc, $said) = acrotate('timeout', '-s', 'KILL', '30');
		unlink '/dev/log';
		return guarantee($before), ($rc == 0 ? () : "exit $rc: $said"), converge(4);
	});
	sh("umount -R -l '$dev'");
}
report();
