/* SPDX-License-Identifier: MIT */
/* Refusals in words: why, and what a person can do about it. */
#include "base/buf.h"
#include "base/str.h"
#include "step.h"

#define TEXT_MAX 2048

/* ---- errors ---------------------------------------------------------------------------------- */

/* After the loss of the state, or where somebody else wrote a sink: nobody can know which slot
 * that password is of. */
static bool holds_unknown(const struct rotation *r)
{
	for (size_t i = 0; i < r->o.n_views; i++)
		if (r->o.views[i].other && !r->o.views[i].rejected)
			return true;
	return false;
}

bool rotation_gave_up(const struct rotation *r, enum acr_slot slot)
{
	const struct policy *p = &r->job->policy;

	for (size_t i = 0; i < p->n_may_replace; i++)
		if (p->may_replace[i].slot == slot)
			return true;
	return false;
}

/* Where nothing is deployed one slot is as good as the other. */
static void add_other_slot(const struct rotation *r, struct buf *out)
{
	enum acr_slot slot = acr_other(r->out.foreign.slot);
	bool ours;
	struct acr_password p = observe_slot(&r->o, slot, &ours);
	const struct may_replace_hint other = { true, slot, p.created, p.expires_us };

	if (r->plan.active || !p.present || ours)
		return;
	buf_fmt(out, "; or, if nobody pulls with %s: ", acr_slot_name(slot));
	rotation_add_may_replace(out, &other);
}

void rotation_refuse_unexplained(const struct rotation *r, const struct sink_spec *spec,
                                 struct err *e)
{
	bool ours;
	const struct acr_password p = observe_slot(&r->o, r->plan.slot, &ours);
	const struct may_replace_hint hint = { true, r->plan.slot, p.created, p.expires_us };
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX);

	buf_fmt(&text,
	        "sink '%s' holds a password that works and that this job's record does not know: "
	        "it may be the one of %s, which was to be generated",
	        spec->name, acr_slot_name(r->plan.slot));
	if (p.present) {
		buf_str(&text, "; if it is not, or nobody needs it, add to [job]: ");
		rotation_add_may_replace(&text, &hint);
	}
	(void)err_set(e, ERR_DECISION, "%s", buf_cstr(&text));
}

static bool refuse_foreign(const struct rotation *r, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX);

	rotation_add_foreign(&text, &r->out.foreign);
	/* Somebody has generated it anew since. */
	if (rotation_gave_up(r, r->out.foreign.slot))
		buf_str(&text, ", and is newer than what may_replace names");
	buf_str(&text, ": whoever pulls with it would be cut off; if nobody does, add to [job]: ");
	rotation_add_may_replace(&text, &r->out.foreign);
	add_other_slot(r, &text);
	if (holds_unknown(r))
		buf_str(&text, " (its sinks hold a password that this job knows nothing of, it may "
		               "be that very one: make sure of it first)");
	return err_set(e, ERR_DECISION, "%s", buf_cstr(&text));
}

static const struct {
	const char *text;
} waits[WHY__COUNT] = {
	[WHY_GRACE] = { "consumers may still hold its password (grace)" },
	[WHY_HOOK_OWED] = { "a hook that tells consumers of the new password is still owed" },
	[WHY_SINK_UNREADABLE] = { "a sink that cannot be read, was removed from the job, or shows "
	                          "it no more may still hold the other password" },
	[WHY_INTENT] = { "a request whose answer was lost may still act" },
	[WHY_REFUSED] = { "the registry refuses what is deployed, which Azure still lists: it is "
	                  "tried for verify_timeout before it counts as dead" },
	[WHY_SHORTER] = { "the new password would expire before the one that is deployed" },
	[WHY_BACKOFF] = { "earlier attempts led nowhere" },
};

/* The sink that may still hold the slot to wait for: one that was removed, or that hides it. */
static void add_forget(const struct rotation *r, struct buf *out)
{
	for (size_t i = 0; i < r->o.state.n_sinks; i++) {
		const struct sink_memory *m = &r->o.state.sinks[i];
		if (observe_in_job(&r->o, m)
		            ? !observe_hidden(&r->o, m, r->plan.slot)
		            : m->may_hold[r->plan.slot] == 0 || !observe_counts(&r->o, m))
			continue;
		buf_fmt(out,
		        "; if '%s' is gone for good, or surely holds it no more: acrotate "
		        "forget %s %s",
		        m->place, r->job->name, m->name);
		return;
	}
	buf_fmt(out,
	        "; if that sink is gone for good, take it out of the job, then: acrotate forget %s "
	        "SINK",
	        r->job->name);
}

