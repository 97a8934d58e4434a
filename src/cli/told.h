/* SPDX-License-Identifier: MIT */
/*
 * What a person was told already: a trouble is news when it is new, when it has changed, and again
 * after `repeat`. What a quiet run prints, so that cron mails it, and what [run] on_failure is run
 * for, is what is news. Kept in STATE_DIR/told, a line per trouble; a trouble that a run in
 * between did not have is new when it comes back.
 *
 * Two texts are one trouble when they differ in digits only (times, request ids, ports). Thread-
 * safe but for new, save and free.
 */
#ifndef SRC_CLI_TOLD_H
#define SRC_CLI_TOLD_H

#include "base/base.h"

struct told;

/* dir NULL, or a file that cannot be used: everything is news. */
struct told *told_new(const char *dir, int64_t repeat, int64_t now);
/* The same from a text, for tests and fuzzing. */
struct told *told_parse(const char *text, size_t len, int64_t repeat, int64_t now);
/* job NULL: of no job. last_run: of that job, before this one; 0: not known. */
bool told_is_news(struct told *t, const char *job, const char *text, int64_t last_run);
/* What was news is remembered as told now, if `reached`: else it is news for the next run, too.
 * Jobs that this run did not look at keep
 * what they have. Failures are ignored: at worst a person is told twice. */
void told_save(struct told *t, const char *dir, bool reached);
/* What would be saved, for tests; caller frees. */
char *told_text(const struct told *t, bool reached);
void told_free(struct told *t);

#endif
