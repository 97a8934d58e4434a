/* SPDX-License-Identifier: MIT */
/* Who has which token and which entry of which sink. A hash set, so that ten thousand jobs are
 * compared in linear time. */
#ifndef CONFIG_CLAIMS_H
#define CONFIG_CLAIMS_H

#include "base/base.h"

struct config;
struct err;
struct job;
struct claims;

/* which knows the jobs' names, and outlives it */
struct claims *claims_new(const struct config *config);
void claims_free(struct claims *c);
/* ERR_CONFIG names the job that was there first. Claiming again for the same `i` is fine. */
MUST_USE bool claims_add(struct claims *c, size_t i, const struct job *j, struct err *e);
/* Fails when a later job claimed what `i` has. */
MUST_USE bool claims_ok(const struct claims *c, size_t i, struct err *e);

#endif
