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
	atomic_bool stop;
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

/* ---- lines ----------------------------------------------------------------------------------- */

/* Tasks that stand in one of two lines before their second step, and have their turn one by one. */
struct march {
	int tasks, started, asked, finished[2], wrong, abandoned;
	int64_t every_ms, next_ms[2];
	int stop_after; /* finished; 0: never */
	atomic_bool stop;
};
struct marcher {
	int line, number;
	bool stood;
};

static void *march_open(void *ctx)
{
	return ctx;
}

static void march_close(void *ctx, void *own)
{
	assert_ptr_equal(ctx, own);
}

static void *march_start(void *ctx)
{
	struct march *m = ctx;

	if (m->started == m->tasks)
		return NULL;
	struct marcher *t = mem_new(sizeof(*t));
	*t = (struct marcher){ .line = m->started % 2, .number = m->started / 2 };
	m->started++;
	return t;
}

static int64_t march_step(void *ctx, void *task, void *own)
{
	struct march *m = ctx;
	struct marcher *t = task;

	(void)own;
	if (!t->stood) {
		t->stood = true;
		return 0;
	}
	m->wrong += m->finished[t->line]++ != t->number;
	if (m->finished[0] + m->finished[1] == m->stop_after)
		m->stop = true;
	free(t);
	return -1;
}

static const void *march_line(void *ctx, void *task)
{
	struct march *m = ctx;

	return &m->finished[((struct marcher *)task)->line];
}

static int64_t march_turn(void *ctx, void *task)
{
	struct march *m = ctx;
	int line = ((struct marcher *)task)->line;
	int64_t now = env_mono_ms(&env_system), ms = m->next_ms[line] - now;

	m->asked++;
	if (ms > 0)
		return ms;
	m->next_ms[line] = now + m->every_ms;
	return 0;
}

static void march_abandon(void *ctx, void *task)
{
	struct march *m = ctx;

	free(task);
	m->abandoned++;
}

static const struct pool_ops march_ops = { .thread_open = march_open,
	                                   .thread_close = march_close,
	                                   .start = march_start,
	                                   .step = march_step,
	                                   .line = march_line,
	                                   .turn = march_turn,
	                                   .abandon = march_abandon };

/* First come, first served, and nobody is asked who is not first. */
static void those_in_line_sleep(void **state)
{
	static const struct {
		int tasks, stop_after;
		int64_t every_ms;
	} rows[] = { { 0, 0, 0 }, { 1, 0, 1 }, { 600, 0, 2 }, { 600, 100, 2 } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct march m = { .tasks = rows[i].tasks,
			           .stop_after = rows[i].stop_after,
			           .every_ms = rows[i].every_ms };
		struct pool pool = { .workers = 1,
			             .max_open = 1000,
			             .ops = &march_ops,
			             .ctx = &m,
			             .env = &env_system };
		pool_run(&pool, &m.stop);
		int finished = m.finished[0] + m.finished[1];
		CHECK(m.wrong == 0, "row %zu: %d out of turn", i, m.wrong);
		CHECK(finished + m.abandoned == rows[i].tasks, "row %zu: %d", i, finished);
		CHECK(rows[i].stop_after == 0 ? m.abandoned == 0 : m.abandoned > 0, "row %zu", i);
		CHECK(m.asked <= 3 * finished + 2, "row %zu: asked %d times", i, m.asked);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_task_is_finished_once),
		cmocka_unit_test(waiting_tasks_hold_no_thread),
		cmocka_unit_test(a_stopped_pool_gives_back_what_it_did_not_finish),
		cmocka_unit_test(those_in_line_sleep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
