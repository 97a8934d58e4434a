#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# pod.pl BUNDLE KUBECONFIG NAMESPACE CRONJOB: what kubelet makes of a CronJob's pod, for an OCI runtime. BUNDLE/image has the image's index and blobs (of one layer);
# BUNDLE/rootfs and BUNDLE/config.json are made, and volumes as kubelet makes them: directories of mode 0777 with links through ..data, Secrets and tokens of the
# pod's group, all mounted read only. Secure computing is that of RuntimeDefault (containers-common). The network is the host's. FEDERATED is a file with a
# token in the place of the cluster's own, for Azure.
use strict;
use warnings;
use JSON::PP;
use MIME::Base64;

my ($bundle, $kubeconfig, $namespace, $cronjob) = @ARGV;
my $true = JSON::PP::true;

sub slurp { my ($file) = @_; local $/; open my $f, '<:raw', $file or die "$file: $!\n"; return <$f> }
sub put { my ($file, $text) = @_; open my $f, '>:raw', $file or die "$file: $!\n"; print $f $text; close $f or die "$file: $!\n" }
sub run { system(@_) == 0 or die "@_ failed\n" }
sub kubectl {
	open my $p, '-|', 'kubectl', '--kubeconfig', $kubeconfig, '-n', $namespace, @_ or die "kubectl: $!\n";
	local $/;
	my $text = <$p>;
	close $p or die "kubectl @_ failed\n";
	return $text;
}
sub object { return decode_json(kubectl('get', @_, '-o', 'json')) }

# ---- the image -----------------------------------------------------------------------------------------------------------------------
sub blob { my ($of) = @_; return "$bundle/image/blobs/" . $of->{digest} =~ s|:|/|r }
my $manifest = decode_json(slurp(blob(decode_json(slurp("$bundle/image/index.json"))->{manifests}[0])));
my $image = decode_json(slurp(blob($manifest->{config})))->{config};
mkdir "$bundle/rootfs" or die "rootfs: $!\n";
run('tar', '-C', "$bundle/rootfs", '--same-owner', '-xzpf', blob($_)) for @{ $manifest->{layers} };

# ---- the pod -------------------------------------------------------------------------------------------------------------------------
my $spec = object("cronjobs/$cronjob")->{spec}{jobTemplate}{spec}{template}{spec};
my $pod = $spec->{securityContext};
my $container = $spec->{containers}[0];
my $security = $container->{securityContext};
my $group = $pod->{fsGroup};
die "privileges\n" if $security->{allowPrivilegeEscalation} || !$security->{readOnlyRootFilesystem} || join(',', @{ $security->{capabilities}{drop} }) ne 'ALL';
die "seccomp\n" if $pod->{seccompProfile}{type} ne 'RuntimeDefault';
die "root\n" if !$pod->{runAsNonRoot} || $pod->{runAsUser} == 0 || $image->{User} !~ /^[1-9][0-9]*:/;

