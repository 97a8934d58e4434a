/* SPDX-License-Identifier: MIT */
/* A registry is looked up by one job, and the others learn of it. */
#include "check.h"

#include "azure/acr.h"
#include "azure/registry_book.h"

static char group[] = "g", name[] = "contoso", server[] = "contoso.azurecr.io";
static const struct acr_registry contoso = { .group = group, .name = name, .login_server = server };

static void one_asks_and_the_others_wait(void **state)
{
	static const struct {
		const char *what, *key;
		enum { LOOK, CLAIM, FOUND, NOT_FOUND } does;
		enum book_says want;
	} rows[] = {
		{ "who only looks asks nothing yet", "a", LOOK, BOOK_ASK },
		{ "the first", "a", CLAIM, BOOK_ASK },
		{ "the second", "a", CLAIM, BOOK_WAIT },
		{ "another registry", "b", CLAIM, BOOK_ASK },
		{ "the first fails", "a", NOT_FOUND, BOOK_ASK },
		{ "the second asks itself", "a", CLAIM, BOOK_ASK },
		{ "the third waits", "a", LOOK, BOOK_WAIT },
		{ "it is found", "a", FOUND, BOOK_ASK },
		{ "and known to all", "a", CLAIM, BOOK_KNOWS },
		{ "also once more", "a", LOOK, BOOK_KNOWS },
		{ "the other is not", "b", LOOK, BOOK_WAIT },
	};
	struct registry_book *b = registry_book_new();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct acr_registry out = { .name = NULL };
		if (rows[i].does >= FOUND) {
			registry_book_put(b, rows[i].key, rows[i].does == FOUND ? &contoso : NULL);
			continue;
		}
		enum book_says says =
			registry_book_look(b, rows[i].key, rows[i].does == CLAIM, &out);
		CHECK(says == rows[i].want, "%s: %d", rows[i].what, (int)says);
		CHECK(says != BOOK_KNOWS ||
		              (strcmp(out.group, group) == 0 && strcmp(out.name, name) == 0 &&
		               strcmp(out.login_server, server) == 0),
		      "%s", rows[i].what);
		acr_registry_clear(&out);
	}
	registry_book_free(b);
}

static void no_book_knows_nothing(void **state)
{
	struct acr_registry out;

	(void)state;
	assert_int_equal(registry_book_look(NULL, "a", true, &out), BOOK_ASK);
	registry_book_put(NULL, "a", &contoso);
	assert_int_equal(registry_book_look(NULL, "a", true, &out), BOOK_ASK);
	registry_book_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_asks_and_the_others_wait),
		cmocka_unit_test(no_book_knows_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
