#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# describe.pl WORK ARCH VERSION OPENSSL ROOT: of WORK/layer.tar and WORK/debs (a path of a .deb a line) makes WORK/oci, the image's blobs and index; WORK/spdx.json,
# what is in it; and WORK/versions. OPENSSL is the version that the programs were linked with statically. For packaging/image/build.
use strict;
use warnings;
use Digest::SHA;
use JSON::PP;
use POSIX qw(strftime);

my ($work, $arch, $version, $openssl, $root) = @ARGV;
my $created = strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $ENV{SOURCE_DATE_EPOCH});
my $json = JSON::PP->new->canonical;
my $types = 'application/vnd.oci.image';

sub digest { my ($file, $kind) = @_; return Digest::SHA->new($kind // 256)->addfile($file, 'b')->hexdigest }
sub put { my ($file, $text) = @_; open my $f, '>:raw', $file or die "$file: $!\n"; print $f $text; close $f or die "$file: $!\n" }
sub run { system(@_) == 0 or die "@_ failed\n" }

# ---- the image -----------------------------------------------------------------------------------------------------------------------
my $blobs = "$work/oci/blobs/sha256";
run('mkdir', '-p', $blobs);
# blob FILE TYPE: moves it there; what a manifest says of it.
sub blob {
	my ($file, $type) = @_;
	my $hex = digest($file);
	my $size = -s $file;
	rename $file, "$blobs/$hex" or die "$file: $!\n";
	return { mediaType => "$types.$type", digest => "sha256:$hex", size => $size };
}
my $layer = digest("$work/layer.tar");
run('gzip', '-9n', "$work/layer.tar");
my $layer_blob = blob("$work/layer.tar.gz", 'layer.v1.tar+gzip');

my %about = (
	'org.opencontainers.image.title' => 'acrotate',
	'org.opencontainers.image.description' => 'rotates passwords of Azure Container Registry tokens without cutting anyone off',
	'org.opencontainers.image.version' => $version,
	'org.opencontainers.image.licenses' => 'MIT',
	'org.opencontainers.image.created' => $created,
);
put("$work/config.json", $json->encode({
	architecture => $arch,
	($arch eq 'arm64' ? (variant => 'v8') : ()),
	os => 'linux',
	created => $created,
	config => {
		User => '65532:65532',
		Entrypoint => ['/usr/bin/acrotate'],
		Cmd => ['run'],
		WorkingDir => '/',
		# Where the configuration is for a user who is not root, and the records that are not in a cluster.
		Env => ['PATH=/usr/bin', 'HOME=/var/lib/acrotate', 'ACROTATE_CONFIG=/etc/acrotate/acrotate.conf', 'STATE_DIRECTORY=/var/lib/acrotate'],
		Labels => \%about,
	},
	rootfs => { type => 'layers', diff_ids => ["sha256:$layer"] },
	history => [{ created => $created, created_by => 'packaging/image/build' }],
}));
my $config_blob = blob("$work/config.json", 'config.v1+json');
put("$work/manifest.json", $json->encode({
	schemaVersion => 2, mediaType => "$types.manifest.v1+json", config => $config_blob, layers => [$layer_blob], annotations => \%about,
}));
my $manifest = blob("$work/manifest.json", 'manifest.v1+json');
# The names by which skopeo and podman, and containerd, find it.
put("$work/oci/index.json", $json->encode({
	schemaVersion => 2, mediaType => "$types.index.v1+json",
	manifests => [{
		%$manifest,
		platform => { os => 'linux', architecture => $arch, ($arch eq 'arm64' ? (variant => 'v8') : ()) },
		annotations => { 'org.opencontainers.image.ref.name' => $version, 'io.containerd.image.name' => "docker.io/library/acrotate:$version" },
	}],
}));
put("$work/oci/oci-layout", '{"imageLayoutVersion":"1.0.0"}');

# ---- what is in it -------------------------------------------------------------------------------------------------------------------
sub package_of {
	my ($deb) = @_;
	my %field = map { /^(\S+): (.*)/ ? ($1 => $2) : () } split /\n/, `dpkg-deb --field '$deb' Package Version Architecture Source Homepage`;
	$field{sha256} = digest($deb);
	return \%field;
}
sub purl {
	my ($name, $v, $a) = @_;
	$v =~ s/([^A-Za-z0-9.~_-])/sprintf '%%%02X', ord $1/ge;
	return "pkg:deb/debian/$name\@$v?arch=$a&distro=debian-12";
}
sub id { my ($name) = @_; $name =~ s/[^A-Za-z0-9.-]/-/g; return "SPDXRef-$name" }
sub entry {
	my ($name, $v, %more) = @_;
	return {
		name => $name, SPDXID => id($name), versionInfo => $v, downloadLocation => 'NOASSERTION', filesAnalyzed => JSON::PP::false,
		licenseConcluded => 'NOASSERTION', licenseDeclared => 'NOASSERTION', copyrightText => 'NOASSERTION', %more,
	};
}
sub reference { return { externalRefs => [{ referenceCategory => 'PACKAGE-MANAGER', referenceType => 'purl', referenceLocator => purl(@_) }] } }

my $digest = $manifest->{digest} =~ s/.*://r;
my @packages = (
	entry("acrotate-image", $version, primaryPackagePurpose => 'CONTAINER', supplier => 'NOASSERTION',
		checksums => [{ algorithm => 'SHA256', checksumValue => $digest }]),
	entry('acrotate', $version, primaryPackagePurpose => 'APPLICATION', licenseDeclared => 'MIT', licenseConcluded => 'MIT'),
);
my @relations = (
	{ spdxElementId => 'SPDXRef-DOCUMENT', relationshipType => 'DESCRIBES', relatedSpdxElement => id('acrotate-image') },
	{ spdxElementId => id('acrotate-image'), relationshipType => 'CONTAINS', relatedSpdxElement => id('acrotate') },
);
my @versions = ("acrotate $version");
open my $list, '<', "$work/debs" or die "$work/debs: $!\n";
for my $deb (map { chomp; $_ } <$list>) {
	my $p = package_of($deb);
	my ($source, $source_version) = ($p->{Source} // $p->{Package}) =~ /^(\S+)(?: \((.*)\))?$/;
	push @packages, entry($p->{Package}, $p->{Version}, primaryPackagePurpose => 'LIBRARY', supplier => 'Organization: Debian',
		sourceInfo => sprintf('built from Debian\'s source package %s %s', $source, $source_version // $p->{Version}),
		($p->{Homepage} ? (homepage => $p->{Homepage}) : ()),
		checksums => [{ algorithm => 'SHA256', checksumValue => $p->{sha256} }], %{ reference($p->{Package}, $p->{Version}, $p->{Architecture}) });
	push @relations, { spdxElementId => id('acrotate-image'), relationshipType => 'CONTAINS', relatedSpdxElement => id($p->{Package}) };
	push @versions, "$p->{Package} $p->{Version}";
}
# The small program has libcrypto's hash from the static library.
if ($openssl) {
	push @packages, entry('libssl-dev', $openssl, primaryPackagePurpose => 'LIBRARY', supplier => 'Organization: Debian',
		comment => 'libcrypto.a, of which usr/bin/acrotate has the hash functions', %{ reference('libssl-dev', $openssl, $arch) });
	push @relations, { spdxElementId => id('acrotate'), relationshipType => 'STATIC_LINK', relatedSpdxElement => id('libssl-dev') };
	push @versions, "libssl-dev $openssl";
}
my @files;
for my $path ('usr/bin/acrotate', 'usr/libexec/acrotate/acrotate-net') {
	push @files, {
		fileName => "./$path", SPDXID => id("file-$path"), licenseConcluded => 'MIT', licenseInfoInFiles => ['NOASSERTION'], copyrightText => 'NOASSERTION',
		checksums => [map { { algorithm => "SHA$_", checksumValue => digest("$root/$path", $_) } } 1, 256],
	};
	push @relations, { spdxElementId => id('acrotate'), relationshipType => 'CONTAINS', relatedSpdxElement => id("file-$path") };
}
put("$work/spdx.json", $json->pretty->encode({
	spdxVersion => 'SPDX-2.3', dataLicense => 'CC0-1.0', SPDXID => 'SPDXRef-DOCUMENT', name => "acrotate-$version-$arch",
	documentNamespace => "https://acrotate.invalid/spdx/$version/$arch/$digest",
	creationInfo => { created => $created, creators => ["Tool: acrotate-packaging-image-build-$version"] },
	packages => \@packages, files => \@files, relationships => \@relations,
}));
put("$work/versions", join '', map { "$_\n" } sort @versions);
