/* SPDX-License-Identifier: MIT */
/* What there is, as a number. */
#include "flow/rivals_parts.h"

bool rivals_lives(const struct both *w, int held)
{
	return held < 2 && w->slot[held].life == LIVING;
}

bool rivals_is_held(const struct rivals *v, const struct both *w, int k)
{
	for (int i = 0; i < v->n_sinks; i++)
		if (w->sink[i] == k)
			return true;
	return false;
}

bool rivals_is_outage(const struct rivals *v, const struct both *w)
{
	bool dead = false;

	for (int i = 0; i < v->n_sinks; i++) {
		if (rivals_lives(w, w->sink[i]))
			return false;
		dead = dead || w->sink[i] != NOTHING;
	}
	return dead;
}

static void put_rotator(struct digits *d, const struct rotator_at *r)
{
	digits_put(d, 10, (int)r->at);
	digits_put(d, 64,
	           r->slot | r->has << 1 | r->heals << 2 | r->fresh << 3 | r->last << 4 |
	                   r->sink << 5);
	digits_put(d, 4, r->sees[0] | r->sees[1] << 1);
	digits_put(d, 3, (int)r->given[0]);
	digits_put(d, 3, (int)r->given[1]);
}

static struct rotator_at get_rotator(struct digits *d)
{
	struct rotator_at r = { .at = (enum at)digits_get(d, 10) };
	int flags = digits_get(d, 64), sees = digits_get(d, 4);

	r.slot = flags & 1;
	r.has = flags >> 1 & 1;
	r.heals = flags >> 2 & 1;
	r.fresh = flags >> 3 & 1;
	r.last = flags >> 4 & 1;
	r.sink = flags >> 5 & 1;
	r.sees[0] = sees & 1;
	r.sees[1] = sees >> 1 & 1;
	r.given[0] = (enum given)digits_get(d, 3);
	r.given[1] = (enum given)digits_get(d, 3);
	return r;
}

/* first: which rotator comes first. */
static uint64_t pack_as(const struct both *w, int first)
{
	struct digits d = { 0, 1 };

	for (int k = 0; k < 2; k++) {
		const struct place *p = &w->slot[k];
		digits_put(&d, 3, (int)p->life);
		digits_put(&d, 3, p->left);
		digits_put(&d, 3, (int)p->intent);
		digits_put(&d, 8, p->known | p->delivered << 1 | p->used << 2);
		digits_put(&d, 3, p->late[0]);
		digits_put(&d, 3, p->late[1]);
	}
	digits_put(&d, 2, w->newest);
	digits_put(&d, 3, w->busy == 0 ? 0 : 1 + (w->busy - 1 != first));
	digits_put(&d, 16, w->sink[0] | w->sink[1] << 2);
	digits_put(&d, 16, w->may[0] | w->may[1] << 2);
	put_rotator(&d, &w->rot[first]);
	put_rotator(&d, &w->rot[1 - first]);
	return d.key;
}

/* Forgets what can make no difference; the rotators have no names. */
static uint64_t pack(const struct both *w)
{
	struct both plain = *w;

	for (int k = 0; k < 2; k++)
		if (plain.slot[k].life != LIVING)
			plain.slot[k].used = false;
	for (int r = 0; r < 2; r++)
		if (plain.rot[r].at == IDLE)
			plain.rot[r] = (struct rotator_at){ .at = IDLE };
	uint64_t one = pack_as(&plain, 0), two = pack_as(&plain, 1);
	return one < two ? one : two;
}

struct both rivals_unpack(uint64_t key)
{
	struct digits d = { key, 1 };
	struct both w = { .newest = 0 };

	for (int k = 0; k < 2; k++) {
		struct place *p = &w.slot[k];
		p->life = (enum life)digits_get(&d, 3);
		p->left = digits_get(&d, 3);
		p->intent = (enum intent)digits_get(&d, 3);
		int flags = digits_get(&d, 8);
		p->known = flags & 1;
		p->delivered = flags >> 1 & 1;
		p->used = flags >> 2 & 1;
		p->late[0] = digits_get(&d, 3);
		p->late[1] = digits_get(&d, 3);
	}
	w.newest = digits_get(&d, 2);
	w.busy = digits_get(&d, 3);
	int sinks = digits_get(&d, 16), may = digits_get(&d, 16);
	for (int i = 0; i < RIVALS_SINKS_MAX; i++) {
		w.sink[i] = sinks >> 2 * i & 3;
		w.may[i] = may >> 2 * i & 3;
	}
	w.rot[0] = get_rotator(&d);
	w.rot[1] = get_rotator(&d);
	return w;
}

void rivals_reach(struct hunt *h, const struct both *w, const char *how)
{
	states_reach(&h->states, pack(w), how);
}

void rivals_killed(struct hunt *h, const char *how)
{
	if (h->out->kills++ == 0)
		states_tell(&h->states, h->states.at, how, h->out->story, sizeof(h->out->story));
}
