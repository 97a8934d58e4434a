/* SPDX-License-Identifier: MIT */
/* Small ordered lists of names and values: headers, query and form fields. Names are compared
 * without case. */
#ifndef EMULATOR_PAIRS_H
#define EMULATOR_PAIRS_H

#include "base/base.h"

struct pair {
	char *name, *value;
};
struct pairs {
	struct pair *item;
	size_t n, cap;
};

void pairs_add(struct pairs *p, const char *name, const char *value);
/* Replaces the first one of that name. */
void pairs_set(struct pairs *p, const char *name, const char *value);
const char *pairs_get(const struct pairs *p, const char *name); /* the first one, or NULL */
/* Like pairs_get(), but "" if there is none. */
const char *pairs_text(const struct pairs *p, const char *name);
/* application/x-www-form-urlencoded; false for a broken escape. */
MUST_USE bool pairs_form(struct pairs *p, const char *text, size_t len);
void pairs_copy(struct pairs *to, const struct pairs *from);
/* Wipes the values, because some are passwords. */
void pairs_clear(struct pairs *p);

#endif
