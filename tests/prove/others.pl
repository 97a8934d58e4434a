#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Others at work while acrotate runs: itself, a writer of the same config.json that knows no lock, people and programs that generate
# passwords, clocks, redeployments, and whoever edits, restores, copies or loses files. A promise broken is one of: a password that
# somebody may hold was killed by us, an update of somebody else was lost, no way back to one working password everywhere.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use JSON::PP;
use POSIX ();
use Prove;
use Time::HiRes qw(sleep);

# ---- two runs at once ----------------------------------------------------------------------------------------------------------------
sub runs_at_once {
	my ($n) = @_;
	advance(61);
	my ($before, $generated) = (password_in('env'), generations());
	my @pids = map { background() } 1 .. $n;
	my @rc = map { wait_for($_) } @pids;
	my @why = guarantee($before);
	push @why, "exit @rc" if grep { $_ != 0 && $_ != 75 } @rc;
	push @why, 'more than one of them generated' if generations() > $generated + 1;
	return @why, converge();
}

# ---- a writer without a lock -----------------------------------------------------------------------------------------------------------
# Adds one entry after another, as docker does: reads, changes, renames. Says how many there should be.
sub writer {
	my ($stop, $round) = @_;
	my $file = dir() . '/sinks/config.json';
	my $n = 0;
	while (!-e $stop && $n < 4000) {
		my $config = eval { decode_json(slurp($file)) } or next;
		$config->{auths}{"w$round-" . $n++ . '.example.com'} = { auth => 'Zm9vOmJhcg==' };
		spill("$file.docker", JSON::PP->new->pretty->canonical->encode($config));
		rename "$file.docker", $file or POSIX::_exit(1);
		sleep 0.002;
	}
	spill("$stop.count", $n);
	POSIX::_exit(0);
}

sub rival {
	my ($round) = @_;
	my $stop = dir() . "/stop$round";
	my $pid = fork() // die "fork: $!";
	writer($stop, $round) if $pid == 0;
	my @why;
	for (1 .. 4) {
		advance(61);
		my $before = password_in('env');
		my ($rc, $said) = acrotate();
		# Its rename may have brought our former entry back: that is its right, and the password works still.
		push @why, guarantee($before);
		push @why, "exit $rc: $said" unless $rc == 0 || $rc == 74 || $rc == 75;
	}
	spill($stop, '');
	waitpid $pid, 0;
	my $config = decode_json(slurp(dir() . '/sinks/config.json'));
	my $n = slurp("$stop.count");
	my $lost = grep { !exists $config->{auths}{"w$round-$_.example.com"} } 0 .. $n - 1;
	push @why, "!$lost of its $n updates lost" if $lost;
	push @why, converge();
	$config = decode_json(slurp(dir() . '/sinks/config.json'));
	my $later = grep { !exists $config->{auths}{"w$round-$_.example.com"} } 0 .. $n - 1;
	push @why, "!$later of its updates lost by the run after" if $later && !$lost;
	spill(dir() . '/sinks/config.json', JSON::PP->new->encode({ %$config, auths => { map { /^w\d/ ? () : ($_ => $config->{auths}{$_}) } keys %{ $config->{auths} } } }));
	return @why;
}

# ---- somebody generates, at any moment ------------------------------------------------------------------------------------------------------
# While one exchange of ours is held back for a moment, before or after the service acts on it. Left out: between our last look at the token
# and the request to generate, where no client can see it.
sub meddle {
	my ($operation, $skip, $delay, $which) = @_;
	advance(61);
	my ($active, $spare, $before) = (active(), spare(), password_in('env'));
	my $hit = $which eq 'active' ? $active : $spare;
	my @why;
	faults({ operation => $operation, skip => $skip, effect => 'pass', $delay => 2 });
	my $pid = background();
	push @why, 'the run never got there' unless wait_until_hit();
	my $theirs = foreign($hit);
	my $rc = wait_for($pid);
	no_faults();
	forget_logins();
	push @why, '!the password somebody made was killed' unless works($theirs);
	push @why, '!what was deployed before was killed' unless $hit eq $active || works($before);
	push @why, "exit $rc" unless grep { $_ == $rc } 0, 65, 75;
	# Permitted by name it is replaced, after the back-off if ours led nowhere, and everything is in step again.
	my $generation = slots()->{$hit}{creationTime};
	write_job(job => "may_replace = $hit\@$generation");
	for my $later (61, 61, 901, 61) {
		advance($later);
		acrotate();
		last if slots()->{$hit}{creationTime} ne $generation;
	}
	push @why, 'what was permitted is not replaced' if slots()->{$hit}{creationTime} eq $generation;
	push @why, map { "permitted: $_" } converge(4);
	write_job();
	return @why, map { "afterwards: $_" } converge();
}

