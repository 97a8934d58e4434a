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
	.sinks = 3,
	.in_step = 2,
	.hook_owed = true,
	.foreign_ahead = true,
	.accepted_after_ms = 1234,
};
static const struct job_status fresh = { .state = JOB_NEW, .sinks = 1 };

static const char *const lines[] = {
	"acrotate_slot_expiry_timestamp_seconds{job=\"a\",slot=\"password2\"} 2000\n",
	"acrotate_slot_created_timestamp_seconds{job=\"a\",slot=\"password1\"} 10\n",
	"acrotate_slot_active{job=\"a\",slot=\"password1\"} "
	"0\nacrotate_slot_active{job=\"a\",slot=\"password2\"} 1\n",
	"acrotate_slot_foreign{job=\"a\",slot=\"password1\"} 1\n",
	"acrotate_active_expiry_timestamp_seconds{job=\"a\"} "
	"2000\nacrotate_active_expiry_timestamp_seconds{job=\"b\"} 0\n",
	"# TYPE acrotate_sinks gauge\nacrotate_sinks{job=\"a\"} 3\nacrotate_sinks{job=\"b\"} 1\n",
	"acrotate_sinks_in_step{job=\"a\"} 2\n",
	"acrotate_hook_owed{job=\"a\"} 1\nacrotate_hook_owed{job=\"b\"} 0\n",
	"acrotate_foreign_ahead{job=\"a\"} 1\n",
	"acrotate_password_acceptance_seconds{job=\"a\"} 1.234\n",
	("acrotate_job_state{job=\"a\",state=\"ok\"} "
	 "1\nacrotate_job_state{job=\"b\",state=\"new\"} 1\n"
	 "acrotate_job_state{job=\"broken\",state=\"failing\"} 1\n"),
	"\nacrotate_jobs 3\n",
	"\nacrotate_run_timestamp_seconds 1000\n",
	"\nacrotate_run_duration_seconds 0.007\n",
	"\nacrotate_run_exit_status 78\n",
};
static const char *const absent[] = {
	/* never expires */
	"acrotate_slot_expiry_timestamp_seconds{job=\"a\",slot=\"password1\"}",
	"acrotate_slot_expiry_timestamp_seconds{job=\"b\"",
	"acrotate_next_rotation_timestamp_seconds{job=\"b\"",
	"acrotate_password_acceptance_seconds{job=\"b\"",
	"acrotate_sinks{job=\"broken\"",
};

static void test_lines(void **state)
{
	AUTO_BUF struct buf text = BUF_INIT(FILE_MAX);
	const struct metrics_run run = { .at = 1000, .duration_ms = 7, .status = 78 };
	struct err e = ERR_INIT;
	char *dir = scratch_make(), path[4200];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/m.prom", dir);
	struct metrics *m = metrics_new(3);
	metrics_put(m, 0, "a", &well);
	metrics_put(m, 1, "b", &fresh);
	metrics_put(m, 2, "broken", NULL);
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
		(void)snprintf(want, sizeof(want), "\nacrotate_sinks{job=\"job-%zu\"} 3\n", i);
		found += strstr(buf_cstr(&text), want) != NULL;
	}
	CHECK(found == 1000, "found %zu", found);
	scratch_remove(dir);
}

static void test_rules(void **state)
{
	AUTO_BUF struct buf text = BUF_INIT(FILE_MAX);
	size_t used = 0;

	(void)state;
	read_back("packaging/prometheus/acrotate.rules.yml", &text);
	for (const char *at = buf_cstr(&text); (at = strstr(at, "acrotate_")) != NULL;) {
		size_t n = strspn(at, "abcdefghijklmnopqrstuvwxyz_"), i = 0;
		while (metrics_name(i) != NULL &&
		       (strlen(metrics_name(i)) != n || strncmp(metrics_name(i), at, n) != 0))
			i++;
		CHECK(metrics_name(i) != NULL, "no metric '%.*s'", (int)n, at);
		at += n;
		used++;
	}
	CHECK(used >= 9, "only %zu metrics are watched", used);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_lines),
		                            cmocka_unit_test(test_many),
		                            cmocka_unit_test(test_rules) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
