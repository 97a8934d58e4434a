/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/json_span.h"

struct row {
	const char *text;
	bool ok, cut;
	const char *value;
};

/* clang-format off */
static const struct row rows[] = {
	{ "{}", true, false, "{}" },
	{ " \t\r\n{\"a\" : [1, -0.5e+3, true, false, null, \"x\\u00e9\\n\"] } \n", true, false,
	  "{\"a\" : [1, -0.5e+3, true, false, null, \"x\\u00e9\\n\"] }" },
	{ "0", true, false, "0" },
	{ "-0", true, false, "-0" },
	{ "\"\xff\xfe\"", true, false, "\"\xff\xfe\"" },
	{ "", false, true, NULL },
	{ "  ", false, true, NULL },
	{ "{", false, true, NULL },
	{ "{\"a\":", false, true, NULL },
	{ "\"a", false, true, NULL },
	{ "tru", false, true, NULL },
	{ "{}{}", false, false, NULL },
	{ "{} x", false, false, NULL },
	{ "{\"a\":1,}", false, false, NULL },
	{ "[1,]", false, false, NULL },
	{ "{a:1}", false, false, NULL },
	{ "{'a':1}", false, false, NULL },
	{ "01", false, false, NULL },
	{ "1.", false, true, NULL },
	{ ".5", false, false, NULL },
	{ "+1", false, false, NULL },
	{ "1e", false, true, NULL },
	{ "\"\\x\"", false, false, NULL },
	{ "\"\\u12g4\"", false, false, NULL },
	{ "\"a\nb\"", false, false, NULL },
	{ "// c\n{}", false, false, NULL },
	{ "NaN", false, false, NULL },
};
/* clang-format on */

static void finds_the_value(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		struct span s = { .start = 0 };
		struct err e = ERR_INIT;
		bool cut = false;
		bool ok = json_span_value(r->text, strlen(r->text), &s, &cut, &e);
		CHECK(ok == r->ok && cut == r->cut, "row %zu '%s'", i, r->text);
		if (ok)
			CHECK(s.end - s.start == strlen(r->value) &&
			              memcmp(r->text + s.start, r->value, s.end - s.start) == 0,
			      "row %zu '%s'", i, r->text);
		else
			CHECK(e.kind == ERR_REMOTE, "row %zu", i);
	}
}

static void a_nul_is_no_end(void **state)
{
	const char text[] = "{\"a\":\"x\0y\"}";
	struct span s;
	struct err e = ERR_INIT;
	bool cut;

	(void)state;
	assert_false(json_span_value(text, sizeof(text) - 1, &s, &cut, &e));
}

static bool nested(int depth)
{
	AUTO_BUF struct buf text = BUF_INIT(100000);
	struct span s;
	struct err e = ERR_INIT;
	bool cut;

	for (int i = 0; i < depth; i++)
		buf_char(&text, '[');
	for (int i = 0; i < depth; i++)
		buf_char(&text, ']');
	return json_span_value(buf_cstr(&text), text.len, &s, &cut, &e);
}

static void depth_is_bounded(void **state)
{
	(void)state;
	assert_true(nested(JSON_SPAN_DEPTH_MAX));
	assert_false(nested(JSON_SPAN_DEPTH_MAX + 1));
	assert_false(nested(40000));
}

static void lists_members(void **state)
{
	const char *text = "{ \"a\" :1 , \"b\":{\"a\":2},\"\\u0061\":\"}\" }";
	struct json_members m;

	(void)state;
	json_span_members(text, (struct span){ 0, strlen(text) }, &m);
	assert_int_equal(m.n, 3);
	assert_true(json_span_is(text, m.m[0].key, "a"));
	assert_false(json_span_is(text, m.m[1].key, "a"));
	assert_true(json_span_is(text, m.m[2].key, "a"));
	assert_memory_equal(text + m.m[1].value.start, "{\"a\":2}",
	                    m.m[1].value.end - m.m[1].value.start);
	assert_memory_equal(text + m.m[2].value.start, "\"}\"", 3);
	json_span_clear(&m);
	json_span_members("{}", (struct span){ 0, 2 }, &m);
	assert_int_equal(m.n, 0);
}

static void undoes_escapes(void **state)
{
	/* clang-format off */
	static const struct { const char *json, *want; } strings[] = {
		{ "\"\"", "" },
		{ "\"a\\\"\\\\\\/\\b\\f\\n\\r\\tz\"", "a\"\\/\b\f\n\r\tz" },
		{ "\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac" },
		{ "\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80" },
		{ "\"\\ud83d\"", "\xef\xbf\xbd" },
		{ "\"\\ud83dx\"", "\xef\xbf\xbdx" },
		{ "\"\\ud83d\\u0041\"", "\xef\xbf\xbd" "A" },
		{ "\"\\ude00\"", "\xef\xbf\xbd" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(strings); i++) {
		AUTO_BUF struct buf out = BUF_INIT(100);
		json_span_string(strings[i].json, (struct span){ 0, strlen(strings[i].json) },
		                 &out);
		CHECK_TEXT(buf_cstr(&out), strings[i].want, "row %zu", i);
		CHECK(json_span_is(strings[i].json, (struct span){ 0, strlen(strings[i].json) },
		                   strings[i].want),
		      "row %zu", i);
	}
}

/* Every byte at every place of a text, and every length before it. */
static void what_is_plain(void **state)
{
	char text[24];

	(void)state;
	for (size_t n = 0; n <= sizeof(text); n++)
		for (int c = 0; c < 256; c++) {
			bool plain = c >= ' ' && c < 0x7f && c != '"' && c != '\\';
			for (size_t at = 0; at < n; at++) {
				memset(text, 'a', sizeof(text));
				text[at] = (char)c;
				CHECK(json_plain(text, n) == (plain ? n : at),
				      "0x%02x at %zu of %zu", (unsigned)c, at, n);
			}
		}
	assert_int_equal(json_plain("", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_value),  cmocka_unit_test(a_nul_is_no_end),
		cmocka_unit_test(depth_is_bounded), cmocka_unit_test(lists_members),
		cmocka_unit_test(undoes_escapes),   cmocka_unit_test(what_is_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
