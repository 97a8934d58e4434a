/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "base/said.h"
#include "base/secret.h"

#define FORTY "0123456789012345678901234567890123456789"

static const struct row {
	const char *text;
	bool tells;
} rows[] = {
	{ "", false },
	{ "pass not initialized", false },
	{ "cannot open /var/lib/somewhere/deep/in/the/tree", false },
	{ FORTY, false },
	{ FORTY " " FORTY "\n" FORTY "\t" FORTY, false },
	{ FORTY "x", true },
	{ "at the end " FORTY "x", true },
	{ "+ docker login -p " FORTY "abcdefghijkl r.io", true },
	{ "{\"Secret\":\"x\"}", true },
	{ "it was hunter2, I believe", true },
	{ "hunter", false },
};

static void each(void **state)
{
	AUTO_SECRET struct secret *password = secret_new("hunter2", 7);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		CHECK(said_may_tell(rows[i].text, strlen(rows[i].text), password) == rows[i].tells,
		      "row %zu: '%s'", i, rows[i].text);
	assert_false(said_may_tell("hunter2", 7, NULL));
	assert_true(said_may_tell("x\0{", 3, NULL));
}

/* What a challenge may say, and a message of a cluster. */
static void keys(void **state)
{
	static const struct {
		const char *text;
		bool has;
	} row[] = {
		{ "", false },
		{ "https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47", false },
		{ "https://vault.azure.net", false },
		{ "User \"system:serviceaccount:acrotate-production:acrotate\" cannot get", false },
		{ "https://evil.example/qacDOAtRAUQf/gISq8msQ+GO5pteTuJmfvwnStVKE7+ACRQiEJki",
		  true },
		{ "Invalid value: \"d2ViLXB1bGw6cWFjRE9BdFJBVVFmL2dJU3E4NmtRK0dPNXB0ZQ==\"", true },
		{ "0123456789012345678901234567890123456789", false },
		{ "01234567890123456789012345678901234567890", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++)
		CHECK(said_has_key(row[i].text) == row[i].has, "'%s'", row[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each), cmocka_unit_test(keys) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
