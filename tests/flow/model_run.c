/* SPDX-License-Identifier: MIT */
#include "flow/model_run.h"

enum step { END, INTENT, REREAD, GENERATE, RECORD, PROBE, DELIVERY, COMMIT, STAMP, HOOK };

static const enum step steps_of_rotate[] = { REREAD,   INTENT, GENERATE, PROBE, RECORD,
	                                     DELIVERY, COMMIT, STAMP,    HOOK,  END };
static const enum step steps_late_delivery[] = { REREAD, INTENT,   GENERATE, RECORD, PROBE,
	                                         COMMIT, DELIVERY, STAMP,    HOOK,   END };
static const enum step steps_late_print[] = { REREAD, INTENT,   GENERATE, PROBE, COMMIT,
	                                      RECORD, DELIVERY, STAMP,    HOOK,  END };
static const enum step steps_no_intent[] = { REREAD, GENERATE, RECORD, PROBE, DELIVERY,
	                                     COMMIT, STAMP,    HOOK,   END };
static const enum step steps_of_heal[] = { PROBE, DELIVERY, COMMIT, STAMP, HOOK, END };
static const enum step steps_of_rest[] = { HOOK, END };

static const enum step *steps(const struct model *m, const struct run *r)
{
	if (r->action == PLAN_HEAL)
		return steps_of_heal;
	if (r->action != PLAN_ROTATE)
		return steps_of_rest;
	switch (m->without) {
	case WITHOUT_DELIVERY_FIRST:
		return steps_late_delivery;
	case WITHOUT_PRINT:
		return steps_late_print;
	case WITHOUT_INTENT:
		return steps_no_intent;
	default:
		return steps_of_rotate;
	}
}

static enum step step_of(const struct model *m, const struct run *r)
{
	return steps(m, r)[r->at];
}

bool run_has_password(const struct model *m, const struct run *r)
{
	enum step at = r->alive ? step_of(m, r) : END;

	return at == PROBE || at == RECORD || at == DELIVERY;
}

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
static struct sink_view view_sink(const struct world *w, const struct sink *s)
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

static bool remembers(const struct model *m)
{
	return (m->others & MODEL_BLINDED) && m->without != WITHOUT_CHAIN;
}

