/* SPDX-License-Identifier: MIT */
/* The request log: one JSON object per line, without secrets. The newest lines are kept in memory;
 * all lines go to a file, if there is one. Thread-safe. */
#ifndef EMULATOR_JOURNAL_H
#define EMULATOR_JOURNAL_H

#include "base/base.h"

struct buf;
struct err;
struct journal;

/* kept in memory, several per job of a large run; older ones are dropped */
#define JOURNAL_LINES 20000

MUST_USE bool journal_open(const char *path /* or NULL */, struct journal **out, struct err *e);
void journal_add(struct journal *j, const char *line);
void journal_dump(struct journal *j, struct buf *out);
void journal_clear(struct journal *j);
void journal_free(struct journal *j);

#endif
