/* SPDX-License-Identifier: MIT */
/* The one call that cannot be undone, and the ledger around it. */
#include <string.h>

#include "base/env.h"
#include "base/mem.h"
#include "base/secret.h"
#include "step.h"

#define LOST_REPLIES_MAX   2
#define LOST_REPLY_WAIT_MS 1000
#define NOT_ACTIVE_WAIT_MS 2000
#define HELD_UP_S          5
#define DISCARD_LIFE_S     3600 /* of a password that nobody gets: it is forgotten at once */
#define REFUSED_TRIES_MAX  30   /* with 2 s between: a token being created takes some 5 to 15 */

static int64_t wanted_life(const struct rotation *r)
{
	int64_t life = r->job->policy.lifetime;

	return r->discard && life > DISCARD_LIFE_S ? DISCARD_LIFE_S : life;
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
	bool may_act = m->intent && now - m->intent_since < PLAN_REQUEST_LIFE;

	return may_act && m->asked_us / 1000000 - now > wanted_life(r) / 2 ? m->asked_us
	                                                                   : choose_expiry(r, now);
}

enum progress step_intend(struct rotation *r, struct http *h, struct err *e)
{
	struct slot_memory *m = &r->o.state.slot[r->plan.slot];
	int64_t now = rotation_now(r);

	(void)h;
	r->expires_us = repeat_expiry(r, m, now);
	m->asked_before_us = m->asked_us;
	m->asked_us = r->expires_us;
	m->intent = true;
	m->intent_since = now;
	/* said here, so that preparing the sinks needs no save of its own */
	r->o.state.unfinished = true;
	r->o.dirty = true;
	return rotation_save_for_now(r, e) ? rotation_go_to(r, STEP_READ_AGAIN) : FAILED;
}

/* The request provably did not act. */
static bool take_intent_back(struct rotation *r, struct err *e)
{
	state_settle_intent(&r->o.state.slot[r->plan.slot]);
	r->o.dirty = true;
	return rotation_save(r, e);
}

/* Is the slot still as it was when it was found free? */
static bool same_generation(const struct acr_password *a, const struct acr_password *b)
{
	return a->present == b->present && (!a->present || a->created == b->created);
}

/* Somebody may have put the other password back into a sink since it was read. The intent just
 * saved is not in flight yet. */
static bool still_decided(struct rotation *r)
{
	struct slot_memory *m = &r->o.state.slot[r->plan.slot];

	observe_sinks(&r->o);
	bool discard;
	m->intent = false;
	struct plan p =
		rotation_decide(r, rotation_now(r), (r->flags & ROTATE_FORCE) != 0, &discard);
	m->intent = true;
	return p.action == PLAN_ROTATE && p.slot == r->plan.slot && discard == r->discard;
}

enum progress step_read_again(struct rotation *r, struct http *h, struct err *e)
{
	struct acr_token token;
	bool ours;
	struct acr_password seen = observe_slot(&r->o, r->plan.slot, &ours);

	if (!acr_get_token(r->arm, h, &r->ref, &token, e))
		return FAILED;
	if (!same_generation(&token.slot[r->plan.slot], &seen) || !token.enabled ||
	    !still_decided(r)) {
		if (!take_intent_back(r, e))
			return FAILED;
		observe_token(&r->o, &token, rotation_now(r));
		return rotation_go_to(r, STEP_DECIDE);
	}
	return rotation_go_to(r, STEP_GENERATE);
}

/* The request was refused for certain: throttled, not active yet, never sent, or forbidden. */
static enum progress refused(struct rotation *r, struct err *e)
{
	struct err why = *e;
	bool creating = strcmp(e->code, "TokenNotActive") == 0 ||
	                /* a new token is not known everywhere at once */
	                (r->young && e->kind == ERR_MISSING);

	if (!take_intent_back(r, e))
		return FAILED;
	*e = why;
	if ((!creating && e->kind != ERR_TRANSIENT) || ++r->refusals > REFUSED_TRIES_MAX)
		return FAILED;
	int64_t ms = e->retry_after_known ? e->retry_after_ms : NOT_ACTIVE_WAIT_MS;
	if (ms > r->job->policy.verify_timeout * 1000)
		return FAILED;
	return rotation_wait_then(r, ms + env_random(r->w->env, 500), STEP_INTEND);
}

