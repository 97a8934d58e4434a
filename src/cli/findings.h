/* SPDX-License-Identifier: MIT */
/* What `acrotate check` found: one line each, in the order in which they were added, with the
 * command that fixes it. */
#ifndef SRC_CLI_FINDINGS_H
#define SRC_CLI_FINDINGS_H

#include "base/err.h"

struct buf;

enum finding_level { FINDING_OK, FINDING_UNKNOWN, FINDING_WARNING, FINDING_PROBLEM };

struct finding {
	enum finding_level level;
	enum err_kind kind; /* of a problem: what the exit status is made of */
	char *subject;      /* "token", "sink 'docker'" */
	char *text;
	char *fix; /* commands or lines to paste, one a line; NULL: none */
};
/* `job`: whom they are about; NULL: the host. */
struct findings {
	char *job;
	struct finding *item;
	size_t n, cap;
};
void findings_clear(struct findings *f);

/* Each returns what it added, for findings_fix(); valid until the next one is added. */
struct finding *findings_ok(struct findings *f, const char *subject, const char *fmt, ...)
	PRINTF(3, 4);
struct finding *findings_unknown(struct findings *f, const char *subject, const char *fmt, ...)
	PRINTF(3, 4);
struct finding *findings_warning(struct findings *f, const char *subject, const char *fmt, ...)
	PRINTF(3, 4);
struct finding *findings_problem(struct findings *f, const char *subject, const struct err *e);
/* One more line of what fixes it. */
void findings_fix(struct finding *f, const char *fmt, ...) PRINTF(2, 3);

/* problems: warnings and problems alone. */
void findings_text(const struct findings *f, bool color, bool problems, struct buf *out);
/* The members of an array, joined by ",\n"; *first says whether one stands before them already. */
void findings_json(const struct findings *f, bool problems, bool *first, struct buf *out);
/* The worst kind of all problems, and `worst`. */
enum err_kind findings_worst(const struct findings *f, enum err_kind worst);
size_t findings_count(const struct findings *f, enum finding_level level);

#endif
