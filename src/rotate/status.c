/* SPDX-License-Identifier: MIT */
#include "rotate/status.h"

#include "config/job.h"
#include "rotate/last_run.h"
#include "rotate/observe.h"

const char *status_state_name(enum job_state s)
{
	static const char *const names[JOB__COUNT] = {
		[JOB_OK] = "ok",           [JOB_DUE] = "due",
		[JOB_WAITING] = "waiting", [JOB_HEALING] = "healing",
		[JOB_REFUSED] = "refused", [JOB_FAILING] = "failing",
		[JOB_STUCK] = "stuck",     [JOB_DISABLED] = "disabled",
		[JOB_NEW] = "new",         [JOB_SHADOWED] = "shadowed",
		[JOB_PAUSED] = "paused",
	};

	return names[s];
}

const char *status_follows_name(enum job_follows f)
{
	static const char *const names[FOLLOWS__COUNT] = {
		[FOLLOWS_IN_STEP] = "in step", [FOLLOWS_BEHIND] = "behind",
		[FOLLOWS_OLDER] = "older",     [FOLLOWS_LATE] = "late",
		[FOLLOWS_EMPTY] = "empty",     [FOLLOWS_UNREADABLE] = "unreadable",
		[FOLLOWS_REFUSED] = "refused",
	};

	return names[f];
}

static enum job_follows follows_of(const struct observation *o, const struct plan *p)
{
	static const enum job_follows by_reason[WHY__COUNT] = {
		[WHY_OLDER] = FOLLOWS_OLDER,
		[WHY_LATE] = FOLLOWS_LATE,
		[WHY_SOURCE_REFUSED] = FOLLOWS_REFUSED,
	};

	if (o->followed == NULL)
		return FOLLOWS_NOTHING;
	if (o->followed->seen.unread)
		return FOLLOWS_UNREADABLE;
	if (o->followed->seen.held == NULL)
		return FOLLOWS_EMPTY;
	if (by_reason[p->why] != FOLLOWS_NOTHING)
		return by_reason[p->why];
	return p->action == PLAN_FOLLOW ? FOLLOWS_BEHIND : FOLLOWS_IN_STEP;
}

static bool broken_sink(const struct observation *o)
{
	for (size_t i = 0; i < o->n_seen; i++)
		if (o->seen[i].broken && !o->seen[i].spec->optional)
			return true;
	return false;
}

/* What the last run met comes first where it says more than what the next one will try. */
static enum job_state state_of(const struct observation *o, const struct plan *p)
{
	const struct state *s = &o->state;

	if (!o->job->enabled)
		return JOB_PAUSED;
	if (s->disabled)
		return JOB_DISABLED;
	if (p->action == PLAN_REFUSE && p->why == WHY_FOREIGN)
		return JOB_REFUSED;
	if (observe_shadowed(o))
		return JOB_SHADOWED;
	if (p->action == PLAN_WAIT && (o->followed == NULL || s->failing_since == 0))
		return p->why == WHY_BACKOFF ? JOB_STUCK : JOB_WAITING;
	if (s->failing_since != 0 || s->rejected_at != 0 || broken_sink(o) ||
	    p->action == PLAN_REFUSE)
		return JOB_FAILING;
	if (s->slot[0].created == 0 && s->slot[1].created == 0)
		return JOB_NEW;
	if (p->action == PLAN_HEAL)
		return JOB_HEALING;
	if (s->slot[0].revoke != 0 || s->slot[1].revoke != 0)
		return JOB_DUE;
	return p->action == PLAN_ROTATE || p->action == PLAN_CREATE || p->action == PLAN_FOLLOW
	               ? JOB_DUE
	               : JOB_OK;
}

