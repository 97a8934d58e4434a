/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "base/err.h"
#include "check.h"
#include "config/argv.h"

/* Words as one text: "<a><b c>". */
static void join(char **argv, struct buf *out)
{
	for (size_t i = 0; argv[i] != NULL; i++)
		buf_fmt(out, "<%s>", argv[i]);
}

static void words(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *text, *want; } row[] = {
		{ "/bin/true", "</bin/true>" },
		{ "  /bin/true \t a  b ", "</bin/true><a><b>" },
		{ "/bin/x 'a b' \"c d\"", "</bin/x><a b><c d>" },
		{ "/bin/x a'b c'd\"e f\"g", "</bin/x><ab cde fg>" },
		{ "/bin/x '' \"\" x", "</bin/x><><><x>" },
		{ "/bin/x \\a\\ \\'\\\"\\\\ \\$x \\|", "</bin/x><a '\"\\><$x><|>" },
		{ "/bin/x \"a\\\"b\\\\c\\$d\\`e\\n\"", "</bin/x><a\"b\\c$d`e\\n>" },
		{ "/bin/x 'a\\b$c|d`e'", "</bin/x><a\\b$c|d`e>" },
		{ "/bin/sh -c 'a && b > c; echo \"$d\"'",
		  "</bin/sh><-c><a && b > c; echo \"$d\">" },
		{ "/bin/systemctl restart web@*.service ~ {x} (y) #z",
		  "</bin/systemctl><restart><web@*.service><~><{x}><(y)><#z>" },
		{ "'/opt/my tool'/run", "</opt/my tool/run>" },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_ARGV char **argv = NULL;
		AUTO_BUF struct buf got = BUF_INIT(4096);
		struct err e = ERR_INIT;
		CHECK(argv_split(row[i].text, &argv, &e), "%s: %s", row[i].text, e.text);
		join(argv, &got);
		CHECK_TEXT(buf_cstr(&got), row[i].want, "%s", row[i].text);
	}
}

static void refusals(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *text, *want; } row[] = {
		{ "", "the program must be an absolute path" },
		{ "   ", "the program must be an absolute path" },
		{ "systemctl restart web",
		  "the program must be an absolute path, not 'systemctl'" },
		{ "'' x", "the program must be an absolute path, not ''" },
		{ "/bin/x 'a", "a single quote is not closed" },
		{ "/bin/x \"a", "a double quote is not closed" },
		{ "/bin/x \"a\\", "a double quote is not closed" },
		{ "/bin/x \"a\\\"", "a double quote is not closed" },
		{ "/bin/x a\\", "a backslash stands at the end" },
		{ "/bin/x a | b", "'|' means nothing without a shell" },
		{ "/bin/x && y", "'&' means nothing without a shell" },
		{ "/bin/x a; y", "';' means nothing without a shell" },
		{ "/bin/x <a", "'<' means nothing without a shell" },
		{ "/bin/x >a", "'>' means nothing without a shell" },
		{ "/bin/x $HOME", "'$' means nothing without a shell" },
		{ "/bin/x `a`", "'`' means nothing without a shell" },
		{ "/bin/x \"$HOME\"", "'$' means nothing without a shell" },
		{ "/bin/x \"`a`\"", "'`' means nothing without a shell" },
	};
	/* clang-format on */
	for (size_t i = 0; i < COUNT(row); i++) {
		char **argv = NULL;
		struct err e = ERR_INIT;
		CHECK(!argv_split(row[i].text, &argv, &e) && e.kind == ERR_CONFIG && argv == NULL,
		      "accepted: %s", row[i].text);
		CHECK(strncmp(e.text, row[i].want, strlen(row[i].want)) == 0, "%s: %s", row[i].text,
		      e.text);
	}
}

static void as_many_as_there_is_room_for(void **state)
{
	(void)state;
	for (size_t n = ARGV_WORDS_MAX; n <= ARGV_WORDS_MAX + 1; n++) {
		AUTO_BUF struct buf text = BUF_INIT(4096);
		AUTO_ARGV char **argv = NULL;
		struct err e = ERR_INIT;
		buf_str(&text, "/x");
		for (size_t i = 1; i < n; i++)
			buf_str(&text, " y");
		bool ok = argv_split(buf_cstr(&text), &argv, &e);
		CHECK(ok == (n == ARGV_WORDS_MAX), "%zu words: %s", n, e.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(refusals),
		cmocka_unit_test(as_many_as_there_is_room_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
