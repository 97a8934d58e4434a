/* SPDX-License-Identifier: MIT */
#include "rotate/metrics.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/show.h"
#include "config/job.h"
#include "rotate/last_run.h"
#include "rotate/observe.h"
#include "rotate/status.h"

#define CHUNK    (64u * 1024) /* written when so much has come together */
#define LINE_MAX 1024         /* a file's name has at most 255 bytes, twice that in a label */

struct metric_entry {
	char *name;
	bool readable;
	struct job_status is;
};
struct metrics {
	struct metric_entry *entry;
	size_t n;
};

struct metrics *metrics_new(size_t n_jobs)
{
	struct metrics *m = mem_new(sizeof(*m));

	m->n = n_jobs;
	m->entry = mem_array(n_jobs, sizeof(*m->entry));
	return m;
}

void metrics_free(struct metrics *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->n; i++)
		free(m->entry[i].name);
	free(m->entry);
	free(m);
}

void metrics_put(struct metrics *m, size_t i, const char *name, const struct job_status *s)
{
	struct metric_entry *at = &m->entry[i];

	AUTO_BUF struct buf label = BUF_INIT(LINE_MAX / 2);

	/* Of a file that is no job's name yet as well: that is what is wrong with it. */
	show_label(name, &label);
	free(at->name);
	at->name = mem_dup(buf_cstr(&label));
	at->readable = s != NULL;
	at->is = s != NULL ? *s : (struct job_status){ .state = JOB_FAILING };
}

void metrics_fill(struct metrics *m, struct config *c, const struct store *store, int64_t now)
{
	for (size_t i = 0; i < m->n; i++) {
		AUTO_JOB struct job *job = NULL;
		struct observation o;
		struct job_status is;
		struct err ignored = ERR_INIT; /* the run that was asked for this job tells it */
		if (m->entry[i].name != NULL)
			continue;
		if (!config_job(c, i, &job, &ignored) || !config_unclaimed(c, i, &ignored) ||
		    !observe_open(store, job, &o, &ignored)) {
			metrics_put(m, i, config_name(c, i), NULL);
			continue;
		}
		status_of(&o, now, &is);
		status_set_run(&is, last_run_of(config_run(c)->state_dir, job->name), now);
		metrics_put(m, i, job->name, &is);
		observe_close(&o);
	}
}

/* ---- the table ------------------------------------------------------------------------------- */

/* In thousandths. False: there is no such figure. */
static bool seconds(int64_t s, int64_t *out)
{
	*out = s * 1000;
	return s != 0;
}

static bool count(int64_t n, int64_t *out)
{
	*out = n * 1000;
	return true;
}

static bool slot_expiry(const struct job_status *s, int slot, int64_t *out)
{
	return seconds(s->slots[slot].present ? s->slots[slot].expires : 0, out);
}

static bool slot_created(const struct job_status *s, int slot, int64_t *out)
{
	return seconds(s->slots[slot].present ? s->slots[slot].created : 0, out);
}

static bool slot_active(const struct job_status *s, int slot, int64_t *out)
{
	return count(s->active && (int)s->slot == slot, out);
}

static bool slot_foreign(const struct job_status *s, int slot, int64_t *out)
{
	return count(s->slots[slot].present && !s->slots[slot].ours, out);
}

static bool active_expiry(const struct job_status *s, int slot, int64_t *out)
{
	(void)slot;
	/* Nothing that works is deployed: as if it had expired at the beginning of time, so that
	 * one alert sees both. */
	return count(s->active ? s->expires : 0, out) &&
	       !(s->active && s->expires == 0); /* that of a follower is not known */
}

static bool next_rotation(const struct job_status *s, int slot, int64_t *out)
{
	(void)slot;
	return seconds(s->active ? s->next_rotation : 0, out);
}

static bool last_success(const struct job_status *s, int slot, int64_t *out)
{
	(void)slot;
	return count(s->last_success, out);
}

static bool failures(const struct job_status *s, int slot, int64_t *out)
{
	(void)slot;
	return count(s->failed_runs, out);
}

static bool failing_since(const struct job_status *s, int slot, int64_t *out)
{
	(void)slot;
	return count(s->failing_since, out);
}

static bool sinks(const struct job_status *s, int slot, int64_t *out)
{
	(void)slot;
	return count((int64_t)s->sinks, out);
}

