/* SPDX-License-Identifier: MIT */
/* Does anything start acrotate, and often enough for each job? */
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "check.h"
#include "config/job.h"
#include "rotate/last_run.h"

#define BY_TIMER                                                                                   \
	{                                                                                          \
		"systemctl enable --now acrotate.timer",                                           \
			"systemctl --user enable --now acrotate.timer"                             \
	}

/* What a kind of start is worth, and what fixes it. */
static const struct {
	enum finding_level level;
	const char *before, *after; /* its unit or file stands between them */
	const char *fix[2];         /* as root, as a user */
} kinds[] = {
	[RUNS_NONE] = { FINDING_WARNING,
	                "nothing starts acrotate: no timer, no line of cron and no CronJob was "
	                "found",
	                "",
	                { "systemctl enable --now acrotate.timer    # or a line of cron: 17 * * * "
	                  "* root acrotate run",
	                  "systemctl --user enable --now acrotate.timer    # or crontab -e: 17 * * "
	                  "* * acrotate run" } },
	[RUNS_TIMER] = { FINDING_OK, "", " is enabled", { NULL, NULL } },
	[RUNS_TIMER_DISABLED] = { FINDING_WARNING, "",
	                          " is installed and not enabled: nothing starts acrotate",
	                          BY_TIMER },
	[RUNS_CRON] = { FINDING_OK, "by cron: ", "", { NULL, NULL } },
	[RUNS_CRON_YIELDS] = { FINDING_WARNING, "",
	                       " leaves it to systemd, where no timer of it is enabled: nothing "
	                       "starts acrotate",
	                       BY_TIMER },
	[RUNS_CRON_DEAD] = { FINDING_WARNING,
	                     "",
	                     " has a line for it, but no cron daemon runs: nothing starts acrotate",
	                     { "systemctl enable --now cron    # crond on Fedora",
	                       "systemctl status cron    # root has to start it" } },
	[RUNS_CRONJOB] = { FINDING_OK, "by a CronJob, in pod ", "", { NULL, NULL } },
	[RUNS_POD] = { FINDING_WARNING,
	               "in pod ",
	               ", which no CronJob seems to have started",
	               { "kubectl get cronjobs    # is there one that runs it?",
	                 "kubectl get cronjobs    # is there one that runs it?" } },
};

/* Where records lie in a cluster a CronJob is the usual way; else other hosts have timers. */
static const char *look_elsewhere(const struct run_spec *run)
{
	return config_state_namespace(run) != NULL
	               ? "kubectl get cronjobs -A    # is there one that runs it?"
	               : "acrotate status    # does any host run it? the last success says so";
}

void check_runs(const struct runs *r, const struct run_spec *run, struct findings *f)
{
	AUTO_FREE char *how = r->how != NULL ? mem_fmt("'%s'", r->how) : mem_dup("");
	const char *before = kinds[r->kind].before, *after = kinds[r->kind].after;
	char every[STR_DURATION_MAX];

	str_from_duration(r->every, 2, every);
	if (r->kind == RUNS_NONE && run->state != NULL)
		findings_fix(findings_unknown(f, "runs",
		                              "nothing starts acrotate on this host; others that "
		                              "share the records may run it"),
		             "%s", look_elsewhere(run));
	else if (kinds[r->kind].level == FINDING_OK)
		(void)findings_ok(f, "runs", "%s%s%s%s%s", before, how, after,
		                  r->every != 0 ? ", at least every " : "",
		                  r->every != 0 ? every : "");
	else
		findings_fix(findings_warning(f, "runs", "%s%s%s", before, how, after), "%s",
		             kinds[r->kind].fix[geteuid() != 0]);
}

/* Who reads what a run has to say. */
void check_told(const struct config *c, const struct runs *r, struct findings *f)
{
	bool mails = access("/usr/sbin/sendmail", X_OK) == 0;
	const char *by = r->kind == RUNS_CRON ? "cron mails what a run says"
	                 : r->kind == RUNS_TIMER
	                         ? "acrotate-failed@.service mails root what a run says"
	                         : NULL;

	if (config_run(c)->on_failure != NULL)
		(void)findings_ok(f, "told", "by on_failure: %s", config_run(c)->on_failure);
	else if (by != NULL && mails)
		(void)findings_ok(f, "told", "%s", by);
	else if (by != NULL)
		findings_fix(
			findings_warning(f, "told", "%s, but there is no sendmail: nobody is told",
		                         by),
			"on_failure = COMMAND    # into [run] of %s; or install a sendmail; or "
			"see failed-webhook.conf in /usr/share/doc/acrotate",
			config_path(c));
}

