/* SPDX-License-Identifier: MIT */
/*
 * What Prometheus is told of all jobs: a textfile, replaced atomically by every run, or a text for
 * whoever asks. The small front program links this: a run with nothing to do writes it, too.
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

/* Room for the jobs of a configuration, by their index. */
struct metrics *metrics_new(size_t n_jobs);
void metrics_free(struct metrics *m);
/* How job i stands; s NULL: its file or state cannot be read. Threads may put different jobs. */
void metrics_put(struct metrics *m, size_t i, const char *name, const struct job_status *s);
/* Looks at every job that was not put: those that this run was not asked for. */
void metrics_fill(struct metrics *m, struct config *c, const struct store *store, int64_t now);

struct metrics_run {
	int64_t at, duration_ms;
	int status;
};
/* ERR_LOCAL; the file that was there stays. Mode 0644: who reads it is somebody else. */
MUST_USE bool metrics_write(const struct metrics *m, const char *path,
                            const struct metrics_run *run, struct err *e);

/* The same by pieces, for a standard output, say: of the jobs that were put, and nothing about a
 * run. */
typedef bool metrics_piece_fn(void *ctx, const char *text, size_t n, struct err *e);
MUST_USE bool metrics_tell(const struct metrics *m, metrics_piece_fn *piece, void *ctx,
                           struct err *e);

/* Every metric, for the test of the manual. NULL behind the last. */
const char *metrics_name(size_t i);

#endif
