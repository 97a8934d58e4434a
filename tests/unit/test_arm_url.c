/* SPDX-License-Identifier: MIT */
#include "azure/arm_url.h"
#include "base/err.h"
#include "base/mem.h"
#include "check.h"

static void pinned(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *base, *url, *want; enum err_kind kind; } row[] = {
#define ARM "https://management.azure.com"
		{ ARM, "/subscriptions/s?api-version=1", ARM "/subscriptions/s?api-version=1",
		  ERR_NONE },
		{ ARM, ARM "/x?$skiptoken=a b", ARM "/x?$skiptoken=a%20b", ERR_NONE },
		{ ARM, "https://MANAGEMENT.azure.com:443/x", "https://MANAGEMENT.azure.com:443/x",
		  ERR_NONE },
		{ "https://127.0.0.1:8443", "https://127.0.0.1:8443/op",
		  "https://127.0.0.1:8443/op", ERR_NONE },
		{ ARM, ARM "/\"<>\\^`{|}\xc3\xa9", ARM "/%22%3C%3E%5C%5E%60%7B%7C%7D%C3%A9",
		  ERR_NONE },
		{ ARM, "http://management.azure.com/x", NULL, ERR_REMOTE },
		{ ARM, "https://management.azure.com.evil.example/x", NULL, ERR_REMOTE },
		{ ARM, "https://management.azure.com@evil.example/x", NULL, ERR_REMOTE },
		{ ARM, "https://management.azure.com:8443/x", NULL, ERR_REMOTE },
		{ ARM, "https://evil.example/https://management.azure.com/", NULL, ERR_REMOTE },
		{ ARM, "subscriptions/s", NULL, ERR_REMOTE }, { ARM, "", NULL, ERR_REMOTE },
		{ ARM, ARM "/x\r\nX: y", NULL, ERR_REMOTE },
		{ "http://management.azure.com", "/x", NULL, ERR_CONFIG },
		  { "", "/x", NULL, ERR_CONFIG },
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_FREE char *got = NULL;
		struct err e = ERR_INIT;

		bool ok = arm_url(row[i].base, row[i].url, &got, &e);
		CHECK(ok == (row[i].want != NULL), "%s: %s", row[i].url, e.text);
		CHECK(ok || (e.kind == row[i].kind && got == NULL), "%s: kind %d", row[i].url,
		      e.kind);
		if (ok)
			CHECK_TEXT(got, row[i].want, "%s", row[i].url);
	}
}

/* A path of two slashes would be another host's, were it taken for relative to a scheme. */
static void stays_behind_the_host(void **state)
{
	(void)state;
	AUTO_FREE char *got = NULL;
	struct err e = ERR_INIT;

	assert_true(arm_url(ARM, "//evil.example/x", &got, &e));
	assert_string_equal(got, ARM "//evil.example/x");
}

static void lengths(void **state)
{
	(void)state;
	AUTO_FREE char *signed_url = mem_fmt(ARM "/x?c=%03900d", 1),
		       *endless = mem_fmt("/x?c=%017000d", 1), *got = NULL, *none = NULL;
	struct err e = ERR_INIT;

	assert_true(arm_url(ARM, signed_url, &got, &e));
	assert_string_equal(got, signed_url);
	assert_false(arm_url(ARM, endless, &none, &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(pinned),
		                            cmocka_unit_test(stays_behind_the_host),
		                            cmocka_unit_test(lengths) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
