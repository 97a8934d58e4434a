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
      Time(v->intent_since);
  predicate Valid(struct plan_input *in) =
      \valid_read(in) && (in->n_sinks > 0 ==> \valid_read(in->sinks + (0 .. in->n_sinks - 1))) &&
      Time(in->now) && Time(in->renew_before) && Time(in->grace) && Time(in->offset) &&
          Time(in->margin) &&
      TimesOf(&in->slot[ACR_SLOT_1]) && TimesOf(&in->slot[ACR_SLOT_2]);

  // The words of the rule.
  predicate Gone(struct plan_input *in, struct slot_view *v) =
      v->present == 0 || (v->expires != 0 && v->expires <= in->now - in->margin);
  predicate Living(struct plan_input *in, struct slot_view *v) =
      v->present != 0 && v->ours != 0 && v->dead == 0 && (v->expires == 0 || v->expires > in->now);
  predicate Holds(struct plan_input *in, integer i, integer s) =
      0 <= i < in->n_sinks && in->sinks[i].holds == (s == ACR_SLOT_1 ? HOLD_SLOT_1 : HOLD_SLOT_2);
  predicate Held(struct plan_input *in, integer s) = \exists integer i; Holds(in, i, s);
  predicate Shown(struct plan_input *in, integer i, integer s) = Holds(in, i, s) &&
      in->sinks[i].readable != 0;
  predicate Deployed(struct plan_input *in, integer s) = (\exists integer i; Shown(in, i, s)) &&
      Living(in, &in->slot[s]);
  predicate Unknown(struct plan_input *in, integer i) =
      0 <= i < in->n_sinks && in->sinks[i].holds == HOLD_OTHER && in->sinks[i].rejected == 0;
  predicate Works(struct plan_input *in) =
      (\exists integer i; Unknown(in, i)) || (Held(in, ACR_SLOT_1) &&
          Living(in, &in->slot[ACR_SLOT_1])) ||
      (Held(in, ACR_SLOT_2) && Living(in, &in->slot[ACR_SLOT_2]));
  predicate GraceOver(struct plan_input *in, struct slot_view *v) =
      in->hook_owed == 0 && v->left != 0 && v->left <= in->now && in->now - v->left >= in->grace;
  predicate Excepted(struct plan_input *in) = in->exclusive != 0 && !Works(in);

  // A request whose answer was lost has died:
  // after a minute, or a quarter of what the other slot's password has left.
  predicate RequestDead(struct plan_input *in, integer s) =
      in->slot[s].intent == 0 || !Works(in) ||
          in->now - in->slot[s].intent_since >= PLAN_REQUEST_LIFE ||
      (Held(in, 1 - s) && Living(in, &in->slot[1 - s]) && in->slot[1 - s].expires != 0 &&
       in->now - in->slot[s].intent_since >= (in->slot[1 - s].expires - in->now) / 4);

  // DESIGN: a slot is generated only if it is free.
  predicate Free(struct plan_input *in, integer s) =
      Gone(in, &in->slot[s]) ||
      (in->slot[s].ours == 0 && (in->slot[s].permitted != 0 || Excepted(in))) ||
      (in->slot[s].ours != 0 &&
       (in->slot[s].dead != 0 ||
        (!Held(in, s) && (in->slot[s].delivered == 0 || GraceOver(in, &in->slot[s]) ||
            Excepted(in)))));
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

/* A password of ours that consumers can pull with now. */
/*@ requires Valid(in) && \valid_read(v);
  @ assigns \nothing;
  @ ensures \result != 0 <==> Living(in, v); */
static bool is_living(const struct plan_input *in, const struct slot_view *v)
{
	return v->present && v->ours && !v->dead && (v->expires == 0 || v->expires > in->now);
}

/*@ requires Slot(slot);
  @ assigns \nothing;
  @ ensures \result == (slot == ACR_SLOT_1 ? HOLD_SLOT_1 : HOLD_SLOT_2); */
