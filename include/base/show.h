/* SPDX-License-Identifier: MIT */
/*
 * Text of others on its way out. A path, a file's name, a service's message and a program's output
 * may hold anything: what drives a terminal, turns the direction of writing around, ends a line
 * early, or is no text at all. There is one function for each place that text goes to, and nothing
 * else escapes it. What is not shown: control characters (C0, DEL, and C1, U+0080 to U+009F, which
 * terminals obey as they do ESC), line and paragraph separators, the marks that change the
 * direction of what follows (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069), and bytes
 * that are not UTF-8.
 */
#ifndef BASE_SHOW_H
#define BASE_SHOW_H

#include "base/base.h"

struct buf;
struct err;

/* The next character of `s`, which does not end there: its length in bytes, 1 for a byte that is
 * no UTF-8. *shown: may it be seen? */
size_t show_next(const char *s, uint32_t *code, bool *shown);
#define SHOW_INVALID 0xfffdu /* *code of such a byte: the replacement character */

/* One line of a log, an error or a table, in place: control characters become blanks, what else
 * is not shown becomes '?'. Never longer. */
void show_line(char *s);
/* Would show_line() leave it alone? */
bool show_is_line(const char *s);
/* Several lines for a terminal: line ends and tabs stay, everything else as show_line() has it. */
void show_lines(const char *s, struct buf *out);
/* The value of a label in Prometheus' text format, without its quotes. */
void show_label(const char *s, struct buf *out);
/* A word of a command to paste into a shell: quoted where it has to be. The caller frees. */
char *show_word(const char *s);
/* At most `max` bytes, in place, cut between two words where one ends late enough, and never
 * inside a character; "..." tells. */
void show_cut(char *s, size_t max);

/*
 * An absolute path within a quoted word of a systemd unit's ReadWritePaths= and its like.
 * ERR_CONFIG for one that has something in it that is not shown: a unit is a list of lines, and
 * what a line break in a path would begin is a directive of somebody else's. '%' is doubled (a
 * specifier), '"' and '\' are escaped; '$' is a variable on command lines only (systemd.exec(5))
 * and stays.
 */
MUST_USE bool show_unit_path(const char *path, struct buf *out, struct err *e);

#endif
