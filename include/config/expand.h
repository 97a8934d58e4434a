/* SPDX-License-Identifier: MIT */
/* %j %t %r %H %m %h %% in configuration values: job, token, registry, host name, machine id,
 * home. */
#ifndef CONFIG_EXPAND_H
#define CONFIG_EXPAND_H

#include "base/base.h"

struct buf;
struct err;
struct host;

#define EXPAND_MAX (64 * 1024) /* a line has at most 8 KiB; this is enough for eight */

struct expand {
	/* NULL: not known at this place, and refused there */
	const char *job, *token, *registry;
	struct host *host;
};

/* Does the value contain %`letter`? */
bool expand_uses(const char *value, char letter);
/* *out is `value` itself if there is nothing to expand, else the text in `scratch`; it is valid
 * until either changes. ERR_CONFIG for an unknown letter, or one without a value here. */
MUST_USE bool expand_value(const struct expand *x, const char *value, struct buf *scratch,
                           const char **out, struct err *e);

#endif