# ---- clocks -----------------------------------------------------------------------------------------------------------------------------
# The service's clock is off from ours, and ours is set only after that.
sub clock_moves {
	my ($seconds, $when) = @_;
	advance(61);
	my $before = password_in('env');
	if ($when eq 'before') {
		advance_service($seconds);
		my ($rc, $said) = acrotate();
		# Back in time nothing is due, or grace is not over.
		my @why = (guarantee($before), ($rc == 74 && $said =~ /the local clock is/) || ($seconds < 0 && ($rc == 0 || $rc == 75)) ? () : "exit $rc: $said");
		advance_local($seconds);
		return @why, converge(4);
	}
	faults({ operation => $when, effect => 'pass', delay_before => 1 });
	my $pid = background();
	wait_until_hit() or die "the run never got to $when\n";
	advance_service($seconds);
	my $rc = wait_for($pid);
	no_faults();
	my @why = (guarantee($before), (grep { $_ == $rc } 0, 74, 75) ? () : "exit $rc");
	advance_local($seconds);
	return @why, converge(4);
}

sub days_off {
	my ($seconds) = @_;
	advance(61);    # due: what asks nothing of the service learns nothing of its clock
	my ($before, $generated) = (password_in('env'), generations());
	advance_service($seconds);
	my ($rc, $said) = acrotate();
	my @why = generations() == $generated ? () : '!it generated by a clock that is days off';
	push @why, "exit $rc: $said" if $rc == 0;
	advance_service(-$seconds);
	return @why, guarantee($before), converge();
}

# ---- redeployments --------------------------------------------------------------------------------------------------------------------------
sub wiped {
	my (@slots) = @_;
	advance(61);
	control('tokens/web-pull', qq({"action":"wipe","slot":"$_"})) for @slots;
	return converge(4);
}

# While a run is at work: in the middle of it the token has other passwords than it has just read, or none.
sub wiped_during {
	my ($operation, @slots) = @_;
	advance(61);
	faults({ operation => $operation, effect => 'pass', delay_before => 1 });
	my $pid = background();
	my @why = wait_until_hit() ? () : 'the run never got there';
	control('tokens/web-pull', qq({"action":"wipe","slot":"$_"})) for @slots;
	my $rc = wait_for($pid);
	no_faults();
	push @why, "exit $rc" unless grep { $_ == $rc } 0, 65, 75;
	# A generate that led nowhere backs off, a quarter of an hour at the most.
	advance(901);
	acrotate();
	return @why, converge(4);
}

# ---- the state ---------------------------------------------------------------------------------------------------------------------------------
sub state_is {
	my ($change, @statuses) = @_;
	my $text = slurp(state_file()) or die 'no state';
	advance(61);
	my ($before, $generated) = (password_in('env'), generations());
	my ($first, $last) = (spare(), active());
	my $changed = $change->($text);
	if (defined $changed) { spill(state_file(), $changed) } else { unlink state_file() }
	my (@why, $rc, $said);
	my $told = '';    # a failure is told when it is news
	for (1 .. 3) {
		($rc, $said) = acrotate();
		$told .= $said;
		push @why, "exit $rc: $said" unless grep { $_ == $rc } @statuses;
		push @why, guarantee($before);
		advance(61);
	}
	if (generations() == $generated) {
		# Nobody knows any more which slot the sinks hold: a person says which one may go, first one, then the other.
		push @why, "it does not say what to do: exit $rc: $told" unless $rc == 65 && $told =~ /may_replace = password[12]\@/;
		push @why, "it does not warn: $told" unless $told =~ /may be that very one/;
		permit($first);
		push @why, guarantee($before), map { "one permitted: $_" } converge(4);
		write_job();
		my $between = password_in('env');
		advance(61);
		($rc, $said) = acrotate();
		push @why, guarantee($between);
		push @why, "the other slot is no longer asked for: exit $rc: $said" unless $rc == 65 && $said =~ /may_replace = \Q$last\E\@/;
		permit($last);
		push @why, guarantee($between), map { "both permitted: $_" } converge(4);
		write_job();
	}
	return @why, guarantee(), converge(4);
}