/* The places of a follower's ledger are no slots: its source says which they are. */
static void places_of(const struct observation *o, struct job_status *out)
{
	int64_t newest[ACR_SLOT__COUNT] = { 0 };

	for (int i = 0; i < ACR_SLOT__COUNT; i++) {
		const struct slot_memory *m = &o->state.slot[i];
		enum acr_slot slot = observe_slot_of(o, (enum acr_slot)i);
		if (m->created == 0 || slot == ACR_NO_SLOT || m->created < newest[slot])
			continue;
		newest[slot] = m->created;
		out->slots[slot].present = out->slots[slot].ours = true;
		out->slots[slot].created = m->created / 10000000;
		out->slots[slot].expires = m->expires_us / 1000000;
	}
}

static void slots_of(const struct observation *o, struct job_status *out)
{
	if (o->followed != NULL) {
		places_of(o, out);
		return;
	}
	for (int i = 0; i < ACR_SLOT__COUNT; i++) {
		struct acr_password p = observe_slot(o, (enum acr_slot)i, &out->slots[i].ours);
		out->slots[i].present = p.present;
		out->slots[i].ours = out->slots[i].ours && p.present;
		out->slots[i].created = p.created / 10000000;
		out->slots[i].expires = p.expires_us / 1000000;
	}
}

static void sinks_of(const struct observation *o, const struct plan *p, struct job_status *out)
{
	enum acr_slot held = p->active ? o->views[p->source].holds : ACR_NO_SLOT;

	out->sinks = o->n_seen;
	for (size_t i = 0; i < o->n_seen; i++) {
		out->unread += o->seen[i].unread;
		/* Of a sink that cannot be read nobody knows that it is in step. */
		out->in_step += p->active && o->n_views > 0 && !o->seen[i].unread &&
		                o->views[i].holds == held;
	}
	if (!p->active)
		return;
	bool ours;
	out->active = true;
	out->slot = observe_slot_of(o, held);
	out->expires = observe_slot(o, held, &ours).expires_us / 1000000;
	if (out->expires != 0 || o->followed == NULL)
		out->next_rotation =
			out->expires - o->job->policy.renew_before - o->job->policy.offset;
}

/* What is none of ours may work, until the registry has refused it. */
static bool holds_unknown(const struct observation *o)
{
	for (size_t i = 0; i < o->n_seen && o->n_views > 0; i++)
		if (o->views[i].other && !o->views[i].rejected)
			return true;
	return false;
}

/* A job that is new has nobody yet who pulls, until it has failed. */
static bool nothing_works(const struct observation *o, const struct job_status *s)
{
	if (s->state == JOB_PAUSED || (s->state == JOB_NEW && s->failing_since == 0))
		return false;
	/* What a sink holds that cannot be read is not known. */
	bool none = !s->active && s->unread == 0 && !holds_unknown(o);
	return none || o->state.rejected_at != 0 || o->state.disabled;
}

void status_of(const struct observation *o, int64_t now, struct job_status *out)
{
	const struct state *s = &o->state;
	/* Before the login server is known no sink was read, and nothing can be decided. */
	struct plan p = { .action = PLAN_ROTATE, .why = WHY_FIRST };

	if (o->who.server != NULL)
		p = observe_decide(o, now, false);
	*out = (struct job_status){
		.state = state_of(o, &p),
		.not_before = p.action == PLAN_WAIT ? p.when : 0,
		.last_success = s->last_success,
		.failing_since = s->failing_since,
		.failed_runs = s->failed_runs,
		.revoking = s->slot[0].revoke != 0 || s->slot[1].revoke != 0,
		.hook_owed = observe_hook_owed(o),
		.foreign_ahead = p.foreign_ahead,
		.state_lost = s->lost,
		.bears = last_run_bearable(&o->job->policy),
		.accepted_after_ms = s->accepted_after_ms,
	};
	out->follows = follows_of(o, &p);
	slots_of(o, out);
	sinks_of(o, &p, out);
	out->pulls_fail = nothing_works(o, out);
}

void status_set_run(struct job_status *s, int64_t last_run, int64_t now)
{
	if (last_run != 0 && last_run < s->last_success)
		last_run = s->last_success;
	s->last_run = last_run;
	s->overdue = s->state != JOB_PAUSED && last_run != 0 && now - last_run > s->bears;
}
