/* SPDX-License-Identifier: MIT */

#include "base/buf.h"
#include "base/err.h"
#include "base/ini.h"
#include "check.h"

/* What the callbacks were told, as one text: "[a]1 k=v@2 ". */
struct told {
	struct buf text;
	const char *refuse;
};

static bool on_section(void *ctx, const char *section, int line, struct err *e)
{
	struct told *t = ctx;

	buf_fmt(&t->text, "[%s]%d ", section, line);
	return t->refuse == NULL || strcmp(section, t->refuse) != 0 ||
	       err_set(e, ERR_CONFIG, "refused");
}

static bool on_pair(void *ctx, const char *section, const char *key, const char *value, int line,
                    struct err *e)
{
	struct told *t = ctx;

	buf_fmt(&t->text, "%s.%s=%s@%d ", section, key, value, line);
	return t->refuse == NULL || strcmp(key, t->refuse) != 0 ||
	       err_set(e, ERR_CONFIG, "refused");
}

static bool parse(struct told *t, const char *text, size_t len, struct err *e)
{
	const struct ini_reader r = { .section = on_section, .pair = on_pair, .ctx = t };

	t->text = (struct buf)BUF_INIT(1 << 20);
	return ini_parse_text("f", text, len, &r, e);
}

static void accepted(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *text, *want; } row[] = {
		{ "", "" },
		{ "\n\n  \n\t\n", "" },
		{ "# c\n; c\n#\n[a]\nk = v\n", "[a]4 a.k=v@5 " },
		{ "[a]\nk=v", "[a]1 a.k=v@2 " },
		{ "[a]\nk  =\t v w  \t\n", "[a]1 a.k=v w@2 " },
		{ "[a]\n[b c]  \nk = v\n[d]", "[a]1 [b c]2 b c.k=v@3 [d]4 " },
		{ "[a]\nk = v=w:x;y#z\n", "[a]1 a.k=v=w:x;y#z@2 " },
		{ "[a]\nk = a \xc3\xa4 \\n b\tc\n", "[a]1 a.k=a \xc3\xa4 \\n b\tc@2 " },
		{ "[a]\nK_1.x-y = \"v\"\n", "[a]1 a.K_1.x-y=\"v\"@2 " },
		{ "[a]\nk = 1\nk = 2\n", "[a]1 a.k=1@2 a.k=2@3 " },
		{ "[123456789012345678901234567890123456789012345678]\nk = v\n",
		  "[123456789012345678901234567890123456789012345678]1 "
		    "123456789012345678901234567890123456789012345678.k=v@2 " },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		struct told t = { 0 };
		struct err e = ERR_INIT;
		bool ok = parse(&t, row[i].text, strlen(row[i].text), &e);
		CHECK(ok, "row %zu: %s", i, e.text);
		CHECK(strcmp(buf_cstr(&t.text), row[i].want) == 0, "row %zu: %s", i,
		      buf_cstr(&t.text));
		buf_free(&t.text);
	}
}

static void refused(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *text, *want; } row[] = {
		{ "[a]\n k = v\n", "f:2: the line is indented" },
		{ "[a]\nk = v\n  more\n", "f:3: the line is indented" },
		{ "[a]\n\tk = v\n", "f:2: the line is indented" },
		{ "[a]\n  # c\n", "f:2: the line is indented" },
		{ "[a]\nk = v ; c\n", "f:2: ' ;' in a value" },
		{ "[a]\nk = v # c\n", "f:2: ' #' in a value" },
		{ "[a]\nk = v\t;c\n", "f:2: ' ;' in a value" },
		{ "[a]\nk = ;c\n", "f:2: ' ;' in a value" },
		{ "[a]\nk =#c\n", "f:2: ' #' in a value" },
		{ "[a]\nk = v \\\nw = x\n", "f:2: the line ends with a backslash" },
		{ "[a]\nk =\n", "f:2: 'k' has no value" },
		{ "[a]\nk =   \n", "f:2: 'k' has no value" },
		{ "[a]\nk\n", "f:2: expected 'key = value'" },
		{ "[a]\nk: v\n", "f:2: expected 'key = value'" },
		{ "[a]\nk k = v\n", "f:2: expected 'key = value'" },
		{ "[a]\n= v\n", "f:2: expected 'key = value'" },
		{ "[a]\n\"k\" = v\n", "f:2: expected 'key = value'" },
		{ "k = v\n", "f:1: 'k' comes before the first [section]" },
		{ "[a]\n[b]\n[a]\n", "f:3: section [a] appears twice" },
		{ "[a\n", "f:1: a section's ']' is missing" },
		{ "[]\n", "f:1: a section is written" },
		{ "[ a]\n", "f:1: a section is written" },
		{ "[a ]\n", "f:1: a section is written" },
		{ "[[a]\n", "f:1: a section is written" },
		{ "[a ;b]\nk = v\n", "f:1: a section's name cannot have ';' or '#'" },
		{ "[a#b]\n", "f:1: a section's name cannot have ';' or '#'" },
		{ "[a] # c\n", "f:1: text after ']'" },
		{ "[a]]\n", "f:1: text after ']'" },
		{ "[1234567890123456789012345678901234567890123456789]\n",
		  "f:1: the section's name is longer than 48" },
		{ "[a]\nk234567890123456789012345678901234567890123456789 = v\n",
		  "f:2: the key's name is longer than 48" },
		{ "[a]\r\n", "f:1: the line ends with a carriage return" },
		{ "\r\n", "f:1: the line ends with a carriage return" },
		{ "[a]\nk = a\001b\n", "f:2: control character 0x01" },
		{ "[a]\nk = a\x7f\n", "f:2: control character 0x7f" },
		{ "[a]\nk = a\rb\n", "f:2: control character 0x0d" },
		{ "\xef\xbb\xbf[a]\n", "f:1: the file starts with a byte order mark" },
		{ "[a]\nbad = v\nk = v ; never reached\n", "f:2: refused" },
		{ "[a]\n[bad]\nk = v ; never reached\n", "f:2: refused" },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		struct told t = { .refuse = "bad" };
		struct err e = ERR_INIT;
		bool ok = parse(&t, row[i].text, strlen(row[i].text), &e);
		CHECK(!ok && e.kind == ERR_CONFIG, "row %zu accepted: %s", i, buf_cstr(&t.text));
		CHECK(strncmp(e.text, row[i].want, strlen(row[i].want)) == 0, "row %zu: %s", i,
		      e.text);
		buf_free(&t.text);
	}
}

