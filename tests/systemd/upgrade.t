#!/bin/bash
# SPDX-License-Identifier: MIT
# From the package of 0.1.0, with a run at work: no question, no password lost, the record read and brought up.
. "$(dirname "$0")/boot.sh"
# shellcheck disable=SC2154  # here: boot.sh
old=$(sh "$here/old.sh" 2>"$T/old.log") || { tail -n 5 "$T/old.log" | sed 's/^/# /'; lacks "no package of 0.1.0, nor its commit"; }
mkdir "$T/debs/old"
cp "$old"/*.deb "$T/debs/old/"
boot_and_run upgrade
