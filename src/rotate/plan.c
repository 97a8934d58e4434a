/* SPDX-License-Identifier: MIT */
/*
 * The comments that begin with an at sign are contracts in ACSL. `make proof` has them proven
 * for all inputs, together with the absence of overflow, invalid access and endless loops:
 * tests/proof.
 */
#include "rotate/plan.h"

/*@
  // What an input may be: times of this side of the year 36,000,000,000, and sinks that are there.
  logic integer Far = 1152921504606846976;
  predicate Time(integer t) = 0 <= t <= Far;
  predicate Slot(integer s) = s == ACR_SLOT_1 || s == ACR_SLOT_2;
  predicate TimesOf(struct slot_view *v) = Time(v->expires) && Time(v->left) &&
    Time(v->abandoned) && Time(v->dead_at);
  predicate Valid(struct plan_input *in) =
      \valid_read(in) && (in->n_sinks > 0 ==> \valid_read(in->sinks + (0 .. in->n_sinks - 1))) &&
      Time(in->now) && Time(in->lifetime) && Time(in->renew_before) && Time(in->grace) &&
        Time(in->offset) && Time(in->margin) &&
      TimesOf(&in->slot[ACR_SLOT_1]) && TimesOf(&in->slot[ACR_SLOT_2]);

  // The words of the rule.
  predicate Gone(struct plan_input *in, struct slot_view *v) =
      v->present == 0 || (v->expires != 0 && v->expires <= in->now - in->margin);
  predicate MayWork(struct plan_input *in, struct slot_view *v) =
      v->present != 0 && v->ours != 0 && v->dead == 0 && (v->expires == 0 || v->expires > in->now);
  predicate Living(struct plan_input *in, struct slot_view *v) = MayWork(in, v) && v->refused == 0;
  predicate Holds(struct plan_input *in, integer i, integer s) = 0 <= i < in->n_sinks &&
    in->sinks[i].holds == s;
  predicate Held(struct plan_input *in, integer s) = \exists integer i; Holds(in, i, s);
  predicate Shown(struct plan_input *in, integer i, integer s) = Holds(in, i, s) &&
    in->sinks[i].readable != 0;
  predicate Deployed(struct plan_input *in, integer s) = (\exists integer i; Shown(in, i, s)) &&
    Living(in, &in->slot[s]);
  predicate Unknown(struct plan_input *in, integer i) =
      0 <= i < in->n_sinks && in->sinks[i].other != 0 && in->sinks[i].rejected == 0;
  predicate Works(struct plan_input *in) =
      (\exists integer i; Unknown(in, i)) || (Held(in, ACR_SLOT_1) &&
        MayWork(in, &in->slot[ACR_SLOT_1])) ||
      (Held(in, ACR_SLOT_2) && MayWork(in, &in->slot[ACR_SLOT_2]));
  predicate GraceOver(struct plan_input *in, struct slot_view *v) =
      in->hook_owed == 0 && v->left != 0 && v->left <= in->now && in->now - v->left >= in->grace;
  // Whoever reads a sink is cut off already: one shows a password that is dead, and none may work.
  predicate Dead(struct plan_input *in, integer i) =
      0 <= i < in->n_sinks && in->sinks[i].readable != 0 &&
      ((in->sinks[i].other != 0 && in->sinks[i].rejected != 0) ||
       (in->sinks[i].holds == ACR_SLOT_1 && !MayWork(in, &in->slot[ACR_SLOT_1])) ||
       (in->sinks[i].holds == ACR_SLOT_2 && !MayWork(in, &in->slot[ACR_SLOT_2])));
  predicate Outage(struct plan_input *in) = !Works(in) && (\exists integer i; Dead(in, i));
  predicate Excepted(struct plan_input *in) = in->exclusive != 0 && !Works(in);

  // A slot is tainted until no request for it can act any more. Only where the other slot's
  // password would have expired by then is that
  // waited for no longer than a quarter of what it has left.
  predicate EndsBefore(struct plan_input *in, struct slot_view *v, integer t) =
      Living(in, v) && v->expires != 0 && v->expires <= t;
  predicate RequestDead(struct plan_input *in, integer s) =
      in->slot[s].intent == 0 || in->now >= in->slot[s].dead_at ||
      (Held(in, 1 - s) && EndsBefore(in, &in->slot[1 - s], in->slot[s].dead_at) &&
       4 * (in->now - in->slot[s].abandoned) >= in->slot[1 - s].expires - in->now);

  // DESIGN: a slot is generated only if it is free.
  predicate Free(struct plan_input *in, integer s) =
      Gone(in, &in->slot[s]) ||
      (in->slot[s].ours == 0 && (in->slot[s].permitted != 0 || Excepted(in))) ||
      (in->slot[s].ours != 0 &&
       (in->slot[s].dead != 0 ||
        (!Held(in, s) && (in->slot[s].delivered == 0 || GraceOver(in, &in->slot[s]) ||
          Outage(in) || Excepted(in)))));

  predicate Outlives(struct plan_input *in, struct slot_view *v) = v->expires == 0 ||
    in->now + in->lifetime >= v->expires;
  predicate Longest(struct slot_view *a, struct slot_view *b) = a->expires == 0 ||
    (b->expires != 0 && a->expires >= b->expires);

  // What a rotation may generate. Only a free slot, and only when no request may still act on
  // it. In words:
  predicate Rightful(struct plan_input *in, struct plan p) =
      p.action == PLAN_ROTATE ==> Slot(p.slot) && Free(in, p.slot) && RequestDead(in, p.slot) &&
      // never one of ours that a sink holds, until it has expired past the margin or the
      // registry refuses it for good,
      (in->slot[p.slot].ours != 0 && Held(in, p.slot) ==> Gone(in, &in->slot[p.slot]) ||
        in->slot[p.slot].dead != 0) &&
      // never a foreign one without its permission, but by `exclusive` when nothing in a sink
      // works,
      (in->slot[p.slot].ours == 0 && !Gone(in, &in->slot[p.slot]) ==>
        in->slot[p.slot].permitted != 0 || Excepted(in)) &&
      // never a delivered one within grace or while a hook is owed, but when the sinks show
      // what is dead and nothing that
      // may work, or by `exclusive` as before,
      (in->slot[p.slot].ours != 0 && in->slot[p.slot].delivered != 0 &&
        !Gone(in, &in->slot[p.slot]) && in->slot[p.slot].dead == 0 ==>
       GraceOver(in, &in->slot[p.slot]) || Outage(in) || Excepted(in)) &&
      // never for sinks that hold what lives longer.
      (Deployed(in, 1 - p.slot) && p.active != 0 &&
        in->sinks[p.source].holds == 1 - p.slot ==> Outlives(in, &in->slot[1 - p.slot]));

  // What else a decision stands on.
  predicate Grounded(struct plan_input *in, struct plan p) =
      // A heal copies from a sink that was read, what it copies is a living password of ours;
      // so is what is verified or kept.
      (p.action == PLAN_HEAL || p.action == PLAN_VERIFY || p.action == PLAN_KEEP ==>
       Slot(p.slot) && Shown(in, p.source, p.slot) && Living(in, &in->slot[p.slot]) &&
       // The next rotation is never due after the password expires.
       (in->slot[p.slot].expires != 0 ==> p.when <= in->slot[p.slot].expires)) &&
      // A copy never ends before what another sink shows.
      (p.action == PLAN_HEAL && Deployed(in, 1 - p.slot) &&
        in->slot[0].doomed == in->slot[1].doomed ==>
       Longest(&in->slot[p.slot], &in->slot[1 - p.slot])) &&
      (p.action == PLAN_KEEP ==> in->now < p.when) &&
      (p.active != 0 ==> (Shown(in, p.source, ACR_SLOT_1) && Living(in, &in->slot[ACR_SLOT_1])) ||
       (Shown(in, p.source, ACR_SLOT_2) && Living(in, &in->slot[ACR_SLOT_2]))) &&
      // A token is created only when Azure says that it does not exist, the job says so, and it
      // never did.
      (p.action == PLAN_CREATE ==> in->asked == TOKEN_MISSING && in->create != 0 &&
        in->known == 0) &&
      // A person is asked because of a slot only if that is not ours.
      (p.action == PLAN_REFUSE && p.why == WHY_FOREIGN ==> in->slot[p.slot].ours == 0);

  // What a revoke is decided on.
  predicate Reasoned(struct plan_input *in, struct plan p) =
      (p.action == PLAN_ROTATE ==> p.why == WHY_DUE || p.why == WHY_FORCED || p.why == WHY_FIRST) &&
      (p.active == 0 && p.why != WHY_DISABLED && p.why != WHY_NO_TOKEN && p.why != WHY_NO_SINK ==>
       !Deployed(in, ACR_SLOT_1) && !Deployed(in, ACR_SLOT_2)) &&
      (p.active != 0 && in->slot[ACR_SLOT_1].doomed != in->slot[ACR_SLOT_2].doomed &&
        Deployed(in, ACR_SLOT_1) &&
       Deployed(in, ACR_SLOT_2) ==> in->slot[in->sinks[p.source].holds].doomed == 0);

  // What a revoke may generate: what is to die; else what nobody else generated.
  predicate Revocable(struct plan_input *in, integer s) =
      in->slot[s].doomed != 0 || Gone(in, &in->slot[s]) || in->slot[s].ours != 0 ||
        in->slot[s].permitted != 0;
  predicate Revoking(struct plan_input *in) =
      (in->slot[ACR_SLOT_1].doomed != 0 || in->slot[ACR_SLOT_2].doomed != 0) &&
        in->asked == TOKEN_READ;
*/