static bool in_step(const struct job_status *s, int slot, int64_t *out)
{
	(void)slot;
	return count((int64_t)s->in_step, out);
}

static bool hook_owed(const struct job_status *s, int slot, int64_t *out)
{
	(void)slot;
	return count(s->hook_owed, out);
}

static bool foreign_ahead(const struct job_status *s, int slot, int64_t *out)
{
	(void)slot;
	return count(s->foreign_ahead || s->state == JOB_REFUSED, out);
}

static bool last_run(const struct job_status *s, int slot, int64_t *out)
{
	(void)slot;
	return seconds(s->last_run, out);
}

static bool longest_pause(const struct job_status *s, int slot, int64_t *out)
{
	(void)slot;
	return seconds(s->bears, out);
}

static bool pulls_fail(const struct job_status *s, int slot, int64_t *out)
{
	(void)slot;
	return count(s->pulls_fail, out);
}

static bool follower_in_step(const struct job_status *s, int slot, int64_t *out)
{
	(void)slot;
	return count(s->follows == FOLLOWS_IN_STEP && s->in_step == s->sinks, out) &&
	       s->follows != FOLLOWS_NOTHING;
}

static bool acceptance(const struct job_status *s, int slot, int64_t *out)
{
	(void)slot;
	*out = s->accepted_after_ms;
	return s->accepted_after_ms != 0;
}

static const struct family {
	const char *name, *help;
	bool (*value)(const struct job_status *s, int slot, int64_t *thousandths);
	bool per_slot;
} families[] = {
	{ "acrotate_slot_expiry_timestamp_seconds",
	  "When the password in a slot expires, as last seen.", slot_expiry, true },
	{ "acrotate_slot_created_timestamp_seconds",
	  "When the password in a slot was generated, as last seen.", slot_created, true },
	{ "acrotate_slot_active", "1 for the slot whose living password the sinks hold.",
	  slot_active, true },
	{ "acrotate_slot_foreign", "1 for a foreign slot.", slot_foreign, true },
	{ "acrotate_active_expiry_timestamp_seconds",
	  "When the password in use expires; 0 when nothing that works is deployed.", active_expiry,
	  false },
	{ "acrotate_next_rotation_timestamp_seconds", "When the next rotation is due.",
	  next_rotation, false },
	{ "acrotate_last_success_timestamp_seconds",
	  "When a run last did something for this job and was well; 0: never.", last_success,
	  false },
	{ "acrotate_last_run_timestamp_seconds",
	  "When a run last looked at this job, also one with nothing to do.", last_run, false },
	{ "acrotate_longest_pause_seconds", "How long this job can go without a run.",
	  longest_pause, false },
	{ "acrotate_pulls_fail", "1 when nothing works that is deployed, though something should.",
	  pulls_fail, false },
	{ "acrotate_consecutive_failures", "Runs of this job in a row that failed.", failures,
	  false },
	{ "acrotate_failing_since_timestamp_seconds",
	  "Since when every run of this job has failed; 0: the last one did not.", failing_since,
	  false },
	{ "acrotate_sinks", "Sinks of the job.", sinks, false },
	{ "acrotate_sinks_in_step", "Sinks that hold the password in use.", in_step, false },
	{ "acrotate_hook_owed", "1 while an on_change hook that failed is to be repeated.",
	  hook_owed, false },
	{ "acrotate_foreign_ahead", "1 when a foreign slot stands in the way of the next rotation.",
	  foreign_ahead, false },
	{ "acrotate_follower_in_step",
	  "1 when every sink of a follower holds what its source has; 0: not, or it cannot be "
	  "read.",
	  follower_in_step, false },
	{ "acrotate_password_acceptance_seconds",
	  "How long the registry took to accept the newest password.", acceptance, false },
};

static const char *const others[] = {
	"acrotate_job_state",
	"acrotate_jobs",
	"acrotate_run_timestamp_seconds",
	"acrotate_run_duration_seconds",
	"acrotate_run_exit_status",
};

