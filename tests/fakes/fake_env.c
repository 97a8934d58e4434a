/* SPDX-License-Identifier: MIT */
#include "fakes/fake_env.h"

static int64_t fake_now(void *ctx)
{
	struct fake_env *f = ctx;

	return f->wall_ms / 1000;
}

static int64_t fake_mono(void *ctx)
{
	struct fake_env *f = ctx;

	return f->mono_ms;
}

void fake_env_pass(struct fake_env *f, int64_t ms)
{
	f->wall_ms += ms;
	f->mono_ms += ms;
}

static void fake_sleep(void *ctx, int64_t ms)
{
	struct fake_env *f = ctx;

	fake_env_pass(f, ms);
	f->slept_ms += ms;
}

/* xorshift64*: any good enough sequence that starts from the seed. */
static void fake_random(void *ctx, void *p, size_t n)
{
	struct fake_env *f = ctx;
	unsigned char *to = p;

	for (size_t i = 0; i < n; i++) {
		f->seed ^= f->seed >> 12;
		f->seed ^= f->seed << 25;
		f->seed ^= f->seed >> 27;
		to[i] = (unsigned char)((f->seed * UINT64_C(2685821657736338717)) >> 56);
	}
}

void fake_env_init(struct fake_env *f, uint64_t seed)
{
	*f = (struct fake_env){
		.env = { .now = fake_now,
		         .mono_ms = fake_mono,
		         .sleep_ms = fake_sleep,
		         .random = fake_random,
		         .ctx = f },
		.wall_ms = INT64_C(1000) * FAKE_ENV_START,
		.mono_ms = 1000000,
		.seed = seed != 0 ? seed : 1,
	};
}
