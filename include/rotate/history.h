/* SPDX-License-Identifier: MIT */
/*
 * The history of a job: lines after the ledger in its record, newest last, at most HISTORY_MAX.
 * No decision depends on them, so they are kept as read and parsed only on demand: a run with
 * nothing to do spends nothing on them. They contain no secret.
 *
 *   2026-01-31T08:00:00Z 2026-01-31T08:00:00Z 1 rotate password2 3210 0 it is due
 *
 * The fields: first and last occurrence; count; event; slot or -; milliseconds to acceptance; exit
 * status; reason or error.
 */
#ifndef ROTATE_HISTORY_H
#define ROTATE_HISTORY_H

#include "base/base.h"

struct buf;

#define HISTORY_MAX 50
/* bytes of a reason or error, which is cut between words */
#define HISTORY_TEXT_MAX  400
#define HISTORY_BYTES_MAX (HISTORY_MAX * (HISTORY_TEXT_MAX + 128))

enum history_what {
	HISTORY_BOOTSTRAP, /* the first password was delivered */
	HISTORY_ROTATE,
	HISTORY_HEAL,   /* a sink that lagged got the newest password */
	HISTORY_CREATE, /* the token was created */
	HISTORY_REVOKE,
	HISTORY_REFUSE, /* a person has to decide */
	HISTORY_HOOK,   /* a hook failed, or an owed one succeeded */
	HISTORY_ADOPT,  /* the record of another machine or job was taken over */
	HISTORY_LOST,   /* an unusable record was set aside */
	HISTORY_FAIL,   /* any other failure */
	HISTORY_FOLLOW, /* the sinks got what the source had */
	HISTORY__COUNT
};
const char *history_name(enum history_what what);

struct history_event {
	enum history_what what;
	int64_t first, last, count; /* the same failure in a row is one event */
	int slot;                   /* 1 or 2; 0: none */
	int64_t accepted_after_ms;  /* 0: none */
	int status;                 /* exit status; 0: success */
	const char *text;           /* the reason, or the error of a failure; never NULL; of a
	                             * parsed event it may be shown (base/show.h) */
	char *own;                  /* of a parsed event: what `text` points to */
};
void history_event_clear(struct history_event *e);

/* Appends an event to *lines, which is replaced and owned by the caller; NULL: none yet. e->count
 * and e->last are ignored and computed here. */
void history_add(char **lines, const struct history_event *e);
/* Parses one line, which ends with a newline or NUL; false if it is not an event. Caller clears. */
MUST_USE bool history_parse(const char *line, struct history_event *out);
/* The next line, or NULL after the last. */
const char *history_next(const char *line);
/* How many lines there are; of NULL none. */
size_t history_count(const char *lines);

#endif
