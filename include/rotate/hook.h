/* SPDX-License-Identifier: MIT */
/*
 * Runs an on_change command: argv without a shell, its own process group, killed as a whole when
 * the time is out. Its output goes into the log, line by line, cut at HOOK_OUTPUT_MAX,
 * but for lines that may tell a secret (base/said.h). In its
 * environment stand ACROTATE_JOB, ACROTATE_SLOT and ACROTATE_SINKS, never a secret.
 */
#ifndef ROTATE_HOOK_H
#define ROTATE_HOOK_H

#include "base/base.h"

#define HOOK_OUTPUT_MAX (64 * 1024)

struct err;
struct hook {
	/* as configured: split like a shell would, without expanding anything */
	const char *command;
	const char *job, *sinks; /* names of the sinks it tells of, separated by spaces */
	const char *slot;        /* "password1", or NULL */
	int64_t timeout_s;
};
/* ERR_HOOK with the exit status, signal or time-out. */
MUST_USE bool hook_run(const struct hook *hook, struct err *e);

#endif
