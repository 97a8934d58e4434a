/* SPDX-License-Identifier: MIT */
/*
 * Strict INI on top of inih, which would silently drop, cut or join several
 * things: a reader of ours in front of it counts lines and refuses indented or
 * continued lines, over-long lines, sections and names, values with " ;" or
 * " #", control characters, text before the first section, repeated sections.
 * Comments (# or ;) stand on lines of their own. Thread-safe.
 */
#ifndef BASE_INI_H
#define BASE_INI_H

#include "base/base.h"

struct err;

#define INI_FILE_MAX     (64 * 1024) /* a job file is under 2 kB, a state file under 8 */
#define INI_LINE_MAX     8192        /* room for a command line or a template */
#define INI_NAME_MAX     48          /* of a key or section; inih keeps 49 bytes of a section */
#define INI_SECTIONS_MAX 256         /* they are looked through one by one */

struct ini_reader {
	/* Called for each [section], empty ones too, in order; may be NULL. */
	bool (*section)(void *ctx, const char *section, int line, struct err *e);
	bool (*pair)(void *ctx, const char *section, const char *key, const char *value, int line,
	             struct err *e);
	void *ctx;
};
/* ERR_CONFIG "path:line: what is wrong"; errors of the callbacks get the same prefix. The
 * strings are the callback's for its time only. */
MUST_USE bool ini_parse_text(const char *path, const char *text, size_t len,
                             const struct ini_reader *r, struct err *e);

#endif
