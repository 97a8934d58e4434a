/* SPDX-License-Identifier: MIT */
/* Records of this token that belong to no job of the configuration: that of a job that was renamed
 * or removed still tells what was delivered, and what may still act. */
#ifndef TOKEN_GUARD_LEFT_H
#define TOKEN_GUARD_LEFT_H

#include "base/lock.h"
#include "config/job.h"
#include "token/guard_record.h"

struct err;
struct store;
struct token_run;

struct guard_left {
	struct job job; /* its name and token alone */
	struct lock lock;
	struct guard_record record;
};
struct guard_lefts {
	struct guard_left *left;
	size_t n, cap;
};
/* Takes their locks. Needs the name of the registry only. */
MUST_USE bool guard_left_find(const struct token_run *r, const struct store *store,
                              struct guard_lefts *out, struct err *e);
void guard_left_clear(struct guard_lefts *l);

#endif
