/* SPDX-License-Identifier: MIT */
#include "flow/model_world.h"

bool slot_is_ours(const struct slot *s)
{
	return s->tag == OURS || s->tag == CLAIMED || s->tag == UNSEEN;
}

bool slot_works(const struct slot *s)
{
	return s->tag != ABSENT && s->life > 0 && !s->rejected;
}

bool world_idle(const struct world *w)
{
	return !w->run[0].alive && !w->run[1].alive;
}

bool world_holds(const struct model *m, const struct world *w, int k)
{
	for (int i = 0; i < m->n_sinks; i++)
		if (w->sink[i].holds == bit(k) || w->sink[i].hidden == bit(k))
			return true;
	return false;
}

static struct sink ruined(struct sink s)
{
	s.holds = 0;
	s.ruin = true;
	return s;
}

void world_end_generation(const struct model *m, struct world *w, int k)
{
	struct slot *s = &w->slot[k];

	*s = (struct slot){ .intent = s->intent,
		            .young = s->young,
		            .abandoned = s->abandoned,
		            .flying = s->flying,
		            .stray = s->stray,
		            .ago = m->grace };
	for (int i = 0; i < m->n_sinks; i++) {
		w->sink[i].last &= ~bit(k);
		w->sink[i].hides &= ~bit(k);
		w->sink[i].hidden &= ~bit(k);
		if (w->sink[i].holds == bit(k))
			w->sink[i] = ruined(w->sink[i]);
	}
	for (int r = 0; r < 2; r++)
		w->run[r].stale = w->run[r].stale || (w->run[r].alive && (int)w->run[r].slot == k);
}

void world_begin_generation(const struct model *m, struct world *w, int k, enum tag tag, int life)
{
	world_end_generation(m, w, k);
	w->slot[k].tag = tag;
	w->slot[k].life = life;
	w->newest = k;
}

void world_wipe(const struct model *m, struct world *w)
{
	for (int k = 0; k < ACR_SLOT__COUNT; k++) {
		bool lacked = w->slot[k].tag == OURS;
		world_end_generation(m, w, k);
		w->slot[k].lacked = lacked ? m->grace : 0;
	}
}

/* exclusive = yes says that nothing else matters: not consumers that lag, nor a sink that is in
 * neither the job nor the state. */
static bool held_by_job(const struct model *m, const struct world *w, int k)
{
	for (int i = 0; i < m->n_sinks; i++) {
		const struct sink *s = &w->sink[i];
		if ((s->holds == bit(k) && !s->removed) ||
		    ((s->holds == bit(k) || s->hidden == bit(k)) && (s->last & bit(k))))
			return true;
	}
	return false;
}

bool world_outage(const struct model *m, const struct world *w)
{
	bool dead = false;

	for (int i = 0; i < m->n_sinks; i++) {
		const struct sink *s = &w->sink[i];
		for (int k = 0; k < ACR_SLOT__COUNT; k++) {
			if ((s->holds == bit(k) || s->hidden == bit(k)) && slot_works(&w->slot[k]))
				return false;
		}
		dead = dead || ((s->holds != 0 || s->ruin) && !s->unread && !s->removed);
	}
	return dead;
}

bool world_in_use(const struct model *m, const struct world *w, int k)
{
	const struct slot *s = &w->slot[k];

	if (!slot_works(s) || s->permitted)
		return false;
	if (m->exclusive)
		return held_by_job(m, w, k);
	if (world_outage(m, w))
		return world_holds(m, w, k) || s->away;
	return world_holds(m, w, k) || s->ago < m->grace || s->hooked || s->away;
}

/* dead_at: a tick after a run has seen that its sender is no more. */
static void forget_flights(struct slot *s)
{
	if (s->abandoned || !s->intent)
		s->flying = s->stray = 0;
}

void world_tick(const struct model *m, struct world *w)
{
	for (int k = 0; k < ACR_SLOT__COUNT; k++) {
		struct slot *s = &w->slot[k];
		forget_flights(s);
		s->young = false;
		if (s->left > 0 && s->left < 1 + m->grace)
			s->left++;
		s->lacked -= s->lacked > 0;
		if (s->ago < m->grace && !world_holds(m, w, k))
			s->ago++;
		if (s->tag != ABSENT && s->life != NEVER && s->life-- == 0)
			world_end_generation(m, w, k);
	}
	w->puts = w->put_left ? 0 : w->puts;
	w->put_left = false;
	for (int r = 0; r < 2; r++)
		if (w->run[r].alive && w->run[r].age < m->grace)
			w->run[r].age++;
}

/* ---- states: packed, one for all that are alike ---------------------------------------------- */

struct bits {
	struct packed key;
	int at;
};

static void put(struct bits *b, int width, int value)
{
	b->key.half[b->at / 64] |= (uint64_t)(unsigned)value << (b->at % 64);
	b->at += width;
}

static int get(struct bits *b, int width)
{
	int v = (int)(b->key.half[b->at / 64] >> (b->at % 64)) & ((1 << width) - 1);

	b->at += width;
	return v;
}

static int sink_code(const struct sink *s)
{
	return s->holds | s->last << 2 | s->unread << 4 | s->removed << 5 | s->touched << 6 |
	       s->out << 7 | s->ruin << 8 | s->held_foreign << 9 | s->hidden << 10 | s->hides << 12;
}

static struct sink sink_of(int code)
{
	return (struct sink){ .holds = code & 3,
		              .last = code >> 2 & 3,
		              .unread = code >> 4 & 1,
		              .removed = code >> 5 & 1,
		              .touched = code >> 6 & 1,
		              .out = code >> 7 & 1,
		              .ruin = code >> 8 & 1,
		              .held_foreign = code >> 9 & 1,
		              .hidden = code >> 10 & 3,
		              .hides = code >> 12 & 3 };
}

