/* SPDX-License-Identifier: MIT */
#include "base/env.h"

#include <errno.h>
#include <time.h>

#include "base/crypto.h"

static int64_t system_now(void *ctx)
{
	struct timespec ts;

	(void)ctx;
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec;
}

/* Goes on while the machine sleeps: what was read before that is old. */
static int64_t system_mono_ms(void *ctx)
{
	struct timespec ts;

	(void)ctx;
	(void)clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void system_sleep_ms(void *ctx, int64_t ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	(void)ctx;
	/* A signal that ends the program has to end the sleep too: no restart. */
	if (ms > 0)
		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &left, NULL);
}

static void system_random(void *ctx, void *p, size_t n)
{
	(void)ctx;
	crypto_random(p, n);
}

const struct env env_system = { .now = system_now,
	                        .mono_ms = system_mono_ms,
	                        .sleep_ms = system_sleep_ms,
	                        .random = system_random };

int64_t env_now(const struct env *env)
{
	return env->now(env->ctx);
}

int64_t env_mono_ms(const struct env *env)
{
	return env->mono_ms(env->ctx);
}

void env_sleep_ms(const struct env *env, int64_t ms)
{
	env->sleep_ms(env->ctx, ms);
}

uint32_t env_random(const struct env *env, uint32_t below)
{
	/* Values past the last whole multiple would make small results likelier. */
	uint32_t limit = UINT32_MAX - UINT32_MAX % below, r;

	do
		env->random(env->ctx, &r, sizeof(r));
	while (r >= limit);
	return r % below;
}
