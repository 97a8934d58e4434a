/* SPDX-License-Identifier: MIT */
/*
 * The words of the rule, and what plan_free.c and plan_revoke.c say in them. The comments that
 * begin with an at sign are contracts in ACSL. `make proof` has them proven for all inputs,
 * together with the absence of overflow, invalid access and endless loops: tests/proof.
 */
#ifndef SRC_ROTATE_PLAN_RULE_H
#define SRC_ROTATE_PLAN_RULE_H

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

  // A password that works must be of a slot that is there; of the only one, where that is not known
  // to have another.
  predicate There(struct plan_input *in, integer s) = in->slot[s].present != 0 &&
    (in->slot[s].expires == 0 || in->slot[s].expires > in->now - in->margin);
  predicate Explains(struct plan_input *in, integer s) = There(in, s) && !There(in, 1 - s) &&
    (in->slot[s].ours == 0 || in->slot[s].lost != 0);

  // The words of the rule.
  predicate Gone(struct plan_input *in, struct slot_view *v) =
      (v->present == 0 && v->lacking == 0) ||
      (v->expires != 0 && v->expires <= in->now - in->margin);
  predicate MayWork(struct plan_input *in, struct slot_view *v) =
      v->present != 0 && v->ours != 0 && v->dead == 0 && (v->expires == 0 || v->expires > in->now);
  predicate Living(struct plan_input *in, struct slot_view *v) = MayWork(in, v) && v->refused == 0;
  // An answer alone does not end a life: what it lacks may live until the registry refuses it, too.
  predicate MayLive(struct plan_input *in, struct slot_view *v) = Living(in, v) ||
    (v->lacking != 0 && v->refused == 0 && (v->expires == 0 || v->expires > in->now));
  predicate Holds(struct plan_input *in, integer i, integer s) = 0 <= i < in->n_sinks &&
    in->sinks[i].holds == s;
  predicate Held(struct plan_input *in, integer s) = \exists integer i; Holds(in, i, s);
  // By a sink that was not read, as far as is remembered.
  predicate HeldUnseen(struct plan_input *in, integer s) = \exists integer i; Holds(in, i, s) &&
    in->sinks[i].readable == 0;
  // What is remembered of a sink that cannot be read may be out of date.
  predicate Unread(struct plan_input *in, integer i) =
      0 <= i < in->n_sinks && in->sinks[i].unread != 0;
  predicate Blind(struct plan_input *in) = \exists integer i; Unread(in, i);
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
      in->until_expiry == 0 && in->hook_owed == 0 && v->left != 0 && v->left <= in->now &&
        in->now - v->left >= in->grace;
  // Whoever reads a sink is cut off already: one shows a password that is dead, and none may work.
  predicate Dead(struct plan_input *in, integer i) =
      0 <= i < in->n_sinks && in->sinks[i].readable != 0 &&
      ((in->sinks[i].other != 0 && in->sinks[i].rejected != 0) ||
       (in->sinks[i].holds == ACR_SLOT_1 && !MayWork(in, &in->slot[ACR_SLOT_1])) ||
       (in->sinks[i].holds == ACR_SLOT_2 && !MayWork(in, &in->slot[ACR_SLOT_2])));
  // A sink that was removed while it showed what nobody knows has readers who may not be.
  predicate HeldForeign(struct plan_input *in, integer i) =
      0 <= i < in->n_sinks && in->sinks[i].held_foreign != 0;
  predicate Outage(struct plan_input *in) = in->until_expiry == 0 && !Works(in) &&
    !Blind(in) && !(\exists integer i; HeldForeign(in, i)) && (\exists integer i; Dead(in, i));
  predicate Excepted(struct plan_input *in) = in->exclusive != 0 && !Works(in) && !Blind(in);

  // A slot is tainted until no request for it can act any more. Only where the other slot's
  // password would have expired by then is that
  // waited for no longer than a quarter of what it has left.
  predicate EndsBefore(struct plan_input *in, struct slot_view *v, integer t) =
      Living(in, v) && v->expires != 0 && v->expires <= t;
  predicate RequestDead(struct plan_input *in, integer s) =
      in->slot[s].intent == 0 || in->now >= in->slot[s].dead_at ||
      (Held(in, 1 - s) && EndsBefore(in, &in->slot[1 - s], in->slot[s].dead_at) &&
       4 * (in->now - in->slot[s].abandoned) >= in->slot[1 - s].expires - in->now);

  // What the record says was never delivered was so all the same, where that is an older copy: a
  // sink that cannot be read may hold it.
  predicate Undoubted(struct plan_input *in, integer s) =
      in->slot[s].delivered != 0 || !Blind(in);

  // That an answer lacks a slot is believed at once where the sinks that hold it can be read, for
  // the registry is asked about what they show; where none holds it, once grace is over.
  predicate Missed(struct plan_input *in, integer s) =
      in->slot[s].permitted != 0 ||
      (!HeldUnseen(in, s) && Undoubted(in, s) && (Held(in, s) || in->slot[s].delivered == 0 ||
        GraceOver(in, &in->slot[s]) || Outage(in) || Excepted(in)));

  // DESIGN: a slot is generated only if it is free.
  predicate Free(struct plan_input *in, integer s) =
      Gone(in, &in->slot[s]) || (in->slot[s].lacking != 0 && Missed(in, s)) ||
      (in->slot[s].ours == 0 && in->slot[s].lacking == 0 &&
       (in->slot[s].permitted != 0 || Excepted(in))) ||
      (in->slot[s].ours != 0 && in->slot[s].lacking == 0 &&
       (in->slot[s].dead != 0 ||
        (!Held(in, s) && Undoubted(in, s) && (in->slot[s].delivered == 0 ||
          GraceOver(in, &in->slot[s]) || Outage(in) || Excepted(in)))));

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
      (in->slot[p.slot].ours != 0 && in->slot[p.slot].lacking == 0 && Held(in, p.slot) ==>
        Gone(in, &in->slot[p.slot]) || in->slot[p.slot].dead != 0) &&
      // never a foreign one without its permission, but by `exclusive` when nothing in a sink
      // works,
      (in->slot[p.slot].ours == 0 && in->slot[p.slot].lacking == 0 &&
        !Gone(in, &in->slot[p.slot]) ==> in->slot[p.slot].permitted != 0 || Excepted(in)) &&
      // never one that the answer lacks though the record has it, while a sink that was not read
      // holds it, nor within grace where none does,
      (in->slot[p.slot].lacking != 0 && !Gone(in, &in->slot[p.slot]) ==>
        Missed(in, p.slot)) &&
      // never one of ours that may work and was never delivered, while a sink cannot be read: the
      // record may be an older one than that sink has seen,
      (in->slot[p.slot].ours != 0 && in->slot[p.slot].lacking == 0 && Blind(in) ==>
        Gone(in, &in->slot[p.slot]) || in->slot[p.slot].dead != 0 ||
        in->slot[p.slot].delivered != 0) &&
      // never a delivered one within grace or while a hook is owed, but when the sinks show
      // what is dead and nothing that
      // may work, or by `exclusive` as before,
      (in->slot[p.slot].ours != 0 && in->slot[p.slot].lacking == 0 &&
        in->slot[p.slot].delivered != 0 && !Gone(in, &in->slot[p.slot]) &&
        in->slot[p.slot].dead == 0 ==>
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
      // A token is created only when Azure says that it does not exist, the job says so, it never
      // did, and no request may still act.
      (p.action == PLAN_CREATE ==> in->asked == TOKEN_MISSING && in->create != 0 &&
        in->known == 0 && RequestDead(in, ACR_SLOT_1) && RequestDead(in, ACR_SLOT_2)) &&
      // A person is asked because of a slot only if that is not ours.
      (p.action == PLAN_REFUSE && p.why == WHY_FOREIGN ==> in->slot[p.slot].ours == 0 &&
        in->slot[p.slot].lacking == 0);

  // What a revoke is decided on.
  predicate Reasoned(struct plan_input *in, struct plan p) =
      (p.action == PLAN_ROTATE ==> p.why == WHY_DUE || p.why == WHY_FORCED || p.why == WHY_FIRST) &&
      (p.active == 0 && in->asked != TOKEN_MISSING && p.why != WHY_DISABLED &&
        p.why != WHY_NO_TOKEN && p.why != WHY_NO_SINK ==>
       !Deployed(in, ACR_SLOT_1) && !Deployed(in, ACR_SLOT_2)) &&
      (p.active != 0 && in->slot[ACR_SLOT_1].doomed != in->slot[ACR_SLOT_2].doomed &&
        Deployed(in, ACR_SLOT_1) &&
       Deployed(in, ACR_SLOT_2) ==> in->slot[in->sinks[p.source].holds].doomed == 0);

  // What a revoke may generate: what is to die; else what nobody else generated.
  predicate Revocable(struct plan_input *in, integer s) =
      in->slot[s].doomed != 0 || Gone(in, &in->slot[s]) || in->slot[s].ours != 0 ||
        in->slot[s].lacking != 0 || in->slot[s].permitted != 0;
  predicate Revoking(struct plan_input *in) =
      (in->slot[ACR_SLOT_1].doomed != 0 || in->slot[ACR_SLOT_2].doomed != 0) &&
        in->asked == TOKEN_READ;
*/

/*@ requires Valid(in) && \valid_read(v);
  @ assigns \nothing;
  @ ensures \result != 0 <==> Gone(in, v); */
bool plan_is_gone(const struct plan_input *in, const struct slot_view *v);

/*@ requires Valid(in) && \valid_read(v);
  @ assigns \nothing;
  @ ensures \result != 0 <==> MayWork(in, v); */
bool plan_may_work(const struct plan_input *in, const struct slot_view *v);

/*@ requires Valid(in) && \valid_read(v);
  @ assigns \nothing;
  @ ensures \result != 0 <==> Living(in, v); */
bool plan_is_living(const struct plan_input *in, const struct slot_view *v);

/*@ requires Valid(in) && Slot(slot);
  @ assigns \nothing;
  @ ensures \result != 0 ==> Held(in, slot);
  @ ensures \result == 0 ==> !Held(in, slot); */
bool plan_is_held(const struct plan_input *in, enum acr_slot slot);

/*@ requires Valid(in) && Slot(slot);
  @ assigns \nothing;
  @ ensures \result != 0 ==> HeldUnseen(in, slot);
  @ ensures \result == 0 ==> !HeldUnseen(in, slot); */
bool plan_is_held_unseen(const struct plan_input *in, enum acr_slot slot);

/*@ requires Valid(in);
  @ assigns \nothing;
  @ ensures \result != 0 ==> Blind(in);
  @ ensures \result == 0 ==> !Blind(in); */
bool plan_is_blind(const struct plan_input *in);

/*@ requires Valid(in) && Slot(slot);
  @ assigns \nothing;
  @ ensures \result != 0 <==> !Undoubted(in, slot); */
bool plan_is_doubtful(const struct plan_input *in, enum acr_slot slot);

/*@ requires Valid(in) && Slot(slot);
  @ assigns \nothing;
  @ ensures \result != 0 ==> Deployed(in, slot);
  @ ensures \result == 0 ==> !Deployed(in, slot); */
bool plan_is_deployed(const struct plan_input *in, enum acr_slot slot);

/*@ requires Valid(in);
  @ assigns \nothing;
  @ ensures \result != 0 ==> Works(in);
  @ ensures \result == 0 ==> !Works(in); */
bool plan_anything_works(const struct plan_input *in);

/*@ requires Valid(in);
  @ assigns \nothing;
  @ ensures \result != 0 ==> Outage(in); */
bool plan_is_outage(const struct plan_input *in);

/*@ requires Valid(in);
  @ assigns \nothing;
  @ ensures \result != 0 ==> Excepted(in); */
bool plan_is_excepted(const struct plan_input *in);

/*@ requires Valid(in) && Slot(slot);
  @ assigns \nothing;
  @ ensures \result != 0 ==> Missed(in, slot); */
bool plan_is_missed(const struct plan_input *in, enum acr_slot slot);

/*@ requires Valid(in) && Slot(slot);
  @ assigns \nothing;
  @ ensures 0 <= \result <= Far;
  @ ensures in->now >= \result ==> RequestDead(in, slot); */
int64_t plan_request_dies(const struct plan_input *in, enum acr_slot slot);

/*@ requires Valid(in) && \valid_read(v) && TimesOf(v);
  @ assigns \nothing;
  @ ensures \result != 0 <==> GraceOver(in, v); */
bool plan_grace_is_over(const struct plan_input *in, const struct slot_view *v);

/*@ requires Valid(in) && Slot(slot);
  @ assigns \nothing;
  @ ensures \result != 0 ==> Free(in, slot) && RequestDead(in, slot); */
bool plan_slot_is_free(const struct plan_input *in, enum acr_slot slot);

/* ---- plan_revoke.c --------------------------------------------------------------------------- */

/*@ requires Valid(in) && Slot(slot);
  @ assigns \nothing;
  @ ensures \result != 0 <==> Revocable(in, slot); */
bool plan_slot_is_revocable(const struct plan_input *in, enum acr_slot slot);

/*@ requires Valid(in) && Revoking(in) && Rightful(in, base) && Grounded(in, base) &&
  Reasoned(in, base);
  @ requires base.active != 0 ==> base.source < in->n_sinks && Slot(in->sinks[base.source].holds);
  @ assigns \nothing;
  @ ensures Grounded(in, \result);
  @ ensures \result.action == PLAN_ROTATE ==> Slot(\result.slot) && RequestDead(in, \result.slot);
  @ ensures \result.action == PLAN_ROTATE ==> Revocable(in, \result.slot);
  @ ensures \result.action == PLAN_ROTATE && in->revoke_now == 0 && Deployed(in, \result.slot) ==>
  @   in->slot[\result.slot].doomed != 0 && \result.active != 0; */
struct plan plan_decide_revoke(const struct plan_input *in, struct plan base);

#endif
