# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# A pod in a test: behind e2e/lib.sh and kube/lib.sh.

# What a pod has mounted goes before its directory does.
unmount() { for m in $(grep -o " $T/[^ ]*" /proc/self/mounts | sort -r); do umount "$m"; done; }
trap 'unmount; clean_up' EXIT
# setting KEY: of the emulator's configuration.
setting() { sed -n "s/^$1 = //p" "$E/acrotate.conf"; }
