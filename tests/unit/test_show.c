/* SPDX-License-Identifier: MIT */
/* What others wrote, as each destination gets it. */
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/show.h"
#include "check.h"

/* `line`: as show_line() has it; the same as `text` where nothing is hidden. */
static const struct row {
	const char *name, *text, *line;
} rows[] = {
	{ "plain", "web: it's done, 100%", "web: it's done, 100%" },
	{ "letters of others", "n\xc3\xa4\xc3\xa4 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x90\x8b",
	  "n\xc3\xa4\xc3\xa4 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x90\x8b" },
	{ "a line break", "a\nExecStartPre=+/bin/sh", "a ExecStartPre=+/bin/sh" },
	{ "other ends of lines", "a\r\n\v\fb", "a    b" },
	{ "escape", "\x1b[31mred", " [31mred" },
	{ "delete",
	  "a\x7f"
	  "b",
	  "a b" },
	{ "C1: CSI in UTF-8",
	  "a\xc2\x9b"
	  "31mb",
	  "a 31mb" },
	{ "C1: next line",
	  "a\xc2\x85"
	  "b",
	  "a b" },
	{ "C1 as a byte",
	  "a\x9b"
	  "31mb",
	  "a?31mb" },
	{ "the first behind C1",
	  "a\xc2\xa0"
	  "b",
	  "a\xc2\xa0"
	  "b" },
	{ "right-to-left override",
	  "a\xe2\x80\xae"
	  "fdp.exe",
	  "a?fdp.exe" },
	{ "an embedding",
	  "\xe2\x80\xaa"
	  "x\xe2\x80\xac",
	  "?x?" },
	{ "an isolate",
	  "\xe2\x81\xa6"
	  "x\xe2\x81\xa9",
	  "?x?" },
	{ "marks", "\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", "???" },
	{ "a line separator",
	  "a\xe2\x80\xa8"
	  "b\xe2\x80\xa9"
	  "c",
	  "a?b?c" },
	{ "beside them", "\xe2\x80\xaf\xe2\x81\xaa", "\xe2\x80\xaf\xe2\x81\xaa" },
	{ "half a character", "a\xe6\x97", "a??" },
	{ "a byte that only follows",
	  "\x80"
	  "a",
	  "?a" },
	{ "too long a form of a slash", "\xc0\xaf", "??" },
	{ "too long a form of ESC", "\xe0\x80\x9b", "???" },
	{ "a surrogate", "\xed\xa0\x80", "???" },
	{ "behind the last code", "\xf4\x90\x80\x80", "????" },
	{ "bytes of no form", "\xfe\xff", "??" },
	{ "nothing", "", "" },
};

static void lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[100];
		(void)snprintf(text, sizeof(text), "%s", rows[i].text);
		CHECK(show_is_line(text) == (strcmp(rows[i].text, rows[i].line) == 0), "%s",
		      rows[i].name);
		AUTO_FREE char *copy = show_line_of(text);
		CHECK_TEXT(copy, rows[i].line, "%s: a copy", rows[i].name);
		CHECK_TEXT(text, rows[i].text, "%s: of which there is a copy", rows[i].name);
		show_line(text);
		CHECK_TEXT(text, rows[i].line, "%s", rows[i].name);
		CHECK(show_is_line(text), "%s: not what it should be afterwards", rows[i].name);
	}
}

static void several_lines(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(100);

	(void)state;
	show_lines("a\n\tb\r\x1b[0m\xc2\x9b\xe2\x80\xae\n", &out);
	assert_string_equal(buf_cstr(&out), "a\n\tb  [0m ?\n");
}

static void labels(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(100);

	(void)state;
	show_label("a\"} 1\nb{c=\"\\\x1b\xc2\x9b\xff", &out);
	assert_string_equal(buf_cstr(&out), "a\\\"} 1\\nb{c=\\\"\\\\  ?");
}

static const struct {
	const char *path, *want;
} paths[] = {
	{ "/root/.docker", "/root/.docker" },
	{ "/a b/c'd", "/a b/c'd" },
	{ "/100%/x", "/100%%/x" },
	{ "/$HOME/${x}", "/$HOME/${x}" },
	{ "/a\"b\\c", "/a\\\"b\\\\c" },
	{ "/n\xc3\xa4h", "/n\xc3\xa4h" },
	{ "/x\nExecStartPre=+/bin/sh -c id", NULL },
	{ "/x\rExecStartPre=+/bin/sh", NULL },
	{ "/x\xe2\x80\xa8y", NULL },
	{ "/x\xc2\x85y", NULL },
	{ "/x\xe2\x80\xaey", NULL },
	{ "/x\xff", NULL },
	{ "/x\x1b", NULL },
	{ "relative", NULL },
	{ "", NULL },
};

static void unit_paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		AUTO_BUF struct buf out = BUF_INIT(100);
		struct err e = ERR_INIT;
		bool ok = show_unit_path(paths[i].path, &out, &e);
		CHECK(ok == (paths[i].want != NULL), "row %zu: %s", i, e.text);
		if (ok)
			CHECK_TEXT(buf_cstr(&out), paths[i].want, "row %zu", i);
		else
			CHECK(e.kind == ERR_CONFIG && out.len == 0 && show_is_line(e.text),
			      "row %zu: %s", i, e.text);
	}
}

static const struct {
	const char *word, *want;
} words[] = {
	{ "/subscriptions/0-1/x", "/subscriptions/0-1/x" },
	{ "My Subscription", "'My Subscription'" },
	{ "", "''" },
	{ "a'b", "'a'\\''b'" },
	{ "$(id)`id`;x", "'$(id)`id`;x'" },
	{ "a\nb\x1b", "'a b '" },
	{ "*?[~", "'*?[~'" },
};

static void words_for_a_shell(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		AUTO_FREE char *word = show_word(words[i].word);
		CHECK_TEXT(word, words[i].want, "row %zu", i);
	}
}

static const struct {
	const char *text;
	size_t max;
	const char *want;
} cuts[] = {
	{ "it fits", 7, "it fits" },
	{ "it does not fit", 14, "it does not..." },
	{ "it does not fit", 12, "it does..." },
	{ "cannot open '/a/very/long/path/of/a/file'", 30, "cannot open '/a/very/long/p..." },
	{ "a comma, and more", 12, "a comma..." },
	{ "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 8, "\xe6\x97\xa5..." },
	{ "abcdef", 3, "..." },
	{ "abcdef", 2, "" },
};

static void cutting(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cuts); i++) {
		char text[100];
		(void)snprintf(text, sizeof(text), "%s", cuts[i].text);
		show_cut(text, cuts[i].max);
		CHECK_TEXT(text, cuts[i].want, "row %zu", i);
		CHECK(strlen(text) <= cuts[i].max, "row %zu", i);
	}
}

static void json_of_anything_is_ascii_where_it_must(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(200);

	(void)state;
	buf_json(&out,
	         "a\"\\\n\t\x1b\x7f\xc2\x9b\xe2\x80\xae\xe2\x80\xa8\xc3\xa4\xff\xf0\x9f\x90\x8b");
	assert_string_equal(buf_cstr(&out), "\"a\\\"\\\\\\n\\t\\u001b\\u007f\\u009b\\u202e\\u2028"
	                                    "\xc3\xa4\\ufffd\xf0\x9f\x90\x8b\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(several_lines),
		cmocka_unit_test(labels),
		cmocka_unit_test(unit_paths),
		cmocka_unit_test(words_for_a_shell),
		cmocka_unit_test(cutting),
		cmocka_unit_test(json_of_anything_is_ascii_where_it_must),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
