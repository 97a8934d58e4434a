/* SPDX-License-Identifier: MIT */
/* The one call that cannot be undone, and the ledger around it. */
#include <assert.h>
#include <string.h>

#include "base/env.h"
#include "base/mem.h"
#include "base/secret.h"
#include "step.h"

#define LOST_REPLIES_MAX   2
#define LOST_REPLY_WAIT_MS 1000
#define NOT_ACTIVE_WAIT_MS 2000
#define DISCARD_LIFE_S     3600 /* of a password that nobody gets: it is forgotten at once */
#define REFUSED_TRIES_MAX  30   /* with 2 s between: a token being created takes some 5 to 15 */
#define RESUME_EVERY_MS    2000 /* unless the answer says when to ask again */
#define ROUNDS_MAX         5    /* of sinks or answers that change while they are looked at */

static int64_t wanted_life(const struct rotation *r)
{
	int64_t life = r->job->policy.lifetime;

	return r->plan.discard && life > DISCARD_LIFE_S ? DISCARD_LIFE_S : life;
}

/* The expiry's microseconds are random, its last digit not 0 (trailing zeros are not echoed): by
 * them a generation is known as ours. */
static int64_t choose_expiry(const struct rotation *r, int64_t now)
{
	int64_t random = (int64_t)env_random(r->w->env, 99999) * 10 + 1 + env_random(r->w->env, 9);

	return (now + wanted_life(r)) * 1000000 + random;
}

/* A request that may still act is repeated with its own expiry: whichever of them acts, it is
 * known as ours. But not with one that was meant for less: a password that lives for seconds, or
 * was for nobody, would be delivered. */
static int64_t repeat_expiry(const struct rotation *r, const struct slot_memory *m, int64_t now)
{
	bool may_act = m->intent && now < state_intent_dies(m);

	return may_act && m->asked_us / 1000000 - now > wanted_life(r) / 2 ? m->asked_us
	                                                                   : choose_expiry(r, now);
}

/* ---- before the intent ----------------------------------------------------------------------- */

struct arm *rotation_arm(struct rotation *r)
{
	return r->gen.fence != NULL ? r->gen.fence : r->arm;
}

int64_t rotation_fence_left_ms(const struct rotation *r)
{
	return r->gen.fence == NULL ? 0 : (r->gen.fence_until - rotation_now(r)) * 1000;
}

void rotation_drop_fence(struct rotation *r)
{
	arm_free(r->gen.fence);
	r->gen.fence = NULL;
	rotation_open_sinks(r);
}

bool rotation_fence(struct rotation *r, struct http *h, struct err *e)
{
	int64_t expires;

	rotation_drop_fence(r);
	if (!arm_fence(r->arm, h, r->job->policy.verify_timeout, &r->gen.fence, &expires, e))
		return false;
	r->gen.fence_until = expires;
	r->gen.dead_at = expires + STATE_TOKEN_GRACE_S;
	/* Not a part of dead_at: what is saved too late changes nothing. */
	return store_ready(r->w->store, r->job->name, r->o.state.version != NULL,
	                   r->job->policy.verify_timeout, e);
}

enum progress step_tokens(struct rotation *r, struct http *h, struct err *e)
{
	if (!rotation_fence(r, h, e))
		return FAILED;
	/* Without one of the sinks another decision may be right. */
	if (!rotation_fence_sinks(r))
		return rotation_go_to(r, STEP_DECIDE);
	if (r->gen.fence_until < r->busy.until)
		r->gen.dead_at = r->busy.until + STATE_TOKEN_GRACE_S;
	return rotation_go_to(r, STEP_TRY_HELD);
}

/* Somebody may have put another password into a sink since it was read. */
static bool still_decided(const struct rotation *r)
{
	struct plan p = rotation_decide(r);

	return p.action == PLAN_ROTATE && p.slot == r->plan.slot && p.discard == r->plan.discard;
}

/* The last look before the intent: the token, the sinks, and that nothing stands in one that the
 * registry was not asked about. */
enum progress step_read_again(struct rotation *r, struct http *h, struct err *e)
{
	const struct acr_token *token = &r->ask.answer;
	bool ours;
	struct acr_password seen = observe_slot(&r->o, r->plan.slot, &ours);

	if (!rotation_read_lately(r) && !rotation_read_token(r, rotation_arm(r), h, e))
		return FAILED;
	observe_sinks(&r->o);
	if (!acr_same_generation(&token->slot[r->plan.slot], &seen) || !token->enabled ||
	    !still_decided(r)) {
		observe_token(&r->o, token, rotation_now(r));
		r->ask.read_at = 0;
		/* An answer that is not believed is another one than what is known each time. */
		if (r->gen.rounds++ < ROUNDS_MAX)
			return rotation_go_to(r, STEP_DECIDE);
		(void)err_set(e, ERR_TRANSIENT,
		              "what Azure says of the token keeps differing from what is known "
		              "of it: nothing was generated, the next run tries again");
		return FAILED;
	}
	if (!rotation_all_tried(r) && r->gen.rounds++ < ROUNDS_MAX)
		return rotation_go_to(r, STEP_TRY_HELD);
	if (!rotation_all_tried(r)) {
		(void)err_set(
			e, ERR_TRANSIENT,
			"another program writes the sinks all the time: the next run tries again");
		return FAILED;
	}
	return rotation_go_to(r, STEP_INTEND);
}

