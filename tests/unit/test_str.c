/* SPDX-License-Identifier: MIT */
#include <time.h>

#include "base/str.h"
#include "check.h"

#define MINUTE    60LL
#define HOUR      (60 * MINUTE)
#define DAY       (24 * HOUR)
#define S         STR_TICKS_PER_S
#define UNTOUCHED 4711

static void whole_numbers(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *s; int64_t min, max; bool ok; int64_t want; } row[] = {
		{ "0", 0, 10, true, 0 },
		{ "10", 0, 10, true, 10 },
		{ "11", 0, 10, false, 0 },
		{ "4", 5, 10, false, 0 },
		{ "007", 0, 10, true, 7 },
		{ "9223372036854775807", 0, INT64_MAX, true, INT64_MAX },
		{ "9223372036854775808", 0, INT64_MAX, false, 0 },
		{ "99999999999999999999999", 0, INT64_MAX, false, 0 },
		{ "", 0, 10, false, 0 },
		{ "+1", 0, 10, false, 0 },
		{ "-1", -5, 10, false, 0 },
		{ " 1", 0, 10, false, 0 },
		{ "1 ", 0, 10, false, 0 },
		{ "1x", 0, 10, false, 0 },
		{ "0x1", 0, 10, false, 0 },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		int64_t got = UNTOUCHED;
		bool ok = str_int(row[i].s, row[i].min, row[i].max, &got);
		CHECK(ok == row[i].ok, "'%s'", row[i].s);
		CHECK(got == (ok ? row[i].want : UNTOUCHED), "'%s' gives %lld", row[i].s,
		      (long long)got);
	}
}

static void durations(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *s; int64_t want; } row[] = {
		{ "0s", 0 },
		{ "45s", 45 },
		{ "90m", 90 * MINUTE },
		{ "12h", 12 * HOUR },
		{ "30d", 30 * DAY },
		{ "2w", 14 * DAY },
		{ "1d 12h", 36 * HOUR },
		{ "1w 1d 1h 1m 1s", 8 * DAY + HOUR + MINUTE + 1 },
		{ "36500d", 36500 * DAY },
		{ "", -1 },
		{ "12", -1 },
		{ "h", -1 },
		{ "-1h", -1 },
		{ "+1h", -1 },
		{ "1.5h", -1 },
		{ "1 h", -1 },
		{ " 1h", -1 },
		{ "1h ", -1 },
		{ "1h  2m", -1 },
		{ "1h2m", -1 },
		{ "1h,2m", -1 },
		{ "1y", -1 },
		{ "1M", -1 },
		{ "1H", -1 },
		{ "36525d 1s", -1 },
		{ "37000d", -1 },
		{ "99999999999999999999d", -1 },
		{ "9223372036854775807w", -1 },
		{ "36500d 36500d", -1 },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		int64_t got = UNTOUCHED;
		bool ok = str_duration(row[i].s, &got);
		CHECK(ok == (row[i].want >= 0), "'%s'", row[i].s);
		CHECK(got == (ok ? row[i].want : UNTOUCHED), "'%s' gives %lld", row[i].s,
		      (long long)got);
	}
}

static void durations_are_said_shortly(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { int64_t seconds; int parts; const char *want; } row[] = {
		{ 0, 0, "0s" },
		{ 45, 0, "45s" },
		{ 60, 0, "1m" },
		{ 90 * MINUTE, 0, "1h 30m" },
		{ 36 * HOUR, 0, "1d 12h" },
		{ 89 * DAY + 23 * HOUR + 59 * MINUTE, 1, "89d" },
		{ 89 * DAY + 23 * HOUR + 59 * MINUTE, 2, "89d 23h" },
		{ 3 * HOUR + 5, 2, "3h 5s" },
		{ 59, 1, "59s" },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		char got[STR_DURATION_MAX];
		str_from_duration(row[i].seconds, row[i].parts, got);
		CHECK_TEXT(got, row[i].want, "row %zu", i);
	}
}

