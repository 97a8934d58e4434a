/* SPDX-License-Identifier: MIT */
#include "base/err.h"
#include "base/json.h"
#include "base/json_span.h"
#include "base/secret.h"
#include "check.h"

static struct json *parse(const char *text)
{
	struct json *j = NULL;
	struct err e = ERR_INIT;
	CHECK(json_parse(text, strlen(text), &j, &e), "'%s': %s", text, e.text);
	return j;
}

static const char sample[] = "{ \"error\": { \"code\": \"NotFound\", \"inner\": { \"n\": 42 } }, "
			     "\"empty\": {}, \"list\": [ 1, \"two\", true, null, [] ],"
			     " \"Code\": \"other case\", \"code\": \"first\", \"code\": "
			     "\"second\", \"yes\": true, \"no\": false, \"null\": null,"
			     " \"plus\": \"a\\u002Bb\", \"umlaut\": \"\\u00e4\\ud83d\\ude00\" }";

static void strings_by_path(void **state)
{
	(void)state;
	AUTO_JSON struct json *j = parse(sample);
	/* clang-format off */
	static const struct { const char *path, *want; } row[] = {
		{ "error.code", "NotFound" },   { "code", "first" },
		          { "Code", "other case" },
		{ "plus", "a+b" },              { "umlaut", "\xc3\xa4\xf0\x9f\x98\x80" },
		{ "CODE", NULL },               { "error.Code", NULL },
		       { "error.inner", NULL },  { "error.code.x", NULL },
		{ "error.", NULL },             { ".error", NULL },          { "list", NULL },
		          { "list.0", NULL },
		{ "yes", NULL },                { "null", NULL },            { "nothing", NULL },
		       { "", NULL },
		{ "error..code", NULL },
		{ "a_name_that_is_far_longer_than_any_name_that_the_service_has_ever_used_in_an_answer", NULL },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		const char *got = json_str(j, row[i].path);
		if (row[i].want == NULL)
			CHECK(got == NULL, "'%s' gives '%s'", row[i].path, got);
		else
			CHECK_TEXT(got, row[i].want, "'%s'", row[i].path);
	}
	assert_ptr_equal(json_get(j, ""), j);
	assert_non_null(json_get(j, "null"));
	assert_null(json_str(NULL, "x"));
	assert_null(json_get(NULL, "x"));
}

static void whole_numbers_only(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *text; bool ok; int64_t want; } row[] = {
		{ "{\"n\":0}", true, 0 },
		{ "{\"n\":-5}", true, -5 },
		{ "{\"n\":3599}", true, 3599 },
		{ "{\"n\":1e3}", true, 1000 },
		{ "{\"n\":9007199254740991}", true, 9007199254740991 },
		{ "{\"n\":9007199254740994}", false, 0 },
		{ "{\"n\":1e300}", false, 0 },
		{ "{\"n\":-1e300}", false, 0 },
		{ "{\"n\":1.5}", false, 0 },
		{ "{\"n\":\"5\"}", false, 0 },
		{ "{\"n\":true}", false, 0 },
		{ "{\"n\":null}", false, 0 },
		{ "{}", false, 0 },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_JSON struct json *j = parse(row[i].text);
		int64_t got = 4711;
		CHECK(json_int(j, "n", &got) == row[i].ok, "%s", row[i].text);
		CHECK(got == (row[i].ok ? row[i].want : 4711), "%s gives %lld", row[i].text,
		      (long long)got);
	}
}

static void members_are_counted_and_walked(void **state)
{
	(void)state;
	AUTO_JSON struct json *j = parse(sample);
	static const struct {
		const char *path;
		size_t want;
	} row[] = {
		{ "list", 5 }, { "empty", 0 },   { "error", 2 },
		{ "code", 0 }, { "nothing", 0 }, { "", 11 },
	};
	for (size_t i = 0; i < COUNT(row); i++)
		CHECK(json_len(j, row[i].path) == row[i].want, "'%s': %zu", row[i].path,
		      json_len(j, row[i].path));

	static const enum json_type types[] = { JSON_NUMBER, JSON_STRING, JSON_TRUE, JSON_NULL,
		                                JSON_ARRAY };
	size_t n = 0;
	for (const struct json *k = json_child(json_get(j, "list")); k != NULL;
	     k = json_next(k), n++) {
		CHECK(json_type(k) == types[n], "member %zu", n);
		CHECK(k == json_at(j, "list", n), "member %zu", n);
		CHECK(json_key(k) == NULL, "member %zu", n);
	}
	assert_int_equal(n, COUNT(types));
	assert_null(json_at(j, "list", 5));
	assert_null(json_at(j, "code", 0));
	assert_true(json_number(json_at(j, "list", 0)) > 0.5);
	assert_string_equal(json_text(json_at(j, "list", 1)), "two");
	assert_null(json_text(json_at(j, "list", 0)));
	assert_string_equal(json_key(json_child(j)), "error");
	assert_null(json_child(json_get(j, "empty")));
	assert_int_equal(json_type(json_get(j, "no")), JSON_FALSE);
	assert_int_equal(json_type(j), JSON_OBJECT);
}