/* ---- the intent ------------------------------------------------------------------------------ */

enum progress step_intend(struct rotation *r, struct http *h, struct err *e)
{
	struct slot_memory *m = &r->o.state.slot[r->plan.slot];
	int64_t now = rotation_now(r);

	(void)h;
	/* By the service's clock, which is known by now. */
	if (rotation_is_busy(r, e))
		return FAILED;
	r->gen.expires_us = repeat_expiry(r, m, now);
	state_end_intent(m);
	/* A taint has moved what was asked for before it, see state_taint(). */
	m->asked_before_us = m->asked_us != 0 ? m->asked_us : m->asked_before_us;
	m->asked_us = r->gen.expires_us;
	m->intent = true;
	m->intent_since = now;
	m->dead_at = r->gen.dead_at;
	rotation_mark_busy(r, r->gen.dead_at);
	/* said here, so that preparing the sinks needs no save of its own */
	r->o.state.unfinished = true;
	r->o.dirty = true;
	return rotation_save_for_now(r, e) ? rotation_go_to(r, STEP_TOUCH) : FAILED;
}

bool rotation_withdraw_intent(struct rotation *r, struct err *e)
{
	state_settle_intent(&r->o.state.slot[r->plan.slot]);
	r->o.dirty = true;
	return rotation_save(r, e);
}

/* The request was refused for certain: throttled, not active yet, never sent, or forbidden. Nothing
 * is lost: the rotation begins anew. */
static enum progress refused(struct rotation *r, struct err *e)
{
	struct err why = *e;
	bool creating = strcmp(e->code, "TokenNotActive") == 0 ||
	                (r->ask.young &&
	                 e->kind == ERR_MISSING); /* a new token is not known everywhere at once */

	if (!rotation_withdraw_intent(r, e))
		return FAILED;
	*e = why;
	if (e->throttled) {
		int64_t wait_ms;
		return rotation_may_wait(r, &r->gen.throttled_since, e, &wait_ms)
		               ? rotation_wait_then(r, wait_ms + env_random(r->w->env, 500),
		                                    STEP_DOORS)
		               : FAILED;
	}
	if ((!creating && e->kind != ERR_TRANSIENT) || ++r->gen.refusals > REFUSED_TRIES_MAX)
		return FAILED;
	int64_t ms = e->retry_after_known ? e->retry_after_ms : NOT_ACTIVE_WAIT_MS;
	if (ms > r->job->policy.verify_timeout * 1000)
		return FAILED;
	return rotation_wait_then(r, ms + env_random(r->w->env, 500), STEP_DOORS);
}

/* Whether it acted nobody knows: the token will tell, and the same slot is generated again once
 * the request must have died. What is counted from here is its life: until now somebody was
 * waiting for it. */
static enum progress lost(struct rotation *r, struct err *e)
{
	struct slot_memory *m = &r->o.state.slot[r->plan.slot];

	state_abandon_intent(m, rotation_now(r));
	/* An operation that was seen running is asked about, by this run or the next: whoever was
	 * refused the answer has not learned that it ended. */
	if (e->kind != ERR_TRANSIENT && e->kind != ERR_DENIED && e->kind != ERR_AUTH)
		state_forget_operation(m);
	r->o.dirty = true;
	rotation_drop_fence(r);
	/* Whoever may not ask how it went learns nothing by generating once more, and has to be
	 * told what is missing. */
	if (e->kind == ERR_DENIED)
		return FAILED;
	r->ask.intent_until = 0;
	if (++r->gen.lost_replies > LOST_REPLIES_MAX) {
		(void)err_in(e, "the answer to generating %s was lost %d times",
		             acr_slot_name(r->plan.slot), r->gen.lost_replies);
		e->kind = ERR_TRANSIENT;
		return FAILED;
	}
	return rotation_wait_then(r, LOST_REPLY_WAIT_MS, STEP_READ);
}

/* Accepted, and under way without us: the expiry of a token ends it no more. */
static enum progress running(struct rotation *r, struct err *e)
{
	struct slot_memory *m = &r->o.state.slot[r->plan.slot];

	state_forget_operation(m);
	m->operation = mem_dup(r->gen.operation.poll_url);
	m->operation_by_status = r->gen.operation.by_status;
	m->dead_at = 0;
	r->o.dirty = true;
	return rotation_save(r, e)
	               ? rotation_poll_again(r, STEP_AWAIT, "generating the password", e)
	               : FAILED;
}

enum progress step_generate(struct rotation *r, struct http *h, struct err *e)
{
	acr_generated_clear(&r->gen.reply);
	arm_operation_clear(&r->gen.operation);
	r->gen.await_until = 0;
	if (acr_generate(rotation_arm(r), h, &r->ref, r->plan.slot, r->gen.expires_us,
	                 &r->gen.operation, &r->gen.reply, e))
		return r->gen.operation.poll_url == NULL ? rotation_go_to(r, STEP_RECORD)
		                                         : running(r, e);
	return e->not_acted ? refused(r, e) : lost(r, e);
}