/* Whatever is said can be read again and means the same. */
static void a_duration_said_can_be_read(void **state)
{
	(void)state;
	for (int64_t s = 0; s <= 36500 * DAY; s = s * 3 + 1) {
		char text[STR_DURATION_MAX];
		int64_t back = -1;
		str_from_duration(s, 0, text);
		CHECK(str_duration(text, &back) && back == s, "%lld said as '%s'", (long long)s,
		      text);
	}
}

static void instants(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *s; bool ok; int64_t ticks; } row[] = {
		{ "1970-01-01T00:00:00Z", true, 0 },
		{ "1970-01-01T00:00:01Z", true, 1 * S },
		{ "2024-01-19T07:05:10.6147326+00:00", true, 1705647910 * S + 6147326 },
		{ "2024-01-20T07:05:07.951901+00:00", true, 1705734307 * S + 9519010 },
		{ "2021-08-18T02:06:52.184664+00:00", true, 1629252412 * S + 1846640 },
		{ "2100-12-31T12:59:59+00:00", true, 4133941199 * S },
		{ "2100-12-31T12:59:59.000Z", true, 4133941199 * S },
		{ "9999-12-31T23:59:59.999999+00:00", true, 253402300799 * S + 9999990 },
		{ "9999-12-31T23:59:59.9999999Z", true, 253402300799 * S + 9999999 },
		{ "9999-12-31T23:59:59Z", true, 253402300799 * S },
		{ "9999-12-31T23:59:59-12:00", false, 0 },
		{ "2024-01-19T07:05:10.61473269999Z", true, 1705647910 * S + 6147326 },
		{ "2024-01-19T07:05:10.1Z", true, 1705647910 * S + 1000000 },
		{ "2024-02-29T00:00:00Z", true, 1709164800 * S },
		{ "2000-02-29T00:00:00Z", true, 951782400 * S },
		{ "2024-01-19T09:05:10+02:00", true, 1705647910 * S },
		{ "2024-01-19T01:35:10-05:30", true, 1705647910 * S },
		{ "2024-01-01T00:30:00+01:00", true, 1704065400 * S },
		{ "2024-01-19T07:05:10-00:00", true, 1705647910 * S },
		{ "", false, 0 },
		{ "2024-01-19", false, 0 },
		{ "2024-01-19T07:05:10", false, 0 },
		{ "2024-01-19T07:05Z", false, 0 },
		{ "2024-01-19T07:05:10.Z", false, 0 },
		{ "2024-01-19T07:05:10Zx", false, 0 },
		{ "2024-01-19T07:05:10Z ", false, 0 },
		{ " 2024-01-19T07:05:10Z", false, 0 },
		{ "2024-1-19T07:05:10Z", false, 0 },
		{ "2024-13-19T07:05:10Z", false, 0 },
		{ "2024-00-19T07:05:10Z", false, 0 },
		{ "2024-01-32T07:05:10Z", false, 0 },
		{ "2024-01-00T07:05:10Z", false, 0 },
		{ "2023-02-29T00:00:00Z", false, 0 },
		{ "2100-02-29T00:00:00Z", false, 0 },
		{ "2024-04-31T00:00:00Z", false, 0 },
		{ "2024-01-19T24:00:00Z", false, 0 },
		{ "2024-01-19T07:60:10Z", false, 0 },
		{ "2024-01-19T07:05:61Z", false, 0 },
		{ "2024-01-19T07:05:10+24:00", false, 0 },
		{ "2024-01-19T07:05:10+01:60", false, 0 },
		{ "2024-01-19T07:05:10+0100", false, 0 },
		{ "2024-01-19T07:05:10+", false, 0 },
		{ "1969-12-31T23:59:59Z", false, 0 },
		{ "1970-01-01T00:00:00+00:01", false, 0 },
		{ "+2024-01-19T07:05:10Z", false, 0 },
		{ "10000-01-01T00:00:00Z", false, 0 },
		{ "2024-01-19T-7:05:10Z", false, 0 },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		int64_t ticks = UNTOUCHED, seconds = UNTOUCHED;
		bool ok = str_ticks(row[i].s, &ticks);
		CHECK(ok == row[i].ok, "'%s'", row[i].s);
		CHECK(ticks == (ok ? row[i].ticks : UNTOUCHED), "'%s' gives %lld", row[i].s,
		      (long long)ticks);
		ok = str_time(row[i].s, &seconds);
		CHECK(ok == row[i].ok, "'%s'", row[i].s);
		CHECK(seconds == (ok ? row[i].ticks / S : UNTOUCHED), "'%s' gives %lld", row[i].s,
		      (long long)seconds);
	}
}

