/* SPDX-License-Identifier: MIT */
/* What happens beside the rotators, the search, and its end. */
#include "flow/rivals.h"

#include "flow/rivals_parts.h"

#define CALM_TICKS 4

/* ---- what happens without a rotator ---------------------------------------------------------- */

static void answered(struct hunt *h, const struct both *from, int r)
{
	struct both w = *from;
	struct rotator_at *rot = &w.rot[r];
	int k = rot->slot;
	bool last = rot->last;

	rivals_act(h, &w, k, last, "a request acts");
	struct both lost = w;
	rot->has = true;
	rot->last = false;
	rivals_go(&w, r, PROBE);
	rivals_reach(h, &w, k == 0 ? "its request for 1 acts" : "its request for 2 acts");
	lost.rot[r] = (struct rotator_at){ .at = IDLE };
	rivals_reach(h, &lost, "its request acts, the answer is lost");
}

static void late(struct hunt *h, const struct both *from, int k, bool last)
{
	const char *how = k == 0 ? "a request for 1 acts late" : "a request for 2 acts late";
	struct both w = *from;

	if (from->slot[k].late[last] == 0)
		return;
	rivals_act(h, &w, k, last, how);
	if (from->slot[k].late[last] == RIVALS_LATE_MAX)
		rivals_reach(h, &w, how); /* two or more: as many are left */
	w.slot[k].late[last]--;
	rivals_reach(h, &w, how);
}

/* The access tokens of the rotation with this intent have expired: the service refuses what it
 * sends, and what is still under way. */
static void expire_tokens(const struct rivals *v, struct both *w, int k)
{
	if (w->slot[k].intent == OPEN)
		w->slot[k].intent = OVER;
	if (v->without == RIVALS_BY_CLOCK)
		return; /* it was only believed that they are dead */
	w->slot[k].late[0] = w->slot[k].late[1] = 0;
	for (int r = 0; r < 2; r++) {
		struct rotator_at *rot = &w->rot[r];
		if (rot->slot != k || rot->at < TOUCH || rot->at > AWAIT)
			continue;
		if (rot->at == AWAIT || v->without != RIVALS_RENEWED)
			*rot = (struct rotator_at){ .at = IDLE };
	}
}

/* Sinks without versions are written with such tokens, too: dead_at ends the whole rotation. */
static void end_busy(const struct rivals *v, struct both *w)
{
	bool dies = v->without != RIVALS_RENEWED && v->without != RIVALS_BY_CLOCK;

	for (int k = 0; k < 2; k++)
		expire_tokens(v, w, k);
	if (w->busy != 0 && dies)
		w->rot[w->busy - 1] = (struct rotator_at){ .at = IDLE };
	w->busy = 0;
}

static void tokens(struct hunt *h, const struct both *from)
{
	struct both w = *from;

	if (h->v->plain && from->busy != 0) {
		end_busy(h->v, &w);
		rivals_reach(h, &w, "access tokens expire");
	}
	for (int k = 0; k < 2 && !h->v->plain; k++) {
		if (from->slot[k].intent != OPEN)
			continue;
		w = *from;
		expire_tokens(h->v, &w, k);
		rivals_reach(h, &w, "access tokens expire");
	}
}

/* Somebody empties a sink, or puts an older content into it. */
static void edit(struct hunt *h, const struct both *from, int i)
{
	static const char *const how[] = { "a hand puts 1 into a sink", "a hand puts 2 into a sink",
		                           "a hand puts what is dead into a sink",
		                           "a hand empties a sink" };

	if (rivals_lives(from, from->sink[i]) && from->slot[from->sink[i]].left != 0)
		return; /* no run has seen it yet */
	for (int held = 0; held <= NOTHING; held++) {
		const struct place *p = &from->slot[held < 2 ? held : 0];
		bool has = p->life == LIVING &&
		           (p->used || (p->known && p->delivered && p->intent != OPEN));
		if (held == from->sink[i] || (held < 2 && !has))
			continue;
		struct both w = *from;
		w.sink[i] = held;
		if (held < 2)
			w.slot[held].used = true;
		w.rot[0].sees[i] = w.rot[1].sees[i] = false;
		rivals_reach(h, &w, how[held]);
	}
}

static void grace_passes(const struct rivals *v, struct both *w)
{
	for (int k = 0; k < 2; k++) {
		w->slot[k].used = rivals_is_held(v, w, k);
		w->slot[k].left = w->slot[k].left == 0 ? 0 : 2;
	}
}

