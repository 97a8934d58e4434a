/* SPDX-License-Identifier: MIT */
#include "azure/gate.h"
#include "check.h"

enum { ENTER, LEAVE, THROTTLED };

/* A story: what happens when, and what the gate says. */
static void stories(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { int what; int64_t at, asks, wait; } step[] = {
		/* open: any number at a time */
		{ ENTER, 0, 0, 0 }, { ENTER, 0, 0, 0 }, { ENTER, 0, 0, 0 },
		/* closed until 5100 */
		{ THROTTLED, 100, 5000, 0 },
		{ ENTER, 100, 0, 5000 }, { ENTER, 5099, 0, 1 },
		/* an older request's success does not open it */
		{ LEAVE, 200, 0, 0 },
		{ ENTER, 300, 0, 4800 },
		/* an older one's shorter wait does not shorten it */
		{ THROTTLED, 400, 1000, 0 },
		{ ENTER, 1500, 0, 3600 },
		{ ENTER, 5100, 0, 0 },                                          /* one may try */
		/* the others wait for what becomes of it */
		{ ENTER, 5100, 0, 1000 }, { ENTER, 9000, 0, 1000 },
		/* again, and no time named */
		{ THROTTLED, 9100, -1, 0 },
		{ ENTER, 9100, 0, 10000 },
		/* the next try succeeds: open */
		{ ENTER, 19100, 0, 0 }, { LEAVE, 19200, 0, 0 },
		{ ENTER, 19200, 0, 0 }, { ENTER, 19200, 0, 0 },
		{ THROTTLED, 20000, INT64_MAX, 0 }, { ENTER, 20000, 0, 3600000 },   /* bounded */
		/* "at once" still lets one try first */
		{ THROTTLED, 4000000, 0, 0 }, { ENTER, 4000000, 0, 1 },
	};
	/* clang-format on */
	struct gate g = { 0 };

	for (size_t i = 0; i < COUNT(step); i++) {
		int64_t wait = 0;

		if (step[i].what == ENTER) {
			bool in = gate_enter(&g, step[i].at, &wait);
			CHECK(in == (step[i].wait == 0) && wait == step[i].wait,
			      "step %zu: wait %lld", i, (long long)wait);
		} else {
			gate_leave(&g, step[i].at, step[i].what == THROTTLED, step[i].asks);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(stories) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
