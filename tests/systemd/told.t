#!/bin/bash
# SPDX-License-Identifier: MIT
# A failure is told through OnFailure=: by mail, by webhook; once; and not when it is over.
. "$(dirname "$0")/boot.sh"
boot_and_run told
