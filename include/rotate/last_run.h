/* SPDX-License-Identifier: MIT */
/*
 * The time of the last run, including runs with nothing to do. It is the mtime of a file in the
 * state directory, set by one system call without a write: `last-run` for a run of all jobs, the
 * lock files of the jobs for a run of some. A run of all counts for the jobs that have a lock file:
 * any work makes it, but that on a shared state, where last_run_meet() does.
 */
#ifndef ROTATE_LAST_RUN_H
#define ROTATE_LAST_RUN_H

#include "base/base.h"

struct policy;

/* job NULL: all. Failures (a read-only file system) are ignored: the run itself succeeded, and
 * `check` notices that the time is old. */
void last_run_leave(const char *dir, const char *job, int64_t now);
/* Makes the lock file of a job that has none; the time of one that has stays as it is. */
void last_run_meet(const char *dir, const char *job, int64_t now);
/* 0: never, as far as this host knows. */
int64_t last_run_of(const char *dir, const char *job);
/* How long a job can go without a run: half of renew_before, so that there is time left to act,
 * but at most a day, or verify_every if that is longer. */
int64_t last_run_bearable(const struct policy *p);

#endif