enum progress step_await(struct rotation *r, struct http *h, struct err *e)
{
	struct slot_memory *m = &r->o.state.slot[r->plan.slot];
	bool done;

	if (!acr_generate_poll(rotation_arm(r), h, &r->ref, r->plan.slot, &r->gen.operation, &done,
	                       &r->gen.reply, e))
		return e->kind == ERR_TRANSIENT && r->tries < 3 ? FAILED /* asked again */
		                                                : lost(r, e);
	if (done) {
		state_forget_operation(m);
		r->gen.await_until = 0;
		return rotation_go_to(r, STEP_RECORD);
	}
	/* Should this run end here, the life of what was seen running is counted from now. */
	state_abandon_intent(m, rotation_now(r));
	r->o.dirty = true;
	return rotation_poll_again(r, STEP_AWAIT, "generating the password", e);
}

/* An operation of a run before was seen running when that ended: how does it go? Its password is
 * of no use to anybody, it was never prepared for; that it has ended is what counts. */
static bool is_remembered(const struct slot_memory *m)
{
	return m->intent && m->operation != NULL;
}

bool rotation_remembers_operation(const struct rotation *r)
{
	return is_remembered(&r->o.state.slot[0]) || is_remembered(&r->o.state.slot[1]);
}

enum progress step_resume(struct rotation *r, struct http *h, struct err *e)
{
	struct slot_memory *slots = r->o.state.slot, *m = &slots[is_remembered(&slots[0]) ? 0 : 1];
	AUTO_RESPONSE struct http_response result = { 0 };
	bool done = true;

	assert(is_remembered(m)); /* else nobody would come here */
	arm_operation_clear(&r->gen.operation);
	r->gen.operation = (struct arm_operation){ .method = HTTP_POST,
		                                   .poll_url = mem_dup(m->operation),
		                                   .by_status = m->operation_by_status,
		                                   .delay_ms = RESUME_EVERY_MS };
	bool answered = arm_operation_poll(r->arm, h, &r->gen.operation, &done, &result, e);
	if (!answered && e->kind == ERR_TRANSIENT)
		return FAILED;
	state_abandon_intent(m, rotation_now(r));
	r->o.dirty = true;
	/* It has ended, or nothing is known of it any more: the token tells what became of it. */
	if (!answered || done) {
		state_forget_operation(m);
		r->gen.await_until = 0;
		return rotation_go_to(r, STEP_READ);
	}
	return is_dry(r) ? rotation_go_to(r, STEP_DECIDE)
	                 : rotation_poll_again(r, STEP_RESUME, "a request of an earlier run", e);
}

/*
 * From here on the ledger knows the password by its print. That is saved together with the
 * delivery, before the first sink changes: a run that is killed until then leaves its intent, by
 * which the next one knows the generation as its own, and as delivered to nobody.
 */
enum progress step_record(struct rotation *r, struct http *h, struct err *e)
{
	struct slot_memory *m = &r->o.state.slot[r->plan.slot];

	(void)h;
	credential_clear(&r->give.fresh);
	r->give.fresh = (struct credential){ .server = mem_dup(r->o.who.server),
		                             .username = mem_dup(r->o.who.username),
		                             .password = take(&r->gen.reply.value),
		                             .expires_us = r->gen.reply.is.expires_us,
		                             .slot = (int)r->plan.slot + 1,
		                             .provider = mem_dup(r->o.state.registry),
		                             .created = r->gen.reply.is.created };
	r->give.slot = r->plan.slot;
	if (r->give.fresh.expires_us == 0 || r->give.fresh.expires_us > r->gen.expires_us)
		/* a service that grants more than was asked for: renewed as asked */
		r->give.fresh.expires_us = r->gen.expires_us;
	r->give.created = r->gen.reply.is.created;
	r->give.granted_us = r->gen.reply.is.expires_us;
	m->created = r->give.created;
	m->expires_us = r->give.fresh.expires_us;
	crypto_fingerprint(r->give.fresh.password, &m->print);
	m->delivered = m->gone = false;
	m->left = m->absent_since = m->foreign_created = m->foreign_expires_us = 0;
	r->o.alive[r->plan.slot] = r->o.dead[r->plan.slot] = r->o.doubted[r->plan.slot] = false;
	state_settle_intent(m);
	m->revoke = 0;
	r->o.dirty = true;
	if (r->plan.discard) {
		/* What was in the slot is dead, and nobody gets what is in it now. */
		credential_clear(&r->give.fresh);
		rotation_drop_fence(r);
		r->out.changed = true;
		observe_sinks(&r->o);
		return rotation_save(r, e) ? rotation_go_to(r, STEP_DECIDE) : FAILED;
	}
	r->give.generated = true;
	return rotation_go_to(r, STEP_PREPARE);
}