/* Behind another program it may have what it does not show. */
static size_t view_hidden(const struct model *m, const struct sink *s, struct sink_view *out)
{
	size_t n = 0;

	for (int k = 0; k < ACR_SLOT__COUNT; k++)
		if (remembers(m) && (s->last & bit(k)) && s->holds != bit(k))
			out[n++] = (struct sink_view){ .holds = (enum acr_slot)k };
	if (remembers(m) && s->held_foreign && s->holds == 0)
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

static struct plan_input input(const struct model *m, const struct world *w, bool force, int odd)
{
	return (struct plan_input){
		.now = NOW,
		.lifetime = m->lifetime * TICK,
		.renew_before = m->renew_before * TICK,
		.grace = m->without == WITHOUT_GRACE ? 0 : m->grace * TICK,
		.margin = TICK / 2,
		.exclusive = m->exclusive,
		.asked = TOKEN_READ,
		.enabled = true,
		.known = true,
		.hook_owed = w->owed,
		.force = force,
		.slot = { view_slot(m, w, 0, odd), view_slot(m, w, 1, odd) },
	};
}

static struct plan decide(const struct model *m, const struct world *w, bool force, int odd)
{
	struct sink_view views[4 * MODEL_SINKS_MAX];
	struct plan_input in = input(m, w, force, odd);

	in.sinks = views;
	for (int i = 0; i < m->n_sinks; i++) {
		const struct sink *s = &w->sink[i];
		if (!s->unread && !s->removed) {
			views[in.n_sinks++] = view_sink(w, s);
			in.n_sinks += view_hidden(m, s, views + in.n_sinks);
		} else if (m->without != WITHOUT_REMEMBERING)
			in.n_sinks += view_unread(m, s, views + in.n_sinks);
	}
	struct plan p = plan_decide(&in);
	return m->without == WITHOUT_ALL ? older_slot(&in, p) : p;
}

/* Is slot k known to be held: seen in a sink, or remembered of one that was not seen? */
static bool seems_held(const struct model *m, const struct world *w, int k)
{
	for (int i = 0; i < m->n_sinks; i++) {
		const struct sink *s = &w->sink[i];
		bool seen = !s->unread && !s->removed;
		if (seen ? s->holds == bit(k) || (remembers(m) && (s->last & bit(k)))
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

/* What is seen in a sink was delivered, whatever the record says. */
static void see(const struct model *m, struct sink *s, struct slot *slot, int k)
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

/* Every sink is read; what they hold is remembered, and `left` stamped or cleared. */
static void look(const struct model *m, struct world *w, const struct run *r)
{
	for (int i = 0; i < m->n_sinks; i++) {
		struct sink *s = &w->sink[i];
		if (s->unread || s->removed)
			continue;
		s->touched = false;
		/* What shows nothing any more may be another store. */
		s->held_foreign = s->held_foreign && remembers(m) && s->holds == 0 && !s->ruin &&
		                  m->without != WITHOUT_HELD_FOREIGN;
		s->last = remembers(m) ? s->last : 0;
		for (int k = 0; k < ACR_SLOT__COUNT; k++)
			see(m, s, &w->slot[k], k);
	}
	for (int k = 0; k < ACR_SLOT__COUNT; k++) {
		struct slot *s = &w->slot[k];
		if (seems_held(m, w, k))
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
		/* the one request has acted; of two, one may yet */
		s->intent = false; /* the request has acted, and there was but one */
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
}

/* What a sink may have and does not show, it may have elsewhere: no chain lets go of that. */
static void note_hidden(const struct model *m, struct world *w)
{
	for (int i = 0; i < m->n_sinks && m->without != WITHOUT_HIDING; i++) {
		struct sink *s = &w->sink[i];
		if (remembers(m) && !s->unread && !s->removed)
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

struct plan run_begin(const struct model *m, struct world *w, int r, bool force, enum odd odd)
{
	bool lacks = odd == LACKS_1 || odd == LACKS_2;

	w->run[r] = (struct run){ .alive = true, .lacks = lacks ? (int)odd : 0 };
	claim(w);
	take_over(w);
	note_hidden(m, w);
	look(m, w, &w->run[r]);
	struct plan p = decide(m, w, force, (int)odd);
	if (p.action == PLAN_HEAL && is_there_after_all(m, w, w->run[r].lacks)) {
		w->run[r].lacks = 0;
		p = decide(m, w, force, NOTHING_ODD);
	}
	w->run[r].action = p.action;
	w->run[r].slot = p.slot;
	if (p.action != PLAN_ROTATE && p.action != PLAN_HEAL && !w->owed)
		w->run[r].alive = false;
	return p;
}

static void advance(const struct model *m, struct world *w, int r)
{
	w->run[r].at++;
	if (step_of(m, &w->run[r]) == END)
		w->run[r].alive = false;
}

static void save_intent(const struct model *m, struct world *w, int k)
{
	struct slot *s = &w->slot[k];

	s->intent = true;
	s->abandoned = s->young = m->without == WITHOUT_FRESH_INTENT;
}

/* Our request reaches the service: it acts on slot k. */
void run_act(struct search *search, struct world *w, int k, enum tag tag, bool blind,
             const char *how)
{
	const struct model *m = search->m;
	const struct slot *s = &w->slot[k];

	if (world_in_use(m, w, k))
		search_killed(search, how);
	else if (s->tag == FOREIGN && !s->permitted && slot_works(s) && !m->exclusive && !blind)
		search_killed(search, how);
	world_begin_generation(m, w, k, tag, m->lifetime);
}

static void generate(struct search *s, const struct world *w, int r, bool calm)
{
	const struct model *m = s->m;
	int k = (int)w->run[r].slot;
	struct world done;

	struct world sent = *w;
	/* What is given up is given up when it is sent, whenever that acts. */
	if (world_outage(m, w)) {
		sent.slot[k].ago = m->grace;
		sent.slot[k].hooked = false;
	}
	w = &sent;
	done = sent;
	run_act(s, &done, k, m->without == WITHOUT_INTENT ? ORPHAN : UNSEEN, w->run[r].stale,
	        "generate");
	done.run[r].stale = false;
	advance(m, &done, r);
	search_reach(s, done, "generate");
	if (calm)
		return;
	done.run[r].alive = false;
	search_reach(s, done, "generate, reply lost");
	done = *w;
	done.run[r].alive = false;
	search_reach(s, done, "generate, lost before it acted");
	if ((m->others & MODEL_LATE) && m->without != WITHOUT_INTENT) {
		done.slot[k].flying += done.slot[k].flying < 2;
		search_disturb(s, done, "generate, in flight");
		done.slot[k].flying = w->slot[k].flying;
	}
	done.slot[k].intent = false;
	search_reach(s, done, "generate, refused");
}

static bool takes_delivery(const struct sink *s, int k)
{
	return !s->unread && !s->removed && !s->out && s->holds != bit(k);
}

/* Until it was read back, a sink may hold what it had, or what it is about to get. */
static int given(const struct model *m, const struct sink *s, int k)
{
	if (m->without == WITHOUT_GIVEN)
		return s->last;
	return m->without == WITHOUT_HAD ? bit(k) : bit(k) | s->last;
}

static void record(const struct run *r, struct slot *s)
{
	if (r->stale)
		return;
	s->tag = OURS;
	s->delivered = false;
	s->intent = false;
	s->left = 0;
}

/* What a sink shows and nobody knows, before it is written over: the password that a lost answer
 * held, perhaps. */
static void give_up_foreign(const struct model *m, struct world *w, const struct sink *s)
{
	struct sink_view v = view_sink(w, s);

	for (int k = 0; k < ACR_SLOT__COUNT && m->without != WITHOUT_SEEING; k++)
		if (v.other && w->slot[k].tag == CLAIMED) {
			w->slot[k].delivered = true;
			w->slot[k].left = 0;
		}
}

/* A sink never gets a password that ends before the one it holds. */
static bool ends_before(const struct model *m, const struct world *w, const struct sink *s,
                        const struct run *r)
{
	const struct plan_input in = input(m, w, false, r->lacks);
	const struct slot *new = &w->slot[r->slot];

	return m->without != WITHOUT_EXPIRY_CHECK && !r->stale &&
	       plan_ends_before(&in, view_sink(w, s).holds, r->slot,
	                        new->life == NEVER ? 0 : NOW + new->life *TICK);
}

/* The last look: somebody may have been there. */
static void look_before_write(const struct model *m, struct world *w, const struct run *r)
{
	for (int i = 0; i < m->n_sinks && (m->others & MODEL_MEDDLED); i++) {
		struct sink *s = &w->sink[i];
		if (s->unread || s->removed || s->out)
			continue;
		s->touched = false;
		for (int k = 0; k < ACR_SLOT__COUNT; k++)
			see(m, s, &w->slot[k], k);
		s->out = takes_delivery(s, (int)r->slot) && ends_before(m, w, s, r);
	}
	for (int k = 0; k < ACR_SLOT__COUNT && (m->others & MODEL_MEDDLED); k++)
		if (seems_held(m, w, k))
			w->slot[k].left = 0;
}

static void record_delivery(const struct model *m, struct world *w, struct run *r)
{
	int k = (int)r->slot;

	look_before_write(m, w, r);
	for (int i = 0; i < m->n_sinks; i++)
		if (takes_delivery(&w->sink[i], k))
			give_up_foreign(m, w, &w->sink[i]);
	if (!r->stale && w->slot[k].tag == OURS) {
		w->slot[k].delivered = true;
		for (int i = 0; i < m->n_sinks; i++)
			if (takes_delivery(&w->sink[i], k))
				w->sink[i].last = given(m, &w->sink[i], k);
	}
	w->owed = (m->others & MODEL_HOOKS) && m->without != WITHOUT_OWED;
}

static void commit_one(struct search *search, struct world *w, const struct run *r, int i)
{
	const struct model *m = search->m;
	struct sink *s = &w->sink[i];
	int k = (int)r->slot;
	const struct slot *held = &w->slot[1 - k];
	/* Whoever is told by the registry that it refuses it, may go back. */
	bool told_right = !(m->others & MODEL_DOUBTS);

	if (told_right && s->holds == bit(1 - k) && held->tag == OURS && slot_works(held) &&
	    !r->stale && w->slot[k].life < held->life)
		search_killed(search, "commit what ends sooner");
	for (int j = 0; j < ACR_SLOT__COUNT; j++)
		if (s->holds == bit(j) && (m->others & MODEL_HOOKS))
			w->slot[j].hooked = true;
	/* Read to hold it right before, and the newer one is read back: it has let go of that. */
	if (remembers(m) && s->holds == bit(1 - k) && w->slot[1 - k].tag == OURS)
		s->last &= ~(s->holds & ~s->hides);
	s->holds = r->stale ? 0 : bit(k);
	s->ruin = r->stale;
	s->out = r->stale; /* a password that died meanwhile is written once, like any other */
}

static void commit(struct search *s, const struct world *w, int r, bool calm)
{
	const struct model *m = s->m;
	bool more = false;

	for (int i = 0; i < m->n_sinks; i++) {
		if (!takes_delivery(&w->sink[i], (int)w->run[r].slot) || (more && calm))
			continue;
		more = true;
		struct world next = *w;
		commit_one(s, &next, &w->run[r], i);
		search_reach(s, next, "commit a sink");
		if (calm || !(m->others & MODEL_BROKEN))
			continue;
		next = *w;
		next.sink[i].out = true;
		search_disturb(s, next, "a commit fails");
	}
	if (more)
		return;
	struct world next = *w;
	advance(m, &next, r);
	search_reach(s, next, "all sinks tried");
}

static void hook(struct search *s, const struct world *w, int r, bool calm)
{
	struct world next = *w;

	advance(s->m, &next, r);
	if (!calm && w->owed)
		search_disturb(s, next, "hook fails");
	next.owed = false;
	next.slot[0].hooked = next.slot[1].hooked = false;
	/* A hook that is owed no more is never run: forgetting is what WITHOUT_OWED is about. */
	if (s->m->without == WITHOUT_OWED && !calm) {
		struct world silent = *w;
		advance(s->m, &silent, r);
		search_disturb(s, silent, "hook fails, forgotten");
	}
	search_reach(s, next, "hook");
}

/* The registry is asked about what each sink shows: what works must be the other slot's, by its
 * print, or because no other slot is left to explain it. */
static bool is_contradicted(const struct model *m, const struct world *w, int target, int lacks)
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

/* What works and can be of one slot alone is known from then on, if that is ours. */
static bool learn(const struct model *m, struct world *w)
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

void run_step(struct search *s, const struct world *w, int r, bool calm)
{
	const struct model *m = s->m;
	struct world next = *w;
	struct run *run = &next.run[r];
	struct slot *slot = &next.slot[run->slot];

	switch (step_of(m, run)) {
	case INTENT:
		save_intent(m, &next, (int)run->slot);
		break;
	case REREAD:
		if ((m->without != WITHOUT_TRYING && learn(m, &next)) ||
		    is_contradicted(m, w, (int)run->slot, run->lacks)) {
			run->alive = false;
			search_reach(s, next, "the registry contradicts: end");
			return;
		}
		if (run->stale) {
			struct world ends = next;
			ends.run[r].alive = false;
			search_reach(s, ends, "slot has changed: end");
		}
		/* And it goes on: the token was read a while ago, and is not read again. */
		break;
	case GENERATE:
		generate(s, w, r, calm);
		return;
	case RECORD:
		record(run, slot);
		break;
	case PROBE:
		if (run->stale || !slot_works(slot)) {
			run->alive = false;
			search_reach(s, next, "probe fails, and nothing can be saved");
			record(run, slot);
			search_reach(s, next, "probe fails");
			return;
		}
		break;
	case DELIVERY:
		record_delivery(m, &next, run);
		break;
	case COMMIT:
		commit(s, w, r, calm);
		return;
	case STAMP:
		look(m, &next, run);
		break;
	case HOOK:
		hook(s, w, r, calm);
		return;
	case END:
		return;
	}
	static const char *const names[] = {
		[INTENT] = "save intent", [REREAD] = "read again",        [RECORD] = "record",
		[PROBE] = "probe",        [DELIVERY] = "record delivery", [STAMP] = "stamp"
	};
	const char *how = names[step_of(m, run)];
	advance(m, &next, r);
	search_reach(s, next, how);
}

static void start_with(struct search *s, const struct world *w, int r, bool force, enum odd odd,
                       bool counts)
{
	struct world next = *w;
	struct plan p = run_begin(s->m, &next, r, force, odd);
#define HOW(what)                                                                                  \
	{                                                                                          \
		[PLAN_KEEP] = what ": keep", [PLAN_VERIFY] = what ": verify",                      \
		[PLAN_ROTATE] = what ": rotate", [PLAN_HEAL] = what ": heal",                      \
		[PLAN_CREATE] = what ": create", [PLAN_WAIT] = what ": wait",                      \
		[PLAN_REFUSE] = what ": refuse",                                                   \
	}
	static const char *const how[][PLAN_REFUSE + 1] = {
		[NOTHING_ODD] = HOW("run"),
		[LACKS_1] = HOW("run, an answer lacks 1"),
		[LACKS_2] = HOW("run, an answer lacks 2"),
		[REFUSES_1] = HOW("run, the registry refuses 1 for a minute"),
		[REFUSES_2] = HOW("run, the registry refuses 2 for a minute"),
	};
	const char *text = odd == NOTHING_ODD && p.action == PLAN_ROTATE
	                           ? (p.slot ? "run: rotate 2" : "run: rotate 1")
	                           : how[odd][p.action];

	(counts ? search_disturb : search_reach)(s, next, text);
}

/* A run begins; the check of any of the sinks may fail. */
void run_start(struct search *s, const struct world *w, int r)
{
	const struct model *m = s->m;
	int subsets = (m->others & MODEL_BROKEN) && world_idle(w) ? 1 << m->n_sinks : 1;

	for (int out = 0; out < subsets; out++) {
		struct world next = *w;
		for (int i = 0; i < m->n_sinks && subsets > 1; i++)
			next.sink[i].out = out >> i & 1;
		start_with(s, &next, r, false, NOTHING_ODD, out != 0);
		if (m->others & MODEL_FORCE)
			start_with(s, &next, r, true, NOTHING_ODD, true);
		for (int k = 0; k < ACR_SLOT__COUNT; k++) {
			if (!slot_is_ours(&w->slot[k]))
				continue;
			if (m->others & MODEL_LACKS)
				start_with(s, &next, r, false, (enum odd)(LACKS_1 + k), true);
			if (m->others & MODEL_DOUBTS)
				start_with(s, &next, r, false, (enum odd)(REFUSES_1 + k), true);
		}
	}
}
