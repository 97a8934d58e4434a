/* SPDX-License-Identifier: MIT */
#include "rotate/plan.h"

#include "plan_rule.h"

/* Why a slot that is not free is not, and from when on it may be. A slot of ours frees itself at
 * the latest when it expires. */
/*@ requires Valid(in) && Slot(slot);
  @ assigns \nothing;
  @ ensures \result.slot == slot && \result.active == 0 && \result.discard == 0;
  @ ensures \result.action == PLAN_WAIT || \result.action == PLAN_REFUSE;
  @ ensures \result.why != WHY_DISABLED && \result.why != WHY_NO_TOKEN &&
  @   \result.why != WHY_NO_SINK;
  @ ensures \result.action == PLAN_REFUSE ==> in->slot[slot].ours == 0 &&
  @   in->slot[slot].lacking == 0; */
static struct plan blocked(const struct plan_input *in, enum acr_slot slot)
{
	const struct slot_view *v = &in->slot[slot];
	struct plan p = { .action = PLAN_WAIT, .why = WHY_GRACE, .slot = slot };

	if (in->now < plan_request_dies(in, slot)) {
		p.why = WHY_INTENT;
		p.when = plan_request_dies(in, slot);
		return p;
	}
	if (!v->ours && !v->lacking) {
		p.action = PLAN_REFUSE;
		p.why = WHY_FOREIGN;
		return p;
	}
	if (v->expires != 0)
		p.when = v->expires + in->margin;
	if (v->lacking) {
		p.when = v->believed_at;
		if (plan_is_held_unseen(in, slot) || plan_is_doubtful(in, slot))
			p.why = WHY_SINK_UNREADABLE;
	} else if (plan_is_held(in, slot) && v->refused) {
		p.why = WHY_REFUSED;
		p.when = v->doubted_until;
	} else if (plan_is_held(in, slot) || plan_is_doubtful(in, slot)) {
		p.why = WHY_SINK_UNREADABLE;
	} else if (in->hook_owed) {
		p.why = WHY_HOOK_OWED;
	} else if (v->left == 0 || v->left > in->now) {
		p.why = WHY_SINK_UNREADABLE; /* no run could see all sinks without it */
	} else if (!in->until_expiry && (p.when == 0 || v->left + in->grace < p.when)) {
		p.when = v->left + in->grace;
	}
	return p;
}

/*@ requires Valid(in) && Slot(slot);
  @ assigns \nothing;
  @ ensures \result.slot == slot && \result.active == 0 && \result.discard == 0;
  @ ensures \result.action == PLAN_WAIT || \result.action == PLAN_ROTATE;
  @ ensures \result.action == PLAN_ROTATE ==> \result.why == why;
  @ ensures \result.action == PLAN_WAIT ==> \result.why == WHY_BACKOFF;
  @ ensures \result.action == PLAN_ROTATE ==> in->next_generate <= in->now || in->force != 0; */
static struct plan rotate(const struct plan_input *in, enum acr_slot slot, enum plan_reason why)
{
	if (in->next_generate > in->now && !in->force)
		return (struct plan){ .action = PLAN_WAIT,
			              .why = WHY_BACKOFF,
			              .slot = slot,
			              .when = in->next_generate };
	return (struct plan){ .action = PLAN_ROTATE, .why = why, .slot = slot };
}

/* Which of two free slots to generate when nothing is deployed: the one that surely hurts nobody
 * first. A standing intent comes before all, and what it becomes once the token shows that the
 * request acted: after a lost reply the same slot is generated again, never the other. */
/*@ requires Valid(in) && Slot(slot);
  @ assigns \nothing; */
static int preference(const struct plan_input *in, enum acr_slot slot)
{
	const struct slot_view *v = &in->slot[slot];

	if (v->intent || (v->lost && !plan_is_gone(in, v)))
		return 7;
	if (!v->present)
		return 6;
	if (plan_is_gone(in, v))
		return 5;
	if (v->ours && !v->delivered)
		return 4;
	if (v->ours && !v->dead && plan_grace_is_over(in, v))
		return 3;
	if (v->ours && !v->dead)
		return 2;
	return v->dead ? 0 : 1;
}

