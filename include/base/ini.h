/* SPDX-License-Identifier: MIT */
/*
 * Strict INI on top of inih, which would silently drop, cut or join some input. A reader in front
 * of it counts lines and rejects: indented and continued lines; over-long lines, sections and
 * names; values with " ;" or " #"; control characters; text before the first section; repeated
 * sections. Comments (# or ;) must be on lines of their own. Thread-safe.
 */
#ifndef BASE_INI_H
#define BASE_INI_H

#include "base/base.h"

struct err;

#define INI_FILE_MAX     (64 * 1024) /* a job file is under 2 kB, a state file under 8 */
#define INI_LINE_MAX     8192        /* room for a command line or a template */
#define INI_NAME_MAX     48          /* of a key or section; inih stores 49 bytes of a section */
#define INI_SECTIONS_MAX 256         /* they are searched one by one */

struct ini_reader {
	/* Called for each [section] in order, also for an empty one; may be NULL. */
	bool (*section)(void *ctx, const char *section, int line, struct err *e);
	bool (*pair)(void *ctx, const char *section, const char *key, const char *value, int line,
	             struct err *e);
	void *ctx;
};
/* ERR_CONFIG "path:line: what is wrong"; errors of the callbacks get the same prefix. The strings
 * are valid only during the callback. */
MUST_USE bool ini_parse_text(const char *path, const char *text, size_t len,
                             const struct ini_reader *r, struct err *e);

#endif
