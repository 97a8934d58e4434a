/* SPDX-License-Identifier: MIT */
/*
 * `acrotate plan --horizon 1y`: every job played forward on a simulated clock, with the rule
 * that decides for real. A run every hour, as the timer does it; every rotation succeeds. Asks
 * nobody: it starts from state and sinks.
 */
#ifndef CLI_HORIZON_H
#define CLI_HORIZON_H

#include "base/base.h"

struct config;

#define HORIZON_MAX_S (10 * 366 * 86400LL)

struct horizon_request {
	struct config *config;
	const size_t *jobs;
	size_t n_jobs;
	int64_t seconds; /* at most HORIZON_MAX_S */
	bool json;
};

/* The exit status: 0, 65 when a job would be refused or come to expire, 78 when a job file is
 * wrong. */
int cli_horizon(const struct horizon_request *rq);

#endif
