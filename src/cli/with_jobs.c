/* SPDX-License-Identifier: MIT */
#include "cli/with_jobs.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "cli/lent.h"
#include "cli/options.h"
#include "config/job.h"

/* The same on every machine and in every version: jobs keep their part (FNV-1a). */
static uint32_t hash(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name != '\0'; name++)
		h = (h ^ (unsigned char)*name) * 16777619u;
	return h;
}

static size_t keep_shard(const struct option_shard *s, const struct config *c, size_t *jobs,
                         size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (s->of == 0 || hash(config_name(c, jobs[i])) % s->of == s->part)
			jobs[kept++] = jobs[i];
	return kept;
}

int with_jobs(const struct options *o,
              int (*act)(const struct options *o, struct config *c, const size_t *jobs, size_t n))
{
	struct config *config = NULL;
	struct err e = ERR_INIT;
	size_t *jobs = NULL, n = 0;
	int status;

	if (config_open(o->config, &config, &e) &&
	    config_select(config, o->args, o->n_args, &jobs, &n, &e)) {
		n = keep_shard(&o->shard, config, jobs, n);
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