/* The service's clock and those of the registry's replicas differ a little: only past the margin
 * is an expired password surely dead. */
/*@ requires Valid(in) && \valid_read(v);
  @ assigns \nothing;
  @ ensures \result != 0 <==> Gone(in, v); */
static bool is_gone(const struct plan_input *in, const struct slot_view *v)
{
	return !v->present || (v->expires != 0 && v->expires <= in->now - in->margin);
}

/* A password of ours of which nobody has proven that it is dead. */
/*@ requires Valid(in) && \valid_read(v);
  @ assigns \nothing;
  @ ensures \result != 0 <==> MayWork(in, v); */
static bool may_work(const struct plan_input *in, const struct slot_view *v)
{
	return v->present && v->ours && !v->dead && (v->expires == 0 || v->expires > in->now);
}

/* A password of ours that consumers can pull with now. */
/*@ requires Valid(in) && \valid_read(v);
  @ assigns \nothing;
  @ ensures \result != 0 <==> Living(in, v); */
static bool is_living(const struct plan_input *in, const struct slot_view *v)
{
	return may_work(in, v) && !v->refused;
}

/*@ requires Valid(in) && Slot(slot);
  @ assigns \nothing;
  @ ensures \result != 0 ==> Held(in, slot);
  @ ensures \result == 0 ==> !Held(in, slot); */
