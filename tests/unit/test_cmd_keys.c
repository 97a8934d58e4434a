/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "check.h"
#include "cli/cmd_keys.h"
#include "config/common.h"

static void every_row_as_json(void **state)
{
	(void)state;
	AUTO_BUF struct buf out = BUF_INIT(1 << 20);
	AUTO_JSON struct json *j = NULL;
	struct key_section s[32];
	size_t n = config_key_sections(s, COUNT(s)), at = 0;
	struct err e = ERR_INIT;

	cmd_keys_print(true, &out);
	CHECK(json_parse(buf_cstr(&out), out.len, &j, &e), "%s", e.text);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < s[i].n; k++, at++) {
			const struct json *row = json_at(j, "", at);
			CHECK_TEXT(json_str(row, "section"), s[i].section, "row %zu", at);
			CHECK_TEXT(json_str(row, "key"), s[i].rows[k].name, "row %zu", at);
			CHECK_TEXT(json_str(row, "help"), s[i].rows[k].help, "row %zu", at);
			CHECK((json_str(row, "sink") == NULL) == (s[i].type == NULL), "row %zu",
			      at);
			CHECK((json_str(row, "default") == NULL) == (s[i].rows[k].fallback == NULL),
			      "row %zu", at);
			CHECK(json_true(row, "required") == s[i].rows[k].required, "row %zu", at);
			CHECK(json_true(row, "repeatable") == (s[i].rows[k].type == KEY_LIST),
			      "row %zu", at);
		}
	assert_int_equal(json_len(j, ""), at);
}

static void every_row_as_text(void **state)
{
	(void)state;
	AUTO_BUF struct buf out = BUF_INIT(1 << 20);
	struct key_section s[32];
	size_t n = config_key_sections(s, COUNT(s));

	cmd_keys_print(false, &out);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < s[i].n; k++) {
			char start[128];
			(void)snprintf(start, sizeof(start), "\n  %s (", s[i].rows[k].name);
			CHECK(strstr(buf_cstr(&out), start) != NULL &&
			              strstr(buf_cstr(&out), s[i].rows[k].help) != NULL,
			      "%s", s[i].rows[k].name);
		}
	assert_non_null(strstr(buf_cstr(&out), "  lifetime (duration, default 90d)\n"));
	assert_non_null(strstr(buf_cstr(&out), "  token (text, required)\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_as_json),
		cmocka_unit_test(every_row_as_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
