/* SPDX-License-Identifier: MIT */
#include "token/guard_use.h"

#include "azure/arm.h"
#include "base/env.h"
#include "config/job.h"
#include "rotate/observe.h"
#include "token/context.h"
#include "token/guard.h"
#include "token/outside.h"

static unsigned of_slot(enum acr_slot slot)
{
	return slot == ACR_NO_SLOT ? 0 : 1U << slot;
}

/* Two clocks that differ by more than a quarter of grace: one of them would end it too early. */
static bool clocks_agree(const struct token_run *r, int64_t grace)
{
	int64_t off = arm_clock_offset(r->arm);

	return arm_clock_known(r->arm) && (off < 0 ? -off : off) * 4 <= grace;
}

/* What a sink holds, and what was delivered and not left for `grace`, or whose consumers a hook has
 * yet to tell of the other. Both, where it cannot be told. */
static unsigned by_rotator(const struct token_run *r, const struct observation *o)
{
	int64_t now = env_now(r->w->env) + arm_clock_offset(r->arm);
	const struct plan_input in = observe_input(o, now, false);
	bool by_time = clocks_agree(r, o->job->policy.grace) && !in.until_expiry;
	unsigned used = 0;

	for (size_t i = 0; i < o->n_views; i++)
		used |= o->views[i].other ? TOKEN_KILLS_BOTH : of_slot(o->views[i].holds);
	for (int i = 0; i < ACR_SLOT__COUNT; i++) {
		const struct slot_memory *s = &o->state.slot[i];
		bool left = !in.hook_owed && s->left != 0 && now - s->left >= in.grace;
		bool gone = s->gone ||
		            (s->expires_us != 0 && s->expires_us / 1000000 <= now - in.margin);
		if (s->delivered && !(left && by_time) && !gone)
			used |= of_slot((enum acr_slot)i);
	}
	return used;
}

/* What its sinks hold; of which slot that is, its source may not say. */
static unsigned by_follower(const struct observation *o)
{
	unsigned used = 0;

	for (size_t i = 0; i < o->n_views; i++) {
		enum acr_slot slot = observe_slot_of(o, o->views[i].holds);
		bool any = o->views[i].holds != ACR_NO_SLOT || o->views[i].other;
		used |= slot != ACR_NO_SLOT ? of_slot(slot) : any ? TOKEN_KILLS_BOTH : 0U;
	}
	return used;
}

unsigned guard_in_use(const struct token_run *r, const struct observation *o)
{
	return o->followed != NULL ? by_follower(o) : by_rotator(r, o);
}
