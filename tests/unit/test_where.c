/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <sys/stat.h>

#include "base/err.h"
#include "base/mem.h"
#include "config/job.h"
#include "fakes/sinks.h"

static const char common[] =
	"[azure]\n# who\nclient_id = c\nsubscription = s\ntenant_id = t\n[run]\nstate_dir = /s\n";
static const char plain[] =
	"[job]\nregistry = contoso\ntoken = token-a\n[sink one]\ntype = docker\npath = /one\n";
static const char own[] = "[job]\nregistry = contoso\ntoken = token-b\n[azure]\nauth = "
			  "managed-identity\nsubscription = other\n[sink one]\ntype = docker\n"
			  "path = /two\n";

/* job 0 is a, 1 is b; line 0: in no file */
/* clang-format off */
static const struct row { size_t job; const char *key, *file; int line; } rows[] = {
	{ 0, "client_id", "acrotate.conf", 3 }, { 0, "subscription", "acrotate.conf", 4 },
	  { 0, "auth", NULL, 0 },
	{ 1, "auth", "jobs.d/b.conf", 5 },      { 1, "subscription", "jobs.d/b.conf", 6 },
	  { 1, "tenant_id", "acrotate.conf", 5 },
	{ 1, "client_id", NULL, 0 },
};
/* clang-format on */

static void a_key_is_found_where_it_was_said(void **state)
{
	char *dir = scratch_make();
	AUTO_FREE char *jobs = mem_fmt("%s/jobs.d", dir), *path = mem_fmt("%s/acrotate.conf", dir),
		       *a = mem_fmt("%s/a.conf", jobs), *b = mem_fmt("%s/b.conf", jobs);
	struct config *c = NULL;
	struct err e = ERR_INIT;

	(void)state;
	(void)umask(022);
	assert_int_equal(mkdir(jobs, 0755), 0);
	file_put(path, common);
	file_put(a, plain);
	file_put(b, own);
	CHECK(config_open(path, &c, &e), "%s", e.text);
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_JOB struct job *job = NULL;
		AUTO_FREE char *want =
			mem_fmt("%s/%s", dir, rows[i].file != NULL ? rows[i].file : "");
		const char *file = "";
		int line = 0;
		CHECK(config_job(c, rows[i].job, &job, &e), "%s", e.text);
		bool found = config_azure_line(c, job, rows[i].key, &file, &line);
		CHECK(found == (rows[i].line != 0) && line == rows[i].line, "row %zu: line %d", i,
		      line);
		CHECK(!found || strcmp(file, want) == 0, "row %zu: '%s'", i, file);
	}
	config_close(c);
	scratch_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_key_is_found_where_it_was_said) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