static void instants_are_said(void **state)
{
	(void)state;
	char out[STR_TIME_MAX];
	str_from_time(1769903999, out);
	assert_string_equal(out, "2026-01-31T23:59:59Z");
	str_from_time(0, out);
	assert_string_equal(out, "1970-01-01T00:00:00Z");
	str_from_time(253402300799, out);
	assert_string_equal(out, "9999-12-31T23:59:59Z");
	str_from_micros(1769903999012345, out);
	assert_string_equal(out, "2026-01-31T23:59:59.012345Z");
	str_from_micros(1769903999000000, out);
	assert_string_equal(out, "2026-01-31T23:59:59.000000Z");
	str_from_ticks(1705647910 * S + 6147326, out);
	assert_string_equal(out, "2024-01-19T07:05:10.6147326+00:00");
	str_from_ticks(1705647910 * S, out);
	assert_string_equal(out, "2024-01-19T07:05:10.0000000+00:00");
}

/* The C library is the second opinion; ours has no time zone to be misled by. */
static void days_agree_with_the_c_library(void **state)
{
	(void)state;
	for (int64_t t = 12345; t < 253402300800; t += 86400 * 17 + 3607) {
		char out[STR_TIME_MAX], want[STR_TIME_MAX];
		time_t tt = (time_t)t;
		struct tm tm;
		assert_non_null(gmtime_r(&tt, &tm));
		assert_true(strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0);
		str_from_time(t, out);
		CHECK_TEXT(out, want, "at %lld", (long long)t);
		int64_t back = -1;
		CHECK(str_time(out, &back) && back == t, "'%s' read as %lld", out, (long long)back);
	}
}

static void http_dates(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *s; bool ok; int64_t want; } row[] = {
		{ "Sun, 06 Nov 1994 08:49:37 GMT", true, 784111777 },
		{ "Thu, 29 Feb 2024 00:00:00 GMT", true, 1709164800 },
		{ "Fri, 31 Dec 9999 23:59:59 GMT", true, 253402300799 },
		{ "Thu, 01 Jan 1970 00:00:00 GMT", true, 0 },
		{ "Sun, 06 Nov 1994 08:49:37 UTC", false, 0 },
		{ "Sun, 06 Nov 1994 08:49:37 +0000", false, 0 },
		{ "Sun, 6 Nov 1994 08:49:37 GMT", false, 0 },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", false, 0 },
		{ "Sun Nov  6 08:49:37 1994", false, 0 },
		{ "Sun, 31 Nov 1994 08:49:37 GMT", false, 0 },
		{ "Sun, 06 Foo 1994 08:49:37 GMT", false, 0 },
		{ "Sun, 06 Nov 1994 24:49:37 GMT", false, 0 },
		{ "Sun, 06 Nov 1994 08:49:37 GMTx", false, 0 },
		{ "Sun, 06 Nov 1994 08:49:37", false, 0 },
		{ "Fri, 29 Feb 2023 00:00:00 GMT", false, 0 },
		{ "Wed, 31 Dec 1969 23:59:59 GMT", false, 0 },
		{ "", false, 0 },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		int64_t got = UNTOUCHED;
		bool ok = str_http_date(row[i].s, &got);
		CHECK(ok == row[i].ok, "'%s'", row[i].s);
		CHECK(got == (ok ? row[i].want : UNTOUCHED), "'%s' gives %lld", row[i].s,
		      (long long)got);
	}
}

