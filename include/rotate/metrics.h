/* SPDX-License-Identifier: MIT */
/*
 * The metrics of all jobs for Prometheus: a textfile, which every run replaces atomically, or a
 * text on demand. The small front program links this, because a run with nothing to do writes it,
 * too.
 */
#ifndef ROTATE_METRICS_H
#define ROTATE_METRICS_H

#include "base/base.h"

struct buf;
struct config;
struct err;
struct job_status;
struct metrics;
struct store;

/* For the jobs of a configuration, by index. */
struct metrics *metrics_new(size_t n_jobs);
void metrics_free(struct metrics *m);
/* Sets the status of job i; s NULL: its file or state cannot be read. Threads may put different
 * jobs. */
void metrics_put(struct metrics *m, size_t i, const char *name, const struct job_status *s);
/* Observes every job that was not put, because this run does not include it. */
void metrics_fill(struct metrics *m, struct config *c, const struct store *store, int64_t now);

struct metrics_run {
	int64_t at, duration_ms;
	int status;
};
/* ERR_LOCAL leaves the old file. Mode 0644, because another user reads it. */
MUST_USE bool metrics_write(const struct metrics *m, const char *path,
                            const struct metrics_run *run, struct err *e);

/* The same in pieces, for example to standard output, without the metrics of a run; only the jobs
 * that were put. */
typedef bool metrics_piece_fn(void *ctx, const char *text, size_t n, struct err *e);
MUST_USE bool metrics_tell(const struct metrics *m, metrics_piece_fn *piece, void *ctx,
                           struct err *e);

/* Every metric, for the test of the manual. NULL after the last. */
const char *metrics_name(size_t i);

#endif
