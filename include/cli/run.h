/* SPDX-License-Identifier: MIT */
/* `acrotate run` and `acrotate plan`: many jobs side by side, each by its own rotation. */
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
	/* flags of rotate.h: ROTATE_REVOKE and what goes with it; 0: none */
	unsigned revoke;
	bool chatty; /* a line per job on success, too: a terminal, or --verbose */
	bool detailed_exitcode;
	int64_t wait_s; /* how long a job that would exit 75 is tried again */
};

struct options;
struct run_request run_request_of(const struct options *o, struct config *c, const size_t *jobs,
                                  size_t n);

/* The exit status. */
int cli_run(const struct run_request *rq);

#endif