static enum holding holding_of(enum acr_slot slot)
{
	return slot == ACR_SLOT_1 ? HOLD_SLOT_1 : HOLD_SLOT_2;
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
		if (in->sinks[i].holds == holding_of(slot))
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
		if (in->sinks[i].readable && in->sinks[i].holds == holding_of(slot)) {
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
		if (in->sinks[i].holds == HOLD_OTHER && !in->sinks[i].rejected) {
			/*@ assert Unknown(in, i); */
			return true;
		}
	return (is_held(in, ACR_SLOT_1) && is_living(in, &in->slot[ACR_SLOT_1])) ||
	       (is_held(in, ACR_SLOT_2) && is_living(in, &in->slot[ACR_SLOT_2]));
}

/* Until when a request of a standing intent may still act. Waiting must not outlast what is
 * deployed, nor is there a reason to wait when nothing that is deployed works. */
/*@ requires Valid(in) && Slot(slot);
  @ assigns \nothing;
  @ ensures 0 <= \result <= Far + PLAN_REQUEST_LIFE;
  @ ensures in->now >= \result ==> RequestDead(in, slot); */
static int64_t request_dies(const struct plan_input *in, enum acr_slot slot)
{
	const struct slot_view *v = &in->slot[slot], *other = &in->slot[acr_other(slot)];
	int64_t life = PLAN_REQUEST_LIFE;

	if (!v->intent || !anything_works(in))
		return 0;
	if (is_held(in, acr_other(slot)) && is_living(in, other) && other->expires != 0 &&
	    (other->expires - in->now) / 4 < life)
		life = (other->expires - in->now) / 4;
	return v->intent_since + life;
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
	if (!v->delivered || grace_is_over(in, v))
		return true;
	return in->exclusive && !anything_works(in);
}

/* Why a slot that is not free is not, and from when on it may be. A slot of ours frees itself at
 * the latest when it expires. */
/*@ requires Valid(in) && Slot(slot);
  @ assigns \nothing;
  @ ensures \result.slot == slot;
  @ ensures \result.action == PLAN_WAIT || \result.action == PLAN_REFUSE;
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
	if (is_held(in, slot))
		p.why = WHY_SINK_UNREADABLE;
	else if (in->hook_owed)
		p.why = WHY_HOOK_OWED;
	else if (v->left == 0 || v->left > in->now)
		p.why = WHY_SINK_UNREADABLE; /* no run could see all sinks without it */
	else if (p.when == 0 || v->left + in->grace < p.when)
		p.when = v->left + in->grace;
	return p;
}

/*@ requires Valid(in) && Slot(slot);
  @ assigns \nothing;
  @ ensures \result.slot == slot;
  @ ensures \result.action == PLAN_WAIT || \result.action == PLAN_ROTATE;
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
		return 6;
	if (!v->present)
		return 5;
	if (is_gone(in, v))
		return 4;
	if (v->ours && !v->delivered)
		return 3;
	if (v->ours && !v->dead)
		return 2;
	return v->dead ? 0 : 1;
}

/*@ requires Valid(in);
  @ assigns \nothing;
  @ ensures Slot(\result.slot);
  @ ensures \result.action == PLAN_ROTATE || \result.action == PLAN_WAIT ||
  @     \result.action == PLAN_REFUSE;
  @ ensures \result.action == PLAN_ROTATE ==> Free(in, \result.slot) &&
  @     RequestDead(in, \result.slot);
  @ ensures \result.action == PLAN_REFUSE ==> in->slot[\result.slot].ours == 0; */
static struct plan decide_first(const struct plan_input *in)
{
	bool free1 = plan_slot_is_free(in, ACR_SLOT_1), free2 = plan_slot_is_free(in, ACR_SLOT_2);

	if (free1 && free2)
		return rotate(in,
		              preference(in, ACR_SLOT_2) > preference(in, ACR_SLOT_1) ? ACR_SLOT_2
		                                                                      : ACR_SLOT_1,
		              WHY_FIRST);
	if (free1 || free2)
		return rotate(in, free1 ? ACR_SLOT_1 : ACR_SLOT_2, WHY_FIRST);
	/* Waiting for one of ours is better than asking a person, and the sooner one first. */
	struct plan a = blocked(in, ACR_SLOT_1), b = blocked(in, ACR_SLOT_2);
	if (a.action == PLAN_REFUSE ||
	    (b.action == PLAN_WAIT && b.when != 0 && (a.when == 0 || b.when < a.when)))
		return b;
	return a;
}

/* The spare slot belongs to somebody else, and will still be there when this job is due. */
/*@ requires \valid_read(spare);
  @ assigns \nothing; */
static bool foreign_ahead(const struct slot_view *spare, int64_t due)
{
	return spare->present && !spare->ours && !spare->permitted &&
	       (spare->expires == 0 || spare->expires > due);
}

