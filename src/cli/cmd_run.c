/* SPDX-License-Identifier: MIT */
/* `acrotate run`, `revoke`, and a plan for which state and sinks do not tell enough. */
#include "base/err.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/run.h"
#include "cli/with_jobs.h"
#include "rotate/rotation.h"

static int run(const struct options *o, struct config *c, const size_t *jobs, size_t n)
{
	struct run_request rq = run_request_of(o, c, jobs, n);

	return cli_run(&rq);
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
		log_msg(LEVEL_ERROR, NULL, "'%s' matches %zu jobs: revoke one at a time",
		        o->args[0], n);
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

int cmd_plan_asking(const struct options *o, const struct run_request *rq)
{
	(void)o; /* all is in the request */
	return cli_run(rq);
}
