/* SPDX-License-Identifier: MIT */
/* The nondeterministic outside world except network and files. Thread-safe. */
#ifndef BASE_ENV_H
#define BASE_ENV_H

#include "base/base.h"

struct env {
	int64_t (*now)(void *ctx);     /* seconds since 1970, wall clock */
	int64_t (*mono_ms)(void *ctx); /* for deadlines and ages; while the machine sleeps, too */
	void (*sleep_ms)(void *ctx, int64_t ms);
	/* for jitter, temporary names, the microseconds of an expiry */
	void (*random)(void *ctx, void *p, size_t n);
	void *ctx;
};
extern const struct env env_system;

int64_t env_now(const struct env *env);
int64_t env_mono_ms(const struct env *env);
void env_sleep_ms(const struct env *env, int64_t ms);
uint32_t env_random(const struct env *env, uint32_t below); /* uniform in [0, below) */

#endif
