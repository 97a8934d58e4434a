/* SPDX-License-Identifier: MIT */
/*
 * When a run last looked, also one that found nothing to do: the time of a file in the state
 * directory, set by one call, without a write. A run of all jobs leaves it at `last-run`, one of
 * some jobs at their lock files.
 */
#ifndef ROTATE_LAST_RUN_H
#define ROTATE_LAST_RUN_H

#include "base/base.h"

struct policy;

/* job NULL: all. What cannot be left (a read-only file system) is not: the run itself was well,
 * and `check` sees that none is new. */
void last_run_leave(const char *dir, const char *job, int64_t now);
/* 0: never, as far as is known. */
int64_t last_run_of(const char *dir, const char *job);
/* How long a job can go without a run: half of renew_before, so that there is time left to act;
 * at most a day, or verify_every. */
int64_t last_run_bearable(const struct policy *p);

#endif
