/* SPDX-License-Identifier: MIT */
/* acrotate-token(1) explains exactly the commands and options that the program has. */
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "check.h"
#include "token/options.h"

#define PAGE "packaging/man/acrotate-token.1"

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *p = text; (p = strstr(p, what)) != NULL; p += strlen(what))
		n++;
	return n;
}

static void load(struct buf *page)
{
	struct err e = ERR_INIT;

	CHECK(fs_read(PAGE, 1 << 17, page, NULL, &e), "%s (run from the top of the tree)", e.text);
}

static void every_option_and_no_other(void **state)
{
	AUTO_BUF struct buf page = BUF_INIT(1 << 17);
	const struct token_option *o;
	size_t shown = 0;

	(void)state;
	load(&page);
	for (size_t i = 0; (o = token_option_at(i)) != NULL; i++) {
		AUTO_FREE char *letter = o->letter == 0 ? mem_dup("") : mem_fmt("%c , ", o->letter);
		AUTO_FREE char *want =
			mem_fmt("\n.It Fl %s-%s%s%s\n", letter, o->name,
		                o->value == NULL ? "" : " Ar ", o->value == NULL ? "" : o->value);
		CHECK((strstr(buf_cstr(&page), want) != NULL) == !o->hidden,
		      "the page needs the line%s", want);
		shown += !o->hidden;
	}
	CHECK(count(buf_cstr(&page), "\n.It Fl ") == shown,
	      "%zu options in the page, %zu in the program", count(buf_cstr(&page), "\n.It Fl "),
	      shown);
}

static void every_command_and_no_other(void **state)
{
	AUTO_BUF struct buf page = BUF_INIT(1 << 17);
	const struct token_command *c;
	size_t n = 0;

	(void)state;
	load(&page);
	for (; (c = token_command_at(n)) != NULL; n++) {
		AUTO_FREE char *want = mem_fmt("\n.It Cm %s%s%s\n", c->group,
		                               *c->group == '\0' ? "" : " ", c->name);
		CHECK(strstr(buf_cstr(&page), want) != NULL, "the page needs the line%s", want);
	}
	CHECK(count(buf_cstr(&page), "\n.It Cm ") == n,
	      "the page has commands that the program does not know");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_option_and_no_other),
		                            cmocka_unit_test(every_command_and_no_other) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
