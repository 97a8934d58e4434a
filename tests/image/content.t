#!/bin/sh
# SPDX-License-Identifier: MIT
# What is in the images that `make image` has built (ARCHES="amd64 arm64"), and that what stands beside them says so. Their tools are skopeo and tar.
set -u
. "$(dirname "$0")/../e2e/lib.sh"
needs skopeo dpkg readelf
VERSION=$(cat "$ROOT/VERSION")
for arch in ${ARCHES:-$(dpkg --print-architecture)}; do
	image=$ROOT/build/image/acrotate-$VERSION-$arch
	[ -f "$image.oci.tar" ] || { ok "$arch: there is an image: make image-$arch" false; continue; }
	ok "$arch: under 25 MB" test "$(stat -c %s "$image.oci.tar")" -lt 25000000
	skopeo inspect --override-arch "$arch" "oci-archive:$image.oci.tar" >"$T/inspect" 2>"$T/err"
	is "$arch: skopeo takes it" "$? $(jget "$T/inspect" Architecture)" "0 $arch"
	skopeo copy -q --override-arch "$arch" "oci-archive:$image.oci.tar:$VERSION" "oci:$T/$arch:x" 2>"$T/err"
	is "$arch: and copies it, by its tag" $? 0
	skopeo inspect --override-arch "$arch" --config "oci-archive:$image.oci.tar" >"$T/config"
	like "$arch: not root, by number" "$(jget "$T/config" config.User)" '^[1-9][0-9]*:[1-9][0-9]*$'
	is "$arch: made when the tree was" "$(jget "$T/config" created)" "$(jget "$image.spdx.json" creationInfo.created)"

	root=$T/root-$arch
	mkdir -p "$root" "$T/blobs-$arch"
	tar -C "$T/blobs-$arch" -xf "$image.oci.tar"
	jget "$T/blobs-$arch/index.json" manifests.0.digest >"$T/digest"
	manifest=$T/blobs-$arch/blobs/sha256/$(sed 's/.*://' "$T/digest")
	tar -C "$root" -xzf "$T/blobs-$arch/blobs/sha256/$(jget "$manifest" layers.0.digest | sed 's/.*://')"
	is "$arch: programs: two, and no shell" "$(cd "$root" && find . -type f -path '*bin/*' -o -type f -path '*libexec/*' | sort | tr '\n' ' ')" \
		"./usr/bin/acrotate ./usr/libexec/acrotate/acrotate-net "
	is "$arch: nothing beside programs, libraries, authorities, licences and five lines of configuration" \
		"$(cd "$root" && find . -type f ! -path './usr/bin/acrotate' ! -path './usr/libexec/acrotate/acrotate-net' ! -path './usr/lib/*.so*' ! -path './usr/lib64/ld-*' \
			! -path './usr/share/doc/*/copyright' | sort | tr '\n' ' ')" "./etc/group ./etc/nsswitch.conf ./etc/passwd ./etc/ssl/certs/ca-certificates.crt "
	is "$arch: nothing that runs as somebody else" "$(find "$root" -perm /6000 | wc -l)" 0
	is "$arch: nothing that all can write but /tmp" "$(cd "$root" && find . -perm -002 ! -type l)" ./tmp
	ok "$arch: authorities" test "$(grep -c 'BEGIN CERTIFICATE' "$root/etc/ssl/certs/ca-certificates.crt")" -gt 100
	ok "$arch: each of them whole" sh -c 'test "$(grep -c "^-----BEGIN CERTIFICATE-----$" "$1")" = "$(grep -c "^-----END CERTIFICATE-----$" "$1")"' sh "$root/etc/ssl/certs/ca-certificates.crt"
	# What each asks for is there, and nothing is there that nobody asks for.
	for f in "$root"/usr/bin/* "$root"/usr/libexec/acrotate/* "$root"/usr/lib/*/*.so* "$root"/usr/lib/*/ossl-modules/*; do readelf -d "$f"; done |
		sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -v '^ld-linux' | sort -u >"$T/needed"
	find "$root"/usr/lib/*-linux-gnu -maxdepth 1 -name '*.so*' -printf '%f\n' | sort >"$T/there"
	is "$arch: libraries: those that are asked for" "$(diff "$T/needed" "$T/there")" ""

	# The bill of materials.
	spdx() { perl -MJSON::PP -e 'local $/; open my $f, "<", shift or die; my $j = decode_json(<$f>); my %p = map { $_->{SPDXID} => $_ } @{$j->{packages}}, @{$j->{files}}; '"$1" "$image.spdx.json"; }
	is "$arch: SBOM: its kind" "$(jget "$image.spdx.json" spdxVersion) $(jget "$image.spdx.json" dataLicense)" "SPDX-2.3 CC0-1.0"
	is "$arch: SBOM: every package, with its version" \
		"$(spdx 'print sort map { "$_->{name} $_->{versionInfo}\n" } grep { $_->{name} ne "acrotate-image" } @{$j->{packages}}')" "$(LC_ALL=C sort "$image.packages")"
	is "$arch: SBOM: what it relates is there" \
		"$(spdx 'print map { "$_ " } grep { $_ ne "SPDXRef-DOCUMENT" && !$p{$_} } map { ($_->{spdxElementId}, $_->{relatedSpdxElement}) } @{$j->{relationships}}')" ""
	is "$arch: SBOM: and every package is related" \
		"$(spdx 'my %r = map { $_->{relatedSpdxElement} => 1 } @{$j->{relationships}}; print map { "$_ " } grep { !$r{$_} } keys %p')" ""
	is "$arch: SBOM: the image it is about" "$(spdx 'print $p{"SPDXRef-acrotate-image"}{checksums}[0]{checksumValue}')" "$(sed 's/.*://' "$T/digest")"
	is "$arch: SBOM: the programs" "$(spdx 'print map { "$_->{checksums}[1]{checksumValue}  $_->{fileName}\n" } @{$j->{files}}')" \
		"$(cd "$root" && sha256sum ./usr/bin/acrotate ./usr/libexec/acrotate/acrotate-net)"
	is "$arch: SBOM: each Debian package can be looked up" "$(spdx 'print map { "$_->{name} " } grep { $_->{name} !~ /^acrotate/ && ($_->{externalRefs}[0]{referenceLocator} // "") !~ m{^pkg:deb/debian/\Q$_->{name}\E@} } @{$j->{packages}}')" ""
	is "$arch: a licence for each" "$(for p in $(sed 's/ .*//' "$image.packages" | grep -v -- -dev); do [ -s "$root/usr/share/doc/$p/copyright" ] || echo "$p"; done)" ""
done
done_testing
