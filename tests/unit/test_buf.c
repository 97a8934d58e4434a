/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "check.h"

static void pieces_are_joined(void **state)
{
	(void)state;
	AUTO_BUF struct buf b = BUF_INIT(1000);
	assert_string_equal(buf_cstr(&b), "");
	assert_true(buf_ok(&b));
	buf_str(&b, "ab");
	buf_char(&b, 'c');
	buf_fmt(&b, "%d-%s", 12, "x");
	buf_add(&b, "\0z", 2);
	assert_true(buf_ok(&b));
	assert_int_equal(b.len, 9);
	assert_memory_equal(b.data, "abc12-x\0z", 10);
}

static void it_grows_and_stays_terminated(void **state)
{
	(void)state;
	AUTO_BUF struct buf b = BUF_INIT(100000);
	for (int i = 0; i < 20000; i++) {
		buf_char(&b, (char)('a' + i % 26));
		assert_int_equal(strlen(b.data), (size_t)i + 1);
	}
	for (int i = 0; i < 20000; i++)
		assert_int_equal(b.data[i], 'a' + i % 26);
	buf_fmt(&b, "%05000d", 7);
	assert_int_equal(b.len, 25000);
}

static void fmt_over(struct buf *b)
{
	buf_fmt(b, "%s", "0123456");
}
static void str_over(struct buf *b)
{
	buf_str(b, "0123456");
}
static void add_over(struct buf *b)
{
	buf_add(b, "0123456", 7);
}
static void json_over(struct buf *b)
{
	buf_json(b, "01234");
}
static void form_over(struct buf *b)
{
	buf_form(b, "\x01"
	            "abcd");
}

/* Exactly the maximum fits; one more sets `over`, for good. */
static void passing_the_maximum_is_remembered(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		void (*append)(struct buf *);
	} row[] = {
		{ "fmt", fmt_over },   { "str", str_over },   { "add", add_over },
		{ "json", json_over }, { "form", form_over },
	};
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_BUF struct buf fits = BUF_INIT(9), not = BUF_INIT(8);
		buf_str(&fits, "ab");
		buf_str(&not, "ab");
		row[i].append(&fits);
		row[i].append(&not );
		CHECK(buf_ok(&fits), "%s: %zu bytes", row[i].name, fits.len);
		CHECK(!buf_ok(&not ), "%s", row[i].name);
		buf_char(&not, 'x');
		CHECK(!buf_ok(&not ) && not .len <= 8, "%s", row[i].name);
		CHECK(strlen(buf_cstr(&not )) == not .len, "%s", row[i].name);
	}
}

static void a_reset_buf_is_empty_and_wiped(void **state)
{
	(void)state;
	AUTO_BUF struct buf b = BUF_INIT(16);
	buf_str(&b, "secret-secret");
	char *data = b.data;
	buf_reset(&b);
	assert_int_equal(b.len, 0);
	assert_string_equal(buf_cstr(&b), "");
	if (b.data == data)
		assert_true(memchr(data, 's', 13) == NULL);
	buf_str(&b, "0123456789abcdefXX");
	assert_false(buf_ok(&b));
	buf_reset(&b);
	assert_true(buf_ok(&b));
	buf_str(&b, "0123456789abcdef");
	assert_true(buf_ok(&b));
	assert_int_equal(b.max, 16);
}

static void free_may_be_repeated(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(16);
	buf_str(&b, "x");
	buf_free(&b);
	assert_null(b.data);
	buf_free(&b);
	struct buf zero = { 0 };
	buf_free(&zero);
}

static void json_strings(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *in, *out; } row[] = {
		{ "", "\"\"" },
		{ "plain", "\"plain\"" },
		{ "q\"b\\s/", "\"q\\\"b\\\\s/\"" },
		{ "\n\r\t\b\f", "\"\\n\\u000d\\t\\u0008\\u000c\"" },
		{ "\x01\x1f", "\"\\u0001\\u001f\"" },
		{ "\xc3\xa4\xe2\x82\xac", "\"\xc3\xa4\xe2\x82\xac\"" },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_BUF struct buf b = BUF_INIT(100);
		buf_json(&b, row[i].in);
		CHECK_TEXT(buf_cstr(&b), row[i].out, "row %zu", i);
	}
}

static void form_values(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *in, *out; } row[] = {
		{ "", "" },
		{ "AZaz09-._~", "AZaz09-._~" },
		{ "a b&c=d+e/f", "a%20b%26c%3Dd%2Be%2Ff" },
		{ "\xc3\xa4\x01\x7f%", "%C3%A4%01%7F%25" },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_BUF struct buf b = BUF_INIT(100);
		buf_form(&b, row[i].in);
		CHECK_TEXT(buf_cstr(&b), row[i].out, "row %zu", i);
	}
}

static void json_of_nothing_is_null(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(100);

	(void)state;
	buf_json(&b, NULL);
	buf_json_member(&b, "a", "x\"");
	buf_json_member(&b, "b", NULL);
	assert_string_equal(buf_cstr(&b), "null, \"a\": \"x\\\"\", \"b\": null");
}

static void code_points(void **state)
{
	static const struct {
		uint32_t c;
		const char *out;
	} row[] = {
		{ 'a', "a" },         { 0x7f, "\x7f" },           { 0x80, "\xc2\x80" },
		{ 0xe4, "\xc3\xa4" }, { 0x20ac, "\xe2\x82\xac" }, { 0x1f511, "\xf0\x9f\x94\x91" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_BUF struct buf b = BUF_INIT(8);
		buf_utf8(&b, row[i].c);
		CHECK_TEXT(buf_cstr(&b), row[i].out, "row %zu", i);
	}
}

static void what_is_set_is_equal(void **state)
{
	AUTO_BUF struct buf a = BUF_INIT(8), b = BUF_INIT(8), empty = BUF_INIT(8);

	(void)state;
	buf_add(&a, "a\0b", 3);
	buf_str(&b, "before");
	assert_false(buf_equal(&a, &b));
	buf_set(&b, &a);
	assert_true(buf_equal(&a, &b));
	buf_char(&b, 'c');
	assert_false(buf_equal(&a, &b));
	buf_set(&b, &empty);
	assert_true(buf_equal(&b, &empty));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_of_nothing_is_null),
		cmocka_unit_test(pieces_are_joined),
		cmocka_unit_test(it_grows_and_stays_terminated),
		cmocka_unit_test(passing_the_maximum_is_remembered),
		cmocka_unit_test(a_reset_buf_is_empty_and_wiped),
		cmocka_unit_test(free_may_be_repeated),
		cmocka_unit_test(json_strings),
		cmocka_unit_test(form_values),
		cmocka_unit_test(code_points),
		cmocka_unit_test(what_is_set_is_equal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