/* A hook of a sink that was taken out of the job is owed, and never run. */
static void add_forget_hook(const struct rotation *r, struct buf *out)
{
	for (size_t i = 0; i < r->o.state.n_sinks; i++) {
		const struct sink_memory *m = &r->o.state.sinks[i];
		if (m->hook_owed && !observe_in_job(&r->o, m)) {
			buf_fmt(out,
			        ": that of '%s', which was taken out of the job; if it is gone for "
			        "good: acrotate forget %s %s",
			        m->place, r->job->name, m->name);
			return;
		}
	}
}

/* Waiting for it to be dead for certain would outlast what is deployed. */
static void add_hurry(const struct rotation *r, struct buf *out)
{
	if (r->plan.when >= state_intent_dies(&r->o.state.slot[r->plan.slot]))
		return;
	buf_str(out, ", sooner than it is surely dead, for what is deployed expires before that");
}

/* Of a generate it is known what was asked for. */
static const char *what_is_waited_for(const struct rotation *r)
{
	if (r->plan.why == WHY_INTENT && r->o.state.slot[r->plan.slot].asked_us == 0)
		return "a request that may replace or remove its password may still act";
	return waits[r->plan.why].text;
}

static bool wait_for(const struct rotation *r, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX);

	if (r->o.asked == TOKEN_MISSING)
		buf_fmt(&text,
		        "token '%s' cannot be created yet: a request whose answer was lost "
		        "may still act",
		        r->job->token);
	else
		buf_fmt(&text, "%s has to wait: %s", acr_slot_name(r->plan.slot),
		        what_is_waited_for(r));
	if (r->plan.when != 0) {
		buf_str(&text, "; next attempt not before ");
		rotation_add_time(&text, r->plan.when);
	}
	if (r->plan.why == WHY_INTENT)
		add_hurry(r, &text);
	if (r->plan.why == WHY_SINK_UNREADABLE)
		add_forget(r, &text);
	if (r->plan.why == WHY_HOOK_OWED)
		add_forget_hook(r, &text);
	return err_set(e, ERR_TRANSIENT, "%s", buf_cstr(&text));
}

bool rotation_refuse(const struct rotation *r, struct err *e)
{
	if (r->plan.action == PLAN_WAIT && r->o.followed != NULL)
		return rotation_refuse_source(r, e);
	if (r->plan.action == PLAN_WAIT)
		return wait_for(r, e);
	switch (r->plan.why) {
	case WHY_DISABLED:
		return err_set(e, ERR_DECISION,
		               "token '%s' is disabled: enable it (acrotate token update "
		               "--registry %s --name %s --status enabled), or remove the job",
		               r->job->token, r->job->registry, r->job->token);
	case WHY_NO_TOKEN:
		if (r->job->policy.create)
			return err_set(
				e, ERR_MISSING,
				"token '%s' existed and was deleted from registry '%s': it is not "
				"created again by "
				"itself; to do so remove the job's state with: acrotate forget %s",
				r->job->token, r->job->registry, r->job->name);
		return err_set(e, ERR_MISSING,
		               "token '%s' does not exist in registry '%s': create it, or set "
		               "create = yes",
		               r->job->token, r->job->registry);
	case WHY_NO_SINK:
		/* none can be read: the first one's reason is as good as any */
		*e = r->o.seen[0].why;
		return false;
	default:
		return refuse_foreign(r, e);
	}
}

/* ---- what it means for consumers ------------------------------------------------------------- */

/* What a sink holds may work though this job knows nothing of it. */
static bool may_work(const struct rotation *r)
{
	for (size_t i = 0; i < r->o.n_seen; i++)
		if (r->o.seen[i].unread || (r->o.views[i].other && !r->o.views[i].rejected))
			return true;
	return false;
}

static bool say(struct rotation *r, const char *what, struct err *e)
{
	(void)err_in(e, "%s", what);
	r->out.told = false; /* sink by sink it was said without that */
	return false;
}

bool rotation_say_deployed(struct rotation *r, struct err *e)
{
	const struct state *s = &r->o.state;
	bool passes = e->kind == ERR_TRANSIENT || e->kind == ERR_BUSY;
	bool never = !s->lost && s->slot[0].created == 0 && s->slot[1].created == 0;

	/* Whether what its sinks hold works, only the registry knows. */
	if (r->o.who.server == NULL || never)
		return never && passes ? say(r, "nothing was delivered yet", e) : false;
	bool refused = s->disabled || s->rejected_at != 0;
	if (!refused && observe_decide(&r->o, rotation_now(r), false).active)
		return true;
	return refused || !may_work(r) ? say(r, "pulls fail now", e) : false;
}