static bool is_held(const struct plan_input *in, enum acr_slot slot)
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
/*@ requires Valid(in) && Slot(slot);
  @ assigns \nothing;
  @ ensures \result != 0 ==> Deployed(in, slot);
  @ ensures \result == 0 ==> !Deployed(in, slot); */
static bool is_deployed(const struct plan_input *in, enum acr_slot slot)
{
	/*@ loop invariant 0 <= i <= in->n_sinks;
	  @ loop invariant \forall integer j; 0 <= j < i ==> !Shown(in, j, slot);
	  @ loop assigns i;
	  @ loop variant in->n_sinks - i; */
	for (size_t i = 0; i < in->n_sinks; i++)
		if (in->sinks[i].readable && in->sinks[i].holds == slot) {
			/*@ assert Shown(in, i, slot); */
			return is_living(in, &in->slot[slot]);
		}
	return false;
}

/* Does any sink hold a password that may work? One that is none of ours may, until the registry
 * has refused it. */
/*@ requires Valid(in);
  @ assigns \nothing;
  @ ensures \result != 0 ==> Works(in);
  @ ensures \result == 0 ==> !Works(in); */
static bool anything_works(const struct plan_input *in)
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
	return (is_held(in, ACR_SLOT_1) && may_work(in, &in->slot[ACR_SLOT_1])) ||
	       (is_held(in, ACR_SLOT_2) && may_work(in, &in->slot[ACR_SLOT_2]));
}

/* When sinks show what is dead and nothing that may work, grace protects nobody: whoever reads one
 * again is cut off already. Of empty ones that is not known. */
