#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Where do secrets go? Rotations with --debug, undisturbed and with errors forced at every step; then the bytes of every password, of
# the client secret, the federated token and of anything that looks like a bearer or an assertion are looked for in all that the program
# leaves: its words, state, metrics, temporary files, the arguments and environment of every child, a core dump, and the whole memory of
# the process the moment before it ends. A secret is looked for as it is, and in base64 as docker keeps it.
use strict;
use warnings;
# A mount name space of our own where that can be had, before anything is made that would have to be removed.
BEGIN {
	if ($> == 0 && !$^C && !$ENV{PROVE_OWN_MOUNTS} && system('unshare -m --propagation private true 2>/dev/null') == 0) {
		$ENV{PROVE_OWN_MOUNTS} = 1;
		exec 'unshare', '-m', '--propagation', 'private', $^X, $0, @ARGV or die "unshare: $!";
	}
}
use FindBin;
use lib $FindBin::Bin;
use IO::Handle;
use IO::Socket::UNIX;
use MIME::Base64;
use POSIX ();
use Prove;
use Socket qw(SOCK_DGRAM);
use Time::HiRes qw(sleep);

# The log of the system is one of ours, so that what is sent there can be searched: a /dev of our own, seen by nobody else.
my $log;

# Taken from there by a process of its own: who sends to a log that nobody reads waits.
my ($reader, $read_to, $marks) = (undef, 0, 0);
sub own_log {
	own_dev();
	my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => '/dev/log') or die "/dev/log: $!";
	my $file = work_dir() . '/log';
	open my $kept, '>>', $file or die "$file: $!";
	$kept->autoflush(1);
	$reader = fork() // die "fork: $!";
	if ($reader == 0) {
		$SIG{TERM} = 'DEFAULT';
		while (defined $socket->recv(my $line, 65536)) { print $kept "$line\n"; }
		POSIX::_exit(0);
	}
	return $file;
}
# What came since it was last asked.
sub logged {
	return '' unless $log;
	my $mark = 'mark ' . ++$marks . ' of the search';
	IO::Socket::UNIX->new(Type => SOCK_DGRAM, Peer => '/dev/log')->send($mark);
	for (1 .. 500) {
		my $all = substr slurp($log), $read_to;
		if ((my $end = index $all, "$mark\n") >= 0) { $read_to += $end + length "$mark\n"; return substr $all, 0, $end; }
		sleep 0.01;
	}
	die "the log is not read\n";
}
# Before the work directory is removed: what is mounted there would not let it.
END {
	my $s = $?;
	if ($reader) { kill 'TERM', $reader; waitpid $reader, 0; }
	system('umount', '-R', '-l', work_dir() . '/dev') if $log;
	$? = $s;
}

$log = own_log() if $ENV{PROVE_OWN_MOUNTS};
print "# what goes to the system's log is not searched: that needs a mount name space\n" unless $log;
my $net  = build() . '/acrotate-net';
my $stop = $ENV{STOP_AT} || build() . '/stop-at';
my $hook = work_dir() . '/hook';
my $application;    # the certificate of one, and its key: set below
sub conf { return dir() . '/e/acrotate.conf'; }

my %known;
sub learn {
	my ($kind, $secret) = @_;
	return unless defined $secret && length $secret >= 12;
	$known{$secret} = $kind;
}
sub learn_all {
	for my $password (map { password_in($_) } sinks()) {
		learn('a password', $password);
		# Two forms: of "user:password", and its tail, wherever it stands in other text.
		learn('a password in base64', encode_base64("web-pull:$password", '')) if defined $password;
	}
	chomp(my $secret = slurp(dir() . '/e/client-secret'));
	learn('the client secret', $secret);
	chomp(my $federated = slurp(dir() . '/e/federated-token') // '');
	learn('the federated token', $federated);
}

# What is found in a text, once each. Halves of a password count.
sub found_in {
	my ($text) = @_;
	return () unless defined $text && length $text;
	my %hit;
	for my $secret (keys %known) {
		my $half = int(length($secret) / 2);
		my $part = $half >= 20 ? substr($secret, $half) : $secret;    # the second half: the first of base64 is the user's name
		$hit{ $known{$secret} } = 1 if index($text, $part) >= 0;
	}
	# Bearers, assertions and the registry's tokens are all signed tokens of three parts.
	$hit{'a signed token'} = 1 if $text =~ /eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}/;
	return sort keys %hit;
}

