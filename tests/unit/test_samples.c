/* SPDX-License-Identifier: MIT */
/* The samples parse as they are, and with every commented key uncommented; and they show every
 * key there is. */
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

static void nothing_is_missing(void **state)
{
	(void)state;
	AUTO_BUF struct buf common = BUF_INIT(1 << 16), job = BUF_INIT(1 << 16),
			    all = BUF_INIT(1 << 17);
	struct key_section s[32];
	size_t n = config_key_sections(s, COUNT(s));

	load(COMMON, &common);
	load(JOB, &job);
	buf_fmt(&all, "%s%s", buf_cstr(&common), buf_cstr(&job));
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < s[i].n; k++) {
			char as_key[64];
			(void)snprintf(as_key, sizeof(as_key), "%s = ", s[i].rows[k].name);
			CHECK(strstr(buf_cstr(&all), as_key) != NULL, "no sample of %sin [%s]",
			      as_key, s[i].section);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_they_are),
		cmocka_unit_test(with_all_keys),
		cmocka_unit_test(nothing_is_missing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