# A backup of the state alone: the generation in use is one it never heard of, and so nobody's; and what the sinks hold works, and may be
# either slot's for all it says. A person permits first the slot that the refusal names, then the other one.
sub state_is_older {
	start_emulator();
	my $older = slurp(state_file());
	settle(61);
	advance(61);
	my ($before, $unknown) = (password_in('env'), active());
	spill(state_file(), $older);
	my (@why, $rc, $said);
	my $told = '';
	for (1 .. 3) {
		($rc, $said) = acrotate();
		$told .= $said;
		push @why, "exit $rc: $said" unless grep { $_ == $rc } 0, 65, 75;
		push @why, guarantee($before);
		advance(61);
	}
	my ($asked) = $rc == 65 && $told =~ /may_replace = (password[12])\@/ or return @why, "it does not ask: exit $rc: $told";
	push @why, "it asks for the slot in use first: $told" if $asked eq $unknown;
	permit($asked);
	push @why, map { "permitted: $_" } converge(4);
	push @why, guarantee($before);
	write_job();
	my $between = password_in('env');
	advance(61);
	($rc, $said) = acrotate();
	push @why, "the other slot is not asked for: exit $rc: $said" unless $rc == 65 && $said =~ /may_replace = \Q$unknown\E\@/;
	push @why, guarantee($between);
	permit($unknown);
	push @why, map { "both permitted: $_" } converge(4);
	write_job();
	return @why, guarantee(), converge(4);
}

# ---- the sinks ---------------------------------------------------------------------------------------------------------------------------------
sub sink_is {
	my ($name, $change) = @_;
	my $file = dir() . '/sinks/' . { docker => 'config.json', env => 'registry.env', place => 'in-place' }->{$name};
	my $older = slurp($file);
	settle(61);
	my ($before, $now) = (password_in($name eq 'env' ? 'place' : 'env'), slurp($file));
	spill($file, $change->($now, $older));
	advance(20);
	my ($rc, $said) = acrotate();
	return guarantee($before), ($rc == 0 || $rc == 75 || $rc == 65 ? () : "exit $rc: $said"), converge(4);
}

# Out of the job file, but still read by a consumer: its slot is kept until that expires.
sub sink_removed {
	my $job = slurp(dir() . '/e/jobs.d/web.conf');
	my $kept = password_in('env');
	(my $without = $job) =~ s/\[sink env\].*?(?=\[sink place\])//s;
	spill(dir() . '/e/jobs.d/web.conf', $without);
	my @why;
	for (1 .. 5) {
		advance(61);
		my ($rc, $said) = acrotate();
		forget_logins();
		push @why, '!the removed sink was cut off' unless works($kept);
		push @why, "exit $rc: $said" unless $rc == 0 || $rc == 75;
	}
	spill(dir() . '/e/jobs.d/web.conf', $job);
	return @why, converge(4);
}

sub unreadable_for_a_while {
	my ($file) = @_;
	my $path = dir() . "/sinks/$file";
	my ($before, @why) = password_in('env');
	rename $path, "$path.away" or die;
	mkdir $path or die;
	for (1 .. 4) { advance(61); acrotate(); }
	forget_logins();
	rmdir $path or push @why, 'the directory in its place is not ours to fill';
	rename "$path.away", $path or die;
	return @why, guarantee($before), converge(4);
}