const char *metrics_name(size_t i)
{
	if (i < COUNT(families))
		return families[i].name;
	return i - COUNT(families) < COUNT(others) ? others[i - COUNT(families)] : NULL;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* `text` has room for one more line whenever this was called; a failure is kept, and nothing
 * written after it. */
struct writing {
	metrics_piece_fn *piece;
	void *ctx;
	struct buf *text;
	bool ok;
	struct err *e;
};

static void flush(struct writing *w, size_t when)
{
	if (w->text->len < when)
		return;
	w->ok = w->ok && w->piece(w->ctx, buf_cstr(w->text), w->text->len, w->e);
	buf_reset(w->text);
}

static void title(struct writing *w, const char *name, const char *help)
{
	buf_fmt(w->text, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

static void number(struct writing *w, int64_t thousandths)
{
	if (thousandths % 1000 == 0)
		buf_fmt(w->text, " %lld\n", (long long)(thousandths / 1000));
	else
		buf_fmt(w->text, " %lld.%03lld\n", (long long)(thousandths / 1000),
		        (long long)(thousandths % 1000));
	flush(w, CHUNK);
}

static void per_job(struct writing *w, const struct family *f, const struct metric_entry *at)
{
	int64_t value;

	for (int slot = 0; slot < (f->per_slot ? ACR_SLOT__COUNT : 1); slot++) {
		if (!f->value(&at->is, slot, &value))
			continue;
		buf_fmt(w->text, "%s{name=\"%s\"", f->name, at->name);
		if (f->per_slot)
			buf_fmt(w->text, ",slot=\"%s\"", acr_slot_name((enum acr_slot)slot));
		buf_char(w->text, '}');
		number(w, value);
	}
}

static void states(struct writing *w, const struct metrics *m)
{
	title(w, "acrotate_job_state",
	      "1 for the state that the job is in, as 'acrotate status' names it.");
	for (size_t i = 0; i < m->n; i++) {
		if (m->entry[i].name == NULL)
			continue;
		buf_fmt(w->text, "acrotate_job_state{name=\"%s\",state=\"%s\"}", m->entry[i].name,
		        status_state_name(m->entry[i].is.state));
		number(w, 1000);
	}
}

static void single(struct writing *w, const char *name, const char *help, int64_t thousandths)
{
	title(w, name, help);
	buf_str(w->text, name);
	number(w, thousandths);
}

static void write_run(struct writing *w, const struct metrics_run *run)
{
	single(w, "acrotate_run_timestamp_seconds", "When the newest run ended.", run->at * 1000);
	single(w, "acrotate_run_duration_seconds", "How long the newest run took.",
	       run->duration_ms);
	single(w, "acrotate_run_exit_status", "Exit status of the newest run.",
	       (int64_t)run->status * 1000);
}

/* run: NULL for none */
static void write_all(struct writing *w, const struct metrics *m, const struct metrics_run *run)
{
	for (size_t f = 0; f < COUNT(families); f++) {
		title(w, families[f].name, families[f].help);
		/* Of a job that cannot be read nothing is known but that; of one that is paused
		 * nothing else is to raise an alert. */
		for (size_t i = 0; i < m->n; i++)
			if (m->entry[i].readable && m->entry[i].is.state != JOB_PAUSED)
				per_job(w, &families[f], &m->entry[i]);
	}
	states(w, m);
	single(w, "acrotate_jobs", "Jobs there are.", (int64_t)m->n * 1000);
	if (run != NULL)
		write_run(w, run);
	flush(w, 1);
}

static bool to_stage(void *ctx, const char *text, size_t n, struct err *e)
{
	return fs_stage_write(ctx, text, n, e);
}

bool metrics_write(const struct metrics *m, const char *path, const struct metrics_run *run,
                   struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(CHUNK + LINE_MAX);
	AUTO_STAGE struct fs_stage *stage = NULL;
	const struct fs_attr attr = {
		.mode = 0644, .uid = -1, .gid = -1, .way = FS_WAY_HERE, .tag = "metrics"
	};
	struct writing w = { .text = &text, .piece = to_stage, .ok = true, .e = e };

	if (!fs_stage_open(path, &attr, &stage, e))
		return err_in(e, "cannot write metrics_file");
	w.ctx = stage;
	write_all(&w, m, run);
	if (!w.ok || !fs_stage_seal(stage, e) || !fs_stage_commit(stage, e))
		return err_in(e, "cannot write metrics_file");
	return true;
}

bool metrics_tell(const struct metrics *m, metrics_piece_fn *piece, void *ctx, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(CHUNK + LINE_MAX);
	struct writing w = { .text = &text, .piece = piece, .ctx = ctx, .ok = true, .e = e };

	write_all(&w, m, NULL);
	return w.ok;
}
