/* SPDX-License-Identifier: MIT */
/* The textfile of three jobs, to the letter where it matters; and that the alert rules name
 * metrics that exist. */
#include "rotate/metrics.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "check.h"
#include "rotate/status.h"

#define FILE_MAX (4u * 1024 * 1024)

static void read_back(const char *path, struct buf *out)
{
	struct err e = ERR_INIT;

	buf_reset(out);
	CHECK(fs_read(path, FILE_MAX, out, NULL, &e), "%s", e.text);
}

static const struct job_status well = {
	.state = JOB_OK,
	.active = true,
	.slot = ACR_SLOT_2,
	.expires = 2000,
	.next_rotation = 1500,
	.slots = { { .present = true, .ours = false, .created = 10, .expires = 0 },
	           { .present = true, .ours = true, .created = 20, .expires = 2000 } },
	.last_success = 1000,
	.last_run = 1100,
	.bears = 86400,
	.pulls_fail = true,
	.sinks = 3,
	.in_step = 2,
	.hook_owed = true,
	.foreign_ahead = true,
	.accepted_after_ms = 1234,
};
static const struct job_status paused = { .state = JOB_PAUSED, .sinks = 1, .last_run = 1100 };
static const struct job_status fresh = { .state = JOB_NEW, .sinks = 1 };

static const char *const lines[] = {
	"acrotate_slot_expiry_timestamp_seconds{name=\"a\",slot=\"password2\"} 2000\n",
	"acrotate_slot_created_timestamp_seconds{name=\"a\",slot=\"password1\"} 10\n",
	"acrotate_slot_active{name=\"a\",slot=\"password1\"} "
	"0\nacrotate_slot_active{name=\"a\",slot=\"password2\"} 1\n",
	"acrotate_slot_foreign{name=\"a\",slot=\"password1\"} 1\n",
	"acrotate_active_expiry_timestamp_seconds{name=\"a\"} "
	"2000\nacrotate_active_expiry_timestamp_seconds{name=\"b\"} 0\n",
	"# TYPE acrotate_sinks gauge\nacrotate_sinks{name=\"a\"} 3\nacrotate_sinks{name=\"b\"} 1\n",
	"acrotate_sinks_in_step{name=\"a\"} 2\n",
	"acrotate_hook_owed{name=\"a\"} 1\nacrotate_hook_owed{name=\"b\"} 0\n",
	"acrotate_foreign_ahead{name=\"a\"} 1\n",
	"acrotate_password_acceptance_seconds{name=\"a\"} 1.234\n",
	("acrotate_job_state{name=\"a\",state=\"ok\"} "
	 "1\nacrotate_job_state{name=\"b\",state=\"new\"} 1\n"
	 "acrotate_job_state{name=\"broken\",state=\"failing\"} 1\n"),
	"acrotate_last_run_timestamp_seconds{name=\"a\"} 1100\n",
	"acrotate_longest_pause_seconds{name=\"a\"} 86400\n",
	"acrotate_pulls_fail{name=\"a\"} 1\nacrotate_pulls_fail{name=\"b\"} 0\n",
	"acrotate_job_state{name=\"idle\",state=\"paused\"} 1\n",
	"\nacrotate_jobs 4\n",
	"\nacrotate_run_timestamp_seconds 1000\n",
	"\nacrotate_run_duration_seconds 0.007\n",
	"\nacrotate_run_exit_status 78\n",
};
static const char *const absent[] = {
	/* never expires */
	"acrotate_slot_expiry_timestamp_seconds{name=\"a\",slot=\"password1\"}",
	"acrotate_slot_expiry_timestamp_seconds{name=\"b\"",
	"acrotate_next_rotation_timestamp_seconds{name=\"b\"",
	"acrotate_password_acceptance_seconds{name=\"b\"",
	"acrotate_sinks{name=\"broken\"",
	"acrotate_last_run_timestamp_seconds{name=\"b\"",
	"acrotate_last_run_timestamp_seconds{name=\"idle\"",
};

