/* SPDX-License-Identifier: MIT */
/*
 * Only rotate/, cli/ and the emulator call these (tests/lint enforces it).
 * Everything below reports through struct err. stderr only; a quiet success
 * prints nothing, so cron sends mail exactly when somebody should read it.
 * A line is one write, so that lines of threads never mix.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/base.h"

struct err;
enum log_level { LEVEL_ERROR, LEVEL_WARN, LEVEL_NOTICE, LEVEL_INFO, LEVEL_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

/* Lines above `max` are dropped. Under systemd (JOURNAL_STREAM names our stderr) text lines get
 * a "<N>" priority. */
void log_setup(enum log_level max, enum log_format format);
enum log_level log_max(void);
/* `job` may be NULL. One line; control characters become spaces. */
void log_msg(enum log_level l, const char *job, const char *fmt, ...) PRINTF(3, 4);
void log_err(const char *job, const struct err *e);
/* For a run that nobody watches: a line of LEVEL_WARN or worse is written only where `news` says
 * so (from any thread); in a journal it becomes one of LEVEL_INFO. NULL: all are written. */
void log_news(bool (*news)(void *ctx, const char *job, const char *text), void *ctx);
/* One line for the machine's journal, whatever the level and wherever stderr goes: a rotation,
 * heal, refusal or revoke. */
void log_journal(enum log_level l, const char *job, const char *fmt, ...) PRINTF(3, 4);

#endif