sub found_in_files {
	my ($what, @files) = @_;
	return map { my $f = $_; map { "!$_ in $what '$f'" } found_in(slurp($f)) } @files;
}
sub files_left { return grep { -f } glob(dir() . '/state/* ' . dir() . '/state/.[!.]* ' . dir() . '/e/*.prom ' . dir() . '/sinks/.[!.]*'); }

sub job { write_job(job => "on_change = $hook", @_); }

# One run whose words are searched, and all that it left.
sub search_run {
	my ($disturb, @behind) = @_;
	advance(61);
	learn_all();
	logged();
	$disturb->() if $disturb;
	my ($rc, $said) = run(@behind, build() . '/acrotate', 'run', '--debug', '-c', conf());
	no_faults();
	learn_all();
	my @why = map { "!$_ in what it said" } found_in($said);
	push @why, "exit $rc: $said" if !$disturb && !@behind && $rc != 0;
	my $sent = logged();
	push @why, map { "!$_ in the system's log" } found_in($sent);
	push @why, 'nothing came to the log' if $log && $rc == 0 && $sent !~ /rotated/;
	push @why, 'no debug output' if $rc == 0 && $said !~ /\n.*\n/;
	push @why, found_in_files('a file left behind', files_left());
	my ($rc2, $said2) = acrotate();
	learn_all();
	return @why, map { "!$_ in what the next run said" } found_in($said2);
}
sub searched {
	my ($group, $title, @how) = @_;
	scenario($group, $title, sub { search_run(@how) });
}

