/* SPDX-License-Identifier: MIT */
/* A clock that stands still until somebody sleeps, and random numbers that are the same each
 * time. */
#ifndef FAKES_FAKE_ENV_H
#define FAKES_FAKE_ENV_H

#include "base/env.h"

#define FAKE_ENV_START 1700000000 /* 2023-11-14T22:13:20Z */

struct fake_env {
	struct env env;  /* what is handed out */
	int64_t wall_ms; /* since 1970; set it to make the clock wrong */
	int64_t mono_ms;
	int64_t slept_ms; /* in all */
	uint64_t seed;
};
void fake_env_init(struct fake_env *f, uint64_t seed);
void fake_env_pass(struct fake_env *f, int64_t ms); /* time goes by, nobody slept */

#endif
