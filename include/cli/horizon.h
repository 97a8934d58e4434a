/* SPDX-License-Identifier: MIT */
/*
 * `acrotate plan --horizon 1y`: simulates every job on a virtual clock, with the real rule. There
 * is a run every hour, like the timer's, and every rotation succeeds. Starts from state and sinks,
 * and does not use the network.
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

/* Returns the exit status: 0; 65 if a job would be refused or its password would expire; 78 if a
 * job file is wrong. */
int cli_horizon(const struct horizon_request *rq);

#endif
