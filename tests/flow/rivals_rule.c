/* SPDX-License-Identifier: MIT */
/* What the rule sees, and what it says. */
#include "flow/rivals_parts.h"

#define NOW  INT64_C(1000000000)
#define HOUR INT64_C(3600)
#define DAY  (24 * HOUR)

static struct slot_view view_slot(const struct rivals *v, const struct both *w, int k)
{
	const struct place *p = &w->slot[k];

	return (struct slot_view){
		.present = p->life != ABSENT,
		.ours = p->life != ABSENT,
		.delivered = p->delivered,
		.lost = p->life != ABSENT && !p->known,
		.intent = p->intent != NO_INTENT && v->without != RIVALS_NO_TAINT,
		.abandoned = NOW,
		.dead_at = p->intent == OPEN ? NOW + HOUR : NOW,
		.created = w->newest == k ? 2 : 1,
		.expires = p->life == LIVING ? NOW + (w->newest == k ? 60 : 30) * DAY : NOW - DAY,
		.left = p->left == 0   ? 0
		        : p->left == 1 ? NOW
		                       : NOW - DAY,
	};
}

static void view_sink(const struct both *w, int i, struct sink_view *views, size_t *n)
{
	int held = w->sink[i];
	bool known = held < 2 && w->slot[held].known;

	views[(*n)++] = (struct sink_view){
		.holds = known ? (enum acr_slot)held : ACR_NO_SLOT,
		.other = !known && held != NOTHING,
		.readable = true,
		.rejected = !known && held != NOTHING && !rivals_lives(w, held),
	};
	for (int k = 0; k < 2; k++)
		if ((w->may[i] >> k & 1) && !(known && held == k))
			views[(*n)++] = (struct sink_view){ .holds = (enum acr_slot)k };
}

/* What is left of the rule where a step of it is left out. */
static struct plan naive(const struct rivals *v, const struct plan_input *in, struct plan p)
{
	bool waits = p.action == PLAN_WAIT && p.why == WHY_INTENT;

	if (v->without == RIVALS_OTHER_SLOT && waits && p.active) {
		p.action = PLAN_ROTATE;
		p.slot = acr_other(p.slot);
	}
	if (v->without == RIVALS_HURRY && waits && !p.active) {
		struct plan_input hurried = *in;
		hurried.slot[0].intent = hurried.slot[1].intent = false;
		return plan_decide(&hurried);
	}
	return p;
}

struct plan rivals_decide(const struct rivals *v, const struct both *w, bool due)
{
	struct sink_view views[3 * RIVALS_SINKS_MAX];
	struct plan_input in = {
		.now = NOW,
		.lifetime = 90 * DAY,
		.renew_before = HOUR,
		.grace = DAY,
		.margin = 300,
		.asked = TOKEN_READ,
		.enabled = true,
		.known = true,
		.force = due,
		.slot = { view_slot(v, w, 0), view_slot(v, w, 1) },
		.sinks = views,
	};

	for (int i = 0; i < v->n_sinks; i++)
		view_sink(w, i, views, &in.n_sinks);
	return naive(v, &in, plan_decide(&in));
}

bool rivals_is_contradicted(const struct rivals *v, const struct both *w, int slot)
{
	return v->without != RIVALS_OTHER_SLOT && rivals_is_held(v, w, slot) &&
	       rivals_lives(w, slot);
}
