/* SPDX-License-Identifier: MIT */
/* `acrotate status`: a line per job, from local state and sinks. */
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/show.h"
#include "base/str.h"
#include "cli/commands.h"
#include "cli/lent.h"
#include "cli/options.h"
#include "cli/with_jobs.h"
#include "config/job.h"
#include "rotate/last_run.h"
#include "rotate/metrics.h"
#include "rotate/observe.h"
#include "status_jobs.h"
#include "terminal.h"

#define OUTPUT_MAX    (256u * 1024 * 1024) /* 10,000 jobs with notes are some 10 MB of JSON */
#define NOTES_MAX     (16 * 1024)
#define TIMELINE_JOBS 20 /* more do not fit a screen */

/* ---- what is to be said below a row ---------------------------------------------------------- */

static void note_foreign(const struct observation *o, const struct job_status *s, struct buf *out)
{
	for (int i = 0; i < ACR_SLOT__COUNT; i++) {
		char when[STR_TIME_MAX];
		bool ours;
		struct acr_password p = observe_slot(o, (enum acr_slot)i, &ours);
		bool in_the_way = s->state == JOB_REFUSED ||
		                  (s->foreign_ahead && i == (int)acr_other(s->slot));
		if (!p.present || ours || !in_the_way)
			continue;
		str_from_ticks(p.created, when);
		buf_fmt(out,
		        "%s is foreign and stands in the way of the %s "
		        "rotation; if nobody uses it, add to [job]: "
		        "may_replace = %s@%s\n",
		        acr_slot_name((enum acr_slot)i), s->state == JOB_REFUSED ? "due" : "next",
		        acr_slot_name((enum acr_slot)i), when);
	}
}

/* What the last run has failed with, and what is so now: mostly the same. */
static void note_sinks(const struct observation *o, const struct job_status *s, struct buf *out)
{
	const char *said =
		s->failing_since != 0 && s->state != JOB_REFUSED && o->state.last_error != NULL
			? o->state.last_error
			: "";

	for (size_t i = 0; i < o->n_seen; i++)
		if (o->seen[i].broken && strcmp(o->seen[i].why.text, said) != 0)
			buf_fmt(out, "%s\n", o->seen[i].why.text);
		else if (o->seen[i].shadowed && strcmp(o->seen[i].shadow.text, said) != 0)
			buf_fmt(out, "%s\n", o->seen[i].shadow.text);
}

static void note_run(const struct job_status *s, int64_t now, struct buf *out)
{
	char since[STR_DURATION_MAX], most[STR_DURATION_MAX];

	if (!s->overdue)
		return;
	str_from_duration(now - s->last_run, 2, since);
	str_from_duration(s->bears, 2, most);
	buf_fmt(out, "no run for %s, and it needs one at least every %s: see 'acrotate check'\n",
	        since, most);
}

/* "follows keyvault contoso-kv/web-pull, in step" */
static void note_follows(const struct observation *o, const struct job_status *s, struct buf *out)
{
	static const char *const words[FOLLOWS__COUNT] = {
		[FOLLOWS_IN_STEP] = "in step",
		[FOLLOWS_BEHIND] = "which has another password: the next run takes it over",
		[FOLLOWS_OLDER] = "which has an older password than the sinks",
		[FOLLOWS_LATE] = "which has no newer password",
		[FOLLOWS_EMPTY] = "which has no password",
		[FOLLOWS_UNREADABLE] = "which cannot be read",
		[FOLLOWS_REFUSED] = "whose password the registry refuses",
	};

	if (s->follows == FOLLOWS_NOTHING)
		return;
	buf_fmt(out, "follows %s, %s\n", o->state.follows, words[s->follows]);
	/* What the last run said is said below. */
	if (s->follows == FOLLOWS_UNREADABLE && s->failing_since == 0)
		buf_fmt(out, "%s\n", o->followed->seen.why.text);
}

