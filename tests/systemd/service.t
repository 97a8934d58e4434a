#!/bin/bash
# SPDX-License-Identifier: MIT
# Installed, the timer, the sandboxed service, a reload by its hook, a failure, removal and purge.
. "$(dirname "$0")/boot.sh"
boot_and_run service
