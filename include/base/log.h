/* SPDX-License-Identifier: MIT */
/*
 * Only rotate/, token/, cli/, main.c, front.c and the emulator call these (tests/lint enforces it);
 * everything else reports through struct err. Output goes to stderr only. A successful run prints
 * nothing, so cron sends mail only when somebody should read it. A line is one write, so lines of
 * several threads never mix.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/base.h"

struct err;
enum log_level { LEVEL_ERROR, LEVEL_WARN, LEVEL_NOTICE, LEVEL_INFO, LEVEL_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

/* Lines of a level above `max` are dropped. Under systemd, if JOURNAL_STREAM names our stderr, text
 * lines get a "<N>" priority. */
void log_setup(enum log_level max, enum log_format format);
enum log_level log_max(void);
/* Logs one line; `job` may be NULL. Characters that show_line() does not show are replaced. */
void log_msg(enum log_level l, const char *job, const char *fmt, ...) PRINTF(3, 4);
void log_err(const char *job, const struct err *e);
/* For unattended runs: a line of LEVEL_WARN or worse is written only if `news` returns true (called
 * from any thread); in the journal it becomes LEVEL_INFO instead. NULL: all are written. */
void log_news(bool (*news)(void *ctx, const char *job, const char *text), void *ctx);
/* Writes one line to the machine's journal, whatever the level and wherever stderr goes, for a
 * rotation, heal, refusal or revoke. */
void log_journal(enum log_level l, const char *job, const char *fmt, ...) PRINTF(3, 4);

#endif