/* Forgets what can make no difference any more. */
static void normalise(const struct model *m, struct world *w)
{
	for (int k = 0; k < ACR_SLOT__COUNT; k++) {
		struct slot *s = &w->slot[k];
		if (s->tag != OURS && s->tag != CLAIMED) {
			s->delivered = false;
			s->left = 0;
		}
		/* Of a request that must have died, an intent is of no use once a generation is
		 * recorded. */
		s->intent = s->intent && (!s->abandoned || s->young ||
		                          (s->tag != OURS && s->tag != CLAIMED) || !world_idle(w));
		s->abandoned = s->abandoned && s->intent;
		s->young = s->young && s->abandoned;
		if (world_holds(m, w, k))
			s->ago = 0;
		if (!slot_works(s) || s->permitted || s->tag == FOREIGN) {
			s->ago = m->grace;
			s->hooked = s->away = false;
		}
	}
	w->tainted = w->tainted && (w->slot[0].intent || w->slot[1].intent);
	if (w->slot[0].tag == ABSENT || w->slot[1].tag == ABSENT)
		w->newest = 0;
	for (int r = 0; r < 2; r++) {
		if (!w->run[r].alive)
			w->run[r] = (struct run){ 0 };
		if (m->without != WITHOUT_FRESH_TIME)
			w->run[r].age = 0;
	}
	for (int i = 0; i < m->n_sinks; i++) {
		w->sink[i].out = w->sink[i].out && !world_idle(w);
		if (!(m->others & (MODEL_UNREAD | MODEL_REMOVED | MODEL_RESTORED | MODEL_BLINDED)))
			w->sink[i].last = 0;
		if (!(m->others & (MODEL_REMOVED | MODEL_BLINDED)))
			w->sink[i].held_foreign = false;
	}
}

/* Sinks have no order. */
static void sort(int *code, int n)
{
	for (int i = 1; i < n; i++)
		for (int j = i; j > 0 && code[j] < code[j - 1]; j--) {
			int swap = code[j];
			code[j] = code[j - 1];
			code[j - 1] = swap;
		}
}

struct packed world_pack(const struct model *m, struct world *w)
{
	struct bits b = { 0 };
	int code[MODEL_SINKS_MAX] = { 0 };

	normalise(m, w);
	for (int k = 0; k < ACR_SLOT__COUNT; k++) {
		const struct slot *s = &w->slot[k];
		put(&b, 3, (int)s->tag);
		put(&b, 4, s->life);
		put(&b, 2, s->left);
		put(&b, 2, s->ago);
		put(&b, 3, s->flying | s->abandoned << 2);
		put(&b, 2, s->lacked);
		put(&b, 8,
		    s->permitted | s->rejected << 1 | s->delivered << 2 | s->intent << 3 |
		            s->young << 4 | s->hooked << 5 | s->away << 6 | s->stray << 7);
	}
	put(&b, 5, w->newest | w->owed << 1 | w->spent << 2);
	for (int r = 0; r < 2; r++)
		put(&b, 4, w->run[r].age | w->run[r].lacks << 2);
	put(&b, 3, w->missing | w->puts << 1);
	b.at = 64;
	for (int i = 0; i < m->n_sinks; i++)
		code[i] = sink_code(&w->sink[i]);
	sort(code, m->n_sinks);
	for (int i = 0; i < MODEL_SINKS_MAX; i++)
		put(&b, 14, code[i]);
	for (int r = 0; r < 2; r++) {
		const struct run *run = &w->run[r];
		put(&b, 4, run->at);
		put(&b, 3, (int)run->action);
		put(&b, 3, run->alive | (int)run->slot << 1 | run->stale << 2);
	}
	put(&b, 2, w->put_left | w->tainted << 1);
	return b.key;
}

struct world world_unpack(const struct packed *key)
{
	struct bits b = { .key = *key };
	struct world w = { 0 };

	for (int k = 0; k < ACR_SLOT__COUNT; k++) {
		struct slot *s = &w.slot[k];
		s->tag = (enum tag)get(&b, 3);
		s->life = get(&b, 4);
		s->left = get(&b, 2);
		s->ago = get(&b, 2);
		s->flying = get(&b, 2);
		s->abandoned = get(&b, 1);
		s->lacked = get(&b, 2);
		s->permitted = get(&b, 1);
		s->rejected = get(&b, 1);
		s->delivered = get(&b, 1);
		s->intent = get(&b, 1);
		s->young = get(&b, 1);
		s->hooked = get(&b, 1);
		s->away = get(&b, 1);
		s->stray = get(&b, 1);
	}
	w.newest = get(&b, 1);
	w.owed = get(&b, 1);
	w.spent = get(&b, 3);
	for (int r = 0; r < 2; r++) {
		w.run[r].age = get(&b, 2);
		w.run[r].lacks = get(&b, 2);
	}
	w.missing = get(&b, 1);
	w.puts = get(&b, 2);
	b.at = 64;
	for (int i = 0; i < MODEL_SINKS_MAX; i++)
		w.sink[i] = sink_of(get(&b, 14));
	for (int r = 0; r < 2; r++) {
		struct run *run = &w.run[r];
		run->at = get(&b, 4);
		run->action = (enum plan_action)get(&b, 3);
		run->alive = get(&b, 1);
		run->slot = (enum acr_slot)get(&b, 1);
		run->stale = get(&b, 1);
	}
	w.put_left = get(&b, 1);
	w.tainted = get(&b, 1);
	return w;
}
