/* SPDX-License-Identifier: MIT */
#include "base/err.h"
#include "base/keys.h"
#include "check.h"

struct spec {
	char *text, *path, *file, *owner, *choice;
	bool flag;
	int64_t time, count;
	int mode, other_mode;
	struct key_list list;
};
#define ROW(member, key_name, kind)                                                                \
	.name = (key_name), .type = (kind), .offset = offsetof(struct spec, member)
/* clang-format off */
static const struct key rows[] = {
	{ ROW(text, "text", KEY_TEXT), .required = true },
	{ ROW(path, "path", KEY_PATH) },
	{ ROW(file, "secret_file", KEY_FILE) },
	{ ROW(owner, "owner", KEY_OWNER) },
	{ ROW(choice, "choice", KEY_CHOICE), .fallback = "red", .choices = "red|green|light blue" },
	{ ROW(flag, "flag", KEY_BOOL), .fallback = "yes" },
	{ ROW(time, "time", KEY_DURATION), .fallback = "1d 12h" },
	{ ROW(count, "count", KEY_COUNT), .fallback = "16" },
	{ ROW(mode, "mode", KEY_MODE) },
	{ ROW(other_mode, "other_mode", KEY_MODE), .fallback = "0600" },
	{ ROW(list, "list", KEY_LIST) },
};
/* clang-format on */
#define N COUNT(rows)

static void spec_clear(struct spec *s)
{
	keys_release(rows, N, s);
}

static void accepted(void **state)
{
	(void)state;
	AUTO(spec_clear) struct spec s = { 0 };
	struct err e = ERR_INIT;
	bool seen[N] = { false };
	/* clang-format off */
	static const struct { const char *key, *value; } row[] = {
		{ "text", "any thing % ~ é" }, { "path", "/a b" },
		        { "secret_file", "relative/x" }, { "owner", "www-data:1000" },
		{ "choice", "light blue" },    { "flag", "no" },         { "time", "2w" },
		                 { "count", "1000" },
		{ "mode", "640" },             { "list", "a" },          { "list", "b" },
		                  { "list", "a" },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++)
		CHECK(keys_set(rows, N, seen, &s, row[i].key, row[i].value, &e), "%s: %s",
		      row[i].key, e.text);
	CHECK(keys_finish(rows, N, seen, &s, &e), "%s", e.text);
	assert_string_equal(s.text, "any thing % ~ é");
	assert_string_equal(s.path, "/a b");
	assert_string_equal(s.file, "relative/x");
	assert_string_equal(s.owner, "www-data:1000");
	assert_string_equal(s.choice, "light blue");
	assert_false(s.flag);
	assert_int_equal(s.time, 14 * 86400);
	assert_int_equal(s.count, 1000);
	assert_int_equal(s.mode, 0640);
	assert_int_equal(s.other_mode, 0600);
	assert_int_equal(s.list.n, 3);
	assert_string_equal(s.list.item[1], "b");
}

static void refused(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *key, *value, *want; } row[] = {
		{ "path", "a/b", "'path' takes an absolute path, not 'a/b'" },
		{ "path", "~/b",
		  "'path' takes an absolute path, not '~/b'; '%h' stands for the home directory" },
		{ "owner", ":x", "'owner' takes 'user' or 'user:group', not ':x'" },
		{ "owner", "x:", "'owner' takes 'user' or 'user:group', not 'x:'" },
		{ "owner", "x:y:z", "'owner' takes 'user' or 'user:group', not 'x:y:z'" },
		{ "owner", "x y", "'owner' takes 'user' or 'user:group', not 'x y'" },
		{ "owner", "/x", "'owner' takes 'user' or 'user:group', not '/x'" },
		{ "choice", "blue", "'choice' takes one of red|green|light blue, not 'blue'" },
		{ "choice", "re", "'choice' takes one of red|green|light blue, not 're'" },
		{ "choice", "red|green",
		  "'choice' takes one of red|green|light blue, not 'red|green'" },
		{ "flag", "true", "'flag' takes 'yes' or 'no', not 'true'" },
		{ "flag", "Yes", "'flag' takes 'yes' or 'no', not 'Yes'" },
		{ "time", "12", "'time' takes a duration like '90m', '30d' or '1d 12h', not '12'" },
		{ "time", "-1d",
		  "'time' takes a duration like '90m', '30d' or '1d 12h', not '-1d'" },
		{ "time", "0s", "'time' must be longer than zero" },
		{ "count", "0", "'count' takes a whole number from 1 to 1000, not '0'" },
		{ "count", "1001", "'count' takes a whole number from 1 to 1000, not '1001'" },
		{ "count", "x", "'count' takes a whole number from 1 to 1000, not 'x'" },
		{ "mode", "0999", "'mode' takes permission bits in octal like '0640', not '0999'" },
		{ "mode", "64", "'mode' takes permission bits in octal like '0640', not '64'" },
		{ "mode", "00640",
		  "'mode' takes permission bits in octal like '0640', not '00640'" },
		{ "mode", "4755", "'mode' takes no set-id or sticky bits: '4755'" },
		{ "text", "", "'text' has no value" },
		{ "list", "", "'list' has no value" },
		{ "choise", "red", "unknown key 'choise'; did you mean 'choice'?" },
		{ "secret-file", "x", "unknown key 'secret-file'; did you mean 'secret_file'?" },
		{ "pathh", "x", "unknown key 'pathh'; did you mean 'path'?" },
		{ "something_else", "x", "unknown key 'something_else'" },
		{ "", "x", "unknown key ''" },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO(spec_clear) struct spec s = { 0 };
		struct err e = ERR_INIT;
		bool seen[N] = { false };
		static const bool none[N] = { false };
		CHECK(!keys_set(rows, N, seen, &s, row[i].key, row[i].value, &e) &&
		              e.kind == ERR_CONFIG,
		      "%s = %s", row[i].key, row[i].value);
		CHECK_TEXT(e.text, row[i].want, "row %zu", i);
		assert_memory_equal(seen, none, sizeof(seen));
	}
}

