/* SPDX-License-Identifier: MIT */
/* What a run may write, and which programs it may have started, from its configuration: the sandbox of `acrotate run`. */
#ifndef SRC_CLI_CONFINE_H
#define SRC_CLI_CONFINE_H

#include "base/base.h"

struct config;
struct err;
struct findings;

/*
 * Once, before there are threads: from here on files can be made and changed in the directories of these jobs' sinks, of the state and of
 * the metrics only, and programs (hooks, helpers, az) are started by a spawner. A kernel without Landlock, or `sandbox = no`, changes
 * nothing. False when a kernel that has it fails.
 */
MUST_USE bool confine(struct config *c, const size_t *jobs, size_t n, struct err *e);
/* For `acrotate check`: is there one? */
void check_sandbox(const struct config *c, struct findings *f);

#endif
