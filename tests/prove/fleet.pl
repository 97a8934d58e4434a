#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#   fleet.pl [blob|vault]
#
# Several rotators of one job: processes that have nothing in common but a record and a Secret in a cluster (the emulator's door); or, with
# `blob`, a record in a storage account; or, with `vault`, a key vault's secret, which has no compare-and-swap. They are stopped, killed and delayed at every request and, by a sample, at every system call of a rotation, while others come minutes and hours
# later; every write of theirs meets a conflict; the API server restarts, is slow, answers 429 and 5xx, is gone for a while. Whoever reads
# the Secret logs in with what it holds, and with what it held until its grace is over: nobody may be refused, and in the end one rotator
# that is left alone brings the Secret to a password that works.
#
# Then the same with a part of the rule left out of the program, built for that in a copy of the tree: somebody must be refused.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Cwd qw(abs_path);
use JSON::PP;
use MIME::Base64;
use POSIX ();
use Prove;
use Time::HiRes qw(sleep time);

my $root    = abs_path("$FindBin::Bin/../..");
my $program = build() . '/acrotate';
my $stop    = $ENV{STOP_AT} || build() . '/stop-at';
my $grace   = 30;
my $blob    = ($ARGV[0] // '') eq 'blob';
my $vault   = ($ARGV[0] // '') eq 'vault';    # in place of the Secret; no compare-and-swap: the record is busy
my $fleet   = $blob ? 'fleet over Blob' : $vault ? 'fleet into a vault' : 'fleet';
my ($ahead, %read) = (0);    # the service's clock; who read what, and when last

# ---- the cluster -----------------------------------------------------------------------------------------------------------------------
my $secret = '/api/v1/namespaces/web/secrets/regcred';
my $record = '/api/v1/namespaces/web/configmaps/acrotate-web';
sub kube {
	my ($method, $path, $body, $type) = @_;
	my $token = slurp(dir() . '/e/kubernetes-token') =~ s/\s+//gr;
	return curl('-X', $method, '-H', "Authorization: Bearer $token", $body ? ('-H', 'Content-Type: ' . ($type // 'application/json'), '-d', $body) : (), env('EMULATOR_URL') . $path);
}
sub bearer {
	my ($scope) = @_;
	my $said = curl(env('EMULATOR_URL') . '/' . env('EMULATOR_TENANT') . '/oauth2/v2.0/token', '-d', 'grant_type=client_credentials', '-d', 'client_id=' . env('EMULATOR_CLIENT_ID'),
		'--data-urlencode', 'client_secret@' . dir() . '/e/client-secret', '-d', "scope=$scope/.default");
	return 'Authorization: Bearer ' . decode_json($said)->{access_token};
}
# The record, as somebody with a backup sees it.
sub storage {
	my ($method, @more) = @_;
	return curl('-X', $method, '-H', bearer('https://storage.azure.com'), '-H', 'x-ms-version: 2021-12-02', @more, env('EMULATOR_BLOB') . '/records/prod/web.state');
}
sub read_record { return $blob ? storage('GET') : decode_json(kube('GET', $record))->{data}{record}; }
sub put_record {
	my ($text) = @_;
	return storage('PUT', '-H', 'x-ms-blob-type: BlockBlob', '--data-binary', $text) if $blob;
	return kube('PATCH', $record, encode_json({ data => { record => $text } }), 'application/merge-patch+json');
}
sub write_fleet_job {
	kube('POST', '/api/v1/namespaces', '{"metadata":{"name":"web"}}');
	my $config = dir() . '/e/kubeconfig';
	spill($config, sprintf <<'END', env('EMULATOR_URL'), env('EMULATOR_CA'), slurp(dir() . '/e/kubernetes-token') =~ s/\s+//gr);
current-context: c
clusters: [{name: c, cluster: {server: "%s", certificate-authority: "%s"}}]
contexts: [{name: c, context: {cluster: c, user: u, namespace: web}}]
users: [{name: u, user: {token: "%s"}}]
END
	chmod 0600, $config;
	open my $conf, '>>', dir() . '/e/acrotate.conf' or die $!;
	my $state = $blob ? env('EMULATOR_BLOB') . '/records/prod' : 'kubernetes:web';
	print $conf "[run]\nstate = $state\n[kubernetes]\nkubeconfig = $config\n";
	close $conf;
	spill(dir() . '/e/jobs.d/web.conf', <<"END");
[job]
registry = contoso
resource_group = emulated
token = web-pull
lifetime = 90d
grace = ${grace}s
verify_timeout = 30s
[sink pull]
@{[ $vault ? "type = keyvault\nvault = " . env('EMULATOR_URL') . "\nsecret = web-pull" : "type = kubernetes\nsecret = regcred" ]}
END
}
{ no warnings 'redefine'; *Prove::write_job = \&write_fleet_job; }

sub fresh {
	($ahead, %read) = (0);
	start_emulator(options => [ '--fast', '--kubernetes', '--blob', '--keyvault' ]);
	pass($grace + 1), rotate_alone() for 1 .. 2;
}

# ---- who reads it ------------------------------------------------------------------------------------------------------------------------
sub password {
	return (eval { decode_json(curl('-H', bearer('https://vault.azure.net'), env('EMULATOR_URL') . '/secrets/web-pull?api-version=7.4')) } // {})->{value} if $vault;
	my $o = eval { decode_json(kube('GET', $secret)) } or return undef;
	my $config = eval { decode_json(decode_base64($o->{data}{'.dockerconfigjson'} // '')) } or return undef;
	return (split /:/, decode_base64($config->{auths}{ env('EMULATOR_LOGIN_SERVER') }{auth} // ''), 2)[1];
}
# Reads and logs in, also as those who have read it before: what is wrong.
my $pulls = 0;
sub pull {
	my ($when) = @_;
	my ($now, @why) = (time() + $ahead);
	forget_logins();
	my $held = password();
	push @why, "!the Secret holds nothing that works, $when" unless works($held);
	$read{$held} = $now if defined $held;
	for my $before (grep { $now - $read{$_} < $grace - 5 } keys %read) {
		$pulls++;
		push @why, "!what the Secret held is refused, $when" unless works($before);
	}
	return @why;
}
sub pass { my ($s) = @_; $ahead += $s; advance($s); }

# ---- rotators -----------------------------------------------------------------------------------------------------------------------------
sub command { return ($program, 'run', '-c', dir() . '/e/acrotate.conf', @_); }
sub started {
	my @cmd = @_;
	my $pid = fork() // die "fork: $!";
	if ($pid == 0) {
		open STDOUT, '>', dir() . '/said';
		open STDERR, '>&', \*STDOUT;
		exec @cmd or POSIX::_exit(127);
	}
	return $pid;
}
sub its_end { waitpid $_[0], 0; return $? & 127 ? 128 + ($? & 127) : $? >> 8; }
sub rotate_alone { my ($rc, $said) = run(command('--force')); die "a rotation that nothing disturbs fails: $rc $said\n" if $rc != 0; }
sub ends_well { my ($who, $rc) = @_; return (grep { $rc == $_ } 0, 74, 75, 137) ? () : "$who: exit $rc: " . (slurp(dir() . '/said') // ''); }

# Until the exchange is held back, or the run has ended without one.
sub got_there {
	my ($pid) = @_;
	for (1 .. 500) {
		return 1 if wait_until_hit(1);
		return 0 if kill(0, $pid) && waitpid($pid, POSIX::WNOHANG()) == $pid;
	}
	return 0;
}

# The others: what is wrong meanwhile.
sub visits {
	my (@after) = @_;
	my @why;
	for my $s (@after) {
		pass($s);
		push @why, pull("$s s later");    # whoever reads it just before counts
		my ($rc, $said) = run(command($s > 600 ? '--force' : ()));
		push @why, pull("behind the other one, $s s later"), ($rc == 0 || $rc == 75 ? () : "the other one: exit $rc: $said");
	}
	return @why;
}
sub come_to_rest {
	my ($rc, $said);
	for my $s (61, 4500, 61) {
		pass($s);
		($rc, $said) = run(command());
	}
	my @why = pull('in the end');
	push @why, "does not come to rest: exit $rc: $said" if $rc != 0;
	return @why;
}

# ---- stopped at a request ---------------------------------------------------------------------------------------------------------------
# signal: STOP (goes on in the end) or KILL. hold: seconds that the request takes, before or after it acts.
sub disturbed {
	my (%o) = @_;
	pass($grace + 1);
	my @why = pull('before');
	my $hold = $o{hold} // 0.3;
	faults({ operation => $o{operation}, skip => $o{skip}, effect => 'pass', ($o{when} // 'before') eq 'after' ? 'delay_after' : 'delay_before' => $hold });
	my $began = time();
	my $pid = started(command('--force'));
	if (!got_there($pid)) {
		# Behind a run that was killed a forced rotation may have to wait: not so in a new cluster.
		no_faults();
		return 'the run never got there' if $o{again};
		fresh();
		return disturbed(%o, again => 1);
	}
	kill $o{signal}, $pid;
	no_faults();
	push @why, visits(@{ $o{visits} });
	my $left = $began + $hold + 0.5 - time();
	sleep $left if $left > 0;
	push @why, pull('when the request was acted on');
	kill 'CONT', $pid if $o{signal} eq 'STOP';
	push @why, ends_well('the first one', its_end($pid)), pull('when the first one has ended');
	return @why, come_to_rest();
}

# The requests of a rotation, in their order: [operation, how many of it came before].
sub requests {
	fresh();
	pass($grace + 1);
	curl('-X', 'DELETE', env('EMULATOR_CONTROL') . '/log');
	rotate_alone();
	my (%n, @all);
	push @all, [ $_, $n{$_}++ ] for map { /"operation":"([^"]+)"/g } curl(env('EMULATOR_CONTROL') . '/log');
	die "the log of a rotation is empty\n" unless @all > 10;
	return @all;
}

# ---- stopped at a system call -------------------------------------------------------------------------------------------------------------
sub calls {
	pass($grace + 1);
	my ($rc, $said) = run($stop, 'count', command('--force'));
	return $said =~ /^calls (\d+)/m ? $1 : die "no count: $said\n";
}
sub held_at_call {
	my ($n) = @_;
	pass($grace + 1);
	my ($file, @why) = (dir() . '/held', pull('before'));
	my $pid = started($stop, 'hold', $n, $file, command('--force'));
	my $ended = 0;
	for (1 .. 1500) { last if -e $file || ($ended = waitpid($pid, POSIX::WNOHANG()) == $pid); sleep 0.02; }
	return @why, come_to_rest() if $ended;    # the call never came
	push @why, visits(1, 700, 4500);
	unlink $file;
	return @why, ends_well('the first one', its_end($pid)), pull('when the first one has ended'), come_to_rest();
}
sub killed_at_call {
	my ($n) = @_;
	pass($grace + 1);
	my @why = pull('before');
	run($stop, 'kill', $n, command('--force'));
	return @why, pull('after the kill'), visits(1, 700), come_to_rest();
}

# ---- what the API server does --------------------------------------------------------------------------------------------------------------
sub struck {
	my ($fault, @right) = @_;
	pass($grace + 1);
	my @why = pull('before');
	faults($fault);
	my ($rc, $said) = run(command('--force'));
	# After a kill of the run before, a sink may hold what it had: a forced rotation has to wait then.
	push @why, "exit $rc: $said" unless (grep { $rc == $_ } @right) || ($rc == 75 && $said =~ /has to wait/);
	no_faults();
	return @why, pull('after that'), visits(700), come_to_rest();
}

# ---- several at once -----------------------------------------------------------------------------------------------------------------------
# Two or three of them, started, stopped, ended and let go at random, and time: a walk that is the same for the same seed.
sub walk {
	my ($seed, $steps) = @_;
	my $next = sub { $seed = ($seed * 1103515245 + 12345) % 2147483648; return int($seed / 65536) % $_[0]; };
	my (@pids, @why, $stopped);
	my %stopped;
	for my $step (1 .. $steps) {
		my $what = $next->(10);
		if ($what < 4 && @pids < 3) { push @pids, started(command('--force')); sleep $next->(8) / 40; }
		elsif ($what < 6 && @pids) { my $p = $pids[ $next->(scalar @pids) ]; kill 'STOP', $p; $stopped{$p} = 1; }
		elsif ($what < 7 && @pids) { my $p = splice @pids, $next->(scalar @pids), 1; kill 'KILL', $p; its_end($p); delete $stopped{$p}; }
		elsif ($what < 9) { for my $p (keys %stopped) { kill 'CONT', $p; } %stopped = (); sleep 0.1; }
		else { pass((7, 61, 700, 4500)[ $next->(4) ]); }
		push @why, map { "step $step: $_" } pull('on the walk');
		last if @why;
		@pids = grep { waitpid($_, POSIX::WNOHANG()) == 0 } @pids;
	}
	kill 'CONT', $_ for keys %stopped;
	its_end($_) for @pids;
	return @why, pull('behind the walk'), come_to_rest();
}

# ---- a part of the rule left out ----------------------------------------------------------------------------------------------------------------
# name => [file, what stands there, what the naive program has in its place]...
my $plan = 'src/rotate/plan_free.c';
my %naive = (
	'without the touch' => [ [ 'src/rotate/touch.c', 's->broken || s->spec->ops->touch == NULL', 's->broken || epoch[0] != 0 || s->spec->ops->touch == NULL' ] ],
	'without the taint' => [ [ $plan, "\tif (!v->intent)\n\t\treturn 0;", "\treturn 0;" ] ],
	'the other slot' => [
		[ 'src/rotate/plan.c', 'struct plan p = decide_rotation(in);', 'struct plan p = decide_rotation(in); if (p.action == PLAN_WAIT && p.why == WHY_INTENT) { p.action = PLAN_ROTATE; p.why = WHY_DUE; p.slot = acr_other(p.slot); }' ],
		[ 'src/rotate/ask.c', 'enum progress step_try_held(struct rotation *r, struct http *h, struct err *e)' . "\n{", 'enum progress step_try_held(struct rotation *r, struct http *h, struct err *e)' . "\n{\n\tif (r != NULL) return rotation_go_to(r, STEP_READ_AGAIN);" ],
		[ 'src/rotate/ask.c', 'bool rotation_all_tried(const struct rotation *r)' . "\n{", 'bool rotation_all_tried(const struct rotation *r)' . "\n{\n\tif (r != NULL) return true;" ],
	],
	'tokens renewed' => [ [ 'src/azure/arm.c', "return a->only == NULL ? send_renewing(", "return a != NULL ? send_renewing(" ] ],
);
sub build_naive {
	my ($name) = @_;
	my $tree = work_dir() . '/naive';
	my $b = build() =~ s/^\Q$root\E\///r;
	if (!-d $tree) {
		mkdir $tree or die "$tree: $!";
		my ($rc, $said) = run('sh', '-ec', 'cd "$1"; tar cf - --exclude=.git --exclude="*.logs" --exclude=ok --exclude=t Makefile tests/tests.mk src include "$3"/src "$3"/*.a "$3"/acrotate* $(ls version* VERSION* 2>/dev/null) | tar xf - -C "$2"', 'sh', $root, $tree, $b);
		die "cannot copy the tree: $said" if $rc != 0;
	}
	my %before;
	for my $change (@{ $naive{$name} }) {
		my ($file, $from, $to) = @$change;
		# Where a part of the rule has moved to, it is looked for.
		($file) = grep { index(slurp($_) // '', $from) >= 0 } "$tree/$file", glob("$tree/src/rotate/*.c $tree/src/azure/*.c") or die "'$from' stands nowhere in the code\n";
		$before{$file} //= slurp($file);
		my $text = slurp($file);
		substr($text, index($text, $from), length $from) = $to;
		spill($file, $text);
	}
	local %ENV = %ENV;
	delete $ENV{LD_PRELOAD};
	my ($rc, $said) = run('make', '-C', $tree, "$b/acrotate", "$b/acrotate-net", 'CC=' . ($ENV{CC} // 'cc'));
	die "the naive program is not built: $said" if $rc != 0;
	my $to = work_dir() . '/' . ($name =~ tr/ /-/r);
	mkdir $to;
	system('cp', (grep { -f } glob("$tree/$b/acrotate*")), $to) == 0 or die;
	spill($_, $before{$_}) for keys %before;
	return "$to/acrotate";
}

# Of what the schedules find where a part is left out; each has to find something.
my %schedules = (
	'without the taint' => sub { disturbed(operation => 'generate', skip => 0, signal => 'KILL', hold => 4, visits => [700]) },
	'the other slot' => sub { disturbed(operation => 'generate', skip => 0, signal => 'KILL', hold => 4, visits => [700]) },
	'tokens renewed' => sub { disturbed(operation => 'kube-secret-patch', skip => $_[0], when => 'after', signal => 'STOP', visits => [ 700, 4500 ]) },
	'without the touch' => \&late_write,
);

# The record is put back as it was at the intent, by somebody with a backup, while the write of the first one is under way; the second
# one generates when that comes in.
sub late_write {
	my (undef, $last_patch, $n_generates) = @_;
	pass($grace + 1);
	my @why = pull('before');
	faults({ operation => 'generate', effect => 'pass', delay_before => 0.5 }, { operation => 'kube-secret-patch', skip => $last_patch, effect => 'pass', delay_before => 3 });
	my $first = started(command('--force'));
	push @why, 'the first one never got to its generate' unless wait_until_hit(500, 0);
	my $then = read_record();
	push @why, 'the first one never got to its write' unless wait_until_hit(500, 1);
	put_record($then);
	pass(700);
	faults({ operation => 'generate', effect => 'pass', delay_before => 4 });
	my $second = started(command('--force'));
	push @why, ends_well('the first one', its_end($first)), pull('when the first one has ended'), ends_well('the second one', its_end($second));
	no_faults();
	# The record that was put back does not know what is in the Secret: a person may have to say.
	return @why, pull('when the second one has ended'), grep { !/exit 65/ } come_to_rest();
}

# ---- all of it ------------------------------------------------------------------------------------------------------------------------------
my $sample = $ENV{PROVE_SAMPLE} || 1;
my (%seen, @items);
sub item { my ($group, $title, @how) = @_; push @items, [ $group, $title, @how ] if ($ENV{PROVE_ONLY} // '') eq '' ? $seen{$group}++ % $sample == 0 : "$group: $title" =~ /$ENV{PROVE_ONLY}/; }

my @requests = requests();
my %count;
$count{ $_->[0] }++ for @requests;
my $writes = qr/^(generate|kube-(secret|configmap)-(patch|create)|blob-put|vault-set)$/;
my %stale = (status => 409);
my %stale_blob = (status => 412, headers => { 'x-ms-error-code' => 'ConditionNotMet', 'x-ms-request-id' => '1' });
for my $r (@requests) {
	my ($operation, $skip) = @$r;
	item("$fleet: stopped at a request", "$operation $skip", 'disturbed', operation => $operation, skip => $skip, signal => 'STOP', visits => [ 1, 700, 4500 ]);
	item("$fleet: killed at a request", "$operation $skip", 'disturbed', operation => $operation, skip => $skip, signal => 'KILL', visits => [ 1, 700 ]);
	item("$fleet: killed behind a request", "$operation $skip", 'disturbed', operation => $operation, skip => $skip, when => 'after', signal => 'KILL', visits => [ 1, 700 ]);
	next unless $operation =~ $writes;
	item("$fleet: a request acts late", "$operation $skip, $_", 'disturbed', operation => $operation, skip => $skip, signal => $_, hold => 3, visits => [ 700, 4500 ]) for 'STOP', 'KILL';
	next if $operation eq 'generate';
	item("$fleet: a conflict at each write", "$operation $skip", 'struck', { operation => $operation, skip => $skip, effect => 'status', $operation =~ /^blob/ ? %stale_blob : %stale }, 0, 75);
	item("$fleet: a conflict at each write", "$operation $skip, for good", 'struck', { operation => $operation, skip => $skip, effect => 'status', count => 0, $operation =~ /^blob/ ? %stale_blob : %stale }, 0, 75);
}
my @trouble = (
	[ 'restarts', { effect => 'reset', count => 3 }, 0 ], [ 'loses answers', { effect => 'act-drop', count => 2 }, 0, 75 ], [ 'is slow', { effect => 'pass', delay_before => 0.4, count => 0 }, 0 ],
	[ '429', { effect => 'status', status => 429, headers => { 'Retry-After' => '1' }, count => 2 }, 0 ], [ '500', { effect => 'status', status => 500, count => 2 }, 0 ],
	[ '503, acted', { effect => 'act-status', status => 503, count => 1 }, 0, 75 ], [ 'is gone', { effect => 'drop', count => 0 }, 75 ], [ 'never answers', { effect => 'status', status => 504, count => 0 }, 75 ],
);
my $door = $blob ? 'blob' : $vault ? 'vault' : 'kube';
my $n_door = grep { $_->[0] =~ /^$door-/ } @requests;
for my $skip (0 .. $n_door - 1) { item("$fleet: " . ($blob ? 'a storage account' : $vault ? 'a vault' : 'an API server') . ' in trouble', "$_->[0], from request $skip on", 'struck', { operation => "$door-*", skip => $skip, %{ $_->[1] } }, @$_[ 2 .. $#$_ ]) for $trouble[ $skip % @trouble ]; }
my $calls = calls();
for my $i (0 .. 29) {
	my $n = 1 + int(($i + 0.5) * $calls / 30);
	item("$fleet: stopped at a system call", $n, 'held_at_call', $n);
	item("$fleet: killed at a system call", $n, 'killed_at_call', $n);
}
item("$fleet: two and three at random", "walk $_", 'walk', $_ * 7919, 40) for 1 .. 9;

# What the naive rules do does not depend on where the record is: their programs are built once.
my @parts = $blob || $vault ? () : ($ENV{PROVE_ONLY} // '') eq '' || 'naive' =~ /$ENV{PROVE_ONLY}/ ? sort keys %naive : ();
my %programs = map { $_ => build_naive($_) } @parts;
push @items, [ 'naive', $_, 'naive', $_ ] for @parts;
push @items, [ "$fleet: the schedules that kill, under the rule", $_, 'under_the_rule', $_ ] for $blob ? sort keys %naive : @parts;

# Which write of the Secret is the touch: the last one before the generate.
my $touch = 0;
for my $r (@requests) { last if $r->[0] eq 'generate'; $touch = $r->[1] if $r->[0] eq 'kube-secret-patch'; }
my $last_patch = $count{'kube-secret-patch'} - 1;

sub under_the_rule { my ($part) = @_; fresh(); return $schedules{$part}->($touch, $last_patch); }
sub naive {
	my ($part) = @_;
	fresh();
	$program = $programs{$part};
	my @found = $schedules{$part}->($touch, $last_patch - ($part eq 'without the touch'));
	$program = build() . '/acrotate';
	return grep({ /^!/ } @found) ? () : "nobody is refused $part: @found";
}

my %try = (disturbed => \&disturbed, struck => \&struck, held_at_call => \&held_at_call, killed_at_call => \&killed_at_call, walk => \&walk, naive => \&naive, under_the_rule => \&under_the_rule);
my $used = 0;
my @results = in_parallel(\&fresh, sub {
	my ($group, $title, $how, @args) = @{ $_[0] };
	fresh() if $used++ % 12 == 11;    # a clock that is a day off is refused
	my @why = eval { $try{$how}->(@args) };
	push @why, "cannot be tried: $@" if $@;
	print STDERR +(@why ? 'BAD' : 'ok', " $group: $title", @why ? ": @why" : '', "\n") if $ENV{PROVE_VERBOSE};
	my $n = $pulls;
	$pulls = 0;
	fresh() if @why || $how =~ /naive|under/;
	return [ $group, $title, $n, @why ];
}, @items);

my (%tried, %broken, %other, %pulled, @problems, @groups);
for (@results) {
	my ($group, $title, $n, @why) = @$_;
	push @groups, $group unless $tried{$group}++;
	$pulled{$group} += $n;
	$broken{$group} += grep { /^!/ } @why;
	$other{$group}++ if @why;
	push @problems, "$group: $title: " . join('; ', @why) if @why;
}
for my $g (grep { $_ ne 'naive' } @groups) { row($g, $tried{$g}, $broken{$g} // 0, "$pulled{$g} logins" . ($other{$g} ? ", $other{$g} FAILED" : '')); }
row('fleet: naive rules, each seen to kill', $tried{naive}, 0, $other{naive} ? "$other{naive} FAILED" : '') if $tried{naive};
print "# $_\n" for @problems;
print @problems ? "not ok 1\n" : "ok 1\n", "1..1\n";
exit(@problems ? 1 : 0);