static void twice(void **state)
{
	(void)state;
	AUTO(spec_clear) struct spec s = { 0 };
	struct err e = ERR_INIT;
	bool seen[N] = { false };

	assert_true(keys_set(rows, N, seen, &s, "text", "a", &e));
	assert_false(keys_set(rows, N, seen, &s, "text", "a", &e));
	assert_string_equal(e.text, "'text' is set twice");
}

static void a_list_has_an_end(void **state)
{
	(void)state;
	AUTO(spec_clear) struct spec s = { 0 };
	struct err e = ERR_INIT;
	bool seen[N] = { false };

	for (int i = 0; i < 1000; i++)
		assert_true(keys_set(rows, N, seen, &s, "list", "a", &e));
	assert_false(keys_set(rows, N, seen, &s, "list", "a", &e));
	assert_string_equal(e.text, "'list' is repeated more than 1000 times");
}

static void finishing(void **state)
{
	(void)state;
	AUTO(spec_clear) struct spec s = { 0 };
	struct err e = ERR_INIT;
	bool seen[N] = { false };

	assert_false(keys_finish(rows, N, seen, &s, &e));
	assert_string_equal(e.text, "'text' is missing");
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_true(keys_set(rows, N, seen, &s, "text", "a", &e));
	assert_true(keys_finish(rows, N, seen, &s, &e));
	assert_string_equal(s.choice, "red");
	assert_true(s.flag);
	assert_int_equal(s.time, 36 * 3600);
	assert_int_equal(s.count, 16);
	assert_int_equal(s.mode, -1);
	assert_int_equal(s.other_mode, 0600);
	assert_null(s.path);
	assert_int_equal(s.list.n, 0);
}

static void a_wrong_fallback_is_found(void **state)
{
	(void)state;
	static const struct key wrong[] = { { ROW(time, "time", KEY_DURATION),
		                              .fallback = "soon" } };
	static const struct key unknown[] = { { ROW(time, "time", (enum key_type)99),
		                                .fallback = "x" } };
	struct spec s = { 0 };
	struct err e = ERR_INIT;
	bool seen[1] = { false };

	assert_false(keys_finish(wrong, 1, seen, &s, &e));
	assert_false(keys_finish(unknown, 1, seen, &s, &e));
}

static void copying(void **state)
{
	(void)state;
	AUTO(spec_clear) struct spec a = { 0 }, b = { 0 };
	struct err e = ERR_INIT;
	bool seen[N] = { false };
	static const struct {
		const char *key, *value;
	} row[] = { { "text", "a" }, { "list", "x" }, { "list", "y" }, { "mode", "0640" } };

	for (size_t i = 0; i < COUNT(row); i++)
		assert_true(keys_set(rows, N, seen, &a, row[i].key, row[i].value, &e));
	assert_true(keys_finish(rows, N, seen, &a, &e));
	memset(seen, 0, sizeof(seen));
	assert_true(keys_set(rows, N, seen, &b, "text", "old", &e));
	assert_true(keys_set(rows, N, seen, &b, "list", "old", &e));
	for (int twice_over = 0; twice_over < 2; twice_over++)
		for (size_t i = 0; i < N; i++)
			keys_copy(&rows[i], &b, &a);
	assert_string_equal(b.text, "a");
	assert_ptr_not_equal(b.text, a.text);
	assert_null(b.path);
	assert_string_equal(b.choice, "red");
	assert_true(b.flag);
	assert_int_equal(b.time, 36 * 3600);
	assert_int_equal(b.count, 16);
	assert_int_equal(b.mode, 0640);
	assert_int_equal(b.list.n, 2);
	assert_string_equal(b.list.item[1], "y");
}

static void release_leaves_nothing(void **state)
{
	(void)state;
	struct spec s = { 0 }, zero = { 0 };
	struct err e = ERR_INIT;
	bool seen[N] = { false };

	assert_true(keys_set(rows, N, seen, &s, "text", "a", &e) &&
	            keys_finish(rows, N, seen, &s, &e));
	keys_release(rows, N, &s);
	assert_memory_equal(&s, &zero, sizeof(s));
	keys_release(rows, N, &s);
	keys_release(rows, N, NULL);
}

static void types_have_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < N; i++)
		assert_non_null(keys_type_name(&rows[i]));
	assert_string_equal(keys_type_name(keys_find(rows, N, "choice")), "red|green|light blue");
	assert_string_equal(keys_type_name(keys_find(rows, N, "flag")), "yes|no");
	assert_null(keys_find(rows, N, "nothing"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted),
		cmocka_unit_test(refused),
		cmocka_unit_test(twice),
		cmocka_unit_test(a_list_has_an_end),
		cmocka_unit_test(finishing),
		cmocka_unit_test(a_wrong_fallback_is_found),
		cmocka_unit_test(copying),
		cmocka_unit_test(release_leaves_nothing),
		cmocka_unit_test(types_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
