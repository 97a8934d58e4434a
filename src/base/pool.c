/* SPDX-License-Identifier: MIT */
#include "base/pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/env.h"
#include "base/mem.h"

#define STOP_CHECK_MS 200 /* a signal handler cannot wake a condition variable */

/* Tasks that wait for the same thing, first come, first served. Only the first is in the heap. */
struct line {
	const void *key;
	void **tasks; /* a ring */
	size_t first, n, cap;
};

struct waiting {
	int64_t at_ms;
	void *task;
	struct line *line; /* whose first it is, or NULL */
};

struct queue {
	const struct pool *p;
	const atomic_bool *stop;
	pthread_mutex_t mutex;
	/* One thread at a time watches the clock; the others sleep until there is work. */
	pthread_cond_t changed, work;
	bool watched;
	int64_t watched_until_ms;
	struct waiting *heap; /* soonest first */
	size_t n, cap;
	struct line **lines; /* as many as there are subscriptions */
	size_t n_lines, cap_lines;
	size_t open;    /* tasks started and not finished: waiting or in a thread */
	bool exhausted; /* start() had no more */
};

/* ---- heap ------------------------------------------------------------------------------------ */

static void swap(struct waiting *a, struct waiting *b)
{
	struct waiting t = *a;

	*a = *b;
	*b = t;
}

static void push(struct queue *q, int64_t at_ms, void *task, struct line *line)
{
	q->heap = mem_grow(q->heap, &q->cap, q->n + 1, sizeof(*q->heap));
	size_t i = q->n++;
	q->heap[i] = (struct waiting){ at_ms, task, line };
	for (; i > 0 && q->heap[i].at_ms < q->heap[(i - 1) / 2].at_ms; i = (i - 1) / 2)
		swap(&q->heap[i], &q->heap[(i - 1) / 2]);
}

static struct waiting pop(struct queue *q)
{
	struct waiting first = q->heap[0];

	q->heap[0] = q->heap[--q->n];
	for (size_t i = 0, least;; i = least) {
		least = i;
		for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < q->n; k++)
			if (q->heap[k].at_ms < q->heap[least].at_ms)
				least = k;
		if (least == i)
			return first;
		swap(&q->heap[i], &q->heap[least]);
	}
}

/* ---- lines ----------------------------------------------------------------------------------- */

static struct line *line_of(struct queue *q, const void *key)
{
	for (size_t i = 0; i < q->n_lines; i++)
		if (q->lines[i]->key == key)
			return q->lines[i];
	q->lines = mem_grow(q->lines, &q->cap_lines, q->n_lines + 1, sizeof(struct line *));
	struct line *l = mem_new(sizeof(*l));
	l->key = key;
	q->lines[q->n_lines++] = l;
	return l;
}

static void grow_line(struct line *l)
{
	size_t cap = l->cap == 0 ? 16 : 2 * l->cap;
	void **tasks = mem_array(cap, sizeof(void *));

	for (size_t i = 0; i < l->n; i++)
		tasks[i] = l->tasks[(l->first + i) % l->cap];
	free(l->tasks);
	l->tasks = tasks;
	l->cap = cap;
	l->first = 0;
}

static void join(struct queue *q, struct line *l, int64_t at_ms, void *task)
{
	if (l->n == l->cap)
		grow_line(l);
	l->tasks[(l->first + l->n++) % l->cap] = task;
	if (l->n == 1)
		push(q, at_ms, task, l);
}

static void leave(struct queue *q, struct line *l, int64_t now)
{
	l->first = (l->first + 1) % l->cap;
	if (--l->n > 0)
		push(q, now, l->tasks[l->first], l);
}

static void free_lines(struct queue *q)
{
	for (size_t i = 0; i < q->n_lines; i++) {
		free(q->lines[i]->tasks);
		free(q->lines[i]);
	}
	free(q->lines);
}

/* ---- threads --------------------------------------------------------------------------------- */

static void wait_for_change(struct queue *q, int64_t ms)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += ms % 1000 * 1000000;
	until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	(void)pthread_cond_timedwait(&q->changed, &q->mutex, &until);
}

