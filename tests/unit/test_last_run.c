/* SPDX-License-Identifier: MIT */
#include "rotate/last_run.h"

#include <fcntl.h>

#include "base/mem.h"
#include "check.h"
#include "config/job.h"

static void touch(const char *dir, const char *name)
{
	AUTO_FREE char *path = mem_fmt("%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	CHECK(fd >= 0 && close(fd) == 0, "cannot make '%s'", path);
}

static void what_is_left_is_found(void **state)
{
	char *dir = scratch_make();

	(void)state;
	CHECK(last_run_of(dir, "web") == 0, "never");
	last_run_leave(dir, NULL, 1000);
	CHECK(last_run_of(dir, "web") == 0, "a job that is newer than the last run of all");
	touch(dir, "web.lock");
	last_run_leave(dir, "web", 900);
	CHECK(last_run_of(dir, "web") == 1000, "a run of all: %lld",
	      (long long)last_run_of(dir, "web"));
	last_run_leave(dir, "web", 2000);
	CHECK(last_run_of(dir, "web") == 2000, "a run of that job");
	last_run_leave(dir, "other", 3000);
	CHECK(last_run_of(dir, "web") == 2000 && last_run_of(dir, "other") == 3000,
	      "a run of another, which had no lock yet");
	last_run_leave("/nonexistent/dir", NULL, 1);
	CHECK(last_run_of("/nonexistent/dir", "web") == 0, "no directory");
	last_run_leave("/dev/null", NULL, 1);
	CHECK(last_run_of("/dev/null", "web") == 0, "what is no directory");
	scratch_remove(dir);
}

static void what_a_job_bears(void **state)
{
	static const struct {
		int64_t renew_before, verify_every, want;
	} rows[] = {
		{ 30 * 86400, 6 * 3600, 86400 },
		{ 30 * 86400, 7 * 86400, 7 * 86400 },
		{ 86400, 6 * 3600, 43200 },
		{ 60, 6 * 3600, 30 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct policy p = { .renew_before = rows[i].renew_before,
			                  .verify_every = rows[i].verify_every };
		CHECK(last_run_bearable(&p) == rows[i].want, "row %zu: %lld", i,
		      (long long)last_run_bearable(&p));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_is_left_is_found),
		                            cmocka_unit_test(what_a_job_bears) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
