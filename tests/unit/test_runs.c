/* SPDX-License-Identifier: MIT */
/* What starts acrotate, on machines made of a few files. */
#include "../../src/cli/runs.h"

#include <sys/stat.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "check.h"

#define UNITS   "/etc/systemd/system:/usr/lib/systemd/system"
#define HOURLY  "[Timer]\nOnCalendar=hourly\nRandomizedDelaySec=10min\n"
#define SERVICE "[Service]\nExecStart=/usr/bin/acrotate run --wait 10m\n"

struct file {
	const char *path, *text;
};

static const struct {
	const char *what;
	struct file files[6];
	bool systemd, cron;
	const char *user, *pod, *config;
	enum runs_kind kind;
	const char *how;
	int64_t every;
} rows[] = {
	{ .what = "nothing", .systemd = true, .cron = true, .kind = RUNS_NONE },
	{ .what = "an enabled timer",
	  .files = { { "/usr/lib/systemd/system/acrotate.timer", HOURLY },
	             { "/usr/lib/systemd/system/acrotate.service", SERVICE },
	             { "/etc/systemd/system/timers.target.wants/acrotate.timer", HOURLY } },
	  .systemd = true,
	  .kind = RUNS_TIMER,
	  .how = "acrotate.timer",
	  .every = 4200 },
	{ .what = "a timer without its link",
	  .files = { { "/usr/lib/systemd/system/acrotate.timer", HOURLY },
	             { "/usr/lib/systemd/system/acrotate.service", SERVICE } },
	  .systemd = true,
	  .kind = RUNS_TIMER_DISABLED,
	  .how = "acrotate.timer",
	  .every = 4200 },
	{ .what = "a timer where systemd does not run",
	  .files = { { "/usr/lib/systemd/system/acrotate.timer", HOURLY },
	             { "/usr/lib/systemd/system/acrotate.service", SERVICE },
	             { "/etc/systemd/system/timers.target.wants/acrotate.timer", HOURLY } },
	  .kind = RUNS_NONE },
	{ .what = "a timer of another name",
	  .files = { { "/etc/systemd/system/nightly.timer",
	               "[Timer]\nOnCalendar=*-*-* 02:30:00\nUnit=rotate.service\n" },
	             { "/etc/systemd/system/rotate.service", SERVICE },
	             { "/etc/systemd/system/timers.target.wants/nightly.timer", "x" } },
	  .systemd = true,
	  .kind = RUNS_TIMER,
	  .how = "nightly.timer",
	  .every = 86400 },
	{ .what = "a timer of something else",
	  .files = { { "/usr/lib/systemd/system/other.timer", HOURLY },
	             { "/usr/lib/systemd/system/other.service",
	               "[Service]\nExecStart=/bin/true\n" },
	             { "/etc/systemd/system/timers.target.wants/other.timer", HOURLY } },
	  .systemd = true,
	  .kind = RUNS_NONE },
	{ .what = "the packages' cron.d",
	  .files = { { "/etc/cron.d/acrotate", "#x acrotate run\n17 * * * * root test -d "
	                                       "/run/systemd/system || /usr/bin/acrotate run\n" } },
	  .cron = true,
	  .kind = RUNS_CRON,
	  .how = "/etc/cron.d/acrotate",
	  .every = 3600 },
	{ .what = "which yields to systemd",
	  .files = { { "/etc/cron.d/acrotate",
	               "17 * * * * root test -d /run/systemd/system || /usr/bin/acrotate run\n" } },
	  .cron = true,
	  .systemd = true,
	  .kind = RUNS_CRON_YIELDS,
	  .how = "/etc/cron.d/acrotate",
	  .every = 3600 },
	{ .what = "a disabled timer is no excuse for a line of cron that runs",
	  .files = { { "/usr/lib/systemd/system/acrotate.timer", HOURLY },
	             { "/etc/crontab", "5 */4 * * * root acrotate run\n" } },
	  .cron = true,
	  .systemd = true,
	  .kind = RUNS_CRON,
	  .how = "/etc/crontab",
	  .every = 4 * 3600 },
	{ .what = "no cron daemon",
	  .files = { { "/etc/crontab", "5 */4 * * * root acrotate run\n" } },
	  .kind = RUNS_CRON_DEAD,
	  .how = "/etc/crontab",
	  .every = 4 * 3600 },
	{ .what = "a comment",
	  .files = { { "/etc/crontab", " # 5 * * * * root acrotate run\n" } },
	  .cron = true,
	  .kind = RUNS_NONE },
	{ .what = "another command of it",
	  .files = { { "/etc/crontab", "5 * * * * root acrotate status\n" } },
	  .cron = true,
	  .kind = RUNS_NONE },
	{ .what = "one's own crontab",
	  .files = { { "/var/spool/cron/crontabs/web", "@daily acrotate run web\n" } },
	  .user = "web",
	  .cron = true,
	  .kind = RUNS_CRON,
	  .how = "/var/spool/cron/crontabs/web",
	  .every = 86400 },
	{ .what = "not that of others",
	  .files = { { "/var/spool/cron/crontabs/web", "@daily acrotate run web\n" } },
	  .user = "mail",
	  .cron = true,
	  .kind = RUNS_NONE },
	{ .what = "what an editor left",
	  .files = { { "/etc/cron.d/acrotate.dpkg-old", "17 * * * * root acrotate run\n" } },
	  .cron = true,
	  .kind = RUNS_NONE },
	{ .what = "the one that comes more often",
	  .files = { { "/etc/crontab", "0 3 * * * root acrotate run\n17 * * * * root acrotate run "
	                               "web\n@reboot root acrotate run\n" } },
	  .cron = true,
	  .kind = RUNS_CRON,
	  .how = "/etc/crontab",
	  .every = 3600 },
	{ .what = "a script of run-parts",
	  .files = { { "/etc/cron.daily/rotate", "#!/bin/sh\nexec acrotate run\n" } },
	  .cron = true,
	  .kind = RUNS_CRON,
	  .how = "/etc/cron.daily/rotate",
	  .every = 86400 },
	{ .what = "one of another configuration",
	  .files = { { "/etc/crontab", "17 * * * * root acrotate run -c /srv/a.conf\n" } },
	  .cron = true,
	  .kind = RUNS_NONE },
	{ .what = "which is the one asked about",
	  .files = { { "/etc/crontab", "17 * * * * root acrotate run -c /srv/a.conf\n" } },
	  .cron = true,
	  .config = "/srv/a.conf",
	  .kind = RUNS_CRON,
	  .how = "/etc/crontab",
	  .every = 3600 },
	{ .what = "named by the environment",
	  .files = { { "/etc/crontab",
	               "ACROTATE_CONFIG=/srv/a.conf\n17 * * * * root acrotate run\n" } },
	  .cron = true,
	  .config = "/srv/a.conf",
	  .kind = RUNS_CRON,
	  .how = "/etc/crontab",
	  .every = 3600 },
	{ .what = "and not the usual one",
	  .files = { { "/etc/crontab",
	               "ACROTATE_CONFIG=/srv/a.conf\n17 * * * * root acrotate run\n" } },
	  .cron = true,
	  .kind = RUNS_NONE },
	{ .what = "a CronJob",
	  .pod = "acrotate-29384756-x7k2p",
	  .kind = RUNS_CRONJOB,
	  .how = "acrotate-29384756-x7k2p" },
	{ .what = "a Deployment",
	  .pod = "web-6f7d8c9b5d-x7k2p",
	  .kind = RUNS_POD,
	  .how = "web-6f7d8c9b5d-x7k2p" },
};

