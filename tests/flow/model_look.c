/* SPDX-License-Identifier: MIT */
#include "flow/model_look.h"

/* An answer lacks what the record has. Of a slot that was deleted: as if it had been delivered. */
static void lack(const struct model *m, const struct slot *s, struct slot_view *v)
{
	v->present = v->ours = v->lost = false;
	v->lacking = m->without != WITHOUT_PATIENCE && (s->tag == ABSENT || s->life > 0);
	v->delivered = s->tag == ABSENT || s->delivered;
	v->expires = NOW + NEVER * TICK;
	v->believed_at = NOW + m->grace * TICK;
}

static struct slot_view view_slot(const struct model *m, const struct world *w, int k, int odd)
{
	const struct slot *s = &w->slot[k];
	struct slot_view v = {
		.present = s->tag != ABSENT,
		.ours = slot_is_ours(s),
		.delivered = s->delivered,
		.lost = s->tag == CLAIMED,
		.permitted = s->permitted,
		.refused = (s->rejected || odd == REFUSES_1 + k) && slot_is_ours(s),
		.dead = (s->rejected || (odd == REFUSES_1 + k && m->without == WITHOUT_DEATH)) &&
		        slot_is_ours(s),
		.doubted_until = NOW + TICK,
		.intent = s->intent && m->without != WITHOUT_WAITING,
		.abandoned = s->abandoned && !s->young ? NOW - TICK : NOW,
		.dead_at = !s->abandoned ? NOW + NEVER * TICK
		           : s->young    ? NOW + TICK
		                         : NOW,
		.created = w->newest == k ? 2 : 1,
		.expires = s->life == NEVER ? 0 : NOW + s->life * TICK,
		.left = s->left == 0 ? 0 : NOW - (s->left - 1) * TICK,
	};

	if (slot_is_ours(s) ? odd == LACKS_1 + k : s->lacked > 0)
		lack(m, s, &v);
	return v;
}

/* A password is matched by its fingerprint, so only a recorded generation is recognised. */
struct sink_view look_view_sink(const struct world *w, const struct sink *s)
{
	struct sink_view v = { .holds = ACR_NO_SLOT, .readable = !s->out };

	v.other = v.rejected = s->ruin;
	for (int k = 0; k < ACR_SLOT__COUNT; k++) {
		if (s->holds != bit(k))
			continue;
		v.other = w->slot[k].tag != OURS;
		v.holds = v.other ? ACR_NO_SLOT : (enum acr_slot)k;
		v.rejected = !slot_works(&w->slot[k]);
	}
	return v;
}

/* What cannot be read, or is no longer in the job, holds what it last got; that may be either of
 * two, and then is viewed twice. */
static size_t view_unread(const struct model *m, const struct sink *s, struct sink_view *out)
{
	size_t n = 0;

	if (s->removed && s->held_foreign && m->without != WITHOUT_HELD_FOREIGN)
		out[n++] = (struct sink_view){ .holds = ACR_NO_SLOT, .held_foreign = true };
	if (!s->removed && m->without != WITHOUT_DOUBT)
		out[n++] = (struct sink_view){ .holds = ACR_NO_SLOT, .unread = true };
	size_t first = n;

	for (int k = 0; k < ACR_SLOT__COUNT; k++)
		if (s->last & bit(k))
			out[n++] = (struct sink_view){ .holds = (enum acr_slot)k };
	if (n == first && !s->removed)
		out[n++] = (struct sink_view){ .holds = ACR_NO_SLOT, .other = true };
	return n;
}

bool look_remembers(const struct model *m)
{
	return (m->others & MODEL_BLINDED) && m->without != WITHOUT_CHAIN;
}

/* Behind another program it may have what it does not show. */
static size_t view_hidden(const struct model *m, const struct sink *s, struct sink_view *out)
{
	size_t n = 0;

	for (int k = 0; k < ACR_SLOT__COUNT; k++)
		if (look_remembers(m) && (s->last & bit(k)) && s->holds != bit(k))
			out[n++] = (struct sink_view){ .holds = (enum acr_slot)k };
	if (look_remembers(m) && s->held_foreign && s->holds == 0)
		out[n++] = (struct sink_view){ .holds = ACR_NO_SLOT, .held_foreign = true };
	return n;
}

/* The naive rule, with the same eyes. */
static struct plan older_slot(const struct plan_input *in, struct plan p)
{
	bool older_1 = !in->slot[0].present ||
	               (in->slot[1].present && in->slot[0].created < in->slot[1].created);

	if (p.action != PLAN_HEAL && (p.action != PLAN_KEEP)) {
		p.action = PLAN_ROTATE;
		p.slot = older_1 ? ACR_SLOT_1 : ACR_SLOT_2;
	}
	return p;
}