static void true_is_true_alone(void **state)
{
	(void)state;
	AUTO_JSON struct json *j = parse("{\"a\":true,\"b\":false,\"c\":1,\"d\":\"true\"}");
	assert_true(json_true(j, "a"));
	assert_false(json_true(j, "b") || json_true(j, "c") || json_true(j, "d") ||
	             json_true(j, "e"));
}

static void what_is_no_json_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		" ",
		"{",
		"}",
		"[1,]",
		"{\"a\":}",
		"{\"a\" 1}",
		"{a:1}",
		"'x'",
		"\"x",
		"tru",
		"{} {}",
		"[] x",
		"1 2",
		"{\"a\":1}garbage",
		"<html>502 Bad Gateway</html>",
		"\"\\u12\"",
		"\"\\ud800\"",
		"\"\\x\"",
		"{\"value\":\"half of a secr",
		"\"pass\\u0000word\"",
		"\"pass\\u00wxword\"",
		"\"pass\\u12\"",
		"{\"a\\u0000b\":1}",
	};
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct json *j = (struct json *)&j;
		struct json *before = j;
		struct err e = ERR_INIT;
		CHECK(!json_parse(bad[i], strlen(bad[i]), &j, &e), "'%s'", bad[i]);
		CHECK(j == before, "'%s' touched the result", bad[i]);
		CHECK(e.kind == ERR_REMOTE && e.text[0] != '\0', "'%s'", bad[i]);
		CHECK(strstr(e.text, "secr") == NULL, "the error repeats the text: %s", e.text);
	}
}

static void the_length_is_respected(void **state)
{
	(void)state;
	static const char text[] = "{\"a\":\"b\"}trailing";
	AUTO_JSON struct json *j = NULL;
	struct err e = ERR_INIT;
	assert_true(json_parse(text, 9, &j, &e));
	assert_string_equal(json_str(j, "a"), "b");
	struct json *none = NULL;
	assert_false(json_parse(text, 8, &none, &e));
	assert_false(json_parse("{\"a\":1}\0", 8, &none, &e));
	assert_false(json_parse("\"a\0b\"", 5, &none, &e));
	assert_null(none);
	AUTO_JSON struct json *spaced = NULL;
	assert_true(json_parse("\r\n 5 \t\n", 8 - 1, &spaced, &e));
}

/* A backslash that is itself escaped does not begin an escape. */
static void only_real_nul_escapes_are_refused(void **state)
{
	(void)state;
	AUTO_JSON struct json *j = parse("\"a\\\\u0000\"");
	assert_string_equal(json_text(j), "a\\u0000");
	struct json *none = NULL;
	struct err e = ERR_INIT;
	assert_false(json_parse("\"a\\\\\\u0000\"", 12, &none, &e));
}

static bool nested(size_t depth)
{
	char text[5000];
	memset(text, '[', depth);
	memset(text + depth, ']', depth);
	AUTO_JSON struct json *j = NULL;
	struct err e = ERR_INIT;
	return json_parse(text, 2 * depth, &j, &e);
}

static void nesting_is_bounded(void **state)
{
	(void)state;
	assert_true(nested(1));
	assert_true(nested(JSON_SPAN_DEPTH_MAX));
	assert_false(nested(JSON_SPAN_DEPTH_MAX + 1));
	assert_false(nested(999));
	assert_false(nested(2400));
}

static void secrets_are_moved_out(void **state)
{
	(void)state;
	AUTO_JSON struct json *j = parse(
		"{\"access_token\":\"hunter2\",\"n\":1,\"passwords\":[{\"name\":\"password1\"},"
		"{\"name\":\"password2\",\"value\":\"pass/word+2=\"}]}");
	const char *node = json_str(j, "access_token");
	AUTO_SECRET struct secret *token = json_take_secret(j, "access_token");
	assert_int_equal(secret_len(token), 7);
	assert_string_equal(secret_peek(token), "hunter2");
	for (int i = 0; i < 7; i++)
		assert_int_equal(node[i], 0);
	AUTO_SECRET struct secret *password = json_take_secret_at(j, "passwords", 1, "value");
	assert_string_equal(secret_peek(password), "pass/word+2=");
	assert_string_equal(json_str(json_at(j, "passwords", 1), "value"), "");
	assert_null(json_take_secret_at(j, "passwords", 0, "value"));
	assert_null(json_take_secret_at(j, "passwords", 2, "value"));
	assert_null(json_take_secret(j, "n"));
	assert_null(json_take_secret(j, "nothing"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_by_path),
		cmocka_unit_test(whole_numbers_only),
		cmocka_unit_test(members_are_counted_and_walked),
		cmocka_unit_test(true_is_true_alone),
		cmocka_unit_test(what_is_no_json_is_refused),
		cmocka_unit_test(the_length_is_respected),
		cmocka_unit_test(only_real_nul_escapes_are_refused),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(secrets_are_moved_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
