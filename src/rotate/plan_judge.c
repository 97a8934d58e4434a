/* SPDX-License-Identifier: MIT */
/*
 * What follows from what was seen of one sink or one slot, as pure functions beside the decision,
 * proven like that: an answer of the registry, a chain of readings, refusals in a row, an expiry.
 */
#include "plan_rule.h"

/* Is the slot there, as far as Azure's answer goes? */
/*@ requires Valid(in) && Slot(slot);
  @ assigns \nothing;
  @ ensures \result != 0 <==> There(in, slot); */
static bool is_there(const struct plan_input *in, enum acr_slot slot)
{
	const struct slot_view *v = &in->slot[slot];

	return v->present && (v->expires == 0 || v->expires > in->now - in->margin);
}

/* The slot that a password which works must be of, when the ledger does not know it: the only one
 * that is there, unless its password is known to be another. */
/*@ requires Valid(in);
  @ assigns \nothing;
  @ ensures \result == ACR_NO_SLOT || Slot(\result);
  @ ensures Slot(\result) ==> Explains(in, \result); */
static enum acr_slot explained_by(const struct plan_input *in)
{
	bool one = is_there(in, ACR_SLOT_1), two = is_there(in, ACR_SLOT_2);
	enum acr_slot only = one ? ACR_SLOT_1 : ACR_SLOT_2;

	return one == two || (in->slot[only].ours && !in->slot[only].lost) ? ACR_NO_SLOT : only;
}

/* One that works must be the other slot's, whatever the record and Azure's answer say. */
/*@ requires Valid(in) && Slot(target) && (of == ACR_NO_SLOT || Slot(of));
  @ assigns \nothing;
  @ ensures \result.as == TRIED_OTHER ==> \result.slot == 1 - target;
  @ ensures \result.as == TRIED_OTHER && Slot(of) ==> of == 1 - target &&
  @   in->slot[of].present != 0 && in->slot[of].refused == 0;
  @ ensures \result.as == TRIED_OTHER && of == ACR_NO_SLOT ==> Explains(in, 1 - target);
  @ ensures of == target ==> \result.as == TRIED_ALIVE;
  @ ensures \result.as == TRIED_ALIVE ==> \result.slot == of && Slot(of);
  @ ensures \result.as == TRIED_LEARNT ==> of == ACR_NO_SLOT && Slot(\result.slot) &&
  @   Explains(in, \result.slot) && in->slot[\result.slot].lost != 0; */
struct plan_tried plan_judge_accepted(const struct plan_input *in, enum acr_slot target,
                                      enum acr_slot of)
{
	if (of != ACR_NO_SLOT) {
		bool other = of != target && in->slot[of].present && !in->slot[of].refused;
		return (struct plan_tried){ other ? TRIED_OTHER : TRIED_ALIVE, of };
	}
	enum acr_slot from = explained_by(in);
	if (from == ACR_NO_SLOT)
		return (struct plan_tried){ TRIED_UNEXPLAINED, ACR_NO_SLOT };
	if (in->slot[from].ours)
		return (struct plan_tried){ TRIED_LEARNT, from };
	return (struct plan_tried){ from == target ? TRIED_UNEXPLAINED : TRIED_OTHER, from };
}

/*@ assigns \nothing;
  @ ensures \result != 0 ==> slot != shown && slot != given;
  @ ensures \result != 0 && shows_all == 0 ==> kept != 0 && before == slot; */
bool plan_lets_go(bool shows_all, enum acr_slot shown, enum acr_slot before, enum acr_slot given,
                  bool kept, enum acr_slot slot)
{
	if (slot == shown || slot == given)
		return false;
	return shows_all || (kept && before == slot);
}

/*@ requires Time(now) && Time(timeout) && Time(doubt);
  @ assigns \nothing;
  @ ensures \result == DEATH_CERTAIN ==>
  @   0 < since <= now && now - since >= timeout && now - since >= doubt;
  @ ensures \result == DEATH_DOUBTED ==> 0 < since <= now && now - since >= doubt; */
enum plan_death plan_judge_refusals(int64_t since, int64_t now, int64_t timeout, int64_t doubt)
{
	if (since <= 0 || since > now || now - since < doubt)
		return DEATH_NOT_YET;
	return now - since < timeout ? DEATH_DOUBTED : DEATH_CERTAIN;
}

/*@ requires Valid(in) && \valid_read(v);
  @ assigns \nothing;
  @ ensures \result != 0 <==> MayLive(in, v); */
static bool may_live(const struct plan_input *in, const struct slot_view *v)
{
	return plan_is_living(in, v) ||
	       (v->lacking && !v->refused && (v->expires == 0 || v->expires > in->now));
}

/*@ requires Valid(in) && (held == ACR_NO_SLOT || Slot(held));
  @ assigns \nothing;
  @ ensures \result == 0 && Slot(held) && held != given && MayLive(in, &in->slot[held]) &&
  @   in->slot[held].doomed == 0 ==>
  @   expires == 0 || (in->slot[held].expires != 0 && expires >= in->slot[held].expires);
  @ ensures \result != 0 ==> Slot(held) && held != given && MayLive(in, &in->slot[held]); */
bool plan_ends_before(const struct plan_input *in, enum acr_slot held, enum acr_slot given,
                      int64_t expires)
{
	if (held == ACR_NO_SLOT || held == given)
		return false;
	const struct slot_view *v = &in->slot[held];
	return may_live(in, v) && !v->doomed && expires != 0 &&
	       (v->expires == 0 || expires < v->expires);
}
