/* SPDX-License-Identifier: MIT */
/* The beginning of most commands: opens the configuration, and selects the jobs that the operands
 * name. */
#ifndef CLI_WITH_JOBS_H
#define CLI_WITH_JOBS_H

#include "base/base.h"

struct config;
struct options;

/* Calls `act` with the sorted indices of the jobs, and returns its exit status. Mistakes in
 * configuration or operands are logged. */
int with_jobs(const struct options *o,
              int (*act)(const struct options *o, struct config *c, const size_t *jobs, size_t n));

#endif
