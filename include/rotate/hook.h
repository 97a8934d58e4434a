/* SPDX-License-Identifier: MIT */
/*
 * Runs an on_change command without a shell, in a process group of its own, which is killed as a
 * whole at the time-out. Its output is logged line by line, up to HOOK_OUTPUT_MAX, except lines
 * that may contain a secret (base/said.h). Its environment has ACROTATE_JOB, ACROTATE_SLOT and
 * ACROTATE_SINKS, never a secret.
 */
#ifndef ROTATE_HOOK_H
#define ROTATE_HOOK_H

#include "base/base.h"

#define HOOK_OUTPUT_MAX (64 * 1024)

struct err;
struct hook {
	/* as configured; split into words as in config/argv.h, without expansion */
	const char *command;
	const char *job, *sinks; /* names of the changed sinks, separated by spaces */
	const char *slot;        /* "password1", or NULL */
	int64_t timeout_s;
};
/* ERR_HOOK names the exit status, the signal or the time-out. */
MUST_USE bool hook_run(const struct hook *hook, struct err *e);

#endif
