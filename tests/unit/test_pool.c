/* SPDX-License-Identifier: MIT */
#include <stdatomic.h>
#include <stdlib.h>

#include "base/env.h"
#include "base/mem.h"
#include "base/pool.h"
#include "check.h"

/* Counts to `steps` in every task, waiting `wait_ms` between two; notes how many were open at
 * once. */
struct play {
	int tasks, steps;
	int64_t wait_ms;
	atomic_int started, finished, abandoned, taken, open, most_open, threads;
	int stop_after; /* steps in all; 0: never */
	volatile bool stop;
};

struct task {
	int left;
};

static void *thread_open(void *ctx)
{
	struct play *p = ctx;

	p->threads++;
	return p;
}

static void thread_close(void *ctx, void *own)
{
	struct play *p = ctx;

	assert_ptr_equal(own, p);
	p->threads--;
}

static void *start(void *ctx)
{
	struct play *p = ctx;

	if (p->started == p->tasks)
		return NULL;
	struct task *t = mem_new(sizeof(*t));
	t->left = p->steps;
	p->started++;
	int open = ++p->open;
	if (open > p->most_open)
		p->most_open = open;
	return t;
}

static int64_t step(void *ctx, void *task, void *own)
{
	struct play *p = ctx;
	struct task *t = task;

	assert_non_null(own);
	if (++p->taken == p->stop_after)
		p->stop = true;
	if (--t->left > 0)
		return p->wait_ms;
	free(t);
	p->finished++;
	p->open--;
	return -1;
}

static void abandon(void *ctx, void *task)
{
	struct play *p = ctx;

	free(task);
	p->abandoned++;
}

static const struct pool_ops ops = { .thread_open = thread_open,
	                             .thread_close = thread_close,
	                             .start = start,
	                             .step = step,
	                             .abandon = abandon };

static void every_task_is_finished_once(void **state)
{
	static const struct row {
		int workers, tasks, steps;
		int64_t wait_ms;
		size_t max_open;
	} rows[] = {
		{ 1, 0, 1, 0, 8 },     { 1, 1, 1, 0, 8 },      { 1, 50, 3, 0, 8 },
		{ 4, 1000, 2, 0, 64 }, { 4, 100, 3, 1, 1000 }, { 16, 3, 2, 1, 8 },
		{ 2, 40, 2, 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		struct play play = { .tasks = r->tasks, .steps = r->steps, .wait_ms = r->wait_ms };
		struct pool pool = { .workers = r->workers,
			             .max_open = r->max_open,
			             .ops = &ops,
			             .ctx = &play,
			             .env = &env_system };
		pool_run(&pool, &play.stop);
		CHECK(play.finished == r->tasks, "row %zu: %d finished", i, play.finished);
		CHECK(play.taken == r->tasks * r->steps, "row %zu: %d steps", i, play.taken);
		CHECK(play.most_open <= (int)r->max_open, "row %zu: %d open", i, play.most_open);
		CHECK(play.threads == 0 && play.abandoned == 0, "row %zu", i);
	}
}

/* A thousand that wait hold no thread: with two workers they all wait at the same time. */
static void waiting_tasks_hold_no_thread(void **state)
{
	struct play play = { .tasks = 1000, .steps = 2, .wait_ms = 50 };
	struct pool pool = {
		.workers = 2, .max_open = 5000, .ops = &ops, .ctx = &play, .env = &env_system
	};

	(void)state;
	pool_run(&pool, &play.stop);
	assert_int_equal(play.finished, 1000);
	assert_true(play.most_open > 2);
}

static void a_stopped_pool_gives_back_what_it_did_not_finish(void **state)
{
	struct play play = { .tasks = 100, .steps = 1000, .wait_ms = 1, .stop_after = 300 };
	struct pool pool = {
		.workers = 4, .max_open = 50, .ops = &ops, .ctx = &play, .env = &env_system
	};

	(void)state;
	pool_run(&pool, &play.stop);
	assert_int_equal(play.finished + play.abandoned, play.started);
	assert_true(play.abandoned > 0);
	assert_int_equal(play.threads, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_task_is_finished_once),
		cmocka_unit_test(waiting_tasks_hold_no_thread),
		cmocka_unit_test(a_stopped_pool_gives_back_what_it_did_not_finish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
