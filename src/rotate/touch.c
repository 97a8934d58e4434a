/* SPDX-License-Identifier: MIT */
/*
 * What keeps several rotators apart where no lock does. Between the intent and the call that cannot
 * be undone every sink is touched, on the version that was read before the intent: whatever another
 * rotator prepared earlier, and was paused with, fails from then on.
 */
#include <stdio.h>

#include "base/env.h"
#include "rotate/others.h"
#include "sink/sink.h"
#include "step.h"

#define EPOCH_MAX 64

bool rotation_gives_way(const struct rotation *r, struct err *e)
{
	return rotation_is_busy(r, e) || others_rotate(&r->o, rotation_now(r), e);
}

/* A text that nobody has used. */
static void name_epoch(const struct rotation *r, char out[static EPOCH_MAX])
{
	const struct env *env = r->w->env;

	(void)snprintf(out, EPOCH_MAX, "%lld-%08x%08x", (long long)rotation_now(r),
	               env_random(env, UINT32_MAX), env_random(env, UINT32_MAX));
}

/* Another rotator was here between our last look and now: nothing was sent. */
static enum progress give_way(struct rotation *r, const struct seen *s, struct err *why,
                              struct err *e)
{
	rotation_end_busy(r);
	if (!rotation_withdraw_intent(r, e))
		return FAILED;
	*e = *why;
	(void)err_in(e, "sink '%s'", s->spec->name);
	e->kind = ERR_CONFLICT;
	return FAILED;
}

enum progress step_touch(struct rotation *r, struct http *h, struct err *e)
{
	char epoch[EPOCH_MAX];
	bool broke = false;

	(void)h;
	name_epoch(r, epoch);
	for (size_t i = 0; i < r->o.n_seen; i++) {
		struct seen *s = &r->o.seen[i];
		struct err why = ERR_INIT;
		if (s->broken || s->spec->ops->touch == NULL ||
		    s->spec->ops->touch(s->sink, &r->o.who, epoch, &why))
			continue;
		if (why.kind == ERR_BUSY)
			return give_way(r, s, &why, e);
		rotation_leave_out(r, i, &why);
		broke = true;
	}
	if (!broke)
		return rotation_go_to(r, STEP_GENERATE);
	/* Without it another decision may be right. */
	return rotation_withdraw_intent(r, e) ? rotation_go_to(r, STEP_DECIDE) : FAILED;
}
