/* SPDX-License-Identifier: MIT */
/*
 * Sinks without compare-and-swap beside other rotators. A vault takes what a paused rotator sends
 * whenever it sends it; no touch keeps that out. So the record says that one is at work, and until
 * it has ended, or all of its access tokens have expired, nobody else does anything.
 */
#include "base/env.h"
#include "rotate/others.h"
#include "sink/sink.h"
#include "step.h"

bool rotation_is_busy(const struct rotation *r, struct err *e)
{
	return !r->busy.ours && others_write(&r->o, rotation_now(r), e);
}

bool rotation_fence_sinks(struct rotation *r)
{
	bool all = true;

	for (size_t i = 0; i < r->o.n_seen; i++) {
		const struct sink_ops *ops = r->o.seen[i].spec->ops;
		struct err why = ERR_INIT;
		int64_t expires;

		if (r->o.seen[i].broken || ops->fence == NULL)
			continue;
		if (!ops->fence(r->o.seen[i].sink, r->job->policy.verify_timeout, &expires, &why)) {
			rotation_leave_out(r, i, &why);
			all = false;
		} else if (expires > r->busy.until) {
			r->busy.until = expires;
		}
	}
	r->busy.fenced = true;
	return all;
}

void rotation_open_sinks(struct rotation *r)
{
	for (size_t i = 0; r->opened && i < r->o.n_seen; i++) {
		const struct seen *s = &r->o.seen[i];
		if (s->sink != NULL && s->spec->ops->unfence != NULL)
			s->spec->ops->unfence(s->sink);
	}
	r->busy.fenced = false;
	r->busy.until = 0;
}

static bool any_untouchable(const struct rotation *r)
{
	for (size_t i = 0; i < r->o.n_seen; i++)
		if (r->o.seen[i].spec->ops->touch == NULL)
			return true;
	return false;
}

void rotation_mark_busy(struct rotation *r, int64_t until)
{
	struct state *s = &r->o.state;

	if (!store_is_shared(r->w->store) || !any_untouchable(r))
		return;
	if (!r->busy.ours)
		s->busy_since = rotation_now(r);
	if (!r->busy.ours || until > s->busy_until)
		s->busy_until = until;
	r->busy.ours = true;
	r->o.dirty = true;
}

/* A write that was given up may still arrive: then the time alone ends it. */
void rotation_end_busy(struct rotation *r)
{
	for (size_t i = 0; i < r->o.n_seen; i++)
		if (r->o.seen[i].failed && !r->o.seen[i].wrote_nothing)
			return;
	if (!r->busy.ours)
		return;
	r->o.state.busy_since = r->o.state.busy_until = 0;
	r->o.dirty = true;
}