# ---- a generate that acts late, and the run that sent it is gone -----------------------------------------------------------------------------
sub late {
	my ($after, $killed) = @_;
	start_emulator(lifetime => '90s', renew_before => '85s');
	advance(7);
	my $before = password_in('env');
	faults({ operation => 'generate', effect => 'late', after => $after });
	my $pid = background();
	wait_until_hit() or die "the run never got there\n";
	kill 'KILL', $pid if $killed;
	wait_for($pid);
	no_faults();
	my @why = guarantee($before);
	my ($rc, $said) = acrotate();
	push @why, guarantee($before);
	sleep $after;
	push @why, guarantee();
	advance(10);
	return @why, converge(2);
}

# ---- acrotate token, beside the job whose token it is -----------------------------------------------------------------------------------------
sub token { my ($command, @words) = @_; return (build() . '/acrotate', 'token', split(/ /, $command), qw(-r contoso -g emulated -n web-pull), @words, '--config', conf_path()); }

# What it asks for acts when a run has come between, on the slot that the run would take. Killed, it never learns that it has no answer.
sub token_late {
	my ($command, $killed) = @_;
	start_emulator();
	advance(61);
	my ($before, $spare) = (password_in('env'), spare());
	my $operation = $command eq 'credential delete' ? 'token-patch' : 'generate';
	faults($killed ? { operation => $operation, effect => 'pass', delay_before => 2 } : { operation => $operation, effect => 'late', after => 2 });
	my $child = fork() // die "fork: $!";
	if ($child == 0) {
		open STDOUT, '>', '/dev/null';
		open STDERR, '>', '/dev/null';
		exec token($command, "--$spare") or POSIX::_exit(127);
	}
	wait_until_hit() or die "it never got there\n";
	kill 'KILL', $child if $killed;
	wait_for($child);
	no_faults();
	my $generated = generations();
	my ($rc, $said) = acrotate();
	my @why = (guarantee($before), $rc == 0 || $rc == 75 ? () : "exit $rc: $said");
	push @why, '!it generated what a request may still act on' if generations() != $generated;
	sleep 3;
	push @why, guarantee($before);
	permit($spare) if $operation eq 'generate';
	return @why, converge();
}

# Who read a sink a minute ago is not cut off because this machine's clock says that it was long ago.
sub token_by_clock {
	my ($ahead) = @_;
	start_emulator(job => 'grace = 15m', renew_before => '20m');
	my ($before, $left) = (password_in('env'), active());
	acrotate_by_force();
	advance(60);
	advance_local($ahead);
	my ($rc, $said) = run(token('credential generate', "--$left"));
	advance_local(-$ahead);
	return guarantee($before), $rc == 1 && $said =~ /cut off/ ? () : "!exit $rc: $said";
}
sub acrotate_by_force { my ($rc, $said) = run(build() . '/acrotate', 'run', '--force', '-c', conf_path()); die "$rc: $said" if $rc != 0; }

# ---- all of them ------------------------------------------------------------------------------------------------------------------------------------
my $which = $ARGV[0] // '';
sub try { my ($group, @rest) = @_; scenario($group, @rest) if "$group: $rest[0]" =~ /$which/; }

