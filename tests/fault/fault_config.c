/* SPDX-License-Identifier: MIT */
/*
 * Reading a configuration with every system call failing once, and with every read cut short:
 * what comes out is the whole configuration or an error of the right kind, never a part of it.
 */
#include "check.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/mem.h"
#include "config/job.h"
#include "fakes/fault.h"

static const char common[] = "[azure]\nclient_id = c\nsubscription = s\n[run]\nstate_dir = "
			     "/s\n[defaults]\nlifetime = 30d\n";
static const char job[] =
	"[job]\nregistry = contoso\ntoken = web-pull\n[sink one]\ntype = docker\npath = /one\n"
	"[sink two]\ntype = docker\npath = /two\n";

static char *config_path_of(const char *dir)
{
	AUTO_FREE char *jobs = mem_fmt("%s/jobs.d", dir);
	AUTO_FREE char *web = mem_fmt("%s/jobs.d/web.conf", dir);
	char *path = mem_fmt("%s/acrotate.conf", dir);
	const struct {
		const char *path, *text;
	} files[] = { { path, common }, { web, job } };

	assert_int_equal(chmod(dir, 0755) | mkdir(jobs, 0755), 0);
	for (size_t i = 0; i < COUNT(files); i++) {
		FILE *f = fopen(files[i].path, "w");
		assert_non_null(f);
		assert_true(fputs(files[i].text, f) >= 0 && fchmod(fileno(f), 0644) == 0 &&
		            fclose(f) == 0);
	}
	return path;
}

static void close_config(struct config **c)
{
	config_close(*c);
}

/* Everything of it, by what stands at each end. */
static bool load(const char *path, struct err *e)
{
	AUTO(close_config) struct config *c = NULL;
	AUTO_JOB struct job *j = NULL;

	if (!config_open(path, &c, e))
		return false;
	/* Without its jobs a configuration would look like one where nothing is to be done. */
	CHECK(config_count(c) == 1, "%zu jobs", config_count(c));
	if (!config_job(c, 0, &j, e))
		return false;
	CHECK(j->n_sinks == 2 && j->policy.lifetime == 30 * 86400 &&
	              strcmp(j->azure.subscription, "s") == 0,
	      "a part is missing");
	return true;
}

static int count_calls(const char *path)
{
	struct err e = ERR_INIT;
	int calls;

	fault_arm(NULL, 0, 0, FAULT_ONCE);
	bool ok = load(path, &e);
	(void)fault_disarm(&calls);
	CHECK(ok, "%s", e.text);
	CHECK(calls >= 10 && calls < 100, "%d calls", calls);
	return calls;
}

static void every_call_fails(void **state)
{
	(void)state;
	static const int errnos[] = { EIO, EACCES, EMFILE, EINTR };
	char *dir = scratch_make(), *path = config_path_of(dir);
	int calls = count_calls(path), failures = 0;

	for (int n = 1; n <= calls; n++)
		for (size_t k = 0; k < COUNT(errnos); k++) {
			struct err e = ERR_INIT;
			fault_arm(NULL, n, errnos[k], FAULT_ONCE);
			bool ok = load(path, &e);
			CHECK(fault_disarm(NULL), "call %d was not reached", n);
			CHECK(ok || (e.kind == ERR_CONFIG && strstr(e.text, dir) != NULL),
			      "call %d: %s", n, e.text);
			failures += !ok;
		}
	/* What may fail without a word is closing what was only read, and looking at the
	 * machine's id. */
	CHECK(failures >= 20, "%d failures", failures);
	free(path);
	scratch_remove(dir);
}

static void every_read_is_short(void **state)
{
	(void)state;
	char *dir = scratch_make(), *path = config_path_of(dir);

	for (int n = 1; n <= 2; n++) {
		struct err e = ERR_INIT;
		fault_arm("read", n, 0, FAULT_SHORT);
		bool ok = load(path, &e);
		CHECK(fault_disarm(NULL) && ok, "read %d: %s", n, e.text);
	}
	free(path);
	scratch_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_fails),
		cmocka_unit_test(every_read_is_short),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