/* Whether it acted nobody knows: the token will tell, and the same slot is generated again once
 * the request must have died. */
static enum progress lost(struct rotation *r, struct err *e)
{
	/* Whoever may not ask how it went learns nothing by generating once more, and has to be
	 * told what is missing. */
	if (e->kind == ERR_DENIED)
		return FAILED;
	if (++r->lost_replies > LOST_REPLIES_MAX) {
		(void)err_in(e, "the answer to generating %s was lost %d times",
		             acr_slot_name(r->plan.slot), r->lost_replies);
		e->kind = ERR_TRANSIENT;
		return FAILED;
	}
	return rotation_wait_then(r, LOST_REPLY_WAIT_MS, STEP_READ);
}

/* The run may have been held up since it saved the intent, by retries above all: the ledger
 * never says that a request is older than it is. */
static bool refresh_intent(struct rotation *r, struct err *e)
{
	struct slot_memory *m = &r->o.state.slot[r->plan.slot];
	int64_t now = rotation_now(r);

	if (now - m->intent_since < HELD_UP_S)
		return true;
	m->intent_since = now;
	r->o.dirty = true;
	return rotation_save(r, e);
}

enum progress step_generate(struct rotation *r, struct http *h, struct err *e)
{
	if (!refresh_intent(r, e))
		return FAILED;
	acr_generated_clear(&r->reply);
	arm_operation_clear(&r->operation);
	if (acr_generate(r->arm, h, &r->ref, r->plan.slot, r->expires_us, &r->operation, &r->reply,
	                 e))
		return r->operation.poll_url == NULL
		               ? rotation_go_to(r, STEP_RECORD)
		               : rotation_poll_again(r, STEP_AWAIT, "generating the password", e);
	return e->not_acted ? refused(r, e) : lost(r, e);
}

enum progress step_await(struct rotation *r, struct http *h, struct err *e)
{
	bool done;

	/* As long as it is seen running it may still act: the ledger keeps the intent young. */
	if (!refresh_intent(r, e))
		return FAILED;
	if (!acr_generate_poll(r->arm, h, &r->ref, r->plan.slot, &r->operation, &done, &r->reply,
	                       e))
		return e->kind == ERR_TRANSIENT && r->tries < 3 ? FAILED /* asked again */
		                                                : lost(r, e);
	if (done) {
		r->await_until = 0;
		return rotation_go_to(r, STEP_RECORD);
	}
	return rotation_poll_again(r, STEP_AWAIT, "generating the password", e);
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
	credential_clear(&r->fresh);
	r->fresh = (struct credential){ .server = mem_dup(r->o.who.server),
		                        .username = mem_dup(r->o.who.username),
		                        .password = take(&r->reply.value),
		                        .expires_us = r->reply.is.expires_us,
		                        .slot = (int)r->plan.slot + 1 };
	if (r->fresh.expires_us == 0 || r->fresh.expires_us > r->expires_us)
		/* a service that grants more than was asked for: renewed as asked */
		r->fresh.expires_us = r->expires_us;
	r->created = r->reply.is.created;
	m->created = r->created;
	m->expires_us = r->fresh.expires_us;
	crypto_fingerprint(r->fresh.password, &m->print);
	m->delivered = m->gone = false;
	m->left = m->foreign_created = m->foreign_expires_us = 0;
	state_settle_intent(m);
	m->revoke = 0;
	r->o.dirty = true;
	if (r->discard) {
		/* What was in the slot is dead, and nobody gets what is in it now. */
		credential_clear(&r->fresh);
		r->out.changed = true;
		observe_sinks(&r->o);
		return rotation_save(r, e) ? rotation_go_to(r, STEP_DECIDE) : FAILED;
	}
	r->generated = true;
	return rotation_go_to(r, STEP_PREPARE);
}
