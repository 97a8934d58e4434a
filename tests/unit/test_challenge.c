/* SPDX-License-Identifier: MIT */
#include "azure/challenge.h"
#include "base/mem.h"
#include "check.h"

static void params(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *header, *scheme, *name, *want; } row[] = {
		{ "Bearer realm=\"https://r/t\",service=\"r\"", "Bearer", "realm", "https://r/t" },
		{ "Bearer realm=\"https://r/t\",service=\"r\"", "Bearer", "service", "r" },
		{ "bearer REALM = \"x\" , service=y", "Bearer", "service", "y" },
		{ "Bearer realm=\"a\\\"b\\\\\"", "Bearer", "realm", "a\"b\\" },
		{ "Bearer realm=\"x,service=y\"", "Bearer", "realm", "x,service=y" },
		{ "Basic realm=\"b\", Bearer realm=\"x\",service=\"y\"", "Bearer", "realm", "x" },
		{ "Negotiate, Basic realm=\"b\", Bearer realm=\"x\"", "Bearer", "realm", "x" },
		{ "Bearer realm=\"x\", Bearer realm=\"z\"", "Bearer", "realm", "x" },
		{ "Bearer realm=\"\",authorization_uri=\"https://a\", error=\"e\"", "Bearer",
		  "error", "e" },
		{ " ,, Bearer   a=1", "Bearer", "a", "1" },
		{ "Bearer realm=\"x\",realm=\"z\"", "Bearer", "realm", NULL },
		{ "Bearer realm=\"x\"", "Bearer", "service", NULL },
		  { "Basic realm=\"x\"", "Bearer", "realm", NULL },
		{ "Bearer realm=\"x", "Bearer", "realm", NULL },
		  { "Bearer realm=\"x\\", "Bearer", "realm", NULL },
		{ "Bearer realm=", "Bearer", "realm", NULL },
		  { "Bearer", "Bearer", "realm", NULL }, { "", "Bearer", "realm", NULL },
		{ "Bearerrealm=\"x\"", "Bearer", "realm", NULL },
		  { "realm=\"x\"", "Bearer", "realm", NULL },
		{ "Bearer realm=/var/opt", "Bearer", "realm", NULL },
		  { "Bearer \"realm\"=x", "Bearer", "realm", NULL },
		{ "Bearer realm=\"x\" junk@ service=y", "Bearer", "realm", NULL },
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_FREE char *got = NULL;
		bool ok = challenge_param(row[i].header, row[i].scheme, row[i].name, &got);

		CHECK(ok == (row[i].want != NULL), "%s", row[i].header);
		if (ok)
			CHECK_TEXT(got, row[i].want, "%s", row[i].header);
	}
}

static void too_long(void **state)
{
	(void)state;
	AUTO_FREE char *header = mem_fmt("Bearer realm=\"%09000d\"", 1), *got = NULL;

	assert_false(challenge_param(header, "Bearer", "realm", &got));
}

/* What a token has to satisfy, as the service has it sent on: a JSON object and nothing else. */
static void claims(void **state)
{
	static const struct {
		const char *header, *want;
	} row[] = {
		{ "Bearer realm=\"\", error=\"insufficient_claims\", "
		  "claims=\"eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7fX19\"",
		  "{\"access_token\":{\"nbf\":{}}}" },
		{ "Bearer claims=eyJhIjoxfQ==", NULL }, /* no token of RFC 9110 */
		{ "Bearer claims=\"eyJhIjoxfQ==\"", "{\"a\":1}" },
		{ "Bearer claims=\"eyJhIjoxfQ\"", "{\"a\":1}" },
		{ "Bearer claims=\"W10=\"", NULL },
		{ "Bearer claims=\"bm8=\"", NULL },
		{ "Bearer claims=\"{\\\"a\\\":1}\"", NULL },
		{ "Bearer claims=\"\"", NULL },
		{ "Bearer realm=\"x\"", NULL },
		{ "Basic claims=\"eyJhIjoxfQ==\"", NULL },
		{ NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_FREE char *got = challenge_claims(row[i].header),
			       *encoded = challenge_claims_encoded(row[i].header);
		CHECK((got != NULL) == (row[i].want != NULL) && (encoded != NULL) == (got != NULL),
		      "%zu", i);
		if (row[i].want != NULL)
			CHECK_TEXT(got, row[i].want, "%zu", i);
		if (encoded != NULL)
			CHECK(strstr(row[i].header, encoded) != NULL, "%zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(params), cmocka_unit_test(too_long),
		                            cmocka_unit_test(claims) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
