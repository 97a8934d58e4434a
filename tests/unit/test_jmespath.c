/* SPDX-License-Identifier: MIT */
/* What the compliance suite (tests/jmespath) does not say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "fakes/values.h"
#include "output/format.h"
#include "output/jmespath.h"

/* clang-format off */
#define DOC "{\"n\":[3,1,2],\"s\":[\"b\",\"a\"],\"o\":{\"z\":1,\"a\":2},\"e\":[],\"m\":[[1,2],[3]],\"t\":\"h\\u00e9\"," \
            "\"big\":12345678901234567890,\"p\":[{\"k\":1,\"v\":\"x\"},{\"k\":1,\"v\":\"y\"},{\"k\":0,\"v\":\"z\"}]}"
/* clang-format on */

static void test_results(void **state)
{
	/* clang-format off */
	static const struct { const char *query, *want; } rows[] = {
		/* az compares strings too. */
		{ "p[?v > 'x'].v", "[\"y\",\"z\"]" }, { "`\"a\"` < `1`", "null" },
		{ "sum(n)", "6" }, { "avg(n)", "2.0" }, { "sum(`[1, 0.5]`)", "1.5" },
		  { "ceil(`1.2`)", "2" }, { "floor(`-0.5`)", "-1" },
		{ "ceil(`-0.5`)", "0" }, { "floor(`1e22`)", "10000000000000000000000" },
		  { "abs(`-5`)", "5" }, { "abs(`-0.0`)", "0.0" }, { "big", "12345678901234567890" },
		{ "to_number('1.0')", "1.0" }, { "to_number(' +7 ')", "7" },
		  { "to_number('0x1F')", "null" }, { "to_number('nan')", "null" },
		{ "to_number('1 2')", "null" }, { "to_number('')", "null" },
		  { "to_number('.5')", "0.5" },
		{ "to_number('+-7')", "null" }, { "to_number('++7.5')", "null" },
		  { "to_number('-')", "null" }, { "to_number('.')", "null" },
		{ "to_number('1_000')", "1000" }, { "to_number('1_000.5')", "1000.5" },
		  { "to_number('1__0')", "null" }, { "to_number('1_')", "null" },
		{ "to_number('\302\2407\343\200\200')", "7" },
		  { "to_number('-00012345678901234567890')", "-12345678901234567890" },
		/* Whole numbers are exact past 64 bits, and compare so. */
		{ "big == `12345678901234567891`", "false" },
		  { "big < `12345678901234567891`", "true" },
		  { "big > `-12345678901234567891`", "true" },
		{ "`-12345678901234567891` < `-12345678901234567890`", "true" },
		  { "big == `12345678901234567168.0`", "false" },
		{ "`9007199254740993` > `9007199254740992.0`", "true" },
		  { "`9007199254740993` > `9007199254740994.0`", "false" },
		{ "`123456789012345678901` > `-0.5`", "true" }, { "big > `9`", "true" },
		  { "`1e20` == `100000000000000000000`", "true" },
		{ "`12345678901234567890` < `Infinity`", "true" },
		  { "max([`1e300`, big])", "1e+300" },
		{ "sum(`[9223372036854775807, 1]`)", "9223372036854775808" },
		  { "sum(`[12345678901234567890]`)", "12345678901234567890" },
		{ "sum(`[-123456789012345678901, 999999999999999999999, -1]`)",
		  "876543210987654321097" }, { "sum(`[]`)", "0" },
		{ "sum(`[-99999999999999999999, -1]`)", "-100000000000000000000" },
		  { "sum(`[1000000000, -1000000001]`)", "-1" },
		{ "sum(`[99999999999999999999, -99999999999999999999]`)", "0" },
		  { "sum(`[9007199254740993, 0, 0.0]`)", "9007199254740992.0" },
		{ "avg(`[9007199254740993, 9007199254740993]`)", "9007199254740992.0" },
		  { "avg(`[12345678901234567891, 1]`)", "6.172839450617284e+18" },
		{ "to_string(t)", "\"h\303\251\"" },
		  { "to_string([t])", "\"[\\\"h\\\\u00e9\\\"]\"" }, { "length(t)", "2" },
		{ "reverse(t)", "\"\303\251h\"" }, { "keys(o)", "[\"z\",\"a\"]" },
		  { "o.*", "[1,2]" },
		{ "max_by(p, &k).v", "\"x\"" }, { "min_by(p, &k).v", "\"z\"" },
		  { "sort_by(p, &k)[].v", "[\"z\",\"x\",\"y\"]" },
		{ "contains(n, `1.0`)", "true" }, { "contains(t, `1`)", "false" },
		  { "contains(`[true]`, `1`)", "false" },
		{ "m[0][0:1]", "[1]" }, { "m[0][::-1] | [0]", "2" },
		  { "n[9223372036854775808]", "null" }, { "n[::99999999999]", "[3]" },
		{ "n[-99:99:1]", "[3,1,2]" }, { "not_null(x, e, n)", "[]" },
		  { "merge(o, {a: `3`})", "{\"z\":1,\"a\":3}" },
		{ "`bare text`", "\"bare text\"" }, { "'it\\'s'", "\"it's\"" },
		  { "`\"a\\`b\"`", "\"a`b\"" }, { "type(&a)", NULL },
		{ "map(&k, p)", "[1,1,0]" }, { "map(&x, p)", "[null,null,null]" },
		  { "!e && !`0`", "false" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_ARENA struct arena *a = arena_new((size_t)1024 * 1024);
		AUTO_JMESPATH struct jmespath *q = NULL;
		AUTO_BUF struct buf out = BUF_INIT(10000);
		struct err e = ERR_INIT;
		const struct value *v = NULL;
		bool ok = jmespath_compile(rows[i].query, &q, &e) &&
		          jmespath_search(q, value_parse(a, DOC), a, &v, &e);
		if (ok != (rows[i].want != NULL))
			fail_msg("%s: %s", rows[i].query, e.text);
		if (ok)
			json_compact(v, false, &out);
		if (ok && strcmp(buf_cstr(&out), rows[i].want) != 0)
			fail_msg("%s: want %s, got %s", rows[i].query, rows[i].want,
			         buf_cstr(&out));
	}
}

static void test_errors(void **state)
{
	/* `early`: known before anything is computed, so before anything is asked of the
	 * service. */
	/* clang-format off */
	static const struct { const char *query, *code; bool early; } rows[] = {
		{ "", "syntax", true }, { "a b", "syntax", true }, { "a.", "syntax", true },
		  { "[?", "syntax", true }, { "&a", "syntax", true },
		{ "abs(n m)", "syntax", true }, { "abs(n,)", "syntax", true },
		  { "{a: n m: n}", "syntax", true }, { "`01`", NULL, true },
		  { "`\"\\u00wx\"`", "syntax", true }, { "\"\\u}200b\"", "syntax", true },
		  { "`Infinity `", NULL, true },
		{ "`[01]`", NULL, true }, { "'a", "syntax", true }, { "\"a\nb\"", "syntax", true },
		  { "-", "syntax", true }, { "a = b", "syntax", true },
		{ "nosuch(n)", "unknown-function", true }, { "nosuch(n) ]", "syntax", true },
		  { "length() | [?", "syntax", true },
		{ "nosuch(n) | length()", "unknown-function", true },
		  { "x && nosuch(n)", "unknown-function", true },
		{ "abs()", "invalid-arity", true }, { "abs(n, n)", "invalid-arity", true },
		  { "merge()", "invalid-arity", true },
		{ "abs(s)", "invalid-type", false },
		  { "sort(`[1, \"a\"]`)", "invalid-type", false },
		  { "max_by(p, &@)", "invalid-type", false },
		{ "sort_by(p, `1`)", "invalid-type", false }, { "n[::0]", "invalid-value", false },
		  { "length(`1`)", "invalid-type", false },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_ARENA struct arena *a = arena_new((size_t)1024 * 1024);
		AUTO_JMESPATH struct jmespath *q = NULL;
		struct err e = ERR_INIT;
		const struct value *v = NULL;
		bool compiled = jmespath_compile(rows[i].query, &q, &e);
		bool ok = compiled && jmespath_search(q, value_parse(a, DOC), a, &v, &e);
		if (ok != (rows[i].code == NULL) ||
		    (!ok && (strcmp(e.code, rows[i].code) != 0 || compiled == rows[i].early)))
			fail_msg("%s: want %s, got %s: %s", rows[i].query, rows[i].code, e.code,
			         e.text);
		assert_true(ok || e.kind == ERR_USAGE);
	}
}

/* Each of these would otherwise take the stack, the memory or the day. */
static void test_limits(void **state)
{
	/* clang-format off */
	static const struct { const char *head, *repeat, *tail; size_t times; bool ok; } rows[] = {
		{ "", "a.", "a", 400, true }, { "", "a.", "a", 30000, false },
		  { "", "(", "", 30000, false }, { "", "!", "n", 30000, false },
		{ "", "[", "", 5000, false },
		  { "`", "[", "`", 5000, true /* text without its quotes */ },
		  { "@", "|[@,@]", "", 60, false },
		{ "@", " | [@]", "", 400, true }, { "@", " | [@]", "", 600, false },
		  { "[@,@]", "|[@,@]", " | @ == [@[1],@[0]]", 40, false },
		{ "'", "x", "'", 70000, false }, { "n", "[]", "", 200, true },
		  { "", "*.", "*", 300, true },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_ARENA struct arena *a = arena_new((size_t)16 * 1024 * 1024);
		AUTO_JMESPATH struct jmespath *q = NULL;
		AUTO_BUF struct buf text = BUF_INIT((size_t)1024 * 1024);
		struct err e = ERR_INIT;
		const struct value *v = NULL;
		buf_str(&text, rows[i].head);
		for (size_t k = 0; k < rows[i].times; k++)
			buf_str(&text, rows[i].repeat);
		buf_str(&text, rows[i].tail);
		bool ok = jmespath_compile(buf_cstr(&text), &q, &e) &&
		          jmespath_search(q, value_parse(a, DOC), a, &v, &e);
		if (ok != rows[i].ok)
			fail_msg("row %zu: %s", i, ok ? "passed" : e.text);
	}
}

/* Past a few members names are hashed, and sorted to be compared. */
static void test_many_members(void **state)
{
	/* clang-format off */
	static const struct { const char *query, *want; } rows[] = {
		{ "length(a)", "100" }, { "a.k7", "\"again\"" }, { "keys(a)[7]", "\"k7\"" },
		  { "a.k99", "99" }, { "a.k100", "null" },
		{ "a == b", "true" }, { "a == merge(b, {k50: `0`})", "false" },
		  { "a == merge(b, {k100: `0`})", "false" },
		{ "length(merge(a, b))", "100" }, { "keys(merge({x: `0`}, a, b))[0]", "\"x\"" },
	};
	/* clang-format on */
	AUTO_ARENA struct arena *a = arena_new((size_t)16 * 1024 * 1024);
	AUTO_BUF struct buf text = BUF_INIT((size_t)1024 * 1024);

	(void)state;
	buf_str(&text, "{\"a\":{");
	for (int i = 0; i < 100; i++)
		buf_fmt(&text, "\"k%d\":%d,", i, i);
	buf_str(&text, "\"k7\":\"again\"},\"b\":{\"k7\":\"again\"");
	for (int i = 99; i >= 0; i--)
		if (i != 7)
			buf_fmt(&text, ",\"k%d\":%d", i, i);
	buf_str(&text, "}}");
	const struct value *doc = value_parse(a, buf_cstr(&text));
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_JMESPATH struct jmespath *q = NULL;
		AUTO_BUF struct buf out = BUF_INIT(10000);
		struct err e = ERR_INIT;
		const struct value *v = NULL;
		if (!jmespath_compile(rows[i].query, &q, &e) || !jmespath_search(q, doc, a, &v, &e))
			fail_msg("%s: %s", rows[i].query, e.text);
		json_compact(v, false, &out);
		assert_string_equal(buf_cstr(&out), rows[i].want);
	}
}

/* What a function looks at counts as steps: these would look at 64 million items each. */
static void test_steps(void **state)
{
	static const char *const rows[] = { "max", "sum" };
	AUTO_ARENA struct arena *a = arena_new((size_t)64 * 1024 * 1024);
	AUTO_BUF struct buf list = BUF_INIT((size_t)64 * 1024);

	(void)state;
	buf_str(&list, "[1");
	for (int i = 1; i < 8000; i++)
		buf_str(&list, ",1");
	buf_char(&list, ']');
	const struct value *doc = value_parse(a, buf_cstr(&list));
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_FREE char *query = mem_fmt("map(&%s(`%s`), @)", rows[i], buf_cstr(&list));
		AUTO_JMESPATH struct jmespath *q = NULL;
		struct err e = ERR_INIT;
		const struct value *v = NULL;
		assert_true(jmespath_compile(query, &q, &e));
		if (jmespath_search(q, doc, a, &v, &e) || strcmp(e.code, "too-large") != 0)
			fail_msg("%s: %s", rows[i], e.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_results), cmocka_unit_test(test_errors),
		cmocka_unit_test(test_limits),  cmocka_unit_test(test_many_members),
		cmocka_unit_test(test_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
