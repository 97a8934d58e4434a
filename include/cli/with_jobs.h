/* SPDX-License-Identifier: MIT */
/* What most commands begin with: the configuration is opened, and the jobs that the operands
 * mean are found. */
#ifndef CLI_WITH_JOBS_H
#define CLI_WITH_JOBS_H

#include "base/base.h"

struct config;
struct options;

/* `act` gets the jobs as indices, sorted; its exit status is returned. What is wrong with
 * configuration or operands is logged. */
int with_jobs(const struct options *o,
              int (*act)(const struct options *o, struct config *c, const size_t *jobs, size_t n));

#endif
