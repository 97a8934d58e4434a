/* SPDX-License-Identifier: MIT */
/*
 * A few threads over a queue ordered by time. A task that has to wait says for
 * how long and is put aside without holding a thread; the thread takes the
 * task whose time comes soonest. New tasks are started only when no waiting
 * one is ready, and never more than max_open at once, so that memory does not
 * grow with their number.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include "base/base.h"

struct env;

struct pool_ops {
	/* what a thread owns; NULL is fine */
	void *(*thread_open)(void *ctx);
	void (*thread_close)(void *ctx, void *own);
	/* the next task; NULL: no more. Never called by two threads at once */
	void *(*start)(void *ctx);
	/* milliseconds until its next step; -1: finished and freed */
	int64_t (*step)(void *ctx, void *task, void *own);
	/* now and then while threads wait; quick; may be NULL */
	void (*tick)(void *ctx);
	/* not finished when the pool was stopped: frees it */
	void (*abandon)(void *ctx, void *task);
};

struct pool {
	int workers;
	size_t max_open;
	const struct pool_ops *ops;
	void *ctx;
	const struct env *env;
};

/* Returns when all tasks are finished, or soon after *stop became true: steps under way end
 * first. */
void pool_run(const struct pool *p, const volatile bool *stop);

#endif
