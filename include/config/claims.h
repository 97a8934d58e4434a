/* SPDX-License-Identifier: MIT */
/* Which job uses which token and which entry of which sink. A hash set, so that ten thousand jobs
 * are compared in linear time. */
#ifndef CONFIG_CLAIMS_H
#define CONFIG_CLAIMS_H

#include "base/base.h"

struct err;
struct job;
struct claims;

struct claims *claims_new(void);
void claims_free(struct claims *c);
/* Job `i` claims its token and the entries of its sinks. May be repeated for the same `i`. */
void claims_add(struct claims *c, size_t i, const struct job *j);

/* What others know about jobs, by number. */
struct claims_judge {
	const char *(*name)(void *ctx, size_t i);
	bool (*was_there)(void *ctx, size_t i); /* it has used the token before */
	void *ctx;
};
/* Call after all claims. ERR_CONFIG if another job claims the same as `i`, unless `i` was there and
 * the other was not. */
MUST_USE bool claims_ok(const struct claims *c, size_t i, const struct claims_judge *judge,
                        struct err *e);
/* A job that claims the same as `i`; SIZE_MAX: none. */
size_t claims_rival(const struct claims *c, size_t i);

#endif
