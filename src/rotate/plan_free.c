/* SPDX-License-Identifier: MIT */
/* May a slot be generated without cutting anyone off? */
#include "plan_rule.h"

/* The service's clock and those of the registry's replicas differ a little: only past the margin
 * is an expired password surely dead. */
bool plan_is_gone(const struct plan_input *in, const struct slot_view *v)
{
	return (!v->present && !v->lacking) ||
	       (v->expires != 0 && v->expires <= in->now - in->margin);
}

/* A password of ours of which nobody has proven that it is dead. */
bool plan_may_work(const struct plan_input *in, const struct slot_view *v)
{
	return v->present && v->ours && !v->dead && (v->expires == 0 || v->expires > in->now);
}

/* A password of ours that consumers can pull with now. */
bool plan_is_living(const struct plan_input *in, const struct slot_view *v)
{
	return plan_may_work(in, v) && !v->refused;
}

bool plan_is_held(const struct plan_input *in, enum acr_slot slot)
{
	/*@ loop invariant 0 <= i <= in->n_sinks;
	  @ loop invariant \forall integer j; 0 <= j < i ==> !Holds(in, j, slot);
	  @ loop assigns i;
	  @ loop variant in->n_sinks - i; */
	for (size_t i = 0; i < in->n_sinks; i++)
		if (in->sinks[i].holds == slot)
			return true;
	return false;
}

/* By a sink that was not read, as far as is remembered. */
bool plan_is_held_unseen(const struct plan_input *in, enum acr_slot slot)
{
	/*@ loop invariant 0 <= i <= in->n_sinks;
	  @ loop invariant \forall integer j; 0 <= j < i ==>
	  @   !(Holds(in, j, slot) && in->sinks[j].readable == 0);
	  @ loop assigns i;
	  @ loop variant in->n_sinks - i; */
	for (size_t i = 0; i < in->n_sinks; i++)
		if (in->sinks[i].holds == slot && !in->sinks[i].readable) {
			/*@ assert Holds(in, i, slot); */
			return true;
		}
	return false;
}

/* Is there a sink of which nobody knows what it holds, should the record be out of date? */
bool plan_is_blind(const struct plan_input *in)
{
	/*@ loop invariant 0 <= i <= in->n_sinks;
	  @ loop invariant \forall integer j; 0 <= j < i ==> !Unread(in, j);
	  @ loop assigns i;
	  @ loop variant in->n_sinks - i; */
	for (size_t i = 0; i < in->n_sinks; i++)
		if (in->sinks[i].unread) {
			/*@ assert Unread(in, i); */
			return true;
		}
	return false;
}

/* The record says that it was never delivered, and a sink that cannot be read may know better. */
bool plan_is_doubtful(const struct plan_input *in, enum acr_slot slot)
{
	return !in->slot[slot].delivered && plan_is_blind(in);
}

/* By a sink that could be read: only then is it known, and can be copied from. */
bool plan_is_deployed(const struct plan_input *in, enum acr_slot slot)
{
	/*@ loop invariant 0 <= i <= in->n_sinks;
	  @ loop invariant \forall integer j; 0 <= j < i ==> !Shown(in, j, slot);
	  @ loop assigns i;
	  @ loop variant in->n_sinks - i; */
	for (size_t i = 0; i < in->n_sinks; i++)
		if (in->sinks[i].readable && in->sinks[i].holds == slot) {
			/*@ assert Shown(in, i, slot); */
			return plan_is_living(in, &in->slot[slot]);
		}
	return false;
}

/* Does any sink hold a password that may work? One that is none of ours may, until the registry
 * has refused it. */
bool plan_anything_works(const struct plan_input *in)
{
	/*@ loop invariant 0 <= i <= in->n_sinks;
	  @ loop invariant \forall integer j; 0 <= j < i ==> !Unknown(in, j);
	  @ loop assigns i;
	  @ loop variant in->n_sinks - i; */
	for (size_t i = 0; i < in->n_sinks; i++)
		if (in->sinks[i].other && !in->sinks[i].rejected) {
			/*@ assert Unknown(in, i); */
			return true;
		}
	return (plan_is_held(in, ACR_SLOT_1) && plan_may_work(in, &in->slot[ACR_SLOT_1])) ||
	       (plan_is_held(in, ACR_SLOT_2) && plan_may_work(in, &in->slot[ACR_SLOT_2]));
}

