#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# The schedules that broke the promise once: requests that act after a minute and more, operations that outlive the run, a registry that
# refuses for minutes, records of other moments and of other jobs, answers without a list, helpers that are blinded, clocks. All of
# them, each time: but for two groups, nothing here is sampled.
#
#   schedules.pl [whole|quick [PATTERN]]    quick: without those that take minutes of real time
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use JSON::PP;
use Prove;
use Time::HiRes qw(sleep);

my $quick = ($ARGV[0] // 'whole') eq 'quick';
my $sampled = $quick || ($ENV{PROVE_SAMPLE} || 1) > 1;    # each minutes long, and alike but for the moment at which the request acts
my $pattern = $ARGV[1] // '';

# Runs that nothing disturbs, so many seconds apart: what the sinks hold before each works before it and behind it.
sub watch {
	my ($runs, $apart, $what) = @_;
	my @why;
	for my $n (1 .. $runs) {
		advance($apart);
		sleep 0.06;    # what was late by then has acted
		push @why, map { "$what, before run $n: $_" } guarantee();
		my $before = password_in('env');
		my ($rc, $said) = acrotate();
		push @why, map { "$what, behind run $n (exit $rc): $_" } guarantee($before);
		push @why, "$what, run $n: exit $rc: $said" unless grep { $_ == $rc } 0, 65, 75;
	}
	return @why;
}

# ---- a request whose answer is lost, and which acts -----------------------------------------------------------------------------------
sub late {
	my ($how, $after) = @_;
	start_emulator();
	advance(61);
	my $before = password_in('env');
	faults({ operation => 'generate', effect => 'late', after => $after, $how eq '504' ? (status => 504) : () });
	my $pid = background();
	wait_until_hit() or return 'the run never got there';
	kill 'KILL', $pid if $how eq 'killed';
	wait_for($pid);
	no_faults();
	# Dense around the moment at which it acts, and on until it cannot any more.
	return guarantee($before), watch(12, int($after / 10) + 1, 'soon'), watch(12, 61, 'later'), converge(4);
}

sub outlives {
	my ($after, $async, $killed) = @_;
	start_emulator(job => 'verify_timeout = 3s');
	advance(61);
	my $before = password_in('env');
	faults({ operation => 'generate', effect => 'accepted', outcome => 'later', after => $after, async => $async ? JSON::PP::true : JSON::PP::false });
	my $pid = background();
	wait_until_hit() or return 'the run never got there';
	sleep 0.5;
	kill 'KILL', $pid if $killed;
	wait_for($pid);
	no_faults();
	return guarantee($before), watch(12, int($after / 10) + 1, 'soon'), watch(3, 61, 'later'), converge(4);
}

# The token is to be made, and the PUT acts later: it empties both slots. Whatever a sink holds by then dies with them.
sub kept {
	my ($before) = @_;
	forget_logins();
	my @dead = grep { defined password_in($_) && !works(password_in($_)) } sinks();
	return (map { "!sink $_ does not work" } @dead), !defined $before || works($before) ? () : '!what was deployed before does not work';
}
sub made_late {
	my ($how, $after) = @_;
	start_emulator();
	control('tokens/web-pull', '{"action":"delete"}');
	unlink state_file(), dir() . '/sinks/registry.env';
	spill(dir() . '/sinks/in-place', '');
	spill(dir() . '/sinks/config.json', '{ "auths": { "other.example.com": { "auth": "Zm9vOmJhcg==" } } }');
	write_job(job => "create = yes\nscope_map = _repositories_pull");
	faults({ operation => 'token-put', effect => 'late', after => $after, $how eq '504' ? (status => 504) : () });
	my $pid = background();
	wait_until_hit() or return 'the run never got there';
	kill 'KILL', $pid if $how eq 'killed';
	wait_for($pid);
	no_faults();
	my @why;
	for my $n (1 .. 26) {
		advance($n <= 12 ? int($after / 10) + 1 : 61);
		sleep 0.06;
		my $before = password_in('env');
		push @why, map { "before run $n: $_" } kept();
		my ($rc, $said) = acrotate();
		push @why, map { "behind run $n (exit $rc): $_" } kept($before);
		push @why, "run $n: exit $rc: $said" unless grep { $_ == $rc } 0, 75;
	}
	return @why, converge(4), guarantee();
}

# The run is killed, and its record is left behind or cannot be used when the request acts. The slot is empty, so nothing else keeps
# it from being generated.
my %leave = (
	'another name'    => sub { rename "$_[0]/e/jobs.d/web.conf", "$_[0]/e/jobs.d/app.conf" },
	'another machine' => sub { my $text = slurp(state_file()); $text =~ s/^machine = .*$/machine = 0123456789abcdef0123456789abcdef/m; spill(state_file(), $text) },
	'damaged'         => sub { my $text = slurp(state_file()); $text =~ s/^version = /versiom = /m; spill(state_file(), $text) },
	'put aside'       => sub { rename state_file(), state_file() . '.lost' },
);
sub left_behind {
	my ($how, $after) = @_;
	start_emulator();
	advance(61);
	my $before = password_in('env');
	control('tokens/web-pull', encode_json({ action => 'wipe', slot => spare() }));
	faults({ operation => 'generate', effect => 'late', after => $after });
	my $pid = background();
	wait_until_hit() or return 'the run never got there';
	kill 'KILL', $pid;
	wait_for($pid);
	no_faults();
	$leave{$how}->(dir()) or return 'nothing to leave behind';
	return guarantee($before), watch(12, int($after / 10) + 1, 'soon'), watch(12, 61, 'later'), guarantee($before);
}

# ---- a registry that refuses what works -------------------------------------------------------------------------------------------------
# Seen by one run, which waits, or by many that are killed; the other slot is somebody's.
sub refuses {
	my ($minutes, $runs) = @_;
	start_emulator(lifetime => '60m', renew_before => '5m', job => "verify_every = 1s\nverify_timeout = 10m");
	settle(61);
	my $theirs = foreign(spare());
	my ($before, $generated) = (password_in('env'), generations());
	advance(61);
	faults({ operation => 'login', effect => 'status', status => 401, count => 0 });
	my $pid;
	if ($runs) {
		for (1 .. $minutes) {
			$pid = background();
			sleep 1.2;
			kill 'KILL', $pid;
			wait_for($pid);
			advance(61);
		}
	} else {
		$pid = background();
		wait_until_hit() or return 'the run never got there';
		sleep 60 * $minutes;
	}
	no_faults();
	wait_for($pid) unless $runs;
	my @why = (guarantee($before), generations() == $generated ? () : '!it generated while it was refused');
	forget_logins();
	push @why, '!somebody else\'s password was killed' unless works($theirs);
	return @why, watch(2, 61, 'afterwards');
}

# ---- records -------------------------------------------------------------------------------------------------------------------------------
# The record as it is while an exchange of a rotation is held back, put back some rotations later.
sub restored {
	my ($operation, $skip, $delay, $later) = @_;
	start_emulator();
	advance(61);
	faults({ operation => $operation, skip => $skip, effect => 'pass', $delay => 0.7 });
	my $pid = background();
	wait_until_hit() or return 'the run never got there';
	sleep 0.2;
	my $copy = slurp(state_file());
	wait_for($pid);
	no_faults();
	my @why = watch($later, 61, 'before it is put back');
	spill(state_file(), $copy);
	push @why, watch(4, 61, 'put back');
	# What it asks for is permitted, as often as it asks.
	for (1 .. 3) {
		write_job();
		advance(61);
		my $before = password_in('env');
		fresh_told();
		my ($rc, $said) = acrotate();
		push @why, guarantee($before);
		my ($slot) = $said =~ /may_replace = (password[12])\@/ or last;
		permit($slot);
		advance(61);
		acrotate();
	}
	write_job();
	return @why, converge(4);
}
sub fresh_told { unlink dir() . '/state/told'; }

# Two configurations, one state directory and job name, two tokens; or one that is edited to and fro.
my %config;
sub configured_for {
	my ($token, $sinks) = @_;
	start_emulator_of_two() unless %config;
	write_job();
	my $file = dir() . '/e/jobs.d/web.conf';
	my $job = slurp($file);
	$job =~ s/^token = .*$/token = $token/m or die 'no token';
	$job =~ s{/sinks/}{/$sinks/}g;
	$job =~ s/^(type = docker)$/$1\ntake_entry = yes/m;
	spill($file, $job);
}
# The first token uses its first slot, and the second has no password yet: it gets one in that slot, too.
sub start_emulator_of_two {
	start_emulator(second => 1);
	unlink dir() . '/e/jobs.d/second.conf';
	mkdir dir() . '/other';
	control('tokens/second-pull', qq({"action":"$_"})) for 'delete', 'create';
	settle(61) if active() ne 'password1';
	$config{started} = 1;
}
sub held_in { my ($sinks) = @_; return (slurp(dir() . "/$sinks/in-place") // '') =~ /^(\S+)\n$/ ? $1 : undef; }

sub two_configurations {
	my ($same_sinks) = @_;
	%config = ();
	start_emulator_of_two();
	my @why;
	my %of = ('web-pull' => 'sinks', 'second-pull' => $same_sinks ? 'sinks' : 'other');
	spill(dir() . '/other/in-place', '');
	my %held;    # by token, what it was given last
	for my $round (1 .. 8) {
		my $token = $round % 2 ? 'web-pull' : 'second-pull';
		configured_for($token, $of{$token});
		advance(61);
		my ($rc, $said) = acrotate();
		forget_logins();
		for my $t (grep { !$same_sinks || $_ eq $token } keys %held) {
			push @why, "!round $round with $token (exit $rc): what $t was given is dead: $said" unless works($held{$t}, $t);
		}
		my $now = held_in($of{$token});
		$held{$token} = $now if defined $now && works($now, $token);
		push @why, "round $round: exit $rc: $said" unless grep { $_ == $rc } 0, 65, 75, 74;
	}
	return @why;
}

sub copied_job {
	my ($command) = @_;
	start_emulator(job => 'exclusive = yes');
	settle(61);
	spill(dir() . '/e/jobs.d/copy.conf', slurp(dir() . '/e/jobs.d/web.conf'));
	advance(61);
	my @why;
	for (1 .. 3) {
		my ($before, $generated) = (password_in('env'), generations());
		my ($rc, $said) = run(build() . '/acrotate', 'run', '-c', conf_path(), @$command);
		# The one that was there first goes on; the copy is refused, whatever is named.
		push @why, "exit $rc: $said" unless $rc == ("@$command" eq 'web' ? 0 : 78);
		push @why, guarantee($before), generations() <= $generated + ("@$command" eq 'copy' ? 0 : 1) ? () : '!the copy generates';
		advance(61);
	}
	unlink dir() . '/e/jobs.d/copy.conf';
	write_job();
	return @why, converge(4);
}

# ---- answers ---------------------------------------------------------------------------------------------------------------------------------
sub token_says {
	my ($credentials) = @_;
	return encode_json({ id => "/subscriptions/x/resourceGroups/emulated/providers/Microsoft.ContainerRegistry/registries/contoso/tokens/web-pull", name => 'web-pull',
		properties => { provisioningState => 'Succeeded', status => 'enabled', creationDate => '2026-01-01T00:00:00.0000000+00:00', credentials => $credentials } });
}
sub listed {
	my ($t, $change, @which) = @_;
	return { passwords => [ map { my $p = { name => $_, map { ($_ => $t->{$_[0]}{$_}) } () }; $p->{creationTime} = $change->($t->{$_}{creationTime}); $p->{expiry} = $t->{$_}{expiry} if $t->{$_}{expiry}; $p }
		grep { $t->{$_}{present} } @which ] };
}
my $as_is = sub { return $_[0] };
my @both = ('password1', 'password2');
my %answers = (
	'credentials {}' => sub { {} },
	'credentials null' => sub { undef },
	'no password is listed' => sub { { passwords => [] } },
	'passwords null' => sub { { passwords => undef } },
	'the slot in use is missing' => sub { listed(slots(), $as_is, spare()) },
	'the other slot is missing' => sub { listed(slots(), $as_is, active()) },
	'times in whole seconds' => sub { listed(slots(), sub { $_[0] =~ s/\.\d+//r }, @both) },
	'times with a Z' => sub { listed(slots(), sub { $_[0] =~ s/\+00:00$/Z/r }, @both) },
	'times with nine digits' => sub { listed(slots(), sub { my ($t) = @_; my ($d) = $t =~ /\.(\d+)/; my $n = substr(($d // '') . '000000000', 0, 9); $t =~ s/(\.\d+)?\+/.$n+/r }, @both) },
	'times in milliseconds' => sub { listed(slots(), sub { $_[0] =~ s/(\.\d{3})\d+/$1/r }, @both) },
);
sub answers {
	my ($name, $skip, $count) = @_;
	start_emulator();
	# What is in use is in the slot that is taken where none seems to be there.
	settle(61) if active() ne 'password1';
	advance(61);
	my $before = password_in('env');
	faults({ operation => 'token-get', skip => $skip, count => $count, effect => 'status', status => 200, body => token_says($answers{$name}->()) });
	my @why;
	for (1 .. 3) {
		my ($rc, $said) = acrotate();
		push @why, guarantee($before), (grep { $_ == $rc } 0, 65, 69, 75, 76) ? () : "exit $rc: $said";
		advance(10);
		$before = password_in('env');
	}
	no_faults();
	# The answer has said that nothing of this job is there: where it asks for a decision, nothing was lost by asking.
	return @why, watch(3, 61, 'afterwards'), converge(4);
}

# What the token was before a rotation, said once more, twice, or for a while behind it.
sub stale {
	my ($skip, $count) = @_;
	start_emulator();
	my $old = token_says(listed(slots(), $as_is, @both));
	settle(61);
	advance(61);
	my $before = password_in('env');
	faults({ operation => 'token-get', skip => $skip, count => $count, effect => 'status', status => 200, body => $old });
	my @why;
	for (1 .. 3) {
		my ($rc, $said) = acrotate();
		push @why, guarantee($before), (grep { $_ == $rc } 0, 65, 75, 76) ? () : "exit $rc: $said";
		advance(10);
		$before = password_in('env');
	}
	no_faults();
	return @why, watch(3, 61, 'afterwards'), converge(4);
}

# ---- a helper ----------------------------------------------------------------------------------------------------------------------------------
# A store of files; in another environment (a file says so) it sees nothing and fails to store, or works in a second store.
sub helper_job {
	my (%o) = @_;
	start_emulator(%o);
	my $d = dir();
	mkdir "$d/$_" for 'vault', 'second-vault';
	spill("$d/helper", <<"END");
#!/bin/sh
d=$d/vault
input=\$(cat)
n=\$input
[ "\$1" != store ] || n=\$(printf %s "\$input" | sed 's/.*"ServerURL":"\\([^"]*\\)".*/\\1/')
if [ -e $d/blind ]; then
	[ "\$1" != get ] || { echo "credentials not found in native keychain"; exit 1; }
	[ "\$1" != store ] || { echo "pass not initialized"; exit 1; }
fi
[ ! -e $d/elsewhere ] || d=$d/second-vault
case \$1 in
store) printf %s "\$input" >"\$d/\$n.new" && mv "\$d/\$n.new" "\$d/\$n" ;;
get) [ -f "\$d/\$n" ] || { echo "credentials not found in native keychain"; exit 1; }; cat "\$d/\$n" ;;
erase) rm -f "\$d/\$n" ;;
list) echo '{}' ;;
*) exit 1 ;;
esac
END
	chmod 0755, "$d/helper";
	my $file = "$d/e/jobs.d/web.conf";
	my $job = slurp($file);
	$job =~ s/\[sink docker\].*//s unless $o{beside};
	spill($file, "$job\n[sink vault]\ntype = helper\nprogram = $d/helper\n");
}
sub in_vault { my $text = slurp(dir() . '/vault/' . env('EMULATOR_LOGIN_SERVER')) // return undef; return eval { decode_json($text)->{Secret} }; }

sub blinded {
	my ($how, $beside, $runs, $lags) = @_;
	helper_job(beside => $beside);
	for (1 .. 3) { advance(61); acrotate(); }
	forget_logins();
	my @why = works(in_vault()) ? () : 'the helper was given nothing';
	spill(dir() . "/$how", '');
	for my $n (1 .. $runs) {
		spill(dir() . '/sinks/in-place', '') if $lags;
		advance(61);
		my ($rc, $said) = acrotate();
		forget_logins();
		push @why, "!run $n (exit $rc): what the helper's own user sees is dead: $said" unless works(in_vault());
		push @why, "run $n: exit $rc: $said" unless grep { $_ == $rc } 0, 65, 74, 75;
	}
	unlink dir() . "/$how";
	for my $n (1 .. 6) {
		advance(61);
		my ($rc, $said) = acrotate();
		forget_logins();
		push @why, "!seeing again, run $n (exit $rc): dead: $said" unless works(in_vault());
		push @why, "seeing again, it does not come well: exit $rc: $said" if $n == 6 && $rc != 0 && $rc != 75;
	}
	return @why;
}

# ---- nothing is deployed any more -----------------------------------------------------------------------------------------------------------
# All sinks gone, or put back to before two rotations: it is said, and healed, and grace protects nobody then.
sub all_lost {
	my ($how) = @_;
	my %long = (lifetime => '60m', renew_before => '5m', job => 'grace = 20m');
	start_emulator(%long);
	my @files = map { dir() . "/sinks/$_" } 'config.json', 'registry.env', 'in-place';
	my %old = map { $_ => slurp($_) } @files;
	write_job(lifetime => '60m', renew_before => '59m 50s');
	for (1 .. 3) { advance(61); acrotate(); }
	write_job(%long);
	advance(61);
	acrotate();
	my $before = password_in('env');
	for (@files) { if ($how eq 'gone') { spill($_, /json/ ? '{"auths":{"other.example.com":{"auth":"Zm9vOmJhcg=="}}}' : '') } else { spill($_, $old{$_}) } }
	my @why;
	my ($rc, $said);
	for my $run (1 .. 3) {
		fresh_told();
		($rc, $said) = acrotate();
		forget_logins();
		push @why, "run $run is quiet (exit $rc) though nothing that is deployed works" if !works(password_in('env')) && $said eq '';
		push @why, '!a consumer that read a moment ago was cut off' unless works($before);
		last if $rc == 0;
		advance(400);
	}
	push @why, map { "afterwards: $_" } converge(4) if $how ne 'gone' || $rc == 0;
	return @why;
}

# ---- clocks ----------------------------------------------------------------------------------------------------------------------------------
# The slot that was left fourteen of twenty hours ago may be in use yet, whatever a clock says that is seven hours off.
sub clock_off {
	my ($hours) = @_;
	start_emulator(lifetime => '5d', renew_before => '2d', job => 'grace = 20h');
	my $first = password_in('env');
	acrotate('env');    # nothing is due
	my ($rc, $said) = run(build() . '/acrotate', 'run', '--force', '-c', conf_path());
	my @why = $rc == 0 ? () : "the rotation before: exit $rc: $said";
	my $second = password_in('env');
	push @why, 'it did not rotate' if $first eq $second;
	advance(14 * 3600);
	if (defined $hours) { advance_service($hours * 3600) } else { control('settings', '{"no_date":true}'); advance_local(7 * 3600); }
	for my $n (1 .. 2) {
		($rc, $said) = run(build() . '/acrotate', 'run', '--force', '-c', conf_path());
		forget_logins();
		push @why, "!run $n (exit $rc): a password that was in use fourteen hours ago is dead: $said" unless works($first);
		push @why, guarantee($second);
		push @why, "run $n says nothing" if $n == 1 && $said eq '' && $rc != 0;
	}
	control('settings', '{"no_date":false}');
	if (defined $hours) { advance_service(-$hours * 3600) } else { advance_local(-7 * 3600) }
	($rc, $said) = acrotate();
	return @why, guarantee($second), $rc == 0 || $rc == 75 ? () : "exit $rc: $said";
}

# ---- what has to work behind a generate ---------------------------------------------------------------------------------------------------------
sub shut {
	start_emulator();
	advance(61);
	my ($before, $generated) = (password_in('env'), generations());
	faults({ operation => 'v2', effect => 'status', status => 403, count => 0 });
	my @why;
	for (1 .. 3) {
		my ($rc, $said) = acrotate();
		push @why, guarantee($before), $rc == 77 ? () : "exit $rc: $said";
		advance(61);
	}
	push @why, 'a slot was burnt' if generations() != $generated;
	no_faults();
	my ($rc, $said) = acrotate();
	push @why, "it is open, but: exit $rc: $said" if $rc != 0;
	return @why, guarantee($before), converge();
}

# ---- all of them -----------------------------------------------------------------------------------------------------------------------------------
my @scenes;    # group, title, function, arguments
sub scene { my ($group, $title, $try, @of) = @_; push @scenes, [ $group, $title, $try, @of ] if "$group: $title" =~ /$pattern/; }

# The longest first.
scene('a registry refuses what works', 'nine minutes, one run', \&refuses, 9, 0) unless $quick;
scene('a registry refuses what works', 'two minutes, one run', \&refuses, 2.2, 0) unless $quick;
scene('a registry refuses what works', "$_ minutes, runs that are killed", \&refuses, $_, 1) for 2, 9, 12;
for my $how ('504', 'closed', 'killed') { scene('a request acts late', "$how, $_ s", \&late, $how, $_) for 7, 31, 66, 90, ($quick ? () : 540); }
for my $after (36, 95, $quick ? () : 540) {
	for my $async (0, 1) { scene('an operation outlives its run', "$after s" . ($async ? ', by its status' : '') . ($_ ? ', killed' : ''), \&outlives, $after, $async, $_) for 0, 1; }
}
for my $how ('504', 'closed', 'killed') { scene('a token is made late', "$how, $_ s", \&made_late, $how, $_) for 90, ($sampled ? () : 45, 540); }
for my $how (sort keys %leave) { scene('the record of a late request is lost', "$how, $_ s", \&left_behind, $how, $_) for 90, ($sampled ? () : 31, 540); }
my @moments = ([ 'entra', 0 ], [ 'token-get', 0 ], [ 'v2', 0 ], [ 'login', 0 ], [ 'generate', 0 ], [ 'login', 1 ], [ 'login', 3 ], [ 'token-get', 1 ]);
for my $at (@moments) {
	for my $delay ('delay_before', 'delay_after') { scene('a record of another moment', "@$at $delay, put back after $_", \&restored, @$at, $delay, $_) for 0, 1, 2; }
}
scene('a record of another job', $_ ? 'the same sinks' : 'sinks of their own', \&two_configurations, $_) for 0, 1;
scene('a copied job', @$_ ? "@$_" : 'all', \&copied_job, $_) for [], ['copy'], ['web'];
for my $name (sort keys %answers) {
	for my $skip (0, 1, 2) { scene('an answer of another shape', "$name, read $skip, " . ($_ || 'always'), \&answers, $name, $skip, $_) for 1, 2, 0; }
}
for my $skip (0, 1, 2) { scene('a stale answer', "read $skip, $_ times", \&stale, $skip, $_) for 1, 2, 3; }
for my $how ('blind', 'elsewhere') { for my $beside (0, 1) { scene('a helper is blinded', "$how, " . ($beside ? 'beside others' : 'alone') . ", $_ runs", \&blinded, $how, $beside, $_) for 2, 6; } }
for my $how ('blind', 'elsewhere') { scene('a helper is blinded', "$how, while another sink lags", \&blinded, $how, 1, 4, 1); }
scene('nothing is deployed any more', $_, \&all_lost, $_) for 'gone', 'restored from before two rotations';
scene('a clock is off', defined $_ ? "$_ h" : 'no Date', \&clock_off, $_) for 7, -7, undef;
scene('the firewall is shut', 'for a while', \&shut);

my @results = in_parallel(sub { }, sub {
	my ($group, $title, $try, @of) = @{ $scenes[ $_[0] ] };
	forget_logins();
	my @why = eval { $try->(@of) };
	push @why, "cannot be tried: $@" if $@;
	no_faults();
	print STDERR @why ? "BAD $group: $title: @why\n" : "ok $group: $title\n" if $ENV{PROVE_VERBOSE};
	return { group => $group, title => $title, why => [@why] };
}, 0 .. $#scenes);
my (%tried, %broken, %bad, @groups);
for my $scene (@scenes) { push @groups, $scene->[0] unless $tried{ $scene->[0] }++; }
for my $r (grep { @{ $_->{why} } } @results) {
	$broken{ $r->{group} } += grep { /^!|: !/ } @{ $r->{why} };
	$bad{ $r->{group} }++;
}
row($_, $tried{$_}, $broken{$_} // 0, $bad{$_} ? "$bad{$_} FAILED" : '') for @groups;
print "# $_->{group}: $_->{title}: " . join('; ', @{ $_->{why} }) . "\n" for grep { @{ $_->{why} } } @results;
print %bad ? "not ok 1 - schedules\n" : "ok 1 - schedules: " . @results . " of them\n";
print "1..1\n";
exit(%bad ? 1 : 0);