static char *notes_of(const struct observation *o, const struct job_status *s, int64_t now,
                      const struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT(NOTES_MAX);
	char since[STR_DURATION_MAX];

	note_follows(o, s, &out);
	if (s->state_lost)
		buf_fmt(&out, "the state cannot be used (another machine's, or damaged): %s\n",
		        o->job->source != NULL
		                ? "the next run looks at the source and the sinks anew"
		                : "what this job generated is taken for a foreign one");
	if (s->failing_since != 0 && o->state.last_error != NULL) {
		/* What is refused, and what to do about it, is said below as it is now. */
		bool said = s->state == JOB_REFUSED;
		str_from_duration(now > s->failing_since ? now - s->failing_since : 0, 2, since);
		buf_fmt(&out, "failing for %s%s%s\n", since,
		        said ? "" : ", last: ", said ? "" : o->state.last_error);
	}
	note_sinks(o, s, &out);
	if (o->state.rejected_at != 0)
		buf_str(&out, "the registry refused the password that is deployed\n");
	note_foreign(o, s, &out);
	note_run(s, now, &out);
	if (s->hook_owed)
		buf_str(&out, "an on_change hook is owed: the next run repeats it, until then the "
		              "other password is kept\n");
	if (s->revoking)
		buf_str(&out, "a revoke is under way: the next run goes on with it\n");
	if (e->kind != ERR_NONE)
		buf_fmt(&out, "%s\n", e->text);
	return mem_dup(buf_cstr(&out));
}

/* ---- rows ------------------------------------------------------------------------------------ */

void status_count_error(struct status_jobs *st, enum err_kind kind)
{
	st->worst = st->worst == ERR_NONE ? kind : err_worse(st->worst, kind);
}

static bool is_monitor(const struct status_jobs *st)
{
	return st->o->warn_s > 0 || st->o->crit_s > 0;
}

/* Consumers cannot pull: no monitor is needed to see that in the exit status. */
static void count_pulls(struct status_jobs *st, const struct job_status *s)
{
	bool person = s->state == JOB_REFUSED || s->state == JOB_DISABLED;

	if (s->pulls_fail && !is_monitor(st))
		status_count_error(st, person ? ERR_DECISION : ERR_TRANSIENT);
}

void status_unreadable_row(struct status_jobs *st, size_t at, const struct job *job,
                           const struct err *e)
{
	st->rows[at].where =
		job == NULL ? mem_dup("") : mem_fmt("%s/%s", job->registry, job->token);
	st->rows[at].is.state = JOB_FAILING;
	st->rows[at].unreadable = true;
	st->rows[at].notes = mem_fmt("%s\n", e->text);
	st->rows[at].error = mem_dup(e->text);
	status_count_error(st, e->kind);
}

void status_fill_row(struct status_jobs *st, size_t at, const struct job *job,
                     const struct observation *o, int64_t now, const struct err *e)
{
	struct status_row *row = &st->rows[at];

	row->where = mem_fmt("%s/%s", job->registry, job->token);
	row->follows = mem_dup(o->state.follows);
	status_set_run(&row->is, last_run_of(config_run(st->config)->state_dir, row->job), now);
	row->notes = notes_of(o, &row->is, now, e);
	count_pulls(st, &row->is);
	row->error = mem_dup(e->kind != ERR_NONE ? e->text : o->state.last_error);
}

static void note_rival(struct status_jobs *st, size_t at)
{
	const char *rival = config_refused_rival(st->config, st->jobs[at]);
	AUTO_FREE char *notes = NULL;

	if (rival == NULL)
		return;
	notes = take(&st->rows[at].notes);
	st->rows[at].notes =
		mem_fmt("%sjob '%s' wants the same token or entry, and is refused\n", notes, rival);
}

static void local_row(struct status_jobs *st, size_t at, const struct store *store)
{
	AUTO_JOB struct job *job = NULL;
	struct observation o;
	struct err e = ERR_INIT, none = ERR_INIT;
	int64_t now = env_now(&env_system);
	size_t i = st->jobs[at];

	if (!config_job(st->config, i, &job, &e) || !config_unclaimed(st->config, i, &e) ||
	    !observe_open(store, job, &o, &e)) {
		status_unreadable_row(st, at, job, &e);
		return;
	}
	status_of(&o, now, &st->rows[at].is);
	status_fill_row(st, at, job, &o, now, &none);
	note_rival(st, at);
	observe_close(&o);
}

static void gather(struct status_jobs *st)
{
	for (size_t at = 0; at < st->n; at++)
		st->rows[at].job = show_line_of(config_name(st->config, st->jobs[at]));
	if (st->o->online) {
		status_ask(st);
		return;
	}
	AUTO_STORE struct store *store = lent_store(st->config);
	config_first(st->config, state_was_there, store);
	for (size_t at = 0; at < st->n; at++)
		local_row(st, at, store);
}

/* ---- printing -------------------------------------------------------------------------------- */

/* For monitors: 2 critical, 1 warning; that nothing runs it any more is one. What has no living
 * password deployed counts as expired. */