/* Of two that were left by the sinks, the one that was left first. */
/*@ requires Valid(in);
  @ assigns \nothing;
  @ ensures Slot(\result); */
static enum acr_slot preferred(const struct plan_input *in)
{
	int one = preference(in, ACR_SLOT_1), two = preference(in, ACR_SLOT_2);
	int64_t left1 = in->slot[ACR_SLOT_1].left, left2 = in->slot[ACR_SLOT_2].left;

	if (one != two)
		return two > one ? ACR_SLOT_2 : ACR_SLOT_1;
	return left2 != 0 && (left1 == 0 || left2 < left1) ? ACR_SLOT_2 : ACR_SLOT_1;
}

/*@ requires Valid(in);
  @ assigns \nothing;
  @ ensures Slot(\result.slot) && \result.active == 0 && \result.discard == 0;
  @ ensures \result.action == PLAN_ROTATE || \result.action == PLAN_WAIT ||
  @   \result.action == PLAN_REFUSE;
  @ ensures \result.action == PLAN_ROTATE ==> \result.why == WHY_FIRST;
  @ ensures \result.why != WHY_DISABLED && \result.why != WHY_NO_TOKEN &&
  @   \result.why != WHY_NO_SINK;
  @ ensures \result.action == PLAN_ROTATE ==> Free(in, \result.slot) &&
  @   RequestDead(in, \result.slot);
  @ ensures \result.action == PLAN_REFUSE ==> in->slot[\result.slot].ours == 0 &&
  @   in->slot[\result.slot].lacking == 0; */
static struct plan decide_first(const struct plan_input *in)
{
	bool free1 = plan_slot_is_free(in, ACR_SLOT_1), free2 = plan_slot_is_free(in, ACR_SLOT_2);

	if (free1 && free2)
		return rotate(in, preferred(in), WHY_FIRST);
	if (free1 || free2)
		return rotate(in, free1 ? ACR_SLOT_1 : ACR_SLOT_2, WHY_FIRST);
	/* Waiting for one of ours is better than asking a person, and the sooner one first. */
	struct plan a = blocked(in, ACR_SLOT_1), b = blocked(in, ACR_SLOT_2);
	if (a.action == PLAN_REFUSE ||
	    (b.action == PLAN_WAIT && b.when != 0 && (a.when == 0 || b.when < a.when)))
		return b;
	return a;
}

/* The spare slot is foreign, and will still be there when this job is due. */
/*@ requires \valid_read(spare);
  @ assigns \nothing; */
static bool foreign_ahead(const struct slot_view *spare, int64_t due)
{
	return spare->present && !spare->ours && !spare->permitted &&
	       (spare->expires == 0 || spare->expires > due);
}

/* A sink never gets a password that ends before the one it holds. */
/*@ requires Valid(in) && \valid_read(v) && TimesOf(v);
  @ assigns \nothing;
  @ ensures \result != 0 <==> Outlives(in, v); */
static bool outlives(const struct plan_input *in, const struct slot_view *v)
{
	return v->expires == 0 || in->now + in->lifetime >= v->expires;
}

/* The spare slot is due, or was asked for. */
/*@ requires Valid(in) && Slot(active);
  @ assigns \nothing;
  @ ensures \result.action == PLAN_ROTATE ==> \result.why == why;
  @ ensures \result.slot == 1 - active && \result.active == 0 && \result.discard == 0;
  @ ensures \result.action == PLAN_ROTATE || \result.action == PLAN_WAIT ||
  @   \result.action == PLAN_REFUSE;
  @ ensures \result.action == PLAN_ROTATE ==>
  @   Free(in, \result.slot) && RequestDead(in, \result.slot) && Outlives(in, &in->slot[active]);
  @ ensures \result.action == PLAN_REFUSE ==> in->slot[\result.slot].ours == 0 &&
  @   in->slot[\result.slot].lacking == 0; */
static struct plan make_way(const struct plan_input *in, enum acr_slot active, enum plan_reason why)
{
	enum acr_slot spare = acr_other(active);
	const struct slot_view *v = &in->slot[active];

