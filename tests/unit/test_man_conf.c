/* SPDX-License-Identifier: MIT */
/* acrotate.conf(5) lists exactly the keys that the program knows, each with its type and
 * default. */
#include "man_page.h"

#include "config/common.h"

#define PAGE  "packaging/man/acrotate.conf.5"
#define ENTRY ".It Ic "

/* The line the page must have for a key. */
static void entry(const struct key *row, struct buf *out)
{
	const char *type = row->type == KEY_LIST     ? "text, repeatable"
	                   : row->type == KEY_CHOICE ? "choice"
	                                             : keys_type_name(row);

	buf_fmt(out, ENTRY "%s Pq %s%s%s%s\n", row->name, type, row->required ? ", required" : "",
	        row->fallback != NULL ? ", default " : "",
	        row->fallback != NULL ? row->fallback : "");
}

/* Each of "a|b|c" is named. */
static void check_choices(const struct key *row, const char *text)
{
	char *choices = strdup(row->choices);

	for (char *save = NULL, *c = strtok_r(choices, "|", &save); c != NULL;
	     c = strtok_r(NULL, "|", &save))
		CHECK(strstr(text, c) != NULL, "'%s' of '%s' is not explained", c, row->name);
	free(choices);
}

/* From the heading of a section to the next heading. */
static char *part(const char *page, const struct key_section *s)
{
	AUTO_BUF struct buf heading = BUF_INIT(256);

	buf_fmt(&heading, "\n.Ss [%s]%s%s\n", s->section, s->type != NULL ? ", type = " : "",
	        s->type != NULL ? s->type : "");
	return page_part(page, buf_cstr(&heading));
}

static void every_key_and_no_other(void **state)
{
	(void)state;
	AUTO_BUF struct buf page = BUF_INIT(1 << 17);
	struct key_section s[32];
	size_t n = config_key_sections(s, COUNT(s)), rows = 0;

	page_read(PAGE, &page);
	for (size_t i = 0; i < n; i++) {
		char *text = part(buf_cstr(&page), &s[i]);
		for (size_t k = 0; k < s[i].n; k++) {
			AUTO_BUF struct buf want = BUF_INIT(1024);
			entry(&s[i].rows[k], &want);
			CHECK(strstr(text, buf_cstr(&want)) != NULL, "[%s] %s needs the line %s",
			      s[i].section, s[i].type != NULL ? s[i].type : "", buf_cstr(&want));
			if (s[i].rows[k].type == KEY_CHOICE)
				check_choices(&s[i].rows[k], text);
		}
		CHECK(page_count(text, ENTRY) == s[i].n,
		      "[%s] %s: %zu keys in the page, %zu in the program", s[i].section,
		      s[i].type != NULL ? s[i].type : "", page_count(text, ENTRY), s[i].n);
		rows += s[i].n;
		free(text);
	}
	CHECK(page_count(buf_cstr(&page), ENTRY) == rows,
	      "the page has keys of a section that the program does not know");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_key_and_no_other) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
