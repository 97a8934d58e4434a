/* SPDX-License-Identifier: MIT */
/* The samples parse as they are, and with every commented key uncommented; and they show every
 * key there is, and every choice. */
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "check.h"
#include "config/common.h"

#define COMMON "etc/acrotate.conf.sample"
#define JOB    "etc/jobs.d/example.conf.sample"

static void load(const char *path, struct buf *out)
{
	struct err e = ERR_INIT;

	CHECK(fs_read(path, 1 << 16, out, NULL, &e), "%s (run from the top of the tree)", e.text);
}

/* "#key = value" is a key and "#[section]" a section; "# text" is none. */
static void uncomment(const char *text, struct buf *out)
{
	bool line_start = true;

	for (const char *c = text; *c != '\0'; c++) {
		if (!(line_start && *c == '#' && ((c[1] >= 'a' && c[1] <= 'z') || c[1] == '[')))
			buf_char(out, *c);
		line_start = *c == '\n';
	}
}

static void parse(const char *common_text, const char *job_text)
{
	AUTO_COMMON struct common c = { 0 };
	AUTO_JOB struct job *j = NULL;
	struct err e = ERR_INIT;

	CHECK(common_parse(COMMON, common_text, strlen(common_text), &c, &e), "%s", e.text);
	CHECK(job_parse(&c, "example", JOB, job_text, strlen(job_text), &j, &e), "%s", e.text);
}

static void as_they_are(void **state)
{
	(void)state;
	AUTO_BUF struct buf common = BUF_INIT(1 << 16), job = BUF_INIT(1 << 16);

	load(COMMON, &common);
	load(JOB, &job);
	parse(buf_cstr(&common), buf_cstr(&job));
}

static void with_all_keys(void **state)
{
	(void)state;
	AUTO_BUF struct buf common = BUF_INIT(1 << 16), job = BUF_INIT(1 << 16),
			    all = BUF_INIT(1 << 16), all_job = BUF_INIT(1 << 16);

	load(COMMON, &common);
	load(JOB, &job);
	uncomment(buf_cstr(&common), &all);
	uncomment(buf_cstr(&job), &all_job);
	parse(buf_cstr(&all), buf_cstr(&all_job));
}

/* What of the sample is about a section: from its heading to the next one. Of a type of sinks: the
 * paragraph in which it is, which says in words what cannot stand beside the rest. */
static char *part(const char *text, const char *begins, const char *ends)
{
	const char *at = strstr(text, begins);

	if (at == NULL)
		return NULL;
	if (strcmp(ends, "\n\n") == 0)
		while (at > text && strncmp(at - 1, ends, 2) != 0)
			at--;
	const char *end = strstr(at + 1, ends);
	return strndup(at, end != NULL ? (size_t)(end - at) : strlen(at));
}

static char *part_of(const struct key_section *s, const char *common, const char *job)
{
	char begins[64];

	(void)snprintf(begins, sizeof(begins), s->type != NULL ? "type = %s\n" : "\n[%s]\n",
	               s->type != NULL ? s->type : s->section);
	if (s->type != NULL)
		return part(job, begins, "\n\n");
	if (strncmp(s->section, "sink", 4) == 0 || strcmp(s->section, "source") == 0)
		return strdup(job);
	return part(strcmp(s->section, "job") == 0 ? job : common, begins, "\n[");
}

static bool shows(const struct key_section *s, const struct key *row, const char *common,
                  const char *job)
{
	char as_key[64], *text = part_of(s, common, job);
	bool shown;

	CHECK(text != NULL, "no sample of [%s]%s%s", s->section, s->type != NULL ? " type = " : "",
	      s->type != NULL ? s->type : "");
	(void)snprintf(as_key, sizeof(as_key), "%s = ", row->name);
	shown = strstr(text, as_key) != NULL;
	free(text);
	return shown;
}

/* The same key of another type, such as the mode of a file, is shown once. */
static bool shown_elsewhere(const struct key_section *all, size_t n, const struct key *row,
                            const char *common, const char *job)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; all[i].type != NULL && k < all[i].n; k++)
			if (strcmp(all[i].rows[k].name, row->name) == 0 &&
			    strcmp(all[i].rows[k].help, row->help) == 0 &&
			    shows(&all[i], row, common, job))
				return true;
	return false;
}

static void nothing_is_missing(void **state)
{
	(void)state;
	AUTO_BUF struct buf common = BUF_INIT(1 << 16), job = BUF_INIT(1 << 16);
	struct key_section s[32];
	size_t n = config_key_sections(s, COUNT(s));

	load(COMMON, &common);
	load(JOB, &job);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < s[i].n; k++)
			CHECK(shows(&s[i], &s[i].rows[k], buf_cstr(&common), buf_cstr(&job)) ||
			              (s[i].type != NULL &&
			               shown_elsewhere(s, n, &s[i].rows[k], buf_cstr(&common),
			                               buf_cstr(&job))),
			      "no sample of '%s = ' in [%s]%s%s", s[i].rows[k].name, s[i].section,
			      s[i].type != NULL ? " type = " : "",
			      s[i].type != NULL ? s[i].type : "");
}

/* Each of "a|b|c" is named where the key is. */
static void every_choice_is_named(void **state)
{
	(void)state;
	AUTO_BUF struct buf common = BUF_INIT(1 << 16), job = BUF_INIT(1 << 16);
	struct key_section s[32];
	size_t n = config_key_sections(s, COUNT(s)), choices = 0;

	load(COMMON, &common);
	load(JOB, &job);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < s[i].n; k++) {
			if (s[i].rows[k].type != KEY_CHOICE)
				continue;
			char *text = part_of(&s[i], buf_cstr(&common), buf_cstr(&job));
			char *all = strdup(s[i].rows[k].choices), *save = NULL;
			for (char *c = strtok_r(all, "|", &save); c != NULL;
			     c = strtok_r(NULL, "|", &save), choices++)
				CHECK(text != NULL && strstr(text, c) != NULL,
				      "'%s' of '%s' is not named", c, s[i].rows[k].name);
			free(all);
			free(text);
		}
	assert_true(choices > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_they_are),
		cmocka_unit_test(with_all_keys),
		cmocka_unit_test(nothing_is_missing),
		cmocka_unit_test(every_choice_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
