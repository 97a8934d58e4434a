/* SPDX-License-Identifier: MIT */
/* `acrotate plan`: from state and sinks where nothing is due, which is most of the time; else as a
 * run would go. */
#include <unistd.h>

#include "cli/commands.h"
#include "cli/horizon.h"
#include "cli/options.h"
#include "cli/run.h"
#include "cli/with_jobs.h"
#include "quiet.h"

struct run_request run_request_of(const struct options *o, struct config *c, const size_t *jobs,
                                  size_t n)
{
	return (struct run_request){ .config = c,
		                     .jobs = jobs,
		                     .n_jobs = n,
		                     .all = o->n_args == 0 && o->shard.of == 0,
		                     .dry_run = o->dry_run,
		                     .force = o->force,
		                     .json = o->json,
		                     .chatty = o->verbose || o->debug || isatty(STDOUT_FILENO),
		                     .detailed_exitcode = o->detailed_exitcode,
		                     .wait_s = o->wait_s };
}

static int plan(const struct options *o, struct config *c, const size_t *jobs, size_t n)
{
	struct run_request rq = run_request_of(o, c, jobs, n);
	int status;

	rq.dry_run = true;
	return quiet_plan(&rq, &status) ? status : cmd_plan_asking(o, &rq);
}

static int horizon(const struct options *o, struct config *c, const size_t *jobs, size_t n)
{
	struct horizon_request rq = {
		.config = c, .jobs = jobs, .n_jobs = n, .seconds = o->horizon_s, .json = o->json
	};

	return cli_horizon(&rq);
}

int cmd_plan(const struct options *o)
{
	return with_jobs(o, o->horizon_s > 0 ? horizon : plan);
}
