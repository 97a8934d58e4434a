#!/bin/bash
# SPDX-License-Identifier: MIT
# The package where there is no systemd: cron rotates, mails what somebody should read, and nothing else.
. "$(dirname "$0")/boot.sh"
run_without cron
