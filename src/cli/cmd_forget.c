/* SPDX-License-Identifier: MIT */
/* `acrotate forget`: what is remembered of a sink or a job that is gone for good. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/lent.h"
#include "cli/options.h"
#include "config/common.h"
#include "config/job.h"
#include "rotate/observe.h"

#define NAMES_MAX 2048

struct forgetting {
	const struct options *o;
	const struct store *store;
	const char *name;      /* of the job */
	const struct job *job; /* NULL: its file is gone */
};

/* ---- a sink ---------------------------------------------------------------------------------- */

static bool unknown_sink(const struct forgetting *f, const struct state *s, struct err *e)
{
	AUTO_BUF struct buf names = BUF_INIT(NAMES_MAX);

	for (size_t i = 0; i < s->n_sinks; i++)
		buf_fmt(&names, "%s'%s'", i > 0 ? ", " : "", s->sinks[i].name);
	return err_set(e, ERR_MISSING, "nothing is remembered of a sink '%s'; there is %s",
	               f->o->args[1], s->n_sinks == 0 ? "none" : buf_cstr(&names));
}

/* What a sink behind another program does not show, and may have all the same. */
static bool drop_hidden(struct sink_memory *m, const struct observation *o)
{
	bool any = false;

	for (int i = 0; i < ACR_SLOT__COUNT; i++) {
		if (!observe_hidden(o, m, (enum acr_slot)i))
			continue;
		m->may_hold[i] = 0;
		any = true;
	}
	return any;
}

/* `in_job`: sinks that the job still has are remembered by every run, and belong to nobody who
 * is gone; of them it is only said that what they hide is gone. */
static bool drop_sink(const struct forgetting *f, struct state *s, const struct observation *o,
                      size_t *dropped, struct err *e)
{
	const char *sink = f->o->args[1];
	bool in_job = false;

	*dropped = 0;
	for (size_t i = 0; i < s->n_sinks;) {
		bool this_one = strcmp(s->sinks[i].name, sink) == 0;
		bool kept = this_one && o != NULL && observe_in_job(o, &s->sinks[i]);
		in_job = in_job || kept;
		*dropped += kept && drop_hidden(&s->sinks[i], o);
		if (!this_one || kept) {
			i++;
			continue;
		}
		state_drop_sink(s, i);
		++*dropped;
	}
	if (*dropped > 0)
		return true;
	return in_job ? err_set(e, ERR_DECISION,
	                        "sink '%s' is still in the job: take it out of '%s' first", sink,
	                        f->job->file)
	              : unknown_sink(f, s, e);
}

static bool forget_sink(const struct forgetting *f, struct err *e)
{
	AUTO_STATE struct state s = { 0 };
	struct observation o;
	size_t dropped;

	if (!state_load(f->store, f->name, &s, e))
		return false;
	if (s.lost)
		return err_set(e, ERR_LOCAL,
		               "the state cannot be used (another machine's, or damaged): nothing "
		               "is remembered");
	bool open = f->job != NULL;
	if (open && !observe_open(f->store, f->job, &o, e))
		return false;
	bool ok = drop_sink(f, &s, open && o.who.server != NULL ? &o : NULL, &dropped, e);
	if (open)
		observe_close(&o);
	return ok && state_save(f->store, f->name, &s, STORE_DURABLE, e);
}

/* ---- a job ----------------------------------------------------------------------------------- */

/* Without its state the next run would take its own passwords for foreign ones. */
static bool is_in_use(const struct forgetting *f, struct err *e)
{
	struct observation o;

	/* Without its record a follower looks at its sinks and its source anew. */
	if (f->job == NULL || f->o->force || f->job->source != NULL)
		return true;
	if (!observe_open(f->store, f->job, &o, e))
		return false;
	bool active =
		o.who.server != NULL && observe_decide(&o, env_now(&env_system), false).active;
	observe_close(&o);
	return !active || err_set(e, ERR_DECISION,
	                          "its sinks hold a living password, which the next run would take "
	                          "for a foreign one: remove "
	                          "'%s' first, or say --force",
	                          f->job->file);
}

static bool forget_job(const struct forgetting *f, struct err *e)
{
	if (!is_in_use(f, e))
		return false;
	if (store_remove(f->store, f->name, e))
		return true;
	return e->kind == ERR_MISSING ? err_in(e, "nothing is remembered of this job") : false;
}

/* ---- which ----------------------------------------------------------------------------------- */

static bool forget(const struct forgetting *f, struct err *e)
{
	AUTO_RECORD struct store_record there = { 0 };
	AUTO_BUF struct buf where = BUF_INIT(NAMES_MAX);
	AUTO_LOCK struct lock lock = LOCK_INIT;

	/* Taking the lock makes the directory. */
	store_describe(f->store, f->name, &where);
	if (store_load(f->store, f->name, &there, e) && !there.exists)
		return err_set(e, ERR_MISSING,
		               "nothing is remembered of this job: '%s' does not exist",
		               buf_cstr(&where));
	if (!store_lock(f->store, f->name, &lock, e))
		return false;
	return f->o->n_args > 1 ? forget_sink(f, e) : forget_job(f, e);
}

/* A job that is still there, by name, pattern or path; else the operand is the name of one that
 * was. */
static bool find(const struct options *o, struct config *c, struct job **job, struct err *e)
{
	struct err none = ERR_INIT;
	size_t *jobs = NULL, n = 0;

	if (!config_select(c, o->args, 1, &jobs, &n, &none))
		return job_name_ok(o->args[0], &none) ||
		       err_set(e, ERR_USAGE, "%s: '%s'", none.text, o->args[0]);
	bool ok = n == 1 ? config_job(c, jobs[0], job, e)
	                 : err_set(e, ERR_USAGE, "'%s' matches %zu jobs: forget one at a time",
	                           o->args[0], n);
	free(jobs);
	return ok;
}

static void tell(const struct options *o, const char *name)
{
	if (o->n_args > 1)
		(void)printf("%s: sink '%s' is forgotten: no slot is kept for it any more\n", name,
		             o->args[1]);
	else
		(void)printf("%s: forgotten\n", name);
}

int cmd_forget(const struct options *o)
{
	struct config *config = NULL;
	AUTO_JOB struct job *job = NULL;
	struct err e = ERR_INIT;
	bool ok = false;

	bool opened = config_open(o->config, &config, &e);
	struct lent *lent = opened ? lent_new(config, o->argv) : NULL;
	if (opened && find(o, config, &job, &e)) {
		AUTO_STORE struct store *store = lent_store(config);
		const struct forgetting f = { .o = o,
			                      .store = store,
			                      .name = job != NULL ? job->name : o->args[0],
			                      .job = job };
		ok = forget(&f, &e);
		if (ok)
			tell(o, f.name);
	}
	if (!ok)
		log_err(o->args[0], &e);
	lent_free(lent);
	config_close(config);
	return ok ? 0 : err_exit_code(e.kind);
}
