/* SPDX-License-Identifier: MIT */
/* May a slot be generated without cutting anyone off? */
#include "plan_rule.h"

/* The service's clock and those of the registry's replicas differ a little: only past the margin
 * is an expired password surely dead. */
bool plan_is_gone(const struct plan_input *in, const struct slot_view *v)
{
	return !v->present || (v->expires != 0 && v->expires <= in->now - in->margin);
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

/* When sinks show what is dead and nothing that may work, grace protects nobody: whoever reads one
 * again is cut off already. Of empty ones that is not known. */
bool plan_is_outage(const struct plan_input *in)
{
	if (plan_anything_works(in))
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
	if (!v->ours)
		return v->permitted || (in->exclusive && !plan_anything_works(in));
	if (v->dead)
		return true;
	if (plan_is_held(in, slot))
		return false;
	return !v->delivered || plan_grace_is_over(in, v) || plan_is_outage(in) ||
	       (in->exclusive && !plan_anything_works(in));
}
