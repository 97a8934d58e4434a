/* SPDX-License-Identifier: MIT */
/* From what was observed to the next step: what the plan's decision means for a run, and what is
 * told of it. */
#include "azure/arm.h"
#include "base/env.h"
#include "base/err.h"
#include "base/str.h"
#include "rotate/observe.h"
#include "rotate/plan.h"
#include "rotate/plan_follow.h"
#include "step.h"

#define LOOK_EVERY_MS 60000

/* The slot to name first: that which a refusal is about, or else the one that is not deployed.
 * Where nobody knows what is deployed, the one that the job gave up, be it a generation ago, or
 * else the older one: the sinks rather hold the newer. */
static enum acr_slot first_to_name(const struct rotation *r)
{
	bool ours[ACR_SLOT__COUNT];
	const struct acr_password one = observe_slot(&r->o, ACR_SLOT_1, &ours[ACR_SLOT_1]),
				  two = observe_slot(&r->o, ACR_SLOT_2, &ours[ACR_SLOT_2]);

	if (r->plan.active)
		return r->plan.action == PLAN_REFUSE ? r->plan.slot : acr_other(r->plan.slot);
	if (!one.present || !two.present || ours[ACR_SLOT_1] || ours[ACR_SLOT_2])
		return r->plan.slot;
	bool gave_1 = rotation_gave_up(r, ACR_SLOT_1), gave_2 = rotation_gave_up(r, ACR_SLOT_2);
	if (gave_1 != gave_2)
		return gave_2 ? ACR_SLOT_2 : ACR_SLOT_1;
	return two.created < one.created ? ACR_SLOT_2 : ACR_SLOT_1;
}

static void hint_foreign(struct rotation *r)
{
	enum acr_slot first = first_to_name(r);

	for (int i = 0; i < ACR_SLOT__COUNT && !r->out.foreign.known; i++) {
		enum acr_slot slot = i == 0 ? first : acr_other(first);
		struct acr_password p;
		if (observe_foreign(&r->o, slot, &p))
			r->out.foreign =
				(struct may_replace_hint){ true, slot, p.created, p.expires_us };
	}
}

/* Counted anew after every change. What was done last stays. */
void rotation_fill_outcome(struct rotation *r)
{
	const struct plan *p = &r->plan;
	bool ours;

	r->out.active = p->active;
	r->out.slot = p->slot;
	r->out.sinks = r->o.n_seen;
	r->out.in_step = 0;
	r->out.when = p->action == PLAN_WAIT ? p->when : 0;
	r->out.foreign_ahead = p->foreign_ahead;
	r->out.foreign.known = false;
	if (r->o.followed == NULL)
		hint_foreign(r);
	r->out.follows = r->o.state.follows;
	if (!p->active) {
		r->out.slot = observe_slot_of(&r->o, p->slot);
		return;
	}
	enum acr_slot held = r->o.views[p->source].holds;
	/* What comes next may already be about the other slot; a run that changed something
	 * tells of what it left deployed. */
	if (r->out.changed)
		r->out.slot = held;
	r->out.slot = observe_slot_of(&r->o, r->out.slot);
	for (size_t i = 0; i < r->o.n_seen; i++)
		r->out.in_step += r->o.views[i].holds == held;
	r->out.expires = observe_slot(&r->o, held, &ours).expires_us / 1000000;
	r->out.next_due = r->out.expires == 0 ? 0
	                                      : r->out.expires - r->job->policy.renew_before -
	                                                r->job->policy.offset;
}

static bool is_standing_intent(const struct rotation *r)
{
	return r->o.state.slot[ACR_SLOT_1].intent || r->o.state.slot[ACR_SLOT_2].intent;
}

/* An intent whose request must have died before the token was read, which did not show it: it
 * never acted. */
static void drop_dead_intents(struct rotation *r)
{
	for (int i = 0; i < ACR_SLOT__COUNT; i++) {
		struct slot_memory *m = &r->o.state.slot[i];
		if (!m->intent || r->o.read_at < state_intent_dies(m))
			continue;
		state_end_intent(m);
		r->o.dirty = true;
	}
}