	if (!plan_slot_is_free(in, spare))
		return blocked(in, spare);
	if (!outlives(in, v))
		return (struct plan){ .action = PLAN_WAIT,
			              .why = WHY_SHORTER,
			              .slot = spare,
			              .when = v->expires - in->lifetime };
	return rotate(in, spare, why);
}

/*@ requires Valid(in) && Slot(active) && Deployed(in, active);
  @ assigns \nothing;
  @ ensures Slot(\result.slot) && \result.active != 0 && \result.discard == 0 &&
  @   Shown(in, \result.source, active);
  @ ensures \result.action == PLAN_ROTATE ==>
  @   \result.slot == 1 - active && Free(in, \result.slot) &&
  @     RequestDead(in, \result.slot) && Outlives(in, &in->slot[active]);
  @ ensures \result.action != PLAN_CREATE;
  @ ensures \result.action == PLAN_ROTATE ==> \result.why == WHY_DUE || \result.why == WHY_FORCED;
  @ ensures \result.action == PLAN_REFUSE ==> \result.slot == 1 - active &&
  @   in->slot[\result.slot].ours == 0 && in->slot[\result.slot].lacking == 0;
  @ ensures \result.action == PLAN_HEAL || \result.action == PLAN_VERIFY ||
  @   \result.action == PLAN_KEEP ==>
  @   \result.slot == active && (in->slot[active].expires != 0 ==>
  @     \result.when <= in->slot[active].expires);
  @ ensures \result.action == PLAN_KEEP ==> in->now < \result.when; */
static struct plan decide_active(const struct plan_input *in, enum acr_slot active)
{
	enum acr_slot spare = acr_other(active);
	const struct slot_view *v = &in->slot[active];
	int64_t due = v->expires == 0 ? INT64_MAX : v->expires - in->renew_before - in->offset;
	struct plan p = { .action = PLAN_KEEP, .why = WHY_NOT_DUE, .slot = active, .when = due };
	size_t source = 0;
	bool lagging = false;

	/*@ loop invariant 0 <= source < in->n_sinks;
	  @ loop invariant \exists integer i; source <= i && Shown(in, i, active);
	  @ loop assigns source;
	  @ loop variant in->n_sinks - source; */
	while (!in->sinks[source].readable || in->sinks[source].holds != active)
		source++;
	/*@ loop invariant 0 <= i <= in->n_sinks;
	  @ loop assigns i, lagging;
	  @ loop variant in->n_sinks - i; */
	for (size_t i = 0; i < in->n_sinks; i++)
		lagging = lagging || (in->sinks[i].readable && in->sinks[i].holds != active);
	if (lagging) {
		p.action = PLAN_HEAL;
		p.why = WHY_LAGGING;
	} else if (in->now >= due || in->force) {
		p = make_way(in, active, in->now >= due ? WHY_DUE : WHY_FORCED);
	} else if (in->verify_due) {
		p.action = PLAN_VERIFY;
		p.why = WHY_VERIFY;
	}
	p.active = true;
	p.source = source;
	p.foreign_ahead = foreign_ahead(&in->slot[spare], due);
	return p;
}

/* Of two that are deployed: never the one that is to die, else the one that lives longer. */
/*@ requires Valid(in);
  @ assigns \nothing;
  @ ensures Slot(\result);
  @ ensures in->slot[ACR_SLOT_1].doomed == 0 || in->slot[ACR_SLOT_2].doomed == 0 ==>
  @   in->slot[\result].doomed == 0;
  @ ensures in->slot[0].doomed == in->slot[1].doomed ==>
  @   Longest(&in->slot[\result], &in->slot[1 - \result]); */
static enum acr_slot longest(const struct plan_input *in)
{
	const struct slot_view *one = &in->slot[ACR_SLOT_1], *two = &in->slot[ACR_SLOT_2];

	if (one->doomed != two->doomed)
		return one->doomed ? ACR_SLOT_2 : ACR_SLOT_1;
	if (one->expires == two->expires)
		return two->created > one->created ? ACR_SLOT_2 : ACR_SLOT_1;
	return one->expires != 0 && (two->expires == 0 || two->expires > one->expires) ? ACR_SLOT_2
	                                                                               : ACR_SLOT_1;
}

/* A PUT empties both slots of a token that exists after all, and a request for a slot that comes
 * behind it meets what is generated then. */