/* A generation of ours is recorded. */
static bool is_known(const struct world *w)
{
	for (int k = 0; k < ACR_SLOT__COUNT; k++)
		if (w->slot[k].tag == OURS || w->slot[k].tag == CLAIMED || w->slot[k].lacked > 0)
			return true;
	return false;
}

struct plan_input look_input(const struct model *m, const struct world *w, bool force, int odd)
{
	return (struct plan_input){
		.now = NOW,
		.lifetime = m->lifetime * TICK,
		.renew_before = m->renew_before * TICK,
		.grace = m->without == WITHOUT_GRACE ? 0 : m->grace * TICK,
		.margin = TICK / 2,
		.exclusive = m->exclusive,
		.asked = w->missing || odd == DENIES ? TOKEN_MISSING : TOKEN_READ,
		.create = (m->others & MODEL_CREATE) != 0,
		.enabled = true,
		.known = is_known(w),
		.hook_owed = w->owed,
		.force = force,
		.slot = { view_slot(m, w, 0, odd), view_slot(m, w, 1, odd) },
	};
}

static struct plan decide(const struct model *m, const struct world *w, bool force, int odd)
{
	struct sink_view views[4 * MODEL_SINKS_MAX];
	struct plan_input in = look_input(m, w, force, odd);

	in.sinks = views;
	for (int i = 0; i < m->n_sinks; i++) {
		const struct sink *s = &w->sink[i];
		if (!s->unread && !s->removed) {
			views[in.n_sinks++] = look_view_sink(w, s);
			in.n_sinks += view_hidden(m, s, views + in.n_sinks);
		} else if (m->without != WITHOUT_REMEMBERING)
			in.n_sinks += view_unread(m, s, views + in.n_sinks);
	}
	struct plan p = plan_decide(&in);
	return m->without == WITHOUT_ALL ? older_slot(&in, p) : p;
}

bool look_seems_held(const struct model *m, const struct world *w, int k)
{
	for (int i = 0; i < m->n_sinks; i++) {
		const struct sink *s = &w->sink[i];
		bool seen = !s->unread && !s->removed;
		if (seen ? s->holds == bit(k) || (look_remembers(m) && (s->last & bit(k)))
		         : m->without != WITHOUT_REMEMBERING && (s->last & bit(k)))
			return true;
	}
	return false;
}

static bool all_read(const struct model *m, const struct world *w)
{
	for (int i = 0; i < m->n_sinks; i++)
		if (w->sink[i].unread && !w->sink[i].removed && m->without != WITHOUT_REMEMBERING)
			return false;
	return true;
}

static int stamp_now(const struct model *m, const struct run *r)
{
	if (m->without == WITHOUT_SERVICE_CLOCK)
		return 1 + m->grace;
	return m->without == WITHOUT_FRESH_TIME ? 1 + r->age : 1;
}

void look_see(const struct model *m, struct sink *s, struct slot *slot, int k)
{
	if (s->holds != bit(k))
		return;
	if (slot->tag == OURS) {
		s->last |= bit(k);
		slot->delivered = slot->delivered || m->without != WITHOUT_SEEING;
	} else {
		s->held_foreign = slot_works(slot);
	}
}

void look_at_all(const struct model *m, struct world *w, const struct run *r)
{
	for (int i = 0; i < m->n_sinks; i++) {
		struct sink *s = &w->sink[i];
		if (s->unread || s->removed)
			continue;
		s->touched = false;
		/* What shows nothing any more may be another store. */
		s->held_foreign = s->held_foreign && look_remembers(m) && s->holds == 0 &&
		                  !s->ruin && m->without != WITHOUT_HELD_FOREIGN;
		s->last = look_remembers(m) ? s->last : 0;
		for (int k = 0; k < ACR_SLOT__COUNT; k++)
			look_see(m, s, &w->slot[k], k);
	}
	for (int k = 0; k < ACR_SLOT__COUNT; k++) {
		struct slot *s = &w->slot[k];
		if (look_seems_held(m, w, k))
			s->left = 0;
		else if (s->delivered && s->left == 0 && all_read(m, w))
			s->left = stamp_now(m, r);
	}
}

/* What the service says is taken into the ledger: a generation that bears an expiry of ours was
 * asked for by us. */
static void claim(struct world *w)
{
	for (int k = 0; k < ACR_SLOT__COUNT; k++) {
		struct slot *s = &w->slot[k];
		if (s->tag != UNSEEN)
			continue;
		s->tag = CLAIMED;
		/* the one request has acted; of two, one may yet, and what made this says nothing of
		 * a PUT */
		s->intent = s->intent && w->tainted;
	}
}