static void test_lines(void **state)
{
	AUTO_BUF struct buf text = BUF_INIT(FILE_MAX);
	const struct metrics_run run = { .at = 1000, .duration_ms = 7, .status = 78 };
	struct err e = ERR_INIT;
	char *dir = scratch_make(), path[4200];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/m.prom", dir);
	struct metrics *m = metrics_new(4);
	metrics_put(m, 0, "a", &well);
	metrics_put(m, 1, "b", &fresh);
	metrics_put(m, 2, "broken", NULL);
	metrics_put(m, 3, "idle", &paused);
	CHECK(metrics_write(m, path, &run, &e), "%s", e.text);
	metrics_free(m);
	read_back(path, &text);
	for (size_t i = 0; i < COUNT(lines); i++)
		CHECK(strstr(buf_cstr(&text), lines[i]) != NULL, "missing: %s", lines[i]);
	for (size_t i = 0; i < COUNT(absent); i++)
		CHECK(strstr(buf_cstr(&text), absent[i]) == NULL, "not to be said: %s", absent[i]);
	CHECK(unlink(path) == 0 && rmdir(dir) == 0, "only the file is left in %s", dir);
	free(dir);
}

/* A file that is no job has any name: in a label it ends neither the label nor the line. */
static void test_names(void **state)
{
	AUTO_BUF struct buf text = BUF_INIT(FILE_MAX);
	const struct metrics_run run = { .at = 1 };
	struct err e = ERR_INIT;
	char *dir = scratch_make(), path[4200];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/m.prom", dir);
	struct metrics *m = metrics_new(1);
	metrics_put(m, 0, "x\"} 0\nacrotate_jobs 99\\\x1b\xc2\x9b\xff", NULL);
	CHECK(metrics_write(m, path, &run, &e), "%s", e.text);
	metrics_free(m);
	read_back(path, &text);
	CHECK(strstr(buf_cstr(&text), "=\"x\\\"} 0\\nacrotate_jobs 99\\\\  ?\",") != NULL, "%s",
	      buf_cstr(&text));
	assert_null(strstr(buf_cstr(&text), "\nacrotate_jobs 99"));
	scratch_remove(dir);
}

/* More than a chunk: nothing is lost where one ends. */
static void test_many(void **state)
{
	AUTO_BUF struct buf text = BUF_INIT(FILE_MAX);
	const struct metrics_run run = { .at = 1 };
	struct err e = ERR_INIT;
	char *dir = scratch_make(), path[4200], name[32], want[64];
	size_t found = 0;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/m.prom", dir);
	struct metrics *m = metrics_new(1000);
	for (size_t i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "job-%zu", i);
		metrics_put(m, i, name, &well);
	}
	CHECK(metrics_write(m, path, &run, &e), "%s", e.text);
	metrics_free(m);
	read_back(path, &text);
	for (size_t i = 0; i < 1000; i++) {
		(void)snprintf(want, sizeof(want), "\nacrotate_sinks{name=\"job-%zu\"} 3\n", i);
		found += strstr(buf_cstr(&text), want) != NULL;
	}
	CHECK(found == 1000, "found %zu", found);
	scratch_remove(dir);
}

/* Files that read the metrics name only such as are written, and the label `name`. */
static void test_readers(void **state)
{
	static const struct {
		const char *path;
		size_t least;
	} files[] = {
		{ "packaging/prometheus/acrotate.rules.yml", 12 },
		{ "packaging/prometheus/acrotate.rules.test.yml", 12 },
		{ "packaging/prometheus/acrotate-dashboard.json", 12 },
	};

	(void)state;
	for (size_t f = 0; f < COUNT(files); f++) {
		AUTO_BUF struct buf text = BUF_INIT(FILE_MAX);
		size_t used = 0;
		read_back(files[f].path, &text);
		for (const char *at = buf_cstr(&text); (at = strstr(at, "acrotate_")) != NULL;) {
			size_t n = strspn(at, "abcdefghijklmnopqrstuvwxyz_"), i = 0;
			while (metrics_name(i) != NULL && (strlen(metrics_name(i)) != n ||
			                                   strncmp(metrics_name(i), at, n) != 0))
				i++;
			CHECK(metrics_name(i) != NULL, "%s: no metric '%.*s'", files[f].path,
			      (int)n, at);
			at += n;
			used++;
		}
		CHECK(used >= files[f].least, "%s: only %zu metrics", files[f].path, used);
		CHECK(strstr(buf_cstr(&text), "labels.job") == NULL &&
		              strstr(buf_cstr(&text), "exported_job") == NULL,
		      "%s: the label of a job's name is `name`", files[f].path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_lines),
		                            cmocka_unit_test(test_names),
		                            cmocka_unit_test(test_many),
		                            cmocka_unit_test(test_readers) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
