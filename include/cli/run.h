/* SPDX-License-Identifier: MIT */
/* `acrotate run` and `acrotate plan`: many jobs in parallel, each with its own rotation. */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "base/base.h"

struct config;

struct run_request {
	struct config *config;
	const size_t *jobs; /* indices, sorted */
	size_t n_jobs;
	bool all; /* no job was named */
	bool dry_run, force, json;
	/* flags of rotation.h: ROTATE_REVOKE and those that go with it; 0: none */
	unsigned revoke;
	bool chatty; /* print a line per job also on success: on a terminal, or with --verbose */
	bool detailed_exitcode;
	int64_t wait_s; /* how long to retry a job that would exit with 75 */
};

struct options;
struct run_request run_request_of(const struct options *o, struct config *c, const size_t *jobs,
                                  size_t n);

/* Returns the exit status. */
int cli_run(const struct run_request *rq);

#endif
