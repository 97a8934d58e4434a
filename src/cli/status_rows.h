/* SPDX-License-Identifier: MIT */
/* What `acrotate status` shows, and how: a table, JSON, a timeline. */
#ifndef SRC_CLI_STATUS_ROWS_H
#define SRC_CLI_STATUS_ROWS_H

#include "rotate/status.h"

struct buf;

struct status_row {
	char *job;     /* as it may be shown: a file's name, which nobody has judged yet */
	char *follows; /* what a follower follows, or NULL */
	char *where;   /* registry/token; "" when the job's file cannot be read */
	struct job_status is;
	/* lines below the row, each ending in '\n'; "" when there is nothing to say */
	char *notes;
	bool unreadable; /* nothing is known of it but that */
	char *error;     /* why the last run, or this question, failed; or NULL */
};
void status_rows_free(struct status_row *rows, size_t n);

/* "300 jobs: 297 ok, 2 failing, 1 waiting" */
void status_summary(const struct status_row *rows, size_t n, struct buf *out);
/* Should somebody look at it? */
bool status_is_problem(const struct job_status *s);

struct status_look {
	int64_t now;
	size_t width; /* 0: as wide as it gets */
	bool color;
	bool problems; /* only these */
};
/* Worst first. */
void status_table(const struct status_row *rows, size_t n, const struct status_look *look,
                  struct buf *out);
void status_json(const struct status_row *rows, size_t n, bool problems, struct buf *out);

/*
 * The lives of both passwords of every job, on one axis around now:
 *
 *   web-pull  password1  =====================|==============>....    expires 2026-03-01
 *             password2  ---------------------|---....
 */
struct timeline {
	int64_t from, to, now;
	size_t width;
	bool utf8;
};
/* The span that shows all of them, at most three times as much past as future. */
struct timeline timeline_for(const struct status_row *rows, size_t n, int64_t now, size_t width,
                             bool utf8);
/* One bar, `width` characters. `rotation`: where the next one falls on this bar, or 0. */
void timeline_bar(const struct timeline *t, int64_t created, int64_t expires, bool active,
                  bool ours, int64_t rotation, struct buf *out);
void status_timeline(const struct status_row *rows, size_t n, int64_t now, size_t width, bool utf8,
                     struct buf *out);

#endif
