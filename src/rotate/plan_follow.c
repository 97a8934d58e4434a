/* SPDX-License-Identifier: MIT */
#include "rotate/plan_follow.h"

/* Of one whose expiry is not known the source may say it. */
static struct follow_known known_at(const struct follow_input *in, enum acr_slot place)
{
	struct follow_known k = in->known[place];

	if (place == in->source_is && k.expires == 0)
		k.expires = in->source_expires;
	return k;
}

static bool is_living(const struct follow_input *in, enum acr_slot place)
{
	const struct follow_known k = known_at(in, place);

	return k.known && !k.dead && (k.expires == 0 || k.expires > in->now);
}

/* By expiry where both are known; else by when they were seen first: the registry has two slots and
 * takes them in turn, so what works and was never seen is the newest. */
static bool is_newer(struct follow_known a, struct follow_known b)
{
	if (a.expires != 0 && b.expires != 0 && a.expires != b.expires)
		return a.expires > b.expires;
	return a.created > b.created;
}

static struct follow_known offered(const struct follow_input *in)
{
	if (in->source_is != ACR_NO_SLOT)
		return known_at(in, in->source_is);
	return (struct follow_known){ .known = true,
		                      .created = INT64_MAX,
		                      .expires = in->source_expires };
}

/* The newest living password that a sink of the job shows. */
static void find_active(const struct follow_input *in, struct plan *p)
{
	for (size_t i = 0; i < in->n_sinks; i++) {
		const struct sink_view *v = &in->sinks[i];
		if (!v->readable || v->holds == ACR_NO_SLOT || !is_living(in, v->holds) ||
		    (p->active && !is_newer(known_at(in, v->holds), known_at(in, p->slot))))
			continue;
		p->active = true;
		p->slot = v->holds;
		p->source = i;
	}
	int64_t expires = p->active ? known_at(in, p->slot).expires : 0;
	p->when = expires != 0 ? expires - in->renew_before : 0;
}

static bool any_readable(const struct follow_input *in)
{
	for (size_t i = 0; i < in->n_sinks; i++)
		if (in->sinks[i].readable)
			return true;
	return false;
}

static bool all_hold(const struct follow_input *in, enum acr_slot place)
{
	for (size_t i = 0; i < in->n_sinks; i++)
		if (in->sinks[i].readable && in->sinks[i].holds != place)
			return false;
	return true;
}

static struct plan but(struct plan p, enum plan_action action, enum plan_reason why)
{
	p.action = action;
	p.why = why;
	return p;
}

bool plan_follow_stays(const struct follow_input *in, enum acr_slot held)
{
	return !in->force && held != ACR_NO_SLOT && held != in->source_is && is_living(in, held) &&
	       !is_newer(offered(in), known_at(in, held));
}

/* The source has nothing that the sinks could take. What one of them has, the others get. */
static struct plan without(const struct follow_input *in, struct plan p, enum plan_reason why)
{
	if (p.active && !all_hold(in, p.slot))
		return but(p, PLAN_HEAL, WHY_LAGGING);
	return but(p, PLAN_WAIT, why);
}

/* Half of what a rotator has for its work is gone, and it has done nothing. */
static bool is_late(const struct follow_input *in, const struct plan *p)
{
	int64_t expires = known_at(in, p->slot).expires;

	return expires != 0 && expires - in->now < in->renew_before / 2;
}

static struct plan in_step(const struct follow_input *in, struct plan p)
{
	if (in->verify_due || in->force)
		return but(p, in->verified ? PLAN_KEEP : PLAN_VERIFY,
		           in->verified ? WHY_NOT_DUE : WHY_VERIFY);
	return is_late(in, &p) ? but(p, PLAN_WAIT, WHY_LATE) : but(p, PLAN_KEEP, WHY_NOT_DUE);
}

/* Is what the source has refused, or past its time? Every sink has it already. */
static struct plan used_up(const struct follow_input *in, struct plan p)
{
	return but(p, PLAN_WAIT, in->known[in->source_is].dead ? WHY_SOURCE_REFUSED : WHY_LATE);
}

struct plan plan_follow_decide(const struct follow_input *in)
{
	struct plan p = { .action = PLAN_WAIT, .slot = ACR_SLOT_1 };

	find_active(in, &p);
	if (!any_readable(in))
		return but(p, PLAN_REFUSE, WHY_NO_SINK);
	if (in->source != FOLLOW_READ)
		return without(in, p, in->source == FOLLOW_UNREAD ? WHY_SOURCE : WHY_SOURCE_EMPTY);
	if (in->source_is != ACR_NO_SLOT && all_hold(in, in->source_is))
		return p.active ? in_step(in, p) : used_up(in, p);
	if (p.active && in->source_is == p.slot)
		return but(p, PLAN_FOLLOW, WHY_LAGGING);
	if (!p.active || !plan_follow_stays(in, p.slot))
		return but(p, PLAN_FOLLOW, p.active ? WHY_NEWER : WHY_FIRST);
	/* What is deployed is newer than what the source has; unless it works no more. */
	return in->verified ? without(in, p, WHY_OLDER) : but(p, PLAN_VERIFY, WHY_OLDER);
}