start_emulator();
for my $n (1 .. 12) { try('runs at once', "$n", sub { runs_at_once($n % 3 + 2) }); }
for my $round (1 .. 5) { try('a writer of config.json without a lock', "$round", sub { rival($round) }); }
start_emulator();
for my $point ([ 'entra', 0 ], [ 'token-get', 0 ], [ 'generate', 0 ], [ 'v2', 0 ], [ 'login', 0 ], [ 'login', 1 ], [ 'login', 2 ], [ 'token-get', 1 ]) {
	for my $delay ('delay_before', 'delay_after') {
		for my $hit ('active', 'spare') {
			next if "$point->[0] $delay $hit" eq 'generate delay_before spare';    # the moment that is left out
			try('foreign generates', "$hit, @$point $delay", sub { start_emulator(); meddle(@$point, $delay, $hit) });
		}
	}
}
start_emulator();
for my $seconds (600, -600, 3000, -3000) {
	for my $when ('before', 'entra', 'token-get', 'generate', 'login') {
		try('clocks', "$seconds s, $when", sub { start_emulator(job => 'verify_timeout = 5s'); clock_moves($seconds, $when) });
	}
}
for my $seconds (2 * 86400, -2 * 86400) { try('clocks', "$seconds s off", sub { start_emulator(); days_off($seconds) }); }
start_emulator();
try('redeployments', "@$_", sub { my $slots = $_[0]; wiped(@$_) }) for [ 'password1' ], [ 'password2' ], [ 'password1', 'password2' ];
for my $operation ('entra', 'token-get', 'generate', 'v2', 'login') {
	for my $slots ([ 'password1' ], [ 'password2' ], [ 'password1', 'password2' ]) {
		try('redeployments', "@$slots, during $operation", sub { start_emulator(job => 'verify_timeout = 5s'); wiped_during($operation, @$slots) });
	}
}
my %states = (
	'lost' => [ sub { undef }, 0, 65, 75 ],
	'empty' => [ sub { '' }, 0, 65, 75 ],
	'from the future' => [ sub { (my $t = $_[0]) =~ s/^version = \d+/version = 999/m; $t }, 0, 65, 75 ],
	'of another machine' => [ sub { (my $t = $_[0]) =~ s/^(machine = )(.)/$1 . ($2 eq '0' ? '1' : '0')/me; $t }, 0, 65, 75 ],
	'garbage' => [ sub { join '', map { chr(33 + $_ * 7 % 90) } 1 .. 900 }, 0, 65, 75 ],
	map { my $part = $_; ("cut after $part%" => [ sub { substr($_[0], 0, index($_[0], "[end]\n[history]\n") * $part / 100) }, 0, 65, 75 ]) } 10, 30, 50, 70, 90, 99,
);
# What stands behind the end of the ledger is no part of it.
sub history_is_cut {
	my ($part) = @_;
	start_emulator();
	my $text = slurp(state_file());
	spill(state_file(), substr($text, 0, length($text) - length($text =~ s/.*\[history\]\n//sr) * $part / 100));
	my @why;
	for (1 .. 3) {
		advance(61);
		my $before = password_in('env');
		my ($rc, $said) = acrotate();
		push @why, guarantee($before), $rc == 0 || $rc == 75 ? () : "exit $rc: $said";
	}
	return @why, converge();
}
try('the state', "cut in its history, $_%", sub { history_is_cut($_) }) for 10, 50, 99;
for my $title (sort keys %states) {
	try('the state', $title, sub { start_emulator(); my ($change, @statuses) = @{ $states{$title} }; state_is($change, @statuses) });
}
try('the state', 'restored from an older copy', \&state_is_older);
start_emulator();
for my $sink (sinks()) {
	try('sinks', "$sink restored from an older copy", sub { sink_is($sink, sub { $_[1] }) });
	try('sinks', "$sink edited", sub {
		sink_is($sink, sub { my ($now) = @_; $now =~ s/(PASSWORD=|"auth": *"(?!Zm9v)|^)([A-Za-z0-9+\/=]{8})/$1 . ($sink eq 'docker' ? 'd2ViLXB1' : 'XXXXXXXX')/e; $now });
	});
}
try('sinks', 'one is removed from the job', \&sink_removed);
try('sinks', "$_ is unreadable for a while", sub { unreadable_for_a_while($_) }) for 'config.json', 'registry.env', 'in-place';
for my $after (1, 3) { for my $killed (0, 1) { try('a generate that acts late', "$after s" . ($killed ? ', its run killed' : ''), sub { late($after, $killed) }); } }
for my $command ('credential generate', 'credential delete') {
	for my $killed (0, 1) { try('acrotate token', "a $command that acts late" . ($killed ? ', killed' : ''), sub { token_late($command, $killed) }); }
}
for my $ahead (0, 1200, 86400) { try('acrotate token', "by a clock that is $ahead s ahead", sub { token_by_clock($ahead) }); }
report();
