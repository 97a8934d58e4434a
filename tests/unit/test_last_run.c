/* SPDX-License-Identifier: MIT */
#include "rotate/last_run.h"

#include <fcntl.h>

#include "base/mem.h"
#include "check.h"
#include "config/job.h"
#include "rotate/status.h"

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

static void a_job_without_a_lock_is_met(void **state)
{
	char *dir = scratch_make();

	(void)state;
	last_run_leave(dir, NULL, 1000);
	last_run_meet(dir, "web", 1000);
	CHECK(last_run_of(dir, "web") == 1000 && last_run_of(dir, "other") == 0,
	      "of two, one was met");
	last_run_leave(dir, "web", 3000);
	last_run_meet(dir, "web", 2000);
	CHECK(last_run_of(dir, "web") == 3000, "its own run was later: %lld",
	      (long long)last_run_of(dir, "web"));
	last_run_meet("/nonexistent/dir", "web", 1);
	CHECK(last_run_of("/nonexistent/dir", "web") == 0, "no directory");
	scratch_remove(dir);
}

static void what_is_overdue(void **state)
{
	static const struct {
		int64_t last_run, last_success, now;
		enum job_state is;
		int64_t want;
		bool overdue;
	} rows[] = {
		{ 1000, 500, 1100, JOB_OK, 1000, false },
		{ 1000, 500, 1101, JOB_OK, 1000, true },
		{ 1000, 500, 1101, JOB_PAUSED, 1000, false },
		{ 1000, 1050, 1101, JOB_OK, 1050, false },
		{ 1000, 1050, 1151, JOB_OK, 1050, true },
		/* none on this host */
		{ 0, 500, 9999, JOB_OK, 0, false },
		{ 0, 0, 9999, JOB_NEW, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct job_status s = { .state = rows[i].is,
			                .last_success = rows[i].last_success,
			                .bears = 100 };
		status_set_run(&s, rows[i].last_run, rows[i].now);
		CHECK(s.last_run == rows[i].want && s.overdue == rows[i].overdue,
		      "row %zu: %lld %d", i, (long long)s.last_run, s.overdue);
	}
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
		                            cmocka_unit_test(a_job_without_a_lock_is_met),
		                            cmocka_unit_test(what_is_overdue),
		                            cmocka_unit_test(what_a_job_bears) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
