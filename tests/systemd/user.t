#!/bin/bash
# SPDX-License-Identifier: MIT
# The units of a user, with a keyring: they rotate, fail, tell and recover as those of the system do.
. "$(dirname "$0")/boot.sh"
boot_and_run user
