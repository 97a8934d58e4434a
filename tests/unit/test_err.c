/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "base/err.h"
#include "check.h"

static void setting_fills_kind_and_text(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	assert_false(err_set(&e, ERR_DECISION, "slot '%s' is foreign", "password2"));
	assert_int_equal(e.kind, ERR_DECISION);
	assert_string_equal(e.text, "slot 'password2' is foreign");
}

static void system_errors_end_with_the_systems_words(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	assert_false(err_sys(&e, ENOSPC, "cannot write '%s'", "/run/x"));
	assert_int_equal(e.kind, ERR_LOCAL);
	assert_string_equal(e.text, "cannot write '/run/x': No space left on device");
}

static void context_is_prepended_and_facts_stay(void **state)
{
	(void)state;
	struct err e = { .kind = ERR_TRANSIENT,
		         .not_acted = true,
		         .status = 503,
		         .retry_after_known = true,
		         .retry_after_ms = 7,
		         .code = "Busy",
		         .text = "the service is busy" };
	assert_false(err_in(&e, "registry '%s'", "contoso"));
	assert_false(err_in(&e, "job '%s'", "web"));
	assert_string_equal(e.text, "job 'web': registry 'contoso': the service is busy");
	assert_int_equal(e.kind, ERR_TRANSIENT);
	assert_true(e.not_acted && e.retry_after_known);
	assert_int_equal(e.status, 503);
	assert_int_equal(e.retry_after_ms, 7);
	assert_string_equal(e.code, "Busy");
}

static void a_new_error_forgets_the_facts_of_the_old(void **state)
{
	(void)state;
	struct err e = { .kind = ERR_TRANSIENT,
		         .not_acted = true,
		         .status = 503,
		         .retry_after_known = true,
		         .retry_after_ms = 7,
		         .code = "Busy",
		         .text = "x" };
	(void)err_set(&e, ERR_LOCAL, "disk");
	assert_false(e.not_acted || e.retry_after_known);
	assert_int_equal(e.status, 0);
	assert_string_equal(e.code, "");
}

/* The text may be among its own arguments: err_set(e, kind, "...: %s", e->text) is how a kind is
 * changed. */
static void a_text_may_quote_itself(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	(void)err_set(&e, ERR_LOCAL, "inner");
	(void)err_set(&e, ERR_CONFIG, "outer: %s", e.text);
	assert_string_equal(e.text, "outer: inner");
	(void)err_in(&e, "again: %s", e.text);
	assert_string_equal(e.text, "again: outer: inner: outer: inner");
}

static void long_texts_are_cut(void **state)
{
	(void)state;
	char longer[2 * ERR_TEXT_MAX];
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	struct err e = ERR_INIT;
	(void)err_set(&e, ERR_LOCAL, "%s", longer);
	assert_int_equal(strlen(e.text), ERR_TEXT_MAX - 1);
	(void)err_in(&e, "job 'web'");
	assert_true(strlen(e.text) < ERR_TEXT_MAX);
	assert_memory_equal(e.text, "job 'web': xxx", 14);
	(void)err_in(&e, "%s", longer);
	assert_true(strlen(e.text) < ERR_TEXT_MAX);
}

/* What a service says may be printed on a terminal. */
static void control_characters_become_spaces(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	(void)err_set(&e, ERR_REMOTE, "%s",
	              "a\nb\tc\x1b[31md\x7f"
	              "e");
	assert_string_equal(e.text, "a b c [31md e");
	(void)err_in(&e, "x\ry");
	assert_string_equal(e.text, "x y: a b c [31md e");
}

/* DESIGN section 3, as a person reads it there. */
static void exit_codes_are_the_documented_ones(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { enum err_kind kind; int code; } row[] = {
		{ ERR_NONE, 0 },       { ERR_USAGE, 64 },  { ERR_CONFIG, 78 }, { ERR_AUTH, 77 },
		    { ERR_DENIED, 77 },
		{ ERR_MISSING, 69 },   { ERR_DECISION, 65 }, { ERR_HOOK, 70 },
		  { ERR_TRANSIENT, 75 }, { ERR_REMOTE, 76 },
		{ ERR_LOCAL, 74 },     { ERR_BUSY, 75 },   { ERR_CONFLICT, 75 },
	};
	/* clang-format on */
	assert_int_equal(COUNT(row), ERR__COUNT);
	for (size_t i = 0; i < COUNT(row); i++)
		CHECK(err_exit_code(row[i].kind) == row[i].code, "kind %d gives %d", row[i].kind,
		      err_exit_code(row[i].kind));
	for (size_t i = 0; i < COUNT(row); i++)
		CHECK(err_is_transient(row[i].kind) == (row[i].code == 75), "kind %d", row[i].kind);
}

/* 78 77 69 65 76 74 70 75: the first of them that some job has. */
static void the_worse_of_two_failures_wins(void **state)
{
	(void)state;
	static const enum err_kind worst_first[] = { ERR_CONFIG,   ERR_AUTH,     ERR_MISSING,
		                                     ERR_DECISION, ERR_REMOTE,   ERR_LOCAL,
		                                     ERR_HOOK,     ERR_CONFLICT, ERR_NONE };
	for (size_t i = 0; i < COUNT(worst_first); i++)
		for (size_t k = i; k < COUNT(worst_first); k++) {
			enum err_kind a = worst_first[i], b = worst_first[k];
			CHECK(err_worse(a, b) == a && err_worse(b, a) == a, "kinds %d and %d", a,
			      b);
		}
	assert_int_equal(err_exit_code(err_worse(ERR_DENIED, ERR_MISSING)), 77);
	assert_int_equal(err_exit_code(err_worse(ERR_BUSY, ERR_HOOK)), 70);
	assert_int_equal(err_exit_code(err_worse(ERR_NONE, ERR_BUSY)), 75);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(setting_fills_kind_and_text),
		cmocka_unit_test(system_errors_end_with_the_systems_words),
		cmocka_unit_test(context_is_prepended_and_facts_stay),
		cmocka_unit_test(a_new_error_forgets_the_facts_of_the_old),
		cmocka_unit_test(a_text_may_quote_itself),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(control_characters_become_spaces),
		cmocka_unit_test(exit_codes_are_the_documented_ones),
		cmocka_unit_test(the_worse_of_two_failures_wins),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
