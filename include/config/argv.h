/* SPDX-License-Identifier: MIT */
/*
 * A command line of the configuration (`on_change`), split into words without a shell:
 *
 *   - blanks separate words;
 *   - '...' is literal; "..." is, too, except for \" \\ \$ \`;
 *   - outside quotes, a backslash makes the next character literal;
 *   - what only a shell could do is refused instead of passed on as text: | & ; < > outside
 *     quotes, ` and $ outside single quotes. Use /bin/sh -c '...' for that.
 *
 * Wildcards and ~ are ordinary characters. The program must be an absolute path.
 */
#ifndef CONFIG_ARGV_H
#define CONFIG_ARGV_H

#include "base/base.h"

struct err;

#define ARGV_WORDS_MAX 256

/* *out ends with NULL and is released by argv_free(). ERR_CONFIG says what is wrong. */
MUST_USE bool argv_split(const char *text, char ***out, struct err *e);
void argv_free(char **argv);
void argv_free_ptr(char ***argv);
#define AUTO_ARGV AUTO(argv_free_ptr)

#endif