static void a_byte_that_ends_strings(void **state)
{
	(void)state;
	static const char text[] = "[a]\nk = v\0w\n";
	struct told t = { 0 };
	struct err e = ERR_INIT;

	CHECK(!parse(&t, text, sizeof(text) - 1, &e), "accepted");
	CHECK(strcmp(e.text, "f:2: control character 0x00 in the line") == 0, "%s", e.text);
	buf_free(&t.text);
}

/* A line of n bytes is "k = " and x. */
static bool parse_long(size_t n, size_t *value, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(1 << 20);
	struct told t = { 0 };

	buf_str(&text, "[a]\nk = ");
	for (size_t i = 4; i < n; i++)
		buf_char(&text, 'x');
	buf_str(&text, "\n[b]\nl = v\n");
	bool ok = parse(&t, buf_cstr(&text), text.len, e);
	/* Nothing of it may be missing, and what follows must be what follows. */
	*value = ok ? strspn(strchr(buf_cstr(&t.text), '=') + 1, "x") : 0;
	if (ok)
		CHECK(strstr(buf_cstr(&t.text), " [b]3 b.l=v@4 ") != NULL, "after %zu", n);
	buf_free(&t.text);
	return ok;
}

static void lengths(void **state)
{
	(void)state;
	static const struct {
		size_t n;
		bool ok;
	} row[] = { { 190, true },          { 192, true },
		    { 200, true },          { 201, true },
		    { 4096, true },         { INI_LINE_MAX - 1, true },
		    { INI_LINE_MAX, true }, { INI_LINE_MAX + 1, false } };
	for (size_t i = 0; i < COUNT(row); i++) {
		struct err e = ERR_INIT;
		size_t got;
		bool ok = parse_long(row[i].n, &got, &e);
		CHECK(ok == row[i].ok, "%zu: %s", row[i].n, e.text);
		CHECK(got == (ok ? row[i].n - 4 : 0), "%zu: %zu", row[i].n, got);
		if (!ok)
			CHECK(strcmp(e.text, "f:2: the line is longer than 8192 bytes") == 0, "%s",
			      e.text);
	}
}

static void many(void **state)
{
	(void)state;
	for (int n = INI_SECTIONS_MAX; n <= INI_SECTIONS_MAX + 1; n++) {
		AUTO_BUF struct buf text = BUF_INIT(1 << 20);
		struct told t = { 0 };
		struct err e = ERR_INIT;
		for (int i = 0; i < n; i++)
			buf_fmt(&text, "[s%d]\n", i);
		bool ok = parse(&t, buf_cstr(&text), text.len, &e);
		CHECK(ok == (n == INI_SECTIONS_MAX), "%d: %s", n, e.text);
		buf_free(&t.text);
	}
}

static void too_large(void **state)
{
	(void)state;
	AUTO_BUF struct buf text = BUF_INIT(1 << 20);
	struct told t = { 0 };
	struct err e = ERR_INIT;

	for (int i = 0; i <= INI_FILE_MAX; i++)
		buf_char(&text, '\n');
	CHECK(!parse(&t, buf_cstr(&text), text.len, &e), "accepted");
	CHECK(strcmp(e.text, "f:1: the file is larger than 65536 bytes") == 0, "%s", e.text);
	CHECK(parse(&t, buf_cstr(&text), text.len - 1, &e), "%s", e.text);
	buf_free(&t.text);
}

static void without_section_callback(void **state)
{
	(void)state;
	struct told t = { .text = BUF_INIT(1024) };
	const struct ini_reader r = { .pair = on_pair, .ctx = &t };
	struct err e = ERR_INIT;

	CHECK(ini_parse_text("f", "[a]\nk = v\n", 10, &r, &e), "%s", e.text);
	CHECK(strcmp(buf_cstr(&t.text), "a.k=v@2 ") == 0, "%s", buf_cstr(&t.text));
	buf_free(&t.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted),
		cmocka_unit_test(refused),
		cmocka_unit_test(a_byte_that_ends_strings),
		cmocka_unit_test(lengths),
		cmocka_unit_test(many),
		cmocka_unit_test(too_large),
		cmocka_unit_test(without_section_callback),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
