/* SPDX-License-Identifier: MIT */
/* What a revoke may generate that a rotation would spare. */
#include "plan_rule.h"

/* A slot that the new password may go to though a rotation would still spare it: nobody else's,
 * or one that is to die anyway. */
bool plan_slot_is_revocable(const struct plan_input *in, enum acr_slot slot)
{
	const struct slot_view *v = &in->slot[slot];

	return plan_is_gone(in, v) || v->ours || v->lacking || v->permitted || v->doomed;
}

/* Also a revoke waits for a request that may still act. */
/*@ requires Valid(in) && Slot(slot);
  @ assigns \nothing;
  @ ensures \result.action == PLAN_ROTATE || \result.action == PLAN_WAIT;
  @ ensures \result.slot == slot && (\result.discard != 0 ==> discard != 0) &&
  @   (discard == 0 ==> \result.discard == 0);
  @ ensures \result.active == base.active && \result.source == base.source;
  @ ensures \result.action == PLAN_ROTATE ==> RequestDead(in, slot) &&
  @   \result.discard == discard; */
static struct plan revoke(const struct plan_input *in, struct plan base, enum acr_slot slot,
                          bool discard)
{
	struct plan p = base;

	p.action = PLAN_ROTATE;
	p.why = WHY_REVOKED;
	p.slot = slot;
	p.when = 0;
	p.discard = discard;
	if (in->now < plan_request_dies(in, slot)) {
		p.action = PLAN_WAIT;
		p.why = WHY_INTENT;
		p.when = plan_request_dies(in, slot);
	}
	return p;
}

/*
 * Every generation that is to die is `doomed`. The usual way first gives every sink a new
 * password in the other slot, whoever may hold that one, and then generates the leaked slot once
 * more, for nobody. revoke_now kills first.
 */
struct plan plan_decide_revoke(const struct plan_input *in, struct plan base)
{
	enum acr_slot held = base.active ? in->sinks[base.source].holds : ACR_SLOT_1,
		      other = acr_other(held);
	enum acr_slot doomed = in->slot[ACR_SLOT_1].doomed ? ACR_SLOT_1 : ACR_SLOT_2;
	bool safe = base.active && !in->slot[held].doomed;

	if (base.why == WHY_DISABLED || base.why == WHY_NO_TOKEN)
		return base;
	/* Sinks hold a password that is to live: first those that lag get it, then the rest
	 * dies. */
	if (safe && base.action == PLAN_HEAL && !in->healed && !in->revoke_now)
		return base;
	if (safe || (in->revoke_now && base.why == WHY_NO_SINK))
		return revoke(in, base, doomed, true);
	if (base.why == WHY_NO_SINK)
		return base;
	if (in->revoke_now)
		return revoke(in, base, in->slot[other].doomed ? other : held,
		              in->slot[other].doomed);
	if (!base.active)
		return revoke(in, base, doomed, false);
	if (plan_slot_is_revocable(in, other))
		return revoke(in, base, other, false);
	base.action = PLAN_REFUSE;
	base.why = WHY_FOREIGN;
	base.slot = other;
	return base;
}