static void token_names(void **state)
{
	(void)state;
	/* Of which one may be made; which may be there. */
	/* clang-format off */
	static const struct { const char *s; bool ok, usable; } row[] = {
		{ "web-pull", true, true },
		{ "abcde", true, true },
		{ "ABCDE-9", true, true },
		{ "a1234567890123456789012345678901234567890123456789", true, true },
		{ "a12345678901234567890123456789012345678901234567890", false, true },
		{ "a123456789a123456789a123456789a123456789a123456789a123456789a123456789a123456789a123456789a1234567891", false, false },
		{ "abcd", false, true },
		{ "", false, false },
		{ "1abcde", false, true },
		{ "-abcde", false, true },
		{ "web_pull", false, true },
		{ "web.pull", false, true },
		{ "..", false, false },
		{ "web pull", false, false },
		{ "web/pull", false, false },
		{ "web:pull", false, false },
		{ "w\xc3\xa4hler", false, false },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		CHECK(str_token_name_ok(row[i].s) == row[i].ok, "'%s'", row[i].s);
		CHECK(str_token_name_usable(row[i].s) == row[i].usable, "'%s'", row[i].s);
	}
}

/* '*' is anything, also nothing; letters are the same in any case. */
static void patterns(void **state)
{
	/* clang-format off */
	static const struct { const char *pattern, *text; bool want; } rows[] = {
		{ "", "", true },        { "", "a", false },      { "*", "", true },
		{ "a", "A", true },      { "a*", "abc", true },   { "*c", "abc", true },
		{ "*b*", "abc", true },  { "*b", "abc", false },  { "a*c*", "abdcd", true },
		{ "**", "x", true },     { "a*b", "a*b", true },  { "a", "ab", false },
		{ "ab", "a", false },    { "*aab", "aaab", true },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		CHECK(str_matches(rows[i].pattern, rows[i].text) == rows[i].want, "'%s' '%s'",
		      rows[i].pattern, rows[i].text);
}

static void letters_and_bytes(void **state)
{
	const char *words[] = { "b", "\xc3\xa4", "a", "B" };
	char text[] = "A-Zaz\xc3\x84[@";

	(void)state;
	str_lower(text);
	assert_string_equal(text, "a-zaz\xc3\x84[@");
	qsort(words, COUNT(words), sizeof(*words), str_compare);
	assert_string_equal(words[0], "B");
	assert_string_equal(words[3], "\xc3\xa4");
	for (int c = 0; c < 256; c++) {
		CHECK(str_is_digit((char)c) == (c != 0 && strchr("0123456789", c) != NULL), "%d",
		      c);
		CHECK(str_is_blank((char)c) == (c == ' ' || c == '\t'), "%d", c);
		CHECK(str_is_letter((char)c) == ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')),
		      "%d", c);
	}
	assert_int_equal(str_mark("\xef\xbb\xbf{}", 5), 3);
	assert_int_equal(str_mark("\xef\xbb\xbf", 2), 0);
	assert_int_equal(str_mark("{}", 2), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers),
		cmocka_unit_test(durations),
		cmocka_unit_test(durations_are_said_shortly),
		cmocka_unit_test(a_duration_said_can_be_read),
		cmocka_unit_test(instants),
		cmocka_unit_test(instants_are_said),
		cmocka_unit_test(days_agree_with_the_c_library),
		cmocka_unit_test(http_dates),
		cmocka_unit_test(token_names),
		cmocka_unit_test(patterns),
		cmocka_unit_test(letters_and_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
