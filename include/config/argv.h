/* SPDX-License-Identifier: MIT */
/*
 * A command line of the configuration (`on_change`), split into words without a shell:
 *
 *   - blanks separate words;
 *   - '...' takes everything literally; "..." too, but for \" \\ \$ \`;
 *   - outside quotes a backslash takes the next character literally;
 *   - what only a shell could do ( | & ; < > ` $ outside single quotes) is refused, not passed
 *     on as if it were text: who needs it
 *     writes /bin/sh -c '...'.
 *
 * Wildcards and ~ are ordinary characters. The program must be an absolute path.
 */
#ifndef CONFIG_ARGV_H
#define CONFIG_ARGV_H

#include "base/base.h"

struct err;

#define ARGV_WORDS_MAX 256

/* *out ends with NULL; argv_free() releases it. ERR_CONFIG says what is wrong with the text. */
MUST_USE bool argv_split(const char *text, char ***out, struct err *e);
void argv_free(char **argv);
void argv_free_ptr(char ***argv);
#define AUTO_ARGV AUTO(argv_free_ptr)

#endif
