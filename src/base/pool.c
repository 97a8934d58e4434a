/* SPDX-License-Identifier: MIT */
#include "base/pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/env.h"
#include "base/mem.h"

#define STOP_CHECK_MS 200 /* a signal handler cannot wake a condition variable */

struct waiting {
	int64_t at_ms;
	void *task;
};

struct queue {
	const struct pool *p;
	const volatile bool *stop;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct waiting *heap; /* soonest first */
	size_t n, cap;
	size_t open;    /* tasks started and not finished: in the heap or in a thread */
	bool exhausted; /* start() had no more */
};

/* ---- heap ------------------------------------------------------------------------------------ */

static void swap(struct waiting *a, struct waiting *b)
{
	struct waiting t = *a;

	*a = *b;
	*b = t;
}

static void push(struct queue *q, int64_t at_ms, void *task)
{
	q->heap = mem_grow(q->heap, &q->cap, q->n + 1, sizeof(*q->heap));
	size_t i = q->n++;
	q->heap[i] = (struct waiting){ at_ms, task };
	for (; i > 0 && q->heap[i].at_ms < q->heap[(i - 1) / 2].at_ms; i = (i - 1) / 2)
		swap(&q->heap[i], &q->heap[(i - 1) / 2]);
}

static void *pop(struct queue *q)
{
	void *task = q->heap[0].task;

	q->heap[0] = q->heap[--q->n];
	for (size_t i = 0, least;; i = least) {
		least = i;
		for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < q->n; k++)
			if (q->heap[k].at_ms < q->heap[least].at_ms)
				least = k;
		if (least == i)
			return task;
		swap(&q->heap[i], &q->heap[least]);
	}
}

/* ---- threads --------------------------------------------------------------------------------- */

static void wait_for_change(struct queue *q, int64_t ms)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	ms = ms < STOP_CHECK_MS ? ms : STOP_CHECK_MS;
	until.tv_nsec += ms % 1000 * 1000000;
	until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	(void)pthread_cond_timedwait(&q->changed, &q->mutex, &until);
}

/* The next task for a thread, under the mutex; NULL when all is done or stopped. */
static void *next_task(struct queue *q)
{
	const struct pool *p = q->p;

	while (!*q->stop) {
		int64_t now = env_mono_ms(p->env);
		if (q->n > 0 && q->heap[0].at_ms <= now)
			return pop(q);
		if (!q->exhausted && q->open < p->max_open) {
			void *task = p->ops->start(p->ctx);
			if (task != NULL) {
				q->open++;
				return task;
			}
			q->exhausted = true;
		}
		if (q->exhausted && q->open == 0)
			return NULL;
		if (p->ops->tick != NULL)
			p->ops->tick(p->ctx);
		wait_for_change(q, q->n > 0 ? q->heap[0].at_ms - now : STOP_CHECK_MS);
	}
	return NULL;
}

static void *work(void *arg)
{
	struct queue *q = arg;
	const struct pool *p = q->p;
	void *own = p->ops->thread_open(p->ctx), *task;

	(void)pthread_mutex_lock(&q->mutex);
	while ((task = next_task(q)) != NULL) {
		(void)pthread_mutex_unlock(&q->mutex);
		int64_t ms = p->ops->step(p->ctx, task, own);
		(void)pthread_mutex_lock(&q->mutex);
		if (ms < 0)
			q->open--;
		else
			push(q, env_mono_ms(p->env) + ms, task);
		(void)pthread_cond_broadcast(&q->changed);
	}
	(void)pthread_mutex_unlock(&q->mutex);
	p->ops->thread_close(p->ctx, own);
	return NULL;
}

void pool_run(const struct pool *p, const volatile bool *stop)
{
	struct queue q = { .p = p, .stop = stop, .mutex = PTHREAD_MUTEX_INITIALIZER };
	pthread_condattr_t attr;
	int threads = 0;

	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&q.changed, &attr);
	(void)pthread_condattr_destroy(&attr);
	pthread_t *ids = mem_array((size_t)p->workers, sizeof(*ids));
	/* This thread is one of the workers: with one, no other is made. */
	for (int i = 1; i < p->workers; i++)
		if (pthread_create(&ids[threads], NULL, work, &q) == 0)
			threads++;
	(void)work(&q);
	for (int i = 0; i < threads; i++)
		(void)pthread_join(ids[i], NULL);
	while (q.n > 0)
		p->ops->abandon(p->ctx, pop(&q));
	free(ids);
	free(q.heap);
	(void)pthread_cond_destroy(&q.changed);
	(void)pthread_mutex_destroy(&q.mutex);
}
