/* SPDX-License-Identifier: MIT */
#include "cli/with_jobs.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "cli/lent.h"
#include "cli/options.h"
#include "config/job.h"

int with_jobs(const struct options *o,
              int (*act)(const struct options *o, struct config *c, const size_t *jobs, size_t n))
{
	struct config *config = NULL;
	struct err e = ERR_INIT;
	size_t *jobs = NULL, n = 0;
	int status;

	if (config_open(o->config, &config, &e) &&
	    config_select(config, o->args, o->n_args, &jobs, &n, &e)) {
		AUTO_LENT struct lent *lent = lent_new(config, o->argv);

		(void)lent; /* the configuration's jobs borrow it */
		status = act(o, config, jobs, n);
	} else {
		log_err(NULL, &e);
		status = err_exit_code(e.kind);
	}
	free(jobs);
	config_close(config);
	return status;
}
