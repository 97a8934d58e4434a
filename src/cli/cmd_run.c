/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/run.h"
#include "config/job.h"

static int run(const struct options *o, bool dry_run)
{
	struct config *config = NULL;
	struct err e = ERR_INIT;
	size_t *jobs = NULL, n = 0;
	int status;

	if (config_open(o->config, &config, &e) && config_select(config, o->args, o->n_args, &jobs, &n, &e)) {
		struct run_request rq = { .config = config, .jobs = jobs, .n_jobs = n, .dry_run = dry_run, .force = o->force,
		                          .json = o->json, .chatty = o->verbose || o->debug || isatty(STDOUT_FILENO),
		                          .detailed_exitcode = o->detailed_exitcode, .wait_s = o->wait_s };
		status = cli_run(&rq);
	} else {
		log_err(NULL, &e);
		status = err_exit_code(e.kind);
	}
	free(jobs);
	config_close(config);
	return status;
}

int cmd_run(const struct options *o)
{
	return run(o, o->dry_run);
}

int cmd_plan(const struct options *o)
{
	return run(o, true);
}
