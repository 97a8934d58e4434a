/* SPDX-License-Identifier: MIT */
/* Records of this token that belong to no job on it: that of a job that was renamed, removed, or
 * put on another token still tells what was delivered, and what may still act. */
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
/* Takes their locks; on failure, too, of those in `out`. Needs the name of the registry only.
 * is_guarded: is this a job on the token?
 * Of a shared store, where each record is a request, those of the names of jobs are not read. */
MUST_USE bool guard_left_find(const struct token_run *r, const struct store *store,
                              bool (*is_guarded)(const void *ctx, const char *name),
                              const void *ctx, struct guard_lefts *out, struct err *e);
void guard_left_clear(struct guard_lefts *l);

#endif