static void put(const char *root, const struct file *f)
{
	AUTO_FREE char *path = mem_fmt("%s%s", root, f->path);
	AUTO_FREE char *dir = mem_dup(path);
	struct err e = ERR_INIT;

	*strrchr(dir, '/') = '\0';
	CHECK(fs_make_dir(dir, &e) && fs_replace(path, f->text, strlen(f->text), 0755, &e), "%s",
	      e.text);
}

static void what_starts_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *root = scratch_make();
		struct runs got;
		for (size_t k = 0; k < COUNT(rows[i].files) && rows[i].files[k].path != NULL; k++)
			put(root, &rows[i].files[k]);
		const struct runs_where w = { .root = root,
			                      .units = UNITS,
			                      .user = rows[i].user,
			                      .systemd = rows[i].systemd,
			                      .cron = rows[i].cron,
			                      .pod = rows[i].pod,
			                      .config = rows[i].config };
		runs_look(&w, &got);
		CHECK(got.kind == rows[i].kind, "%s: kind %d, not %d", rows[i].what, (int)got.kind,
		      (int)rows[i].kind);
		CHECK(rows[i].how == NULL ? got.how == NULL
		                          : got.how != NULL && strcmp(got.how, rows[i].how) == 0,
		      "%s: '%s'", rows[i].what, got.how != NULL ? got.how : "");
		CHECK(got.every == rows[i].every, "%s: every %lld s", rows[i].what,
		      (long long)got.every);
		runs_clear(&got);
		scratch_remove(root);
	}
}

static void how_often(void **state)
{
	static const struct {
		const char *line;
		int64_t every;
	} cron[] = {
		{ "* * * * * x", 60 }, { "17 * * * * x", 3600 }, { "17 */4 * * * x", 4 * 3600 }, { "0 9-17 * * * x", 16 * 3600 },
		{ "0 3 * * * x", 86400 }, { "0 3 * * 1-5 x", 3 * 86400 }, { "0 3 * * 0 x", 7 * 86400 }, { "0 3 * * 7 x", 7 * 86400 },
		{ "0,30 * * * * x", 1800 }, { "0 3 1,15 * * x", 17 * 86400 }, { "@hourly x", 3600 }, { "@reboot x", 0 },
		{ "0 3 * * mon x", 0 }, { "60 * * * * x", 0 }, { "* * *", 0 }, { "", 0 }, { "*/0 * * * * x", 0 }, { "0 0 1 1 * x", 0 },
		{ "99999999999999999999 * * * * x", 0 },
	}, calendar[] = {
		{ "hourly", 3600 }, { "daily", 86400 }, { "weekly", 7 * 86400 }, { "*:0/15", 900 }, { "*-*-* *:17:00", 3600 },
		{ "*-*-* 02:30", 86400 }, { "*-*-* 0/6:00", 6 * 3600 }, { "Mon *-*-* 02:30", 0 }, { "", 0 }, { "nonsense", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cron); i++)
		CHECK(runs_cron_every(cron[i].line) == cron[i].every, "'%s': %lld", cron[i].line,
		      (long long)runs_cron_every(cron[i].line));
	for (size_t i = 0; i < COUNT(calendar); i++)
		CHECK(runs_calendar_every(calendar[i].line) == calendar[i].every, "'%s': %lld",
		      calendar[i].line, (long long)runs_calendar_every(calendar[i].line));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_starts_it),
		                            cmocka_unit_test(how_often) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