/*@ requires Valid(in) && Slot(active) && Deployed(in, active);
  @ assigns \nothing;
  @ ensures Slot(\result.slot) && \result.active != 0 && Shown(in, \result.source, active);
  @ ensures \result.action == PLAN_ROTATE ==>
  @   \result.slot == 1 - active && Free(in, \result.slot) && RequestDead(in, \result.slot);
  @ ensures \result.action != PLAN_CREATE;
  @ ensures \result.action == PLAN_REFUSE ==> \result.slot == 1 - active &&
  @     in->slot[\result.slot].ours == 0;
  @ ensures \result.action == PLAN_HEAL || \result.action == PLAN_VERIFY ||
  @     \result.action == PLAN_KEEP ==>
  @   \result.slot == active && (in->slot[active].expires != 0 ==>
  @       \result.when <= in->slot[active].expires);
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
	while (!in->sinks[source].readable || in->sinks[source].holds != holding_of(active))
		source++;
	/*@ loop invariant 0 <= i <= in->n_sinks;
	  @ loop assigns i, lagging;
	  @ loop variant in->n_sinks - i; */
	for (size_t i = 0; i < in->n_sinks; i++)
		lagging = lagging ||
		          (in->sinks[i].readable && in->sinks[i].holds != holding_of(active));
	if (lagging) {
		p.action = PLAN_HEAL;
		p.why = WHY_LAGGING;
	} else if (in->now >= due || in->force) {
		p = plan_slot_is_free(in, spare)
		            ? rotate(in, spare, in->now >= due ? WHY_DUE : WHY_FORCED)
		            : blocked(in, spare);
	} else if (in->verify_due) {
		p.action = PLAN_VERIFY;
		p.why = WHY_VERIFY;
	}
	p.active = true;
	p.source = source;
	p.foreign_ahead = foreign_ahead(&in->slot[spare], due);
	return p;
}

/*@ requires Valid(in);
  @ assigns \nothing;
  // Only a free slot is generated, and only when no lost request may still act on it. In words:
  @ ensures \result.action == PLAN_ROTATE ==>
  @   Slot(\result.slot) && Free(in, \result.slot) && RequestDead(in, \result.slot);
  // never one of ours that a sink holds, until it has expired past the margin or the registry
  // refuses it for good,
  @ ensures \result.action == PLAN_ROTATE && in->slot[\result.slot].ours != 0 &&
  @     Held(in, \result.slot) ==>
  @   Gone(in, &in->slot[\result.slot]) || in->slot[\result.slot].dead != 0;
  // never a foreign one without its permission, but by `exclusive` when nothing in a sink works,
  @ ensures \result.action == PLAN_ROTATE && in->slot[\result.slot].ours == 0 &&
  @     !Gone(in, &in->slot[\result.slot]) ==>
  @   in->slot[\result.slot].permitted != 0 || Excepted(in);
  // never a delivered one within grace or while a hook is owed, with the same exception.
  @ ensures \result.action == PLAN_ROTATE && in->slot[\result.slot].ours != 0 &&
  @     in->slot[\result.slot].delivered != 0 &&
  @   !Gone(in, &in->slot[\result.slot]) && in->slot[\result.slot].dead == 0 ==>
  @   GraceOver(in, &in->slot[\result.slot]) || Excepted(in);
  // A heal copies from a sink that was read, what it copies is a living password of ours;
  // so is what is verified or kept.
  @ ensures \result.action == PLAN_HEAL || \result.action == PLAN_VERIFY ||
  @     \result.action == PLAN_KEEP ==>
  @   Slot(\result.slot) && Shown(in, \result.source, \result.slot) &&
  @       Living(in, &in->slot[\result.slot]);
  // The next rotation is never due after the password expires, nor kept when it is due.
  @ ensures \result.action == PLAN_HEAL || \result.action == PLAN_VERIFY ||
  @     \result.action == PLAN_KEEP ==>
  @   in->slot[\result.slot].expires != 0 ==> \result.when <= in->slot[\result.slot].expires;
  @ ensures \result.action == PLAN_KEEP ==> in->now < \result.when;
  // A token is created only when Azure says that it does not exist, the job says so, and it never
  // did.
  @ ensures \result.action == PLAN_CREATE ==> in->asked == TOKEN_MISSING && in->create != 0 &&
  @     in->known == 0;
  // A person is asked because of a slot only if that is not ours.
  @ ensures \result.action == PLAN_REFUSE && \result.why == WHY_FOREIGN ==>
  @     in->slot[\result.slot].ours == 0; */
struct plan plan_decide(const struct plan_input *in)
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
		return decide_active(in, in->slot[ACR_SLOT_2].created > in->slot[ACR_SLOT_1].created
		                                 ? ACR_SLOT_2
		                                 : ACR_SLOT_1);
	if (one || two)
		return decide_active(in, one ? ACR_SLOT_1 : ACR_SLOT_2);
	return decide_first(in);
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
