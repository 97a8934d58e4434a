/* SPDX-License-Identifier: MIT */
/* `acrotate status --online`: the same rows, after Azure was asked. */
#include <pthread.h>

#include "ask_jobs.h"
#include "base/env.h"
#include "cli/world.h"
#include "rotate/rotation.h"
#include "status_jobs.h"

struct status_asking {
	struct status_jobs *st;
	pthread_mutex_t mutex;
};

static void fill(struct status_jobs *st, size_t at, const struct job *job, const struct rotation *r,
                 const struct err *e)
{
	struct job_status *is = &st->rows[at].is;

	if (!rotation_status(r, is))
		*is = (struct job_status){ .state = JOB_FAILING };
	if (e->kind != ERR_NONE && is->state != JOB_DISABLED && is->state != JOB_REFUSED &&
	    is->state != JOB_SHADOWED)
		is->state = JOB_FAILING;
	if (e->kind != ERR_NONE)
		status_count_error(st, e->kind);
	status_fill_row(st, at, job, rotation_observation(r), env_now(&env_system), e);
}

static void asked(void *ctx, size_t at, const struct job *job, const struct rotation *r,
                  struct http *h, const struct err *e)
{
	struct status_asking *a = ctx;

	(void)h;
	(void)pthread_mutex_lock(&a->mutex);
	if (r == NULL || rotation_observation(r) == NULL)
		status_unreadable_row(a->st, at, job, e);
	else
		fill(a->st, at, job, r, e);
	(void)pthread_mutex_unlock(&a->mutex);
}

void status_ask(struct status_jobs *st)
{
	AUTO_WORLD struct cli_world *world = cli_world_new(st->config);
	struct status_asking asking = { .st = st, .mutex = PTHREAD_MUTEX_INITIALIZER };
	const struct ask_jobs a = { .config = st->config,
		                    .jobs = st->jobs,
		                    .n_jobs = st->n,
		                    .world = world,
		                    .done = asked,
		                    .ctx = &asking };

	ask_jobs(&a);
	(void)pthread_mutex_destroy(&asking.mutex);
}
