/* SPDX-License-Identifier: MIT */
#include "quiet.h"
#include "cli/lent.h"

#include "base/env.h"
#include "base/err.h"
#include "cli/run.h"
#include "config/job.h"
#include "report.h"
#include "rotate/metrics.h"
#include "rotate/observe.h"
#include "rotate/state.h"
#include "rotate/status.h"
#include "sink/sink.h"

static void tell(const struct observation *o, const struct plan *p, size_t at,
                 struct report *report)
{
	bool ours;
	struct outcome out = { .did = PLAN_KEEP,
		               .why = p->why,
		               .active = p->active,
		               .slot = observe_slot_of(o, p->slot),
		               .follows = o->state.follows,
		               .sinks = o->n_seen,
		               .in_step = o->n_seen,
		               .expires = observe_slot(o, p->slot, &ours).expires_us / 1000000,
		               .next_due = p->when,
		               .foreign_ahead = p->foreign_ahead };
	struct acr_password spare;

	if (o->followed == NULL && observe_foreign(o, acr_other(p->slot), &spare))
		out.foreign = (struct may_replace_hint){ true, acr_other(p->slot), spare.created,
			                                 spare.expires_us };
	report_job(report, at, o->job->name, &out, NULL);
}

static void measure(const struct run_request *rq, size_t at, const struct observation *o,
                    int64_t now, struct metrics *m)
{
	struct job_status is;

	if (m == NULL)
		return;
	status_of(o, now, &is);
	status_set_run(&is, now, now);
	metrics_put(m, rq->jobs[at], o->job->name, &is);
}

/* What a person revokes is revoked. */
static bool is_paused(const struct run_request *rq, size_t at, const struct job *job,
                      struct report *report)
{
	const struct outcome out = { .did = PLAN_KEEP, .paused = true };

	if (job->enabled || rq->revoke != 0)
		return false;
	report_job(report, at, job->name, &out, NULL);
	return true;
}

/* When the newest of what the sink may hold ends; 0: it may hold nothing that is known. */
static int64_t newest_expiry(const struct state *s, const struct sink_memory *m)
{
	int64_t newest = 0;

	for (int i = 0; i < ACR_SLOT__COUNT; i++)
		if (m->may_hold[i] != 0 && m->may_hold[i] == s->slot[i].created &&
		    s->slot[i].expires_us > newest)
			newest = s->slot[i].expires_us;
	return newest / 1000000;
}

/* What a sink may hold at best is to be renewed. */
static bool is_due_by_record(const struct state *s, const struct policy *p, int64_t now)
{
	for (size_t i = 0; i < s->n_sinks; i++) {
		int64_t expires = newest_expiry(s, &s->sinks[i]);
		if (expires != 0 && expires - p->renew_before - p->offset <= now)
			return true;
	}
	return false;
}

/* Reading a sink that is no file starts a program: not for a job of which the record alone tells
 * that there is work to do, because that reads it again. A shared record costs as much itself. */
static bool has_work_by_record(const struct store *store, const struct job *job, int64_t now)
{
	AUTO_STATE struct state s = { 0 };
	struct err ignored = ERR_INIT;

	return !job_is_local(job) && job->source == NULL && !store_is_shared(store) &&
	       state_load(store, job->name, &s, &ignored) &&
	       is_due_by_record(&s, &job->policy, now);
}

/* As far as can be told before Azure, or a source, is asked. */
static bool will_write(const struct observation *o, const struct plan *p)
{
	return o->who.server == NULL || p->action == PLAN_ROTATE || p->action == PLAN_HEAL ||
	       p->action == PLAN_CREATE;
}

bool quiet_report(const struct run_request *rq, size_t at, const struct job *job,
                  const struct store *store, struct report *report, struct metrics *m, bool *writes)
{
	struct observation o;
	struct err ignored = ERR_INIT; /* who does the work meets it again */
	int64_t now = env_now(&env_system);

	*writes = false;
	if (is_paused(rq, at, job, report))
		return true;
	*writes = rq->force || rq->revoke != 0 || has_work_by_record(store, job, now);
	if (*writes || !observe_open(store, job, &o, &ignored))
		return false;
	struct plan p = observe_decide(&o, now, false);
	*writes = will_write(&o, &p);
	bool quiet = o.who.server != NULL && observe_quiet(&o, &p, now);
	if (quiet) {
		tell(&o, &p, at, report);
		measure(rq, at, &o, now, m);
	}
	observe_close(&o);
	return quiet;
}

/* No mistake, no rival, nothing due. */
static bool is_quiet(const struct run_request *rq, size_t at, const struct store *store,
                     struct report *report)
{
	AUTO_JOB struct job *job = NULL;
	struct err ignored = ERR_INIT;
	bool ignored_too;
	size_t i = rq->jobs[at];

	if (!config_job(rq->config, i, &job, &ignored))
		return false;
	config_claim(rq->config, i, job);
	return quiet_report(rq, at, job, store, report, NULL, &ignored_too);
}

bool quiet_plan(const struct run_request *rq, int *status)
{
	struct report *report = report_new(rq);
	AUTO_STORE struct store *store = lent_store(rq->config);
	bool quiet = true;

	for (size_t at = 0; quiet && at < rq->n_jobs; at++)
		quiet = is_quiet(rq, at, store, report);
	for (size_t at = 0; quiet && at < rq->n_jobs; at++)
		quiet = config_alone(rq->config, rq->jobs[at]);
	if (quiet)
		*status = report_end(report);
	else
		report_drop(report);
	return quiet;
}
