/* SPDX-License-Identifier: MIT */
/*
 * A few threads that process a queue ordered by time. A task that has to wait returns the time and
 * is queued again without occupying a thread; a free thread takes the task that is due first. A new
 * task is started only if no waiting one is due, and at most max_open are open at once, so memory
 * does not grow with their number. Tasks that wait for the same thing stand in a line: only the
 * first one is asked now and then, and the others sleep until they are first.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stdatomic.h>

#include "base/base.h"

struct env;

struct pool_ops {
	/* makes the thread's own data; may return NULL */
	void *(*thread_open)(void *ctx);
	void (*thread_close)(void *ctx, void *own);
	/* returns the next task, or NULL if there are no more; never called by two threads at
	 * once */
	void *(*start)(void *ctx);
	/* returns the milliseconds until its next step; -1: it is finished and freed */
	int64_t (*step)(void *ctx, void *task, void *own);
	/* The line in which a task stands that step() put aside, as an opaque key; NULL: in none.
	 * May be NULL. */
	const void *(*line)(void *ctx, void *task);
	/* The milliseconds until it is the turn of the first one in a line; 0: it is. Must be
	 * quick. */
	int64_t (*turn)(void *ctx, void *task);
	/* called now and then while threads wait; must be quick; may be NULL */
	void (*tick)(void *ctx);
	/* frees a task that was not finished when the pool was stopped */
	void (*abandon)(void *ctx, void *task);
};

struct pool {
	int workers;
	size_t max_open;
	const struct pool_ops *ops;
	void *ctx;
	const struct env *env;
};

/* Returns when all tasks are finished, or soon after *stop becomes true; running steps are
 * completed first. */
void pool_run(const struct pool *p, const atomic_bool *stop);

#endif
