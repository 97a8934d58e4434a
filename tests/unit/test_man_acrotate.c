/* SPDX-License-Identifier: MIT */
/* acrotate(1) has exactly the commands and options that the program has, and every exit status. */
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "check.h"
#include "cli/options.h"

#define PAGE   "packaging/man/acrotate.1"
#define OPTION ".It Fl "

static struct buf page = BUF_INIT(1 << 17);

static int read_page(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	CHECK(fs_read(PAGE, 1 << 17, &page, NULL, &e), "%s (run from the top of the tree)", e.text);
	return 0;
}

static int free_page(void **state)
{
	(void)state;
	buf_free(&page);
	return 0;
}

/* From a heading to the next; the caller frees. */
static char *part(const char *heading)
{
	const char *start = strstr(buf_cstr(&page), heading);
	CHECK(start != NULL, "no heading%s", heading);
	start += strlen(heading) - 1;
	const char *end = strstr(start, "\n.S");
	return strndup(start, end != NULL ? (size_t)(end - start) + 1 : strlen(start));
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;
	for (const char *p = text; (p = strstr(p, what)) != NULL; p += strlen(what))
		n++;
	return n;
}

/* A part has a line for each option that `wanted` says yes to, and for no other. */
static void check_options(const char *heading, const struct command *cmd)
{
	char *text = part(heading);
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
	CHECK(count(text, "\n" OPTION) == n, "%s has %zu options, the program %zu", heading,
	      count(text, "\n" OPTION), n);
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
	CHECK(count(all, "\n.Ss ") == n, "the page has %zu commands, the program %zu",
	      count(all, "\n.Ss "), n);
	free(all);
	check_options("\n.Sh OPTIONS\n", NULL);
}

static void every_exit_status_and_no_other(void **state)
{
	(void)state;
	char *text = part("\n.Sh EXIT STATUS\n");
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
	assert_int_equal(count(text, "\n.It "), n);
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
