/* SPDX-License-Identifier: MIT */
/* `acrotate run`, `plan` and `revoke`: the same run with other flags. */
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/horizon.h"
#include "cli/options.h"
#include "cli/run.h"
#include "cli/whole.h"
#include "cli/with_jobs.h"
#include "config/job.h"
#include "rotate/rotation.h"

static int run_jobs(const struct options *o, struct config *c, const size_t *jobs, size_t n,
                    bool dry_run)
{
	struct run_request rq = { .config = c,
		                  .jobs = jobs,
		                  .n_jobs = n,
		                  .dry_run = dry_run,
		                  .force = o->force,
		                  .json = o->json,
		                  .chatty = o->verbose || o->debug || isatty(STDOUT_FILENO),
		                  .detailed_exitcode = o->detailed_exitcode,
		                  .wait_s = o->wait_s };

	return cli_run(&rq);
}

/* A mistake in a job file is left to the run, which reports it. */
static bool needs_whole(struct config *c, const size_t *jobs, size_t n)
{
	bool needed = false;

	for (size_t i = 0; i < n && !needed; i++) {
		AUTO_JOB struct job *job = NULL;
		struct err ignored = ERR_INIT;
		needed = config_job(c, jobs[i], &job, &ignored) && whole_is_needed(job);
	}
	return needed;
}

static int run(const struct options *o, struct config *c, const size_t *jobs, size_t n)
{
	if (needs_whole(c, jobs, n))
		whole_become(o->argv);
	return run_jobs(o, c, jobs, n, o->dry_run);
}

static int plan(const struct options *o, struct config *c, const size_t *jobs, size_t n)
{
	return run_jobs(o, c, jobs, n, true);
}

static int horizon(const struct options *o, struct config *c, const size_t *jobs, size_t n)
{
	struct horizon_request rq = {
		.config = c, .jobs = jobs, .n_jobs = n, .seconds = o->horizon_s, .json = o->json
	};

	return cli_horizon(&rq);
}

static int revoke_one(const struct options *o, struct config *c, const size_t *jobs, size_t n)
{
	struct run_request rq = { .config = c,
		                  .jobs = jobs,
		                  .n_jobs = n,
		                  .json = o->json,
		                  .chatty = true,
		                  .revoke = ROTATE_REVOKE };

	if (n != 1) {
		log_msg(LEVEL_ERROR, NULL, "'%s' means %zu jobs: revoke one at a time", o->args[0],
		        n);
		return err_exit_code(ERR_USAGE);
	}
	rq.revoke |= (o->now ? ROTATE_REVOKE_NOW : 0u) | (o->slot[0] ? ROTATE_REVOKE_1 : 0u) |
	             (o->slot[1] ? ROTATE_REVOKE_2 : 0u);
	return cli_run(&rq);
}

int cmd_revoke(const struct options *o)
{
	return with_jobs(o, revoke_one);
}

int cmd_run(const struct options *o)
{
	return with_jobs(o, run);
}

int cmd_plan(const struct options *o)
{
	return with_jobs(o, o->horizon_s > 0 ? horizon : plan);
}
