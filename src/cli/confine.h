/* SPDX-License-Identifier: MIT */
/* What a run may write, and which programs it may have started, from its configuration: the
 * sandbox of `acrotate run`. */
#ifndef SRC_CLI_CONFINE_H
#define SRC_CLI_CONFINE_H

#include "base/base.h"

struct config;
struct err;
struct findings;
struct job;

/*
 * Once, before there are threads: what the jobs of a run need, gathered job by job, then
 * entered. From there on files can be made and changed in the directories of these jobs' sinks,
 * of the state and of the metrics only, and programs (hooks, helpers, az) are started by a
 * spawner. A kernel without Landlock, or `sandbox = no`, changes nothing. False when a kernel
 * that has it fails.
 */
struct confine;
MUST_USE bool confine_new(const struct config *c, struct confine **out, struct err *e);
MUST_USE bool confine_allow(struct confine *f, const struct job *job, struct err *e);
/* writes: sinks will be written, and the mounts of other processes, which that asks for, are looked
 * at now: from inside it takes several times as long. */
MUST_USE bool confine_enter(struct confine *f, bool writes, struct err *e);
void confine_free(struct confine *f);
/* For `acrotate check`: is there one? */
void confine_check(const struct config *c, struct findings *f);

#endif
