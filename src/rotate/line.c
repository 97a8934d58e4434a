/* SPDX-License-Identifier: MIT */
/* The job's place among all that ask Azure Resource Manager. It is taken before anything begins:
 * whoever has begun is not kept waiting, least of all between a generate and the delivery. */
#include "azure/arm.h"
#include "base/env.h"
#include "base/err.h"
#include "step.h"

#define STALL_MAX_MS (60 * 60 * 1000) /* nothing is served to anybody */
#define UNNAMED_MS   10000            /* a 429 that does not say how long */

/* The token is read before the decision, right before the generate and behind the proof. */
static const struct arm_needs needs[] = {
	[ERRAND_LOOK] = { .reads = 1 },
	[ERRAND_ROTATE] = { .reads = 3, .writes = 1 },
};

struct arm *rotation_job_arm(struct rotation *r)
{
	if (r->arm == NULL)
		r->arm = arm_for_job(r->w->arm(r->w->ctx, r->job));
	return r->arm;
}

enum errand rotation_errand(const struct rotation *r)
{
	bool unknown = r->o.who.server == NULL, asked = (r->flags & (ROTATE_FORCE | ROTATE_REVOKE));

	if (is_dry(r))
		return ERRAND_LOOK;
	return unknown || asked || r->plan.action == PLAN_ROTATE || r->plan.action == PLAN_CREATE
	               ? ERRAND_ROTATE
	               : ERRAND_LOOK;
}

/* Closed for longer than anybody waits. */
static bool is_stalled(const struct rotation *r, struct err *e)
{
	int64_t since_ms;

	if (arm_open(r->arm, &since_ms, e) ||
	    (since_ms <= STALL_MAX_MS && e->retry_after_ms <= ROTATION_RETRY_AFTER_MAX_MS))
		return false;
	e->throttled = false; /* it is left to the next run */
	e->retry_after_ms = ROTATION_RETRY_AFTER_MAX_MS + 1;
	return true;
}

static bool is_turn(struct rotation *r, enum errand errand)
{
	struct arm_needs more = needs[errand];

	if (r->line.errand >= errand)
		return arm_turn(r->arm, &r->again_ms);
	more.reads -= needs[r->line.errand].reads;
	r->line.errand = errand;
	return arm_line_up(r->arm, &more, &r->again_ms);
}

enum progress rotation_line_up(struct rotation *r, enum errand errand, enum step at, struct err *e)
{
	(void)rotation_job_arm(r);
	if (is_turn(r, errand))
		return NEXT;
	return is_stalled(r, e) ? FAILED : rotation_wait_then(r, r->again_ms, at);
}

const void *rotation_line(const struct rotation *r)
{
	return r->arm != NULL ? arm_line(r->arm) : NULL;
}

bool rotation_turn(struct rotation *r, int64_t *wait_ms)
{
	struct err why = ERR_INIT;

	return arm_turn(r->arm, wait_ms) || is_stalled(r, &why);
}

void rotation_put_aside(struct rotation *r)
{
	if (r->arm != NULL && arm_line(r->arm) == NULL)
		arm_step_out(r->arm);
}

bool rotation_may_wait(const struct rotation *r, int64_t *since, const struct err *e,
                       int64_t *again_ms)
{
	int64_t now = env_mono_ms(r->w->env);
	int64_t ms = e->retry_after_known ? e->retry_after_ms : UNNAMED_MS;

	*again_ms = ms;
	/* What is generated is waited for as long as it can still be delivered. */
	if (r->give.generated)
		return ms < rotation_fence_left_ms(r);
	if (*since == 0)
		*since = now;
	return ms <= ROTATION_RETRY_AFTER_MAX_MS && now + ms - *since < STALL_MAX_MS;
}