/*@ requires Valid(in);
  @ assigns \nothing;
  @ ensures \result.discard == 0 && \result.active == 0;
  @ ensures \result.action == PLAN_CREATE || \result.action == PLAN_WAIT ||
  @   \result.action == PLAN_REFUSE;
  @ ensures \result.action == PLAN_REFUSE ==> \result.why == WHY_NO_TOKEN;
  @ ensures \result.action == PLAN_CREATE ==> in->create != 0 && in->known == 0 &&
  @   RequestDead(in, ACR_SLOT_1) && RequestDead(in, ACR_SLOT_2); */
static struct plan decide_missing(const struct plan_input *in)
{
	int64_t one = plan_request_dies(in, ACR_SLOT_1), two = plan_request_dies(in, ACR_SLOT_2);
	struct plan p = { .action = PLAN_WAIT,
		          .why = WHY_INTENT,
		          .slot = two > one ? ACR_SLOT_2 : ACR_SLOT_1,
		          .when = two > one ? two : one };

	if (!in->create || in->known)
		return (struct plan){ .action = PLAN_REFUSE, .why = WHY_NO_TOKEN };
	if (in->now >= p.when)
		return (struct plan){ .action = PLAN_CREATE, .why = WHY_NO_TOKEN };
	return p;
}

/*@ requires Valid(in);
  @ assigns \nothing;
  @ ensures \result.discard == 0;
  @ ensures Rightful(in, \result);
  @ ensures Grounded(in, \result);
  @ ensures Reasoned(in, \result); */
static struct plan decide_rotation(const struct plan_input *in)
{
	bool one = plan_is_deployed(in, ACR_SLOT_1), two = plan_is_deployed(in, ACR_SLOT_2),
	     readable = false;

	/*@ loop invariant 0 <= i <= in->n_sinks;
	  @ loop assigns i, readable;
	  @ loop variant in->n_sinks - i; */
	for (size_t i = 0; i < in->n_sinks; i++)
		readable = readable || in->sinks[i].readable;
	if (in->asked == TOKEN_MISSING)
		return decide_missing(in);
	if (!readable)
		return (struct plan){ .action = PLAN_REFUSE, .why = WHY_NO_SINK };
	if (in->asked == TOKEN_READ && !in->enabled)
		return (struct plan){ .action = PLAN_REFUSE, .why = WHY_DISABLED };
	if (one && two)
		return decide_active(in, longest(in));
	if (one || two)
		return decide_active(in, one ? ACR_SLOT_1 : ACR_SLOT_2);
	return decide_first(in);
}

/* A rotation obeys all of the rule; a revoke may take what is to die, and what nobody else
 * generated. */
/*@ requires Valid(in);
  @ assigns \nothing;
  @ ensures Grounded(in, \result);
  @ ensures !Revoking(in) ==> Rightful(in, \result) && \result.discard == 0;
  @ ensures \result.action == PLAN_ROTATE ==> Slot(\result.slot) && RequestDead(in, \result.slot);
  @ ensures \result.action == PLAN_ROTATE && Revoking(in) ==> Revocable(in, \result.slot);
  @ ensures \result.action == PLAN_ROTATE && Revoking(in) && in->revoke_now == 0 &&
  @   Deployed(in, \result.slot) ==>
  @   in->slot[\result.slot].doomed != 0 && \result.active != 0; */
struct plan plan_decide(const struct plan_input *in)
{
	struct plan p = decide_rotation(in);

	if ((!in->slot[ACR_SLOT_1].doomed && !in->slot[ACR_SLOT_2].doomed) ||
	    in->asked != TOKEN_READ)
		return p;
	return plan_decide_revoke(in, p);
}

const char *plan_action_name(enum plan_action a)
{
	static const char *const names[] = {
		[PLAN_KEEP] = "keep",     [PLAN_VERIFY] = "verify", [PLAN_ROTATE] = "rotate",
		[PLAN_HEAL] = "heal",     [PLAN_CREATE] = "create", [PLAN_WAIT] = "wait",
		[PLAN_REFUSE] = "refuse", [PLAN_FOLLOW] = "follow",
	};

	return names[a];
}
