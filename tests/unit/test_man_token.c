/* SPDX-License-Identifier: MIT */
/* acrotate-token(1) explains exactly the commands and options that the program has. */
#include "man_page.h"

#include "base/mem.h"
#include "token/options.h"

#define PAGE "packaging/man/acrotate-token.1"

static void every_option_and_no_other(void **state)
{
	AUTO_BUF struct buf page = BUF_INIT(1 << 17);
	const struct token_option *o;
	size_t shown = 0;

	(void)state;
	page_read(PAGE, &page);
	for (size_t i = 0; (o = token_option_at(i)) != NULL; i++) {
		AUTO_FREE char *letter = o->letter == 0 ? mem_dup("") : mem_fmt("%c , ", o->letter);
		AUTO_FREE char *want =
			mem_fmt("\n.It Fl %s-%s%s%s\n", letter, o->name,
		                o->value == NULL ? "" : " Ar ", o->value == NULL ? "" : o->value);
		CHECK((strstr(buf_cstr(&page), want) != NULL) == !o->hidden,
		      "the page needs the line%s", want);
		shown += !o->hidden;
	}
	CHECK(page_count(buf_cstr(&page), "\n.It Fl ") == shown,
	      "%zu options in the page, %zu in the program",
	      page_count(buf_cstr(&page), "\n.It Fl "), shown);
}

static void every_command_and_no_other(void **state)
{
	AUTO_BUF struct buf page = BUF_INIT(1 << 17);
	const struct token_command *c;
	size_t n = 0;

	(void)state;
	page_read(PAGE, &page);
	for (; (c = token_command_at(n)) != NULL; n++) {
		AUTO_FREE char *want = mem_fmt("\n.It Cm %s%s%s\n", c->group,
		                               *c->group == '\0' ? "" : " ", c->name);
		CHECK(strstr(buf_cstr(&page), want) != NULL, "the page needs the line%s", want);
	}
	CHECK(page_count(buf_cstr(&page), "\n.It Cm ") == n,
	      "the page has commands that the program does not know");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_option_and_no_other),
		                            cmocka_unit_test(every_command_and_no_other) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
