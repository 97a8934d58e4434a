/* SPDX-License-Identifier: MIT */
/* Who has which token and which entry of which sink. A hash set, so that ten thousand jobs are
 * compared in linear time. */
#ifndef CONFIG_CLAIMS_H
#define CONFIG_CLAIMS_H

#include "base/base.h"

struct err;
struct job;
struct claims;

struct claims *claims_new(void);
void claims_free(struct claims *c);
/* Job `i` wants its token and the entries of its sinks. Again for the same `i` is fine. */
void claims_add(struct claims *c, size_t i, const struct job *j);

/* What is known of jobs elsewhere, by their numbers. */
struct claims_judge {
	const char *(*name)(void *ctx, size_t i);
	bool (*was_there)(void *ctx, size_t i); /* it had the token before anybody asked */
	void *ctx;
};
/* After all claims: ERR_CONFIG when another job wants what `i` wants, unless `i` alone of the two
 * was there first. */
MUST_USE bool claims_ok(const struct claims *c, size_t i, const struct claims_judge *judge,
                        struct err *e);
/* One that wants what `i` wants; SIZE_MAX: none. */
size_t claims_rival(const struct claims *c, size_t i);

#endif
