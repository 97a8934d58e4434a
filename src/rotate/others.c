/* SPDX-License-Identifier: MIT */
#include "rotate/others.h"

#include "base/err.h"
#include "base/str.h"
#include "config/job.h"
#include "rotate/observe.h"

/* Until when something that is deployed works; 0: nothing does, or it is not known. */
static int64_t deployed_until(const struct observation *o)
{
	int64_t until = 0;

	for (size_t i = 0; i < o->n_views; i++) {
		enum acr_slot holds = o->views[i].holds;
		if (holds != ACR_NO_SLOT && o->state.slot[holds].expires_us / 1000000 > until)
			until = o->state.slot[holds].expires_us / 1000000;
	}
	return until;
}

/*
 * A sink that cannot be touched takes what a paused rotator sends whenever it sends it: here safety
 * does lie in waiting, until its access tokens have expired. But what is deployed must not expire
 * meanwhile: a quarter of what it has left is the limit.
 */
bool others_write(const struct observation *o, int64_t now, struct err *e)
{
	const struct state *s = &o->state;
	int64_t until = s->busy_until, deployed = deployed_until(o);
	char since[STR_TIME_MAX], end[STR_TIME_MAX];

	if (!store_is_shared(o->store) || until == 0)
		return false;
	bool limited = deployed > s->busy_since && deployed < until;
	if (limited)
		until = s->busy_since + (deployed - s->busy_since) / 4;
	if (now >= until)
		return false;
	str_from_time(s->busy_since, since);
	str_from_time(until, end);
	return !err_set(e, ERR_CONFLICT,
	                "another rotator is at work since %s; a sink of the job has no "
	                "compare-and-swap, so nobody else does anything before %s%s",
	                since, end,
	                limited ? " (a quarter of the time that the password in use has left)"
	                        : "");
}

/* Since when a rotation is under way, as the record has it; 0: none is. */
static int64_t under_way(const struct state *s)
{
	int64_t since = 0;

	for (int i = 0; i < ACR_SLOT__COUNT; i++)
		if (s->slot[i].intent && s->slot[i].intent_since > since)
			since = s->slot[i].intent_since;
	return since;
}

/*
 * No safety lies in this: a run that went on would be told so by the version of the record. But
 * what it saved would end the other's rotation just before it delivers, and its own would be ended
 * the same way. Whoever takes longer than any rotation does is not waited for.
 */
bool others_rotate(const struct observation *o, int64_t now, struct err *e)
{
	int64_t since = under_way(&o->state);
	char at[STR_TIME_MAX];

	if (!store_is_shared(o->store) || since == 0 || since > now ||
	    now - since >= o->job->policy.verify_timeout)
		return false;
	str_from_time(since, at);
	return !err_set(e, ERR_CONFLICT, "another rotator is at work since %s", at);
}
