/* SPDX-License-Identifier: MIT */
/* Jobs for which there is nothing to do, told from their state and sinks: without network and lock.
 * */
#ifndef SRC_CLI_QUIET_H
#define SRC_CLI_QUIET_H

#include "base/base.h"

struct job;
struct metrics;
struct report;
struct run_request;
struct store;

/* True: nothing is due for this job, and it was reported. m: NULL without a metrics_file. *writes:
 * it looks as if its sinks will be written. */
bool quiet_report(const struct run_request *rq, size_t at, const struct job *job,
                  const struct store *store, struct report *report, struct metrics *m,
                  bool *writes);
/* The whole plan, where nothing is due for any job: true with the exit status when it was printed.
 * False: nothing was said, and it takes more than a look at state and sinks. */
bool quiet_plan(const struct run_request *rq, int *status);

#endif