static int level_of(const struct options *o, const struct job_status *s, int64_t left)
{
	if (s->state == JOB_PAUSED)
		return 0;
	if (o->crit_s > 0 && left < o->crit_s)
		return 2;
	return (o->warn_s > 0 && left < o->warn_s) || s->overdue ? 1 : 0;
}

static int64_t left_of(const struct job_status *s, int64_t now)
{
	if (s->active && !s->pulls_fail && s->expires == 0)
		return INT64_MAX; /* a follower's, and its source does not say it */
	return s->active && !s->pulls_fail && s->expires > now ? s->expires - now : 0;
}

static int monitor(const struct status_jobs *st, int64_t now)
{
	int worst = 0;

	for (size_t at = 0; at < st->n && is_monitor(st); at++) {
		const struct job_status *s = &st->rows[at].is;
		int level = level_of(st->o, s, left_of(s, now));
		worst = level > worst ? level : worst;
	}
	return worst;
}

/* 'job'=seconds left;warn:;crit:, as Nagios and its kin read them: below these it is told. */
static void performance(const struct status_jobs *st, int64_t now, struct buf *out)
{
	buf_str(out, " |");
	for (size_t at = 0; at < st->n; at++) {
		const struct job_status *s = &st->rows[at].is;
		if (s->state == JOB_PAUSED || left_of(s, now) == INT64_MAX)
			continue;
		buf_fmt(out, " '%s'=%llds;", st->rows[at].job, (long long)left_of(s, now));
		if (st->o->warn_s > 0)
			buf_fmt(out, "%lld:", (long long)st->o->warn_s);
		buf_char(out, ';');
		if (st->o->crit_s > 0)
			buf_fmt(out, "%lld:", (long long)st->o->crit_s);
		buf_str(out, ";0;");
	}
}

/* The first line is what a monitor shows. */
static void head(const struct status_jobs *st, int64_t now, struct buf *out)
{
	static const char *const words[] = { "OK", "WARNING", "CRITICAL" };

	if (is_monitor(st))
		buf_fmt(out, "ACROTATE %s: ", words[monitor(st, now)]);
	status_summary(st->rows, st->n, out);
	if (is_monitor(st))
		performance(st, now, out);
	buf_char(out, '\n');
}

static bool to_stdout(void *ctx, const char *text, size_t n, struct err *e)
{
	(void)ctx;
	return fwrite(text, 1, n, stdout) == n ||
	       err_set(e, ERR_LOCAL, "cannot write to standard output");
}

static void free_metrics(struct metrics **m)
{
	metrics_free(*m);
}

static bool print_metrics(const struct status_jobs *st)
{
	AUTO(free_metrics) struct metrics *m = metrics_new(config_count(st->config));
	struct err ignored = ERR_INIT; /* the exit status says it */

	for (size_t at = 0; at < st->n; at++)
		metrics_put(m, st->jobs[at], config_name(st->config, st->jobs[at]),
		            st->rows[at].unreadable ? NULL : &st->rows[at].is);
	return metrics_tell(m, to_stdout, NULL, &ignored) && fflush(stdout) == 0;
}

static bool print(const struct status_jobs *st, int64_t now)
{
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX);
	const struct status_look look = { .now = now,
		                          .width = terminal_width(),
		                          .color = terminal_color(),
		                          .problems = st->o->problems };

	if (st->o->json) {
		status_json(st->rows, st->n, look.problems, &out);
	} else {
		head(st, now, &out);
		status_table(st->rows, st->n, &look, &out);
		(void)setlocale(LC_CTYPE, "");
		bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
		if (isatty(STDOUT_FILENO) && st->n > 0 && st->n <= TIMELINE_JOBS &&
		    !look.problems) {
			buf_char(&out, '\n');
			status_timeline(st->rows, st->n, now, look.width, utf8, &out);
		}
	}
	return fwrite(buf_cstr(&out), 1, out.len, stdout) == out.len && fflush(stdout) == 0;
}

static int show(const struct options *o, struct config *config, const size_t *jobs, size_t n)
{
	struct status_jobs st = { .o = o,
		                  .config = config,
		                  .jobs = jobs,
		                  .n = n,
		                  .rows = mem_array(n, sizeof(*st.rows)) };

	gather(&st);
	int64_t now = env_now(&env_system);
	bool printed = o->metrics ? print_metrics(&st) : print(&st, now);
	int level = monitor(&st, now), status = err_exit_code(st.worst);
	status_rows_free(st.rows, n);
	if (level == 2 || status == 0)
		status = level;
	return printed || status != 0 ? status : err_exit_code(ERR_LOCAL);
}

int cmd_status(const struct options *o)
{
	return with_jobs(o, show);
}