static void world(struct hunt *h, const struct both *from)
{
	struct both w;

	for (int r = 0; r < 2; r++) {
		if (from->rot[r].at == AWAIT)
			answered(h, from, r);
		if (from->rot[r].at == IDLE)
			continue;
		w = *from;
		rivals_end(&w, r);
		rivals_reach(h, &w, "dies");
	}
	for (int k = 0; k < 2; k++) {
		late(h, from, k, false);
		late(h, from, k, true);
		if (from->slot[k].life != LIVING ||
		    (from->newest == k && from->slot[1 - k].life == LIVING))
			continue;
		w = *from;
		w.slot[k].life = EXPIRED;
		rivals_reach(h, &w, k == 0 ? "1 expires" : "2 expires");
	}
	tokens(h, from);
	for (int i = 0; i < h->v->n_sinks && h->v->hands; i++)
		edit(h, from, i);
	w = *from;
	grace_passes(h->v, &w);
	rivals_reach(h, &w, "grace passes");
}

static void expand(struct hunt *h, const struct both *w)
{
	for (int r = 0; r < 2; r++) {
		if (w->rot[r].at != IDLE) {
			rivals_step(h, w, r);
			continue;
		}
		rivals_start(h, w, r, false);
		rivals_start(h, w, r, true);
	}
	world(h, w);
}

/* ---- liveness -------------------------------------------------------------------------------- */

static bool in_step(const struct rivals *v, const struct both *w)
{
	for (int i = 0; i < v->n_sinks; i++)
		if (w->sink[i] != w->sink[0])
			return false;
	return rivals_lives(w, w->sink[0]);
}

/* One step with its success alone: of what it reaches, the first. */
static struct both calm_step(const struct rivals *v, const struct both *from)
{
	struct states_room room;
	struct rivals_result none = { .kills = 1 };
	struct hunt one = { .v = v, .out = &none, .states = states_of_one(&room) };

	if (from->rot[0].at == IDLE)
		rivals_start(&one, from, 0, false);
	else if (from->rot[0].at == AWAIT)
		answered(&one, from, 0);
	else
		rivals_step(&one, from, 0);
	struct both to = one.states.n > 0 ? rivals_unpack(room.key) : *from;
	/* It has no name; nobody else is there. */
	if (to.rot[0].at == IDLE && to.rot[1].at != IDLE) {
		to.rot[0] = to.rot[1];
		to.rot[1] = (struct rotator_at){ .at = IDLE };
		to.busy = to.busy == 0 ? 0 : 3 - to.busy;
	}
	return to;
}

static enum life gone(enum life life)
{
	return life == LIVING ? EXPIRED : life;
}

/* Both are dead, whatever they sent is, too; one comes back. */
static bool converges(const struct rivals *v, struct both w)
{
	for (int r = 0; r < 2; r++)
		w.rot[r] = (struct rotator_at){ .at = IDLE };
	end_busy(v, &w);
	for (int k = 0; k < 2; k++)
		w.slot[k].late[0] = w.slot[k].late[1] = 0;
	for (int tick = 0; tick < 3 * CALM_TICKS && !in_step(v, &w); tick++) {
		/* What a sink may hold and does not show is waited for until it expires. */
		if (tick == CALM_TICKS)
			w.slot[1 - w.newest].life = gone(w.slot[1 - w.newest].life);
		if (tick == 2 * CALM_TICKS)
			w.slot[w.newest].life = gone(w.slot[w.newest].life);
		grace_passes(v, &w);
		w = calm_step(v, &w);
		while (w.rot[0].at != IDLE)
			w = calm_step(v, &w);
	}
	return in_step(v, &w);
}

bool rivals_search(const struct rivals *v, size_t max_states, struct rivals_result *out)
{
	struct hunt h = { .v = v, .out = out };
	struct both first = { .sink = { NOTHING, NOTHING } };
	uint64_t key;

	*out = (struct rivals_result){ 0 };
	states_open(&h.states, max_states);
	rivals_reach(&h, &first, "");
	while (states_next(&h.states, &key)) {
		struct both w = rivals_unpack(key);
		if (!converges(v, w) && out->stuck++ == 0 && out->kills == 0)
			states_tell(&h.states, h.states.at, "stuck", out->story,
			            sizeof(out->story));
		expand(&h, &w);
	}
	out->states = h.states.n;
	bool whole = !h.states.full;
	states_close(&h.states);
	return whole;
}
