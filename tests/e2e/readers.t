#!/bin/sh
# SPDX-License-Identifier: MIT
# The rules for who reads a config.json and what they send (src/sink/docker_rules.c), held against the clients themselves: docker, skopeo, podman
# and docker-py are asked for an image with each of some 200 generated files (tests/readers/cases.py), and a registry on loopback writes down
# what they send. Where that is not what the rules say, or the verdict on our entry is another, the test is red.
set -u
. "$(dirname "$0")/lib.sh"
needs docker skopeo podman openssl
/usr/bin/python3 -c 'import docker' 2>/dev/null || skip_all "python3-docker is not installed (packaging/install-deps e2e)"
make -s -C "$ROOT" B="${BUILD#"$ROOT"/}" "${BUILD#"$ROOT"/}/readers-ask" >"$T/make.out" 2>&1 || { sed 's/^/# /' "$T/make.out"; exit 1; }
/usr/bin/python3 "$ROOT/tests/readers/oracle.py" "$BUILD/readers-ask"
