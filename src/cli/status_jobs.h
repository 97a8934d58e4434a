/* SPDX-License-Identifier: MIT */
/* The jobs that `acrotate status` was asked for: looked at here (cmd_status.c), or by asking Azure
 * (status_online.c). */
#ifndef SRC_CLI_STATUS_JOBS_H
#define SRC_CLI_STATUS_JOBS_H

#include "base/err.h"
#include "status_rows.h"

struct config;
struct job;
struct observation;
struct options;

struct status_jobs {
	const struct options *o;
	struct config *config;
	const size_t *jobs;
	size_t n;
	struct status_row *rows;
	enum err_kind worst;
};

/* A job whose file cannot be used, or that could not be asked about. job: NULL, where it cannot be
 * read. */
void status_unreadable_row(struct status_jobs *st, size_t at, const struct job *job,
                           const struct err *e);
/* All of the row but its state, which stands in it. e: of the question; ERR_NONE where it was
 * answered. */
void status_fill_row(struct status_jobs *st, size_t at, const struct job *job,
                     const struct observation *o, int64_t now, const struct err *e);
void status_count_error(struct status_jobs *st, enum err_kind kind);

/* Fills all rows: --online. In the front program: becomes the one that has the network. */
void status_ask(struct status_jobs *st);

#endif
