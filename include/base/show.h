/* SPDX-License-Identifier: MIT */
/*
 * Output of untrusted text. A path, a file name, a service's message or a program's output may
 * contain anything: sequences that control a terminal, reverse the writing direction or end a line
 * early, or bytes that are not text. There is one function for each kind of output, and no other
 * code escapes such text. These characters are not shown: control characters (C0, DEL, and C1,
 * U+0080 to U+009F, which terminals obey as they do ESC), line and paragraph separators, marks that
 * change the direction of the text (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069),
 * and bytes that are not UTF-8.
 */
#ifndef BASE_SHOW_H
#define BASE_SHOW_H

#include "base/base.h"

struct buf;
struct err;

/* Decodes the character at `s`, which must not be at its end. Returns its length in bytes, 1 for a
 * byte that is not UTF-8. *shown: may it be shown? */
size_t show_next(const char *s, uint32_t *code, bool *shown);
#define SHOW_INVALID 0xfffdu /* *code for such a byte: the replacement character */

/* For one line of a log, an error or a table, in place: control characters become spaces,
 * everything else that is not shown becomes '?'. The text never grows. */
void show_line(char *s);
/* The same of a copy; caller frees. */
char *show_line_of(const char *s);
/* Would show_line() leave it unchanged? */
bool show_is_line(const char *s);
/* For several lines on a terminal: newlines and tabs are kept, everything else is treated as by
 * show_line(). */
void show_lines(const char *s, struct buf *out);
/* For a label's value in Prometheus' text format, without its quotes. */
void show_label(const char *s, struct buf *out);
/* For a word of a command to paste into a shell: quoted if necessary. Caller frees. */
char *show_word(const char *s);
/* Cuts to at most `max` bytes, in place: between words if a word ends late enough, and never inside
 * a character. "..." marks the cut. */
void show_cut(char *s, size_t max);

/*
 * For an absolute path in a quoted word of ReadWritePaths= and the like in a systemd unit.
 * ERR_CONFIG if it contains anything that is not shown: a line break in a path would start a new
 * directive in the unit. '%' (a specifier) is doubled, '"' and '\' are escaped; '$' is kept, as it
 * is a variable on command lines only (systemd.exec(5)).
 */
MUST_USE bool show_unit_path(const char *path, struct buf *out, struct err *e);

#endif