/*@ requires Valid(in);
  @ assigns \nothing;
  @ ensures \result != 0 ==> Outage(in); */
static bool is_outage(const struct plan_input *in)
{
	if (anything_works(in))
		return false;
	/*@ loop invariant 0 <= i <= in->n_sinks;
	  @ loop assigns i;
	  @ loop variant in->n_sinks - i; */
	for (size_t i = 0; i < in->n_sinks; i++) {
		const struct sink_view *v = &in->sinks[i];
		if (v->readable &&
		    ((v->other && v->rejected) ||
		     (v->holds == ACR_SLOT_1 && !may_work(in, &in->slot[ACR_SLOT_1])) ||
		     (v->holds == ACR_SLOT_2 && !may_work(in, &in->slot[ACR_SLOT_2])))) {
			/*@ assert Dead(in, i); */
			return true;
		}
	}
	return false;
}

/* Until when a request of a standing intent may still act; 0: there is none. Waiting for it must
 * not outlast what is deployed. */
/*@ requires Valid(in) && Slot(slot);
  @ assigns \nothing;
  @ ensures 0 <= \result <= Far;
  @ ensures in->now >= \result ==> RequestDead(in, slot); */
static int64_t request_dies(const struct plan_input *in, enum acr_slot slot)
{
	const struct slot_view *v = &in->slot[slot], *other = &in->slot[acr_other(slot)];

	if (!v->intent)
		return 0;
	if (!is_held(in, acr_other(slot)) || !is_living(in, other) || other->expires == 0 ||
	    other->expires > v->dead_at || other->expires < v->abandoned)
		return v->dead_at;
	/* From here on what has passed is a quarter of what is left. */
	return v->abandoned + (other->expires - v->abandoned + 4) / 5;
}

/*@ requires Valid(in) && \valid_read(v) && TimesOf(v);
  @ assigns \nothing;
  @ ensures \result != 0 <==> GraceOver(in, v); */
static bool grace_is_over(const struct plan_input *in, const struct slot_view *v)
{
	return !in->hook_owed && v->left != 0 && v->left <= in->now &&
	       in->now - v->left >= in->grace;
}

/*@ requires Valid(in) && Slot(slot);
  @ assigns \nothing;
  @ ensures \result != 0 ==> Free(in, slot) && RequestDead(in, slot); */
bool plan_slot_is_free(const struct plan_input *in, enum acr_slot slot)
{
	const struct slot_view *v = &in->slot[slot];

	if (in->now < request_dies(in, slot))
		return false;
	if (is_gone(in, v))
		return true;
	if (!v->ours)
		return v->permitted || (in->exclusive && !anything_works(in));
	if (v->dead)
		return true;
	if (is_held(in, slot))
		return false;
	return !v->delivered || grace_is_over(in, v) || is_outage(in) ||
	       (in->exclusive && !anything_works(in));
}

/* Why a slot that is not free is not, and from when on it may be. A slot of ours frees itself at
 * the latest when it expires. */
/*@ requires Valid(in) && Slot(slot);
  @ assigns \nothing;
  @ ensures \result.slot == slot && \result.active == 0 && \result.discard == 0;
  @ ensures \result.action == PLAN_WAIT || \result.action == PLAN_REFUSE;
  @ ensures \result.why != WHY_DISABLED && \result.why != WHY_NO_TOKEN &&
  @   \result.why != WHY_NO_SINK;
  @ ensures \result.action == PLAN_REFUSE ==> in->slot[slot].ours == 0; */
static struct plan blocked(const struct plan_input *in, enum acr_slot slot)
{
	const struct slot_view *v = &in->slot[slot];
	struct plan p = { .action = PLAN_WAIT, .why = WHY_GRACE, .slot = slot };

