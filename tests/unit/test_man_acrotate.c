/* SPDX-License-Identifier: MIT */
/* acrotate(1) has exactly the commands and options that the program has, and every exit status. */
#include "man_page.h"

#include "cli/options.h"

#define PAGE   "packaging/man/acrotate.1"
#define OPTION ".It Fl "

static struct buf page = BUF_INIT(1 << 17);

static int read_page(void **state)
{
	(void)state;
	page_read(PAGE, &page);
	return 0;
}

static int free_page(void **state)
{
	(void)state;
	buf_free(&page);
	return 0;
}

/* A part has a line for each option that `wanted` says yes to, and for no other. */
static void check_options(const char *heading, const struct command *cmd)
{
	char *text = page_part(buf_cstr(&page), heading);
	size_t n = 0;
	const struct option *row;
	for (size_t i = 0; (row = options_at(i)) != NULL; i++) {
		AUTO_BUF struct buf line = BUF_INIT(256);
		if (cmd == NULL ? row->bit != 0 : row->bit == 0 || !options_has(cmd, row))
			continue;
		n++;
		buf_str(&line, "\n.It Fl ");
		if (row->letter != '\0')
			buf_fmt(&line, "%c , Fl ", row->letter);
		buf_fmt(&line, "-%s%s%s\n", row->name, row->value != NULL ? " Ar " : "",
		        row->value != NULL ? row->value : "");
		CHECK(strstr(text, buf_cstr(&line)) != NULL, "%s needs the line%s", heading,
		      buf_cstr(&line));
	}
	CHECK(page_count(text, "\n" OPTION) == n, "%s has %zu options, the program %zu", heading,
	      page_count(text, "\n" OPTION), n);
	free(text);
}

static void every_command_and_option_and_no_other(void **state)
{
	(void)state;
	size_t n = 0;
	char *section = strstr(buf_cstr(&page), "\n.Sh COMMANDS\n");
	assert_non_null(section);
	char *end = strstr(section + 1, "\n.Sh ");
	for (const struct command *c = commands; c->name != NULL; c++, n++) {
		AUTO_BUF struct buf heading = BUF_INIT(256);
		buf_fmt(&heading, "\n.Ss %s%s%s\n", c->name, c->operands[0] != '\0' ? " " : "",
		        c->operands);
		check_options(buf_cstr(&heading), c);
	}
	char *all = strndup(section, (size_t)(end - section) + 1);
	CHECK(page_count(all, "\n.Ss ") == n, "the page has %zu commands, the program %zu",
	      page_count(all, "\n.Ss "), n);
	free(all);
	check_options("\n.Sh OPTIONS\n", NULL);
}

static void every_exit_status_and_no_other(void **state)
{
	(void)state;
	char *text = page_part(buf_cstr(&page), "\n.Sh EXIT STATUS\n");
	bool known[256] = { [2] = true, [71] = true }; /* --detailed-exitcode; out of memory */
	size_t n = 0;
	for (int k = 0; k < ERR__COUNT; k++)
		known[err_exit_code((enum err_kind)k)] = true;
	for (int code = 0; code < 256; code++) {
		char line[32];
		(void)snprintf(line, sizeof(line), "\n.It %d\n", code);
		n += known[code];
		CHECK((strstr(text, line) != NULL) == known[code], "status %d", code);
	}
	assert_int_equal(page_count(text, "\n.It "), n);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_and_option_and_no_other),
		cmocka_unit_test(every_exit_status_and_no_other),
	};
	return cmocka_run_group_tests(tests, read_page, free_page);
}
