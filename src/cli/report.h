/* SPDX-License-Identifier: MIT */
/* What the jobs of a run came to: lines on stdout, errors on stderr, the journal, and the exit
 * status. Thread-safe. */
#ifndef SRC_CLI_REPORT_H
#define SRC_CLI_REPORT_H

#include "base/err.h"
#include "rotate/rotation.h"

struct run_request;
struct report;

struct report *report_new(const struct run_request *rq);
/* `o` is NULL for a job that never came to a decision; e is NULL, or an error of kind NONE, when
 * the job is well. at: 0..n_jobs-1. */
void report_job(struct report *p, size_t at, const char *name, const struct outcome *o,
                const struct err *e);
/* The live line on a terminal, overwritten each time; "" clears it. Any line of report_job
 * clears it first. */
void report_live(struct report *p, const char *text);
/* Frees what was held back, unsaid. */
void report_drop(struct report *p);
/* Prints what was held back, and frees. The exit status. */
int report_end(struct report *p);

#endif