/* Nothing is to be done: what was learned is kept. */
static enum progress keep(struct rotation *r, int64_t now)
{
	if (r->o.asked == TOKEN_READ)
		drop_dead_intents(r);
	r->out.warn_foreign = r->plan.foreign_ahead && now - r->o.state.last_warned >= 86400;
	if (r->out.warn_foreign && !is_dry(r)) {
		r->o.state.last_warned = now;
		r->o.dirty = true;
	}
	return rotation_go_to(r, is_dry(r) ? STEP_END : STEP_FINISH);
}

static enum progress wait_or_fail(struct rotation *r, int64_t now, struct err *e)
{
	int64_t mono = env_mono_ms(r->w->env), left = (r->plan.when - now) * 1000 + 100;

	/* A request that may still act is waited for like replication, and looked for now and
	 * then: it may have acted. */
	if (r->plan.why == WHY_INTENT && !is_dry(r)) {
		if (r->ask.intent_until == 0)
			r->ask.intent_until =
				mono + r->job->policy.verify_timeout * 1000 + LOOK_EVERY_MS;
		if (mono + left <= r->ask.intent_until)
			return rotation_wait_then(r, left < LOOK_EVERY_MS ? left : LOOK_EVERY_MS,
			                          STEP_READ);
	}
	/* So is a registry that refuses what is deployed, as long as a sink shows that. */
	if (r->plan.why == WHY_REFUSED && !is_dry(r) && rotation_ask_about(r, r->plan.slot))
		return rotation_wait_then(r, left < LOOK_EVERY_MS ? left : LOOK_EVERY_MS,
		                          STEP_VERIFY);
	rotation_refuse(r, e);
	return FAILED;
}

static bool has_untested_password(const struct rotation *r)
{
	for (size_t i = 0; i < r->o.n_seen; i++)
		if (r->o.views[i].readable && r->o.views[i].other && !r->o.views[i].rejected)
			return true;
	return false;
}

static bool wants_others(const struct rotation *r)
{
	return !r->ask.others_tried && !is_dry(r) && r->job->policy.verify_wait == 0 &&
	       has_untested_password(r);
}

/* What an answer lacks may live, and be newer than what a heal would put in its place. */
static bool wants_lacking(const struct rotation *r)
{
	return !is_dry(r) && r->job->policy.verify_wait == 0 && rotation_can_try_lacking(r);
}

/* Somebody wants to know, now, whether what is deployed works. */
static bool wants_login(const struct rotation *r)
{
	return r->plan.active && !r->ask.login_tried && r->job->policy.verify_wait == 0;
}

/* Would the rule decide otherwise if no time had passed: is the slot free because of its grace, or
 * of its expiry? */
static bool rests_on_time(const struct rotation *r)
{
	struct plan_input in = observe_input(&r->o, rotation_now(r), false);

	in.force = (r->flags & ROTATE_FORCE) != 0;
	in.grace = in.margin = in.now;
	struct plan p = plan_decide(&in);
	return p.action != PLAN_ROTATE || p.slot != r->plan.slot;
}

/* what two clocks are measured by where grace ends with the expiry alone */
#define EXPIRY_PATIENCE_S 86400

static bool clocks_agree(const struct rotation *r, struct err *e)
{
	const struct policy *p = &r->job->policy;
	int64_t off = arm_clock_offset(r->arm), away = off < 0 ? -off : off;
	char how_far[STR_DURATION_MAX];

	if (!arm_clock_known(r->arm))
		return err_set(
			e, ERR_LOCAL,
			"Azure's answers do not say what time it is: no password is generated "
			"in place of one that was delivered");
	if (arm_clock_serves(r->arm, p->grace_expiry ? EXPIRY_PATIENCE_S : p->grace))
		return true;
	str_from_duration(away, 2, how_far);
	return err_set(
		e, ERR_LOCAL,
		"the local clock is %s %s Azure's, more than a quarter of grace: no password "
		"is generated in place of one that was delivered; set it first",
		how_far, off < 0 ? "ahead of" : "behind");
}