/* One that is due, and if it stands in a line, whose turn it is. */
static void *due_task(struct queue *q)
{
	const struct pool *p = q->p;
	int64_t now;

	while (q->n > 0 && q->heap[0].at_ms <= (now = env_mono_ms(p->env))) {
		struct waiting first = pop(q);
		int64_t ms = first.line == NULL ? 0 : p->ops->turn(p->ctx, first.task);
		if (ms > 0) {
			push(q, now + ms, first.task, first.line);
			continue;
		}
		if (first.line != NULL)
			leave(q, first.line, now);
		return first.task;
	}
	return NULL;
}

static void *new_task(struct queue *q)
{
	const struct pool *p = q->p;
	void *task;

	if (q->exhausted || q->open >= p->max_open)
		return NULL;
	task = p->ops->start(p->ctx);
	q->exhausted = task == NULL;
	q->open += task != NULL;
	return task;
}

/* A thread that has work leaves the clock to another one. */
static void sleep_or_watch(struct queue *q)
{
	if (q->watched) {
		(void)pthread_cond_wait(&q->work, &q->mutex);
		return;
	}
	int64_t now = env_mono_ms(q->p->env);
	int64_t ms = q->n > 0 ? q->heap[0].at_ms - now : STOP_CHECK_MS;
	ms = ms < STOP_CHECK_MS ? ms : STOP_CHECK_MS;
	q->watched = true;
	q->watched_until_ms = now + ms;
	if (q->p->ops->tick != NULL)
		q->p->ops->tick(q->p->ctx);
	wait_for_change(q, ms);
	q->watched = false;
}

/* The next task for a thread, under the mutex; NULL when all is done or stopped. */
static void *next_task(struct queue *q)
{
	void *task = NULL;

	while (!*q->stop) {
		if ((task = due_task(q)) != NULL || (task = new_task(q)) != NULL)
			break;
		if (q->exhausted && q->open == 0)
			break;
		sleep_or_watch(q);
	}
	if (task != NULL)
		(void)pthread_cond_signal(&q->work);
	else
		(void)pthread_cond_broadcast(&q->work);
	return task;
}

static void put_aside(struct queue *q, void *task, int64_t ms)
{
	const struct pool *p = q->p;
	const void *key = p->ops->line != NULL ? p->ops->line(p->ctx, task) : NULL;
	int64_t at = env_mono_ms(p->env) + ms;

	if (key != NULL)
		join(q, line_of(q, key), at, task);
	else
		push(q, at, task, NULL);
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
			put_aside(q, task, ms);
		if (q->watched && q->n > 0 && q->heap[0].at_ms < q->watched_until_ms)
			(void)pthread_cond_signal(&q->changed);
	}
	(void)pthread_cond_broadcast(&q->changed);
	(void)pthread_mutex_unlock(&q->mutex);
	p->ops->thread_close(p->ctx, own);
	return NULL;
}

static void abandon_all(struct queue *q)
{
	const struct pool *p = q->p;

	for (size_t i = 0; i < q->n_lines; i++)
		for (struct line *l = q->lines[i]; l->n > 1; l->n--)
			p->ops->abandon(p->ctx, l->tasks[(l->first + l->n - 1) % l->cap]);
	while (q->n > 0)
		p->ops->abandon(p->ctx, pop(q).task);
}

void pool_run(const struct pool *p, const atomic_bool *stop)
{
	struct queue q = { .p = p, .stop = stop, .mutex = PTHREAD_MUTEX_INITIALIZER };
	pthread_condattr_t attr;
	int threads = 0;

	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&q.changed, &attr);
	(void)pthread_cond_init(&q.work, &attr);
	(void)pthread_condattr_destroy(&attr);
	pthread_t *ids = mem_array((size_t)p->workers, sizeof(*ids));
	/* This thread is one of the workers: with one, no other is made. */
	for (int i = 1; i < p->workers; i++)
		if (pthread_create(&ids[threads], NULL, work, &q) == 0)
			threads++;
	(void)work(&q);
	for (int i = 0; i < threads; i++)
		(void)pthread_join(ids[i], NULL);
	abandon_all(&q);
	free(ids);
	free(q.heap);
	free_lines(&q);
	(void)pthread_cond_destroy(&q.changed);
	(void)pthread_cond_destroy(&q.work);
	(void)pthread_mutex_destroy(&q.mutex);
}