# The application's certificate, whose key must not be found either: lines of it, and its bytes.
sub make_certificate {
	my $base = work_dir() . '/application';
	my ($rc, $said) = run('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '3', '-subj', '/CN=acrotate', '-keyout', "$base.key", '-out', "$base.pem");
	die "openssl: $said" if $rc != 0;
	my @lines = grep { !/-----/ } split /\n/, slurp("$base.key");
	learn('the private key', $_) for @lines[10 .. 14];
	my $bytes = decode_base64(join '', @lines);
	# Behind the modulus, which is public; as in the file, and as numbers stand in memory.
	for my $part (map { substr $bytes, $_, 64 } 400, 600, 800) { learn('the private key', $part); learn('the private key', scalar reverse $part); }
	umask 077;
	spill("$base.both", slurp("$base.pem") . slurp("$base.key"));
	chmod 0600, "$base.both";
	umask 022;
	for my $text (slurp("$base.both"), $bytes, scalar reverse $bytes) { my @hits = found_in($text) or die 'the search does not find the key where it is'; }
	return $base;
}

sub begin {
	start_emulator(conf => '', options => [ '--fast', '--keyvault', '--certificate', "$application.pem" ]);
	# [run] is where a metrics_file belongs; the emulator's configuration has none.
	spill(conf(), slurp(conf()) . "\n[run]\nmetrics_file = " . dir() . "/e/acrotate.prom\n");
	job();
	settle(61);
	learn_all();
}

# The same with another proof of who asks: an assertion that a file has, and one that is signed. By a fresh emulator, whose clock is still near
# ours: no assertion outlives many runs.
sub as_identity {
	my ($lines, $try) = @_;
	begin();
	my $assertion = $lines =~ s/DIR/dir()/er;
	(my $other = slurp(conf())) =~ s/^auth = .*\n/$assertion/m;
	$other =~ s/^client_secret_file = .*\n//m;
	spill(conf(), $other);
	return $try->();
}

# Every call that starts a program, and every write that is not to a sink, its temporary, or the hook's own input.
sub system_calls {
	my ($fresh) = @_;
	my $trace = work_dir() . '/trace';
	# What failed before this, in whichever sample, is no longer backed off from. Not where nothing did: an assertion lives for ten minutes.
	settle(901) unless $fresh;
	advance(61);
	learn_all();
	my ($rc, $said) = run('strace', '-f', '-y', '-v', '-s', '1000000', '-o', $trace, '-e', 'trace=execve,write,pwrite64,writev,sendto,sendmsg,rename,renameat,renameat2,memfd_create',
		build() . '/acrotate', 'run', '--debug', '-c', conf());
	learn_all();
	my ($execs, $sinks, @why) = (0, 0);
	open my $t, '<', $trace or return 'no trace';
	while (my $line = <$t>) {
		$execs++ if $line =~ /execve\(/;
		my @hits = found_in($line) or next;
		my $allowed = $line =~ m{ (?:write|pwrite64)\(\d+<\Q@{[dir()]}\E/sinks/[^>]*>} ;
		$sinks++ if $allowed;
		push @why, '!' . join(', ', @hits) . ' in ' . substr($line, 0, 60) unless $allowed;
	}
	close $t;
	unlink $trace;
	push @why, "exit $rc" unless $rc == 0;
	push @why, "only $execs programs were started: the hook is missing" if $execs < 3;
	push @why, 'the search finds nothing where a password must be' if $sinks < 3;
	return @why;
}

# What az, a credential helper and a hook are started with, written down by themselves.
sub children {
	my $bin = work_dir() . '/bin';
	my $seen = work_dir() . '/children';
	mkdir $bin;
	unlink glob("$seen.*");
	my $answer = curl('-d', 'grant_type=client_credentials&scope=https://management.core.windows.net/.default&client_id=' . env('EMULATOR_CLIENT_ID'),
		'--data-urlencode', 'client_secret@' . dir() . '/e/client-secret', env('EMULATOR_URL') . '/' . env('EMULATOR_TENANT') . '/oauth2/v2.0/token');
	my ($bearer) = $answer =~ /"access_token": *"([^"]+)"/ or return "no token for az: $answer";
	learn('a bearer', $bearer);
	spill("$bin/answer", sprintf '{"accessToken": "%s", "expires_on": %d, "tokenType": "Bearer"}', $bearer, time() + 86400 * 365);
	my $record = 'tr "\\0" "\\n" </proc/$$/cmdline';
	spill("$bin/az", "#!/bin/sh\n{ $record; env; } >>'$seen.az'\ncat '$bin/answer'\n");
	spill("$bin/helper", "#!/bin/sh\n{ $record; env; } >>'$seen.helper'\ncase \$1 in\nstore) cat >'$bin/stored' ;;\n"
		. "get) cat '$bin/stored' 2>/dev/null || { echo 'credentials not found in native keychain'; exit 1; } ;;\nesac\n");
	spill("$bin/hook", "#!/bin/sh\n{ $record; env; } >>'$seen.hook'\n");
	chmod 0755, "$bin/az", "$bin/helper", "$bin/hook";
	my ($conf, $job) = (slurp(conf()), slurp(dir() . '/e/jobs.d/web.conf'));
	(my $with_az = $conf) =~ s/^auth = .*\n(?:(?:tenant_id|client_id|client_secret_file) = .*\n)*/auth = azure-cli\n/m;
	spill(conf(), $with_az);
	write_job(job => "on_change = $bin/hook");
	spill(dir() . '/e/jobs.d/web.conf', slurp(dir() . '/e/jobs.d/web.conf') . "[sink vault]\ntype = helper\nprogram = $bin/helper\n");
	advance(61);
	learn_all();
	local $ENV{PATH} = "$bin:$ENV{PATH}";
	my ($rc, $said) = run(build() . '/acrotate', 'run', '--debug', '--force', '-c', conf());
	learn_all();
	my @why = map { "!$_ in what it said" } found_in($said);
	push @why, "exit $rc: $said" if $rc != 0;
	push @why, 'the helper was not given the password' unless grep { $_ ne 'a signed token' } found_in(slurp("$bin/stored"));
	for my $child ('az', 'helper', 'hook') {
		my $text = slurp("$seen.$child") // '';
		push @why, "$child was not started" unless $text =~ /^PATH=/m;
		push @why, map { "!$_ in arguments or environment of $child" } found_in($text);
	}
	spill(conf(), $conf);
	spill(dir() . '/e/jobs.d/web.conf', $job);
	return @why;
}

# The Secret Service's program in the place where acrotate looks for its own: beside itself. What it is started with, what it is given over its
# pipe, and that the password is in nothing else.
sub keyring {
	my $own = work_dir() . '/own';
	my $seen = work_dir() . '/keyring';
	mkdir $own;
	unlink glob("$seen.*");
	for my $program ('acrotate', 'acrotate-net') { system('cp', build() . "/$program", "$own/$program") == 0 or die "cp $program"; }
	spill("$own/acrotate-keyring", "#!/bin/sh\n{ tr '\\0' '\\n' </proc/\$\$/cmdline; env; } >>'$seen.started'\n"
		. "case \$1 in\nput) cat >'$seen.put'; echo '{}' ;;\n*) cat >>'$seen.asked'; sed 's/.*\\(\"Secret\": \"[^\"]*\"\\).*/{\\1}/' '$seen.put' 2>/dev/null || echo '{}' ;;\nesac\n");
	chmod 0755, "$own/acrotate-keyring";
	my $job = slurp(dir() . '/e/jobs.d/web.conf');
	spill(dir() . '/e/jobs.d/web.conf', "$job\n[sink keyring]\ntype = libsecret\n");
	advance(61);
	learn_all();
	my ($rc, $said) = run("$own/acrotate", 'run', '--debug', '--force', '-c', conf());
	learn_all();
	my @why = map { "!$_ in what it said" } found_in($said);
	push @why, "exit $rc: $said" if $rc != 0;
	push @why, 'it was not given the password' unless grep { $_ eq 'a password' } found_in(slurp("$seen.put"));
	push @why, 'it was not started' unless (slurp("$seen.started") // '') =~ /^PATH=/m;
	push @why, map { "!$_ in arguments or environment of acrotate-keyring" } found_in(slurp("$seen.started"));
	push @why, map { "!$_ in a question to acrotate-keyring" } found_in(slurp("$seen.asked"));
	spill(dir() . '/e/jobs.d/web.conf', $job);
	return @why;
}

# A run that is stopped when it is about to end; its whole memory, the locked pages too.
sub memory {
	my $core = work_dir() . '/core';
	advance(61);
	learn_all();
	my $before = password_in('env');
	my ($rc, $said) = run('gdb', '-nx', '-batch', '-ex', 'set pagination off', '-ex', 'set confirm off', '-ex', 'set debuginfod enabled off',
		'-ex', 'set startup-with-shell off', '-ex', 'handle all nostop noprint pass', '-ex', 'catch syscall exit_group', '-ex', 'run',
		'-ex', 'set use-coredump-filter off', '-ex', 'set dump-excluded-mappings on', '-ex', "gcore $core", '-ex', 'kill',
		'--args', $net, 'run', '--force', '-c', conf());
	learn_all();
	my $image = slurp($core);
	unlink $core;
	return "it did not rotate: $said" if password_in('env') eq $before;
	return "gdb wrote no image: $said" unless defined $image && length $image > 1 << 20;
	return 'the search finds not even the name of the token' if index($image, 'web-pull') < 0;
	return map { "!$_ in the memory of a process that ends" } found_in($image);
}

# Whether anything that is killed here would leave one.
sub cores_are_made {
	my ($rc) = run('sh', '-c', 'cd "$1" && ulimit -c unlimited && sh -c \'kill -SEGV $$\'', 'sh', work_dir());
	my $made = $? & 128 || glob(work_dir() . '/core*');
	unlink glob(work_dir() . '/core*');
	return $made;
}

sub core_dump {
	my ($operation) = @_;
	advance(61);
	faults({ operation => $operation, effect => 'pass', delay_before => 2 });
	my $pid = fork() // die;
	if ($pid == 0) {
		chdir work_dir();
		open STDOUT, '>', '/dev/null';
		open STDERR, '>', '/dev/null';
		exec 'sh', '-c', 'ulimit -c unlimited; exec "$@"', 'sh', $net, 'run', '-c', conf() or POSIX::_exit(127);
	}
	wait_until_hit() or die "the run never got to $operation\n";
	kill 'SEGV', $pid;
	waitpid $pid, 0;
	my $status = $?;
	no_faults();
	my @why;
	push @why, "it did not die of the signal: $status" unless ($status & 127) == POSIX::SIGSEGV();
	push @why, '!it dumped core' if $status & 128 || glob(work_dir() . '/core*');
	settle(61);
	return @why;
}

spill($hook, "#!/bin/sh\nenv >'" . work_dir() . "/hook-env'\necho the hook ran\n");
chmod 0755, $hook;
$application = make_certificate();
begin();

searched('secrets: what a run says and leaves', 'undisturbed');
scenario('secrets: what a run says and leaves', 'the environment of a hook', sub {
	my $env = slurp(work_dir() . '/hook-env') // return 'the hook did not run';
	return map { "!$_ in the environment of a hook" } found_in($env);
});
for my $operation (qw(entra token-get generate v2 login)) {
	for my $fault ({ effect => 'status', status => 400 }, { effect => 'status', status => 500}, { effect => 'garbage', bytes => 300 },
		{ effect => 'wrong-types' }, { effect => 'truncate', bytes => 150 }) {
		next if $operation eq 'generate' && $fault->{effect} =~ /garbage|truncate|types/;    # minutes of waiting; in the matrix of the network
		searched('secrets: what a run says and leaves', "$operation, $fault->{effect}", sub { faults({ operation => $operation, %$fault }) });
	}
}
advance(61);
my ($rc, $counts) = run($stop, 'count', build() . '/acrotate', 'run', '-c', conf());
my ($files) = $counts =~ /files (\d+)/ or die "cannot count: $counts";
for (my $n = 3; $n < $files; $n += 11) {
	searched('secrets: what a run says and leaves', "call $n on a file fails", undef, $stop, 'EIO', $n);
	searched('secrets: what a run says and leaves', "killed at call $n", undef, $stop, 'kill', $n * 4) if $n % 2;
}
scenario('secrets: arguments, environment, writes', "round $_", sub { system_calls() }) for 1 .. 2;
scenario('secrets: the memory before the end', "round $_", \&memory) for 1 .. 3;
my %identity = (
	'workload identity' => "auth = workload-identity\nfederated_token_file = DIR/e/federated-token\n",
	'a certificate' => "auth = certificate\ncertificate_file = $application.both\n",
);
for my $who (sort keys %identity) {
	my $group = 'secrets: an assertion in place of a secret';
	scenario($group, "$who, undisturbed", sub { as_identity($identity{$who}, \&search_run) });
	for my $fault ({ effect => 'status', status => 400 }, { effect => 'garbage', bytes => 300 }, { effect => 'wrong-types' }) {
		scenario($group, "$who, $fault->{effect}", sub { as_identity($identity{$who}, sub { search_run(sub { faults({ operation => 'entra', %$fault }) }) }) });
	}
	scenario($group, "$who, writes", sub { as_identity($identity{$who}, sub { system_calls(1) }) });
	scenario($group, "$who, memory", sub { as_identity($identity{$who}, sub { memory() }) });
}
begin();
cores_are_made() or print "# nothing leaves a core dump here: that ours leaves none proves little\n";
for my $operation (qw(entra generate login)) { scenario('secrets: a core dump', "at $operation", sub { begin(); core_dump($operation) }); }
# Last: a sink that leaves the job keeps its slot.
scenario('secrets: az, a helper, a hook', 'their arguments and environment', \&children);
begin();
scenario('secrets: the keyring', 'arguments, environment and pipe', \&keyring);
# A vault is told the password, and answers with it.
begin();
spill(dir() . '/e/jobs.d/web.conf', slurp(dir() . '/e/jobs.d/web.conf') . "[sink vault]\ntype = keyvault\nvault = " . env('EMULATOR_URL') . "\nsecret = web-pull\n");
settle(61);
searched('secrets: a key vault', 'undisturbed');
scenario('secrets: a key vault', 'the memory before the end', \&memory);
for my $operation (qw(vault-get vault-update vault-set)) {
	for my $fault ({ effect => 'status', status => 400 }, { effect => 'status', status => 403 }, { effect => 'garbage', bytes => 300 },
		{ effect => 'wrong-types' }, { effect => 'truncate', bytes => 150 }) {
		searched('secrets: a key vault', "$operation, $fault->{effect}", sub { faults({ operation => $operation, %$fault }) });
	}
}
report();