static enum progress act(struct rotation *r, int64_t now, struct err *e)
{
	const struct policy *policy = &r->job->policy;

	if ((r->flags & ROTATE_ASK) != 0) {
		bool login = wants_login(r);
		r->ask.login_tried = true;
		return rotation_go_to(r, login ? STEP_VERIFY : STEP_END);
	}
	/* Nothing is kept of a token that is missing, so keep() is not reached. */
	if (r->o.asked == TOKEN_MISSING)
		drop_dead_intents(r);
	switch (r->plan.action) {
	case PLAN_KEEP:
		return keep(r, now);
	case PLAN_VERIFY:
		return rotation_go_to(r, is_dry(r) ? STEP_END : STEP_VERIFY);
	case PLAN_HEAL:
		if (wants_lacking(r))
			return rotation_go_to(r, STEP_TRY_LACKING);
		return rotation_go_to(r, r->ask.verified || policy->verify_wait != 0 || is_dry(r)
		                                 ? STEP_CHECK
		                                 : STEP_VERIFY);
	case PLAN_ROTATE:
		if (rests_on_time(r) && !clocks_agree(r, e))
			return FAILED;
		return rotation_go_to(r, STEP_CHECK);
	case PLAN_CREATE:
		return rotation_go_to(r, STEP_CHECK);
	case PLAN_WAIT:
		/* Grace counts only as long as something that is deployed may work. */
		if (r->plan.why == WHY_GRACE && !r->plan.active && wants_others(r))
			return rotation_go_to(r, STEP_TRY_OTHERS);
		return wait_or_fail(r, now, e);
	case PLAN_REFUSE:
	case PLAN_FOLLOW:
		break;
	}
	if (r->plan.why == WHY_FOREIGN && policy->exclusive && wants_others(r))
		return rotation_go_to(r, STEP_TRY_OTHERS);
	rotation_refuse(r, e);
	return FAILED;
}

struct plan rotation_decide(const struct rotation *r)
{
	if (r->o.followed != NULL) {
		struct follow_input f = rotation_follow_input(r);
		return observe_follow_plan(&r->o, &f);
	}
	bool force = (r->flags & ROTATE_FORCE) != 0 && !r->done.rotated;
	struct plan_input in = observe_input(&r->o, rotation_now(r), force);

	in.healed = r->done.healed;
	return observe_plan(&r->o, &in);
}

enum progress step_decide(struct rotation *r, struct http *h, struct err *e)
{
	int64_t now = rotation_now(r);
	bool revoke = (r->flags & ROTATE_REVOKE) != 0 && !r->revoke.marked;

	(void)h;
	if (revoke && r->o.asked == TOKEN_READ && !revoke_mark(r, e))
		return FAILED;
	rotation_drop_fence(r);
	r->plan = rotation_decide(r);
	r->out.why = r->plan.why;
	if (!r->out.changed)
		r->out.did = r->plan.action;
	rotation_fill_outcome(r);
	if (r->o.followed != NULL)
		return rotation_follow(r, e);
	bool revoking = revoke_pending(&r->o);
	r->out.revoked = r->revoke.under_way && !revoking;
	r->revoke.under_way = r->revoke.under_way || revoking;
	/* One rotation a run, and one heal: what is overwritten again at once is left to the
	 * next run. */
	if (!revoking && (r->done.rotated || (r->done.healed && r->plan.action == PLAN_HEAL)))
		return keep(r, now);
	bool local = r->plan.action == PLAN_KEEP || r->plan.action == PLAN_VERIFY ||
	             r->plan.why == WHY_NO_SINK;
	bool wanted = revoke || revoking || (r->flags & ROTATE_ASK) != 0 || is_standing_intent(r) ||
	              observe_wants_service(&r->o, now);
	if (r->o.asked == TOKEN_NOT_ASKED && (!local || wanted))
		return rotation_go_to(r, STEP_READ);
	return act(r, now, e);
}
