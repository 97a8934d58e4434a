/* SPDX-License-Identifier: MIT */
#include "token/guard_use.h"

#include "azure/arm.h"
#include "base/env.h"
#include "base/secret.h"
#include "config/job.h"
#include "rotate/observe.h"
#include "sink/sink.h"
#include "token/context.h"
#include "token/guard.h"
#include "token/outside.h"

#define PASSWORD_MIN 32  /* the shortest that Azure makes or made */
#define MARGIN_S     300 /* of an expiry: more than two clocks may differ */

/* ---- the record ------------------------------------------------------------------------------ */

/* The slot of the service that a place of the record stands for; a follower's may be either. */
static unsigned meant_by(const struct state *s, int i)
{
	int64_t said = s->slot[i].said;

	if (s->follows == NULL)
		return 1U << i;
	return said == 1 ? TOKEN_KILLS_1 : said == 2 ? TOKEN_KILLS_2 : TOKEN_KILLS_BOTH;
}

/* What was delivered and not left for `grace`, or whose consumers a hook has yet to tell of the
 * other. */
static unsigned by_record(const struct token_run *r, const struct state *s, int64_t grace,
                          int64_t margin)
{
	int64_t now = env_now(r->w->env) + arm_clock_offset(r->arm);
	bool by_time = grace != 0 && arm_clock_serves(r->arm, grace) && !state_hook_owed(s);
	unsigned used = 0;

	for (int i = 0; i < ACR_SLOT__COUNT; i++) {
		const struct slot_memory *m = &s->slot[i];
		bool left = by_time && m->left != 0 && now - m->left >= grace;
		bool gone =
			m->gone || (m->expires_us != 0 && m->expires_us / 1000000 <= now - margin);
		if (m->delivered && !left && !gone)
			used |= meant_by(s, i);
	}
	return used;
}

unsigned guard_in_use_by_record(const struct token_run *r, const struct state *s, int64_t grace)
{
	return by_record(r, s, grace, MARGIN_S);
}

/* ---- the sinks ------------------------------------------------------------------------------- */

static unsigned by_views(const struct observation *o)
{
	unsigned used = 0;

	for (size_t i = 0; i < o->n_views; i++) {
		enum acr_slot holds = o->views[i].holds;
		used |= o->views[i].other      ? TOKEN_KILLS_BOTH
		        : holds == ACR_NO_SLOT ? 0U
		                               : meant_by(&o->state, (int)holds);
	}
	return used;
}

static bool may_be_password(void *ctx, const struct secret *s)
{
	(void)ctx;
	return secret_len(s) >= PASSWORD_MIN;
}

/* Something that may be a password, in a form that is not the sink's. */
static bool is_strange(const struct seen *s, const struct credential *who)
{
	const struct sink_known known = { .is = may_be_password };
	AUTO_SECRET struct secret *found = NULL;
	struct err ignored = ERR_INIT;

	return s->sink != NULL && !s->unread && s->held == NULL && s->spec->ops->find != NULL &&
	       s->spec->ops->find(s->sink, who, &known, &found, &ignored) && found != NULL;
}

/* Would it have been recognized in any form, if it were the password of this slot? */
static bool is_known(const struct slot_memory *m)
{
	return m->created != 0 && !m->gone && m->foreign_created == 0 && !m->intent &&
	       fingerprint_is_set(&m->print);
}

static unsigned by_strangers(const struct observation *o)
{
	bool strange = false;

	for (size_t i = 0; i < o->n_seen; i++)
		strange = strange || is_strange(&o->seen[i], &o->who);
	if (!strange)
		return 0;
	if (o->followed != NULL)
		return TOKEN_KILLS_BOTH;
	return (is_known(&o->state.slot[ACR_SLOT_1]) ? 0U : TOKEN_KILLS_1) |
	       (is_known(&o->state.slot[ACR_SLOT_2]) ? 0U : TOKEN_KILLS_2);
}

unsigned guard_in_use(const struct token_run *r, const struct observation *o)
{
	const struct plan_input in = observe_input(o, 0, false);

	return by_views(o) | by_strangers(o) |
	       by_record(r, &o->state, in.until_expiry ? 0 : in.grace, in.margin);
}
