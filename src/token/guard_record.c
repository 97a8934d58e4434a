/* SPDX-License-Identifier: MIT */
#include "token/guard_record.h"

#include "azure/arm.h"
#include "base/err.h"
#include "base/mem.h"
#include "config/job.h"
#include "rotate/former.h"
#include "rotate/state.h"
#include "store/store.h"

#define SAVES_MAX 4 /* of the end of an intent, each on what another rotator has just written */

/* What is saved here is neither missing nor lost for the next run. */
static bool heed_former(struct guard_record *g, struct err *e)
{
	struct state *s = &g->o.state;

	return g->job->source != NULL || (!s->missing && s->lost == LOST_NOT) ||
	       former_taint(g->former, g->store, g->job, true, s, e);
}

bool guard_record_open(struct guard_record *g, struct err *e)
{
	if (!observe_open(g->store, g->job, &g->o, e))
		return false;
	g->open = true;
	g->never_ran = !state_was_there(g->store, g->job->name, g->job->token);
	return heed_former(g, e);
}

void guard_record_close(struct guard_record *g)
{
	if (g->open)
		observe_close(&g->o);
	g->open = false;
}

static bool save(struct guard_record *g, struct err *e)
{
	struct state *s = &g->o.state;

	while (g->never_ran && s->n_sinks > 0)
		state_drop_sink(s, 0);
	if ((s->lost != LOST_NOT && !store_set_aside(g->store, g->job->name, e)) ||
	    !state_save(g->store, g->job->name, s, STORE_DURABLE, e))
		return false;
	s->lost = LOST_NOT;
	s->missing = false;
	return true;
}

/* ---- before the request ---------------------------------------------------------------------- */

static void note_before(struct guard_record *g, int slot)
{
	const struct slot_memory *m = &g->o.state.slot[slot];

	g->before[slot] = (struct guard_before){ .intent = m->intent,
		                                 .since = m->intent_since,
		                                 .dead_at = m->dead_at,
		                                 .abandoned = m->abandoned,
		                                 .asked_us = m->asked_us,
		                                 .asked_before_us = m->asked_before_us };
}

/* Unless another rotator has made something else of it. */
static void restore(struct guard_record *g)
{
	for (int i = 0; i < ACR_SLOT__COUNT; i++) {
		struct slot_memory *m = &g->o.state.slot[i];
		const struct guard_before *b = &g->before[i];
		if ((g->tainted & 1U << i) == 0 || !m->intent || m->asked_us != 0 ||
		    m->intent_since != g->since)
			continue;
		if ((g->running & 1U << i) != 0)
			state_forget_operation(m);
		m->intent = b->intent;
		m->intent_since = b->since;
		m->dead_at = b->dead_at;
		m->abandoned = b->abandoned;
		m->asked_us = b->asked_us;
		m->asked_before_us = b->asked_before_us;
	}
}

bool guard_record_intend(struct guard_record *g, unsigned slots, int64_t now, int64_t dead_at,
                         struct err *e)
{
	g->tainted = slots;
	g->running = 0;
	g->since = now;
	for (int i = 0; i < ACR_SLOT__COUNT; i++) {
		note_before(g, i);
		if ((slots & 1U << i) != 0)
			state_taint(&g->o.state.slot[i], now, dead_at);
	}
	if (save(g, e))
		return true;
	restore(g);
	g->tainted = 0;
	return false;
}

static void try_to_save(struct guard_record *g)
{
	struct err ignored = ERR_INIT;

	(void)!save(g, &ignored);
}

void guard_record_running(struct guard_record *g, const struct arm_operation *op)
{
	for (int i = 0; i < ACR_SLOT__COUNT; i++) {
		struct slot_memory *m = &g->o.state.slot[i];
		if ((g->tainted & 1U << i) == 0 || m->operation != NULL)
			continue;
		g->running |= 1U << i;
		m->operation = mem_dup(op->poll_url);
		m->operation_by_status = op->by_status;
		/* The expiry of an access token ends it no more. */
		m->dead_at = 0;
	}
	try_to_save(g);
}

/* ---- behind it ------------------------------------------------------------------------------- */

static bool reload(struct guard_record *g, struct err *e)
{
	struct state fresh;

	if (!state_load(g->store, g->job->name, &fresh, e))
		return false;
	state_clear(&g->o.state);
	g->o.state = fresh;
	return true;
}

bool guard_record_withdraw(struct guard_record *g, struct err *e)
{
	for (int i = 0; g->tainted != 0; i++) {
		restore(g);
		if (save(g, e))
			break;
		if (e->kind != ERR_CONFLICT || i == SAVES_MAX || !reload(g, e))
			return false;
	}
	g->tainted = 0;
	return true;
}

void guard_record_abandon(struct guard_record *g, int64_t now)
{
	unsigned slots = g->tainted;

	g->tainted = 0;
	for (int i = 0; i < ACR_SLOT__COUNT; i++)
		if ((slots & 1U << i) != 0)
			state_abandon_intent(&g->o.state.slot[i], now);
	if (slots != 0)
		try_to_save(g);
}

/* ---- what stands ----------------------------------------------------------------------------- */

bool guard_record_take_over(struct guard_record *g, int64_t now, struct err *e)
{
	bool any = false;

	for (int i = 0; i < ACR_SLOT__COUNT; i++) {
		struct slot_memory *m = &g->o.state.slot[i];
		if (!m->intent || m->abandoned != 0 || store_is_shared(g->store))
			continue;
		state_abandon_intent(m, now);
		any = true;
	}
	return !any || save(g, e);
}

int64_t guard_record_standing(const struct guard_record *g, unsigned slots, int64_t now)
{
	int64_t until = 0;

	for (int i = 0; i < ACR_SLOT__COUNT; i++) {
		const struct slot_memory *m = &g->o.state.slot[i];
		if ((slots & 1U << i) == 0 || !m->intent)
			continue;
		int64_t dies = state_intent_dies(m);
		until = dies > now && dies > until ? dies : until;
	}
	return until;
}