/* Whoever sent it is no more, for this run holds the lock: from here its life is counted. */
static void take_over(struct world *w)
{
	for (int k = 0; k < ACR_SLOT__COUNT; k++) {
		struct slot *s = &w->slot[k];
		s->young = s->young || (s->intent && !s->abandoned);
		s->abandoned = s->abandoned || s->intent;
	}
	w->put_left = w->puts > 0;
}

/* What a sink may have and does not show, it may have elsewhere: no chain lets go of that. */
static void note_hidden(const struct model *m, struct world *w)
{
	for (int i = 0; i < m->n_sinks && m->without != WITHOUT_HIDING; i++) {
		struct sink *s = &w->sink[i];
		if (look_remembers(m) && !s->unread && !s->removed)
			s->hides |= s->last & ~s->holds;
	}
}

/* Before a heal the registry is asked about what a sink shows and the answer lacks. */
static bool is_there_after_all(const struct model *m, const struct world *w, int lacks)
{
	for (int i = 0; i < m->n_sinks && lacks != 0 && m->without != WITHOUT_ASKING; i++) {
		const struct sink *s = &w->sink[i];
		if (!s->unread && !s->removed && !s->out && s->holds == bit(lacks - 1) &&
		    w->slot[lacks - 1].tag == OURS && slot_works(&w->slot[lacks - 1]))
			return true;
	}
	return false;
}

/* Is the password of slot k, which works, in a sink that can be read? */
static bool is_shown(const struct model *m, const struct world *w, int k)
{
	for (int i = 0; i < m->n_sinks; i++) {
		const struct sink *s = &w->sink[i];
		if (s->holds == bit(k) && !s->unread && !s->removed && slot_works(&w->slot[k]))
			return true;
	}
	return false;
}

bool look_can_deny(const struct model *m, const struct world *w)
{
	for (int k = 0; k < ACR_SLOT__COUNT; k++)
		if (slot_works(&w->slot[k]) && !is_shown(m, w, k))
			return false;
	return (m->others & MODEL_CREATE) && !w->missing && !is_known(w);
}

struct plan look_begin(const struct model *m, struct world *w, int r, bool force, enum odd odd)
{
	bool lacks = odd == LACKS_1 || odd == LACKS_2;

	w->run[r] = (struct run){ .alive = true,
		                  .lacks = odd == DENIES ? DENIED
		                           : lacks       ? (int)odd
		                                         : 0 };
	if (odd != DENIES)
		claim(w);
	take_over(w);
	note_hidden(m, w);
	look_at_all(m, w, &w->run[r]);
	struct plan p = decide(m, w, force, (int)odd);
	if (p.action == PLAN_HEAL && is_there_after_all(m, w, w->run[r].lacks)) {
		w->run[r].lacks = 0;
		p = decide(m, w, force, NOTHING_ODD);
	}
	/* What works is of a token that exists. */
	if (p.action == PLAN_CREATE && m->without != WITHOUT_TRYING &&
	    (is_shown(m, w, 0) || is_shown(m, w, 1)))
		p.action = PLAN_REFUSE;
	w->run[r].action = p.action;
	w->run[r].slot = p.slot;
	if (p.action != PLAN_ROTATE && p.action != PLAN_HEAL && p.action != PLAN_CREATE && !w->owed)
		w->run[r].alive = false;
	return p;
}

bool look_contradicts(const struct model *m, const struct world *w, int target, int lacks)
{
	const struct slot *t = &w->slot[target], *other = &w->slot[1 - target];
	bool gone = t->tag == ABSENT || t->life == 0 || lacks == 1 + target;

	if (t->permitted || m->without == WITHOUT_TRYING)
		return false;
	for (int i = 0; i < m->n_sinks; i++) {
		const struct sink *s = &w->sink[i];
		if (s->unread || s->removed)
			continue;
		if (s->holds == bit(target) && slot_works(t))
			return true;
		/* What works is there: whatever was decided because it is not is void. */
		if (s->holds == bit(1 - target) && slot_works(other) && lacks == 2 - target)
			return true;
		if (s->holds == bit(1 - target) && slot_works(other) && other->tag != OURS && !gone)
			return true;
	}
	return false;
}

bool look_learn(const struct model *m, struct world *w)
{
	for (int k = 0; k < ACR_SLOT__COUNT; k++) {
		struct slot *s = &w->slot[k], *other = &w->slot[1 - k];
		bool alone = other->tag == ABSENT || other->life == 0;
		for (int i = 0; i < m->n_sinks; i++) {
			const struct sink *at = &w->sink[i];
			if (at->unread || at->removed || at->holds != bit(k) || !alone ||
			    !slot_works(s) || s->tag != CLAIMED)
				continue;
			s->tag = OURS;
			s->delivered = true;
			s->left = 0;
			return true;
		}
	}
	return false;
}
