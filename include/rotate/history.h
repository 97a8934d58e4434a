/* SPDX-License-Identifier: MIT */
/*
 * What happened to a job, newest last: lines behind the ledger in its record, at most
 * HISTORY_MAX. No decision looks at them, so they
 * are kept as they were read, and taken apart only by who asks: a run with nothing to do pays
 * nothing for them. No secret is in them.
 *
 *   2026-01-31T08:00:00Z 2026-01-31T08:00:00Z 1 rotate password2 3210 0 it is due
 *   when it came first, and last; how often; what; slot or -; milliseconds to acceptance; exit
 * status; reason or error
 */
#ifndef ROTATE_HISTORY_H
#define ROTATE_HISTORY_H

#include "base/base.h"

struct buf;

#define HISTORY_MAX 50
/* bytes of a reason or error, cut between words */
#define HISTORY_TEXT_MAX  400
#define HISTORY_BYTES_MAX (HISTORY_MAX * (HISTORY_TEXT_MAX + 128))

enum history_what {
	HISTORY_BOOTSTRAP, /* the first password was delivered */
	HISTORY_ROTATE,
	HISTORY_HEAL,   /* a sink that lagged was given the newest password */
	HISTORY_CREATE, /* the token was created */
	HISTORY_REVOKE,
	HISTORY_REFUSE, /* a person has to decide */
	HISTORY_HOOK,   /* a hook failed, or one that was owed has succeeded */
	HISTORY_ADOPT,  /* the record of another machine or job was taken over */
	HISTORY_LOST,   /* a record that could not be used was put aside */
	HISTORY_FAIL,   /* any other failure */
	HISTORY__COUNT
};
const char *history_name(enum history_what what);

struct history_event {
	enum history_what what;
	int64_t first, last, count; /* the same failure in a row is one event */
	int slot;                   /* 1 or 2; 0: none */
	int64_t accepted_after_ms;  /* 0: none */
	int status;                 /* exit status; 0: well */
	const char *text;           /* the reason; of what is not well the error; never NULL */
	char *own;                  /* of an event that was parsed: what text points to */
};
void history_event_clear(struct history_event *e);

/* Appends to the lines (NULL: none yet; replaced, and owned by the caller). e->count and e->last
 * are worked out here. */
void history_add(char **lines, const struct history_event *e);
/* The event of one line; false for one that is none. The line ends with a newline or NUL. Caller
 * clears. */
MUST_USE bool history_parse(const char *line, struct history_event *out);
/* The next line, or NULL behind the last. */
const char *history_next(const char *line);

#endif
