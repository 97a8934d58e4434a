/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "check.h"
#include "fakes/fake_env.h"
#include "token/time.h"

static void times(void **state)
{
	/* clang-format off */
	static const struct { const char *text, *sent; } given[] = {
		{ "2031-12-31T12:59:59Z", "2031-12-31T12:59:59Z" },
		  { "2031-1-2t3:4:5z", "2031-01-02T03:04:05Z" },
		{ "2028-02-29T00:00:00Z", "2028-02-29T00:00:00Z" },
		  { "2031-02-29T00:00:00Z", NULL }, { "2031-12-31", NULL },
		{ "2031-12-31T12:59:59", NULL }, { "2031-12-31T12:59:59+00:00", NULL },
		  { "2031-12-31T12:59:59.5Z", NULL }, { " 2031-12-31T12:59:59Z", NULL },
		{ "2031-12-31T12:59:60Z", NULL }, { "2031-13-01T00:00:00Z", NULL },
		  { "0000-01-01T00:00:00Z", NULL }, { "2031-12-31T24:00:00Z", NULL },
	};
	/* clang-format on */
	/* clang-format off */
	static const struct { const char *text, *shown; } read[] = {
		{ "2030-01-01T00:00:00.123456789Z", "2030-01-01T00:00:00.123456+00:00" },
		  { "2030-01-01t00:00:00.5z", "2030-01-01T00:00:00.500000+00:00" },
		{ "2030-01-01T00:00:00+0230", "2030-01-01T00:00:00+02:30" },
		  { "2030-01-01T00:00:00-03", "2030-01-01T00:00:00-03:00" },
		{ "2030-01-01T00:00:00-00:00", "2030-01-01T00:00:00+00:00" },
		  { "2030-01-01T00:00:00.000", "2030-01-01T00:00:00" },
		{ "2030-01-01T00:00:00.Z", "2030-01-01T00:00:00" },
		  { "2030-01-01T24:00:00Z", NULL }, { "2030-02-30T00:00:00Z", NULL },
		  { "soon", NULL },
		{ "2030-01-01 00:00:00Z", NULL }, { "", NULL },
		{ "2030-01-01T00:00:00,5Z", "2030-01-01T00:00:00.500000+00:00" },
		  { "2030-01-01T00:00:00,+01:00", "2030-01-01T00:00:00" },
		{ "2030-01-01T00:00:00+14:60", "2030-01-01T00:00:00+15:00" },
		  { "2030-01-01T00:00:00+23:60", NULL }, { "2030-01-01T00:00:00+24", NULL },
		{ "2030-01-01T00:00:00+5:00", "2030-01-01T00:00:00" },
		  { "2030-01-01T00:00:00-0", "2030-01-01T00:00:00" },
		{ "2030-01-01T00:00:00+", "2030-01-01T00:00:00" },
		  { "2030-01-01T00:00:00UTC", NULL }, { "2030-01-01T00:00:00 GMT", NULL },
		{ "2030-01-01T00:00:00 Z", "2030-01-01T00:00:00" },
	};
	/* clang-format on */
	static const struct {
		int64_t days;
		const char *day;
	} counted[] = {
		{ 1, "2023-11-15T22:13:20." },
		{ 365, "2024-11-13T22:13:20." },
		{ 99999999, "9999-12-31T23:59:59.999999Z" },
		{ INT64_MAX, "9999-12-31T23:59:59.999999Z" },
	};
	struct fake_env env;
	char out[TOKEN_EXPIRY_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(given); i++) {
		bool ok = token_expiration(given[i].text, out);
		CHECK(ok == (given[i].sent != NULL), "%s", given[i].text);
		if (ok)
			CHECK_TEXT(out, given[i].sent, "%s", given[i].text);
	}
	for (size_t i = 0; i < COUNT(read); i++) {
		AUTO_BUF struct buf b = BUF_INIT(100);
		bool ok = token_isoformat(read[i].text, &b);
		CHECK(ok == (read[i].shown != NULL), "%s", read[i].text);
		if (ok)
			CHECK_TEXT(buf_cstr(&b), read[i].shown, "%s", read[i].text);
	}
	fake_env_init(&env, 1);
	for (size_t i = 0; i < COUNT(counted); i++) {
		token_expires_in(&env.env, counted[i].days, out);
		CHECK(strncmp(out, counted[i].day, strlen(counted[i].day)) == 0, "%s", out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(times) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
