/* SPDX-License-Identifier: MIT */
#include "ask_jobs.h"

#include <stdlib.h>

#include "base/env.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/pool.h"
#include "cli/world.h"
#include "client.h"
#include "config/job.h"
#include "http/http.h"

#define OPEN_MAX_TASKS 256

struct asking {
	const struct ask_jobs *a;
	size_t next;
};

struct ask_task {
	size_t at;
	struct job *job;
	struct rotation *rotation;
};

static void *thread_open(void *ctx)
{
	const struct asking *k = ctx;

	return client_new(k->a->world, NULL);
}

static void *start(void *ctx)
{
	struct asking *k = ctx;

	while (k->next < k->a->n_jobs) {
		size_t at = k->next++;
		struct job *job = NULL;
		struct err e = ERR_INIT;
		if (!config_job(k->a->config, k->a->jobs[at], &job, &e) ||
		    !config_unclaimed(k->a->config, k->a->jobs[at], &e)) {
			k->a->done(k->a->ctx, at, NULL, NULL, NULL, &e);
			job_free(job);
			continue;
		}
		struct ask_task *t = mem_new(sizeof(*t));
		*t = (struct ask_task){ .at = at,
			                .job = job,
			                .rotation = rotation_new(cli_world(k->a->world), job,
			                                         ROTATE_DRY_RUN | ROTATE_ASK, 0) };
		return t;
	}
	return NULL;
}

static void task_free(struct ask_task *t)
{
	rotation_free(t->rotation);
	job_free(t->job);
	free(t);
}

static int64_t step(void *ctx, void *task, void *own)
{
	struct asking *k = ctx;
	struct ask_task *t = task;
	struct http *h = NULL;
	struct err e = ERR_INIT;
	int64_t again_ms = -1;
	bool opened = client_http(own, &h, &e);

	if (!opened || !rotation_step(t->rotation, h, &again_ms, &e))
		again_ms = -1;
	else if (again_ms >= 0)
		return again_ms;
	else
		e = (struct err)ERR_INIT; /* of what failed on the way, and did not matter */
	k->a->done(k->a->ctx, t->at, t->job, opened ? t->rotation : NULL, h, &e);
	task_free(t);
	return -1;
}

static const struct pool_ops asking_ops = {
	.thread_open = thread_open, .thread_close = client_free, .start = start, .step = step
};

static void without_network(const struct ask_jobs *a, const struct err *why)
{
	for (size_t at = 0; at < a->n_jobs; at++) {
		AUTO_JOB struct job *job = NULL;
		struct err e = ERR_INIT;
		bool read = config_job(a->config, a->jobs[at], &job, &e);
		a->done(a->ctx, at, job, NULL, NULL, read ? why : &e);
	}
}

void ask_jobs(const struct ask_jobs *a)
{
	static const atomic_bool never_stop = false;
	struct asking k = { .a = a };
	size_t workers = (size_t)config_run(a->config)->workers;
	struct http *h = NULL;
	struct err e = ERR_INIT;

	config_first(a->config, state_was_there, cli_world(a->world)->store);
	if (!cli_world_http(a->world, &h, &e)) {
		without_network(a, &e);
		return;
	}
	http_close(h);
	struct pool pool = { .workers = (int)(workers < a->n_jobs ? workers : a->n_jobs),
		             .max_open = OPEN_MAX_TASKS,
		             .ops = &asking_ops,
		             .ctx = &k,
		             .env = &env_system };
	client_make_room((size_t)pool.workers,
	                 a->n_jobs < pool.max_open ? a->n_jobs : pool.max_open);
	if (a->n_jobs > 0)
		pool_run(&pool, &never_stop);
}