# ---- volumes -------------------------------------------------------------------------------------------------------------------------
# kubelet's writer: NAME -> ..data/NAME, ..data -> a directory of this moment.
sub volume {
	my ($name, $memory, $mode, %files) = @_;
	my $dir = "$bundle/volumes/$name";
	my $now = '..2026_11_30_00_00_00.123456789';
	run('mkdir', '-p', $dir);
	run('mount', '-t', 'tmpfs', '-o', 'mode=0777', 'tmpfs', $dir) if $memory;
	mkdir "$dir/$now" or die "$dir: $!\n";
	for my $file (keys %files) {
		put("$dir/$now/$file", $files{$file});
		# What fsGroup does to a volume that is read only: its group may read.
		chown 0, $group, "$dir/$now/$file";
		chmod $mode | 0440, "$dir/$now/$file";
		symlink "..data/$file", "$dir/$file";
	}
	symlink $now, "$dir/..data";
	chown 0, $group, $dir, "$dir/$now";
	chmod 02755, "$dir/$now";
	chmod 02777, $dir;
	return $dir;
}
sub token { my ($audience) = @_; return kubectl('create', 'token', $spec->{serviceAccountName}, $audience ? "--audience=$audience" : ()) =~ s/\n//r }
sub projected {
	my ($source) = @_;
	my $t = $source->{serviceAccountToken} or die "projected volume\n";
	# Entra ID does not know this cluster; the emulator vouches for the same subject.
	return ($t->{path} => $ENV{FEDERATED} ? slurp($ENV{FEDERATED}) : token($t->{audience}));
}
my %volumes;
for my $v (@{ $spec->{volumes} }) {
	my $name = $v->{name};
	if ($v->{configMap}) {
		$volumes{$name} = volume($name, 0, 0644, %{ object("configmaps/$v->{configMap}{name}")->{data} });
	} elsif ($v->{secret}) {
		my $data = object("secrets/$v->{secret}{secretName}")->{data};
		$volumes{$name} = volume($name, 1, $v->{secret}{defaultMode}, map { $_ => decode_base64($data->{$_}) } keys %$data);
	} elsif ($v->{projected}) {
		$volumes{$name} = volume($name, 1, 0600, map { projected($_) } @{ $v->{projected}{sources} });
	} else {
		die "volume $name\n";
	}
}
my $cluster = decode_json(kubectl('config', 'view', '--raw', '--flatten', '-o', 'json'))->{clusters}[0]{cluster};
my ($host, $port) = $cluster->{server} =~ m{^https://([^:/]+):(\d+)} or die "server\n";
my $account = '/var/run/secrets/kubernetes.io/serviceaccount';
my @mounts = (
	{ destination => '/proc', type => 'proc', source => 'proc' },
	{ destination => '/dev', type => 'tmpfs', source => 'tmpfs', options => ['nosuid', 'strictatime', 'mode=755', 'size=65536k'] },
	{ destination => '/sys', type => 'sysfs', source => 'sysfs', options => ['nosuid', 'noexec', 'nodev', 'ro'] },
	map({ { destination => $_, type => 'bind', source => $_, options => ['rbind', 'rprivate', 'ro'] } } '/etc/hosts', '/etc/resolv.conf'),
);
sub mount_at { my ($to, $from) = @_; push @mounts, { destination => $to, type => 'bind', source => $from, options => ['rbind', 'rprivate', 'ro'] } }
for my $m (@{ $container->{volumeMounts} }) {
	my $from = $volumes{ $m->{name} };
	# kubelet resolves the links of a subPath.
	chomp($from = `readlink -f '$from/$m->{subPath}'`) if $m->{subPath};
	mount_at($m->{mountPath}, $from);
}
mount_at($account, volume('account', 1, 0600, token => token(), namespace => $namespace, 'ca.crt' => decode_base64($cluster->{'certificate-authority-data'})))
	if $spec->{automountServiceAccountToken};

# ---- secure computing ----------------------------------------------------------------------------------------------------------------
sub seccomp {
	my $p = decode_json(slurp('/usr/share/containers/seccomp.json'));
	my @arch = map { ($_->{architecture}, @{ $_->{subArchitectures} // [] }) } grep { $_->{architecture} =~ /X86_64|AARCH64/ } @{ $p->{archMap} };
	chomp(my $here = `dpkg --print-architecture`);
	my @rules;
	for my $r (@{ $p->{syscalls} }) {
		# Without any capability, whatever depends on one is out.
		my @only = @{ $r->{includes}{arches} // [] };
		next if @{ $r->{includes}{caps} // [] } || @only && !grep { $_ eq $here } @only;
		next if grep { $_ eq $here } @{ $r->{excludes}{arches} // [] };
		push @rules, { names => $r->{names}, action => $r->{action}, (@{ $r->{args} // [] } ? (args => $r->{args}) : ()),
			(defined $r->{errnoRet} ? (errnoRet => $r->{errnoRet}) : ()) };
	}
	return { defaultAction => $p->{defaultAction}, (defined $p->{defaultErrnoRet} ? (defaultErrnoRet => $p->{defaultErrnoRet}) : ()), architectures => \@arch, syscalls => \@rules };
}

my @program = (@{ $container->{command} // $image->{Entrypoint} }, @{ $container->{args} // $image->{Cmd} });
put("$bundle/config.json", JSON::PP->new->canonical->pretty->encode({
	ociVersion => '1.0.2',
	hostname => "$cronjob-28000000-abcde",
	root => { path => 'rootfs', readonly => $true },
	process => {
		user => { uid => $pod->{runAsUser}, gid => $pod->{runAsGroup}, additionalGids => [$group] },
		args => \@program,
		cwd => $image->{WorkingDir},
		env => [@{ $image->{Env} }, "HOSTNAME=$cronjob-28000000-abcde", "KUBERNETES_SERVICE_HOST=$host", "KUBERNETES_SERVICE_PORT=$port"],
		noNewPrivileges => $true,
		capabilities => { map { $_ => [] } qw(bounding effective inheritable permitted ambient) },
	},
	mounts => \@mounts,
	linux => {
		namespaces => [map { { type => $_ } } qw(pid ipc uts mount)],
		maskedPaths => [qw(/proc/acpi /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list /proc/sched_debug /proc/scsi /sys/firmware)],
		readonlyPaths => [qw(/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger)],
		seccomp => seccomp(),
	},
}));