	if (in->now < request_dies(in, slot)) {
		p.why = WHY_INTENT;
		p.when = request_dies(in, slot);
		return p;
	}
	if (!v->ours) {
		p.action = PLAN_REFUSE;
		p.why = WHY_FOREIGN;
		return p;
	}
	if (v->expires != 0)
		p.when = v->expires + in->margin;
	if (is_held(in, slot) && v->refused) {
		p.why = WHY_REFUSED;
		p.when = v->doubted_until;
	} else if (is_held(in, slot)) {
		p.why = WHY_SINK_UNREADABLE;
	} else if (in->hook_owed) {
		p.why = WHY_HOOK_OWED;
	} else if (v->left == 0 || v->left > in->now) {
		p.why = WHY_SINK_UNREADABLE; /* no run could see all sinks without it */
	} else if (p.when == 0 || v->left + in->grace < p.when) {
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

	if (v->intent || (v->lost && !is_gone(in, v)))
		return 7;
	if (!v->present)
		return 6;
	if (is_gone(in, v))
		return 5;
	if (v->ours && !v->delivered)
		return 4;
	if (v->ours && !v->dead && grace_is_over(in, v))
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
  @ ensures \result.action == PLAN_REFUSE ==> in->slot[\result.slot].ours == 0; */
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
  @ ensures \result.action == PLAN_REFUSE ==> in->slot[\result.slot].ours == 0; */
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
  @   in->slot[\result.slot].ours == 0;
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

/*@ requires Valid(in);
  @ assigns \nothing;
  @ ensures \result.discard == 0;
  @ ensures Rightful(in, \result);
  @ ensures Grounded(in, \result);
  @ ensures Reasoned(in, \result); */
static struct plan decide_rotation(const struct plan_input *in)
{
	bool one = is_deployed(in, ACR_SLOT_1), two = is_deployed(in, ACR_SLOT_2), readable = false;

	/*@ loop invariant 0 <= i <= in->n_sinks;
	  @ loop assigns i, readable;
	  @ loop variant in->n_sinks - i; */
	for (size_t i = 0; i < in->n_sinks; i++)
		readable = readable || in->sinks[i].readable;
	if (in->asked == TOKEN_MISSING) {
		if (in->create && !in->known)
			return (struct plan){ .action = PLAN_CREATE, .why = WHY_NO_TOKEN };
		return (struct plan){ .action = PLAN_REFUSE, .why = WHY_NO_TOKEN };
	}
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

/* ---- a revoke -------------------------------------------------------------------------------- */

/* A slot that the new password may go to though a rotation would still spare it: nobody else's,
 * or one that is to die anyway. */
/*@ requires Valid(in) && Slot(slot);
  @ assigns \nothing;
  @ ensures \result != 0 <==> Revocable(in, slot); */
bool plan_slot_is_revocable(const struct plan_input *in, enum acr_slot slot)
{
	const struct slot_view *v = &in->slot[slot];

	return is_gone(in, v) || v->ours || v->permitted || v->doomed;
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
	if (in->now < request_dies(in, slot)) {
		p.action = PLAN_WAIT;
		p.why = WHY_INTENT;
		p.when = request_dies(in, slot);
	}
	return p;
}

/*
 * Every generation that is to die is `doomed`. The usual way first gives every sink a new
 * password in the other slot, whoever may hold that one, and then generates the leaked slot once
 * more, for nobody. revoke_now kills first.
 */
/*@ requires Valid(in) && Revoking(in) && Rightful(in, base) && Grounded(in, base) &&
  Reasoned(in, base);
  @ requires base.active != 0 ==> base.source < in->n_sinks && Slot(in->sinks[base.source].holds);
  @ assigns \nothing;
  @ ensures Grounded(in, \result);
  @ ensures \result.action == PLAN_ROTATE ==> Slot(\result.slot) && RequestDead(in, \result.slot);
  @ ensures \result.action == PLAN_ROTATE ==> Revocable(in, \result.slot);
  @ ensures \result.action == PLAN_ROTATE && in->revoke_now == 0 && Deployed(in, \result.slot) ==>
  @   in->slot[\result.slot].doomed != 0 && \result.active != 0; */
static struct plan decide_revoke(const struct plan_input *in, struct plan base)
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
	return decide_revoke(in, p);
}

const char *plan_action_name(enum plan_action a)
{
	static const char *const names[] = {
		[PLAN_KEEP] = "keep",     [PLAN_VERIFY] = "verify", [PLAN_ROTATE] = "rotate",
		[PLAN_HEAL] = "heal",     [PLAN_CREATE] = "create", [PLAN_WAIT] = "wait",
		[PLAN_REFUSE] = "refuse",
	};

	return names[a];
}