/* Has a sink that was removed from the job readers of whom nobody knows what they hold? */
/*@ requires Valid(in);
  @ assigns \nothing;
  @ ensures \result == 0 ==> !(\exists integer i; HeldForeign(in, i)); */
static bool any_held_foreign(const struct plan_input *in)
{
	/*@ loop invariant 0 <= i <= in->n_sinks;
	  @ loop invariant \forall integer j; 0 <= j < i ==> !HeldForeign(in, j);
	  @ loop assigns i;
	  @ loop variant in->n_sinks - i; */
	for (size_t i = 0; i < in->n_sinks; i++)
		if (in->sinks[i].held_foreign)
			return true;
	return false;
}

/* When sinks show what is dead and nothing that may work, grace protects nobody: whoever reads one
 * again is cut off already. Of empty ones that is not known. */
bool plan_is_outage(const struct plan_input *in)
{
	if (in->until_expiry)
		return false;
	if (plan_anything_works(in) || plan_is_blind(in) || any_held_foreign(in))
		return false;
	/*@ loop invariant 0 <= i <= in->n_sinks;
	  @ loop assigns i;
	  @ loop variant in->n_sinks - i; */
	for (size_t i = 0; i < in->n_sinks; i++) {
		const struct sink_view *v = &in->sinks[i];
		if (v->readable &&
		    ((v->other && v->rejected) ||
		     (v->holds == ACR_SLOT_1 && !plan_may_work(in, &in->slot[ACR_SLOT_1])) ||
		     (v->holds == ACR_SLOT_2 && !plan_may_work(in, &in->slot[ACR_SLOT_2])))) {
			/*@ assert Dead(in, i); */
			return true;
		}
	}
	return false;
}

/* Nobody but this job uses the token, and none of its sinks has anything to lose. */
bool plan_is_excepted(const struct plan_input *in)
{
	return in->exclusive && !plan_anything_works(in) && !plan_is_blind(in);
}

bool plan_is_missed(const struct plan_input *in, enum acr_slot slot)
{
	const struct slot_view *v = &in->slot[slot];

	if (v->permitted)
		return true;
	if (plan_is_held_unseen(in, slot) || plan_is_doubtful(in, slot))
		return false;
	return plan_is_held(in, slot) || !v->delivered || plan_grace_is_over(in, v) ||
	       plan_is_outage(in) || plan_is_excepted(in);
}

/* Until when a request of a standing intent may still act; 0: there is none. Waiting for it must
 * not outlast what is deployed. */
int64_t plan_request_dies(const struct plan_input *in, enum acr_slot slot)
{
	const struct slot_view *v = &in->slot[slot], *other = &in->slot[acr_other(slot)];

	if (!v->intent)
		return 0;
	if (!plan_is_held(in, acr_other(slot)) || !plan_is_living(in, other) ||
	    other->expires == 0 || other->expires > v->dead_at || other->expires < v->abandoned)
		return v->dead_at;
	/* From here on what has passed is a quarter of what is left. */
	return v->abandoned + (other->expires - v->abandoned + 4) / 5;
}

bool plan_grace_is_over(const struct plan_input *in, const struct slot_view *v)
{
	if (in->until_expiry)
		return false;
	return !in->hook_owed && v->left != 0 && v->left <= in->now &&
	       in->now - v->left >= in->grace;
}

bool plan_slot_is_free(const struct plan_input *in, enum acr_slot slot)
{
	const struct slot_view *v = &in->slot[slot];

	if (in->now < plan_request_dies(in, slot))
		return false;
	if (plan_is_gone(in, v))
		return true;
	if (v->lacking)
		return plan_is_missed(in, slot);
	if (!v->ours)
		return v->permitted || plan_is_excepted(in);
	if (v->dead)
		return true;
	if (plan_is_held(in, slot) || plan_is_doubtful(in, slot))
		return false;
	return !v->delivered || plan_grace_is_over(in, v) || plan_is_outage(in) ||
	       plan_is_excepted(in);
}
