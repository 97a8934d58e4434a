/* SPDX-License-Identifier: MIT */
#include "base/nearest.h"
#include "check.h"

/* One letter of three may be wrong, and one more. */
static void the_nearest_word_is_found(void **state)
{
	/* clang-format off */
	static const struct { const char *typed, *words[4], *want; } rows[] = {
		{ "lifetme", { "grace", "lifetime" }, "lifetime" },
		{ "grcae", { "grace" }, "grace" },
		{ "rnu", { "run", "plan" }, "run" },
		{ "optionel", { "option", "optional" }, "optional" },
		{ "kitten", { "sitting" }, "sitting" },
		{ "kitten", { "mattress" }, NULL },
		{ "a", { "b", "c" }, "b" },
		{ "a", { "bcd" }, NULL },
		{ "", { "a", "" }, "" },
		{ "", { "ab" }, NULL },
		{ "run", { "run" }, "run" },
		{ "colour", { NULL }, NULL },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct nearest n = nearest_to(rows[i].typed);
		for (size_t k = 0; rows[i].words[k] != NULL; k++)
			nearest_try(&n, rows[i].words[k]);
		CHECK(n.best == NULL ? rows[i].want == NULL
		                     : rows[i].want != NULL && strcmp(n.best, rows[i].want) == 0,
		      "'%s' gives '%s'", rows[i].typed, n.best != NULL ? n.best : "nothing");
	}
}

static void words_may_be_longer_than_any(void **state)
{
	char longer[300];

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	struct nearest a = nearest_to(longer), b = nearest_to("abc");
	nearest_try(&a, longer);
	nearest_try(&b, longer);
	assert_ptr_equal(a.best, longer);
	assert_null(b.best);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_nearest_word_is_found),
		cmocka_unit_test(words_may_be_longer_than_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