/* Several runs should fall into renew_before, and it is a third of the lifetime. */
#define RUNS_IN_RENEWAL  3
#define RUNS_IN_LIFETIME 10

/* A password lives for less time than lies between two runs: dead most of the time. */
static void renewed_too_late(const struct job *job, const char *most, int64_t between,
                             struct findings *f)
{
	char lifetime[STR_DURATION_MAX], every[STR_DURATION_MAX];
	struct err e = ERR_INIT;

	str_from_duration(between, 2, every);
	str_from_duration(job->policy.lifetime, 2, lifetime);
	(void)err_set(&e, ERR_CONFIG,
	              "a new password lives %s and is renewed in its last %s, but it may be %s to "
	              "the next run: it "
	              "expires in between",
	              lifetime, most, every);
	struct finding *at = findings_problem(f, "lifetime", &e);
	str_from_duration(RUNS_IN_LIFETIME * between, 1, lifetime);
	if (job->policy.lifetime < RUNS_IN_LIFETIME * between)
		findings_fix(at,
		             "lifetime = %s    # or longer, into [job] of %s; 'm' is minutes, and "
		             "there is no unit of months",
		             lifetime, job->file);
	str_from_duration(RUNS_IN_RENEWAL * between, 1, every);
	findings_fix(at,
	             "renew_before = %s    # or longer, into [job] of %s: several runs should fall "
	             "into it",
	             every, job->file);
}

/* Its password comes from a rotator, whose times are not to be set here. */
static void followed_too_late(const struct job *job, const char *most, int64_t between,
                              struct findings *f)
{
	char every[STR_DURATION_MAX];
	struct err e = ERR_INIT;

	str_from_duration(between, 2, every);
	(void)err_set(&e, ERR_CONFIG,
	              "the rotator renews a password in its last %s, but here it may be %s to the "
	              "next run: what the sinks hold expires in between",
	              most, every);
	struct finding *at = findings_problem(f, "renew_before", &e);
	findings_fix(at, "# let it run more often than every %s: what starts it is said at 'runs'",
	             most);
	str_from_duration(RUNS_IN_RENEWAL * between, 1, every);
	findings_fix(at,
	             "renew_before = %s    # or longer, where '%s' is rotated, and then into [job] "
	             "of %s",
	             every, job->token, job->file);
}

static void too_rare(const struct job *job, const struct runs *r, struct findings *f)
{
	char most[STR_DURATION_MAX];

	if (r->every == 0 || job->policy.renew_before > r->every)
		return;
	str_from_duration(job->policy.renew_before, 2, most);
	(job->source != NULL ? followed_too_late : renewed_too_late)(job, most, r->every, f);
}

void check_runs_of(const struct job *job, const struct runs *r, const struct run_spec *run,
                   int64_t now, struct findings *f)
{
	int64_t last = last_run_of(run->state_dir, job->name),
		bears = last_run_bearable(&job->policy);
	char since[STR_DURATION_MAX], most[STR_DURATION_MAX];

	if (!job->enabled) {
		(void)findings_ok(f, "runs", "paused: enabled = no");
		return;
	}
	too_rare(job, r, f);
	str_from_duration(last == 0 ? 0 : now - last, 2, since);
	str_from_duration(bears, 2, most);
	if (last == 0)
		findings_fix(
			findings_unknown(f, "last run",
		                         run->state != NULL ? "none on this host" : "none yet"),
			"acrotate run %s", job->name);
	else if (now - last > bears)
		findings_fix(findings_warning(f, "last run",
		                              "%s ago, and it needs one at least every %s", since,
		                              most),
		             "acrotate run %s    # now; what should start it is said at 'runs'",
		             job->name);
	else
		(void)findings_ok(f, "last run", "%s ago", since);
}
