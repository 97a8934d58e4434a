/* SPDX-License-Identifier: MIT */
#include "flow/model_run.h"

enum step {
	END,
	TAINT,
	PUT,
	INTENT,
	REREAD,
	GENERATE,
	RECORD,
	PROBE,
	DELIVERY,
	COMMIT,
	STAMP,
	HOOK
};

static const enum step steps_of_rotate[] = { REREAD,   INTENT, GENERATE, PROBE, RECORD,
	                                     DELIVERY, COMMIT, STAMP,    HOOK,  END };
static const enum step steps_late_delivery[] = { REREAD, INTENT,   GENERATE, RECORD, PROBE,
	                                         COMMIT, DELIVERY, STAMP,    HOOK,   END };
static const enum step steps_late_print[] = { REREAD, INTENT,   GENERATE, PROBE, COMMIT,
	                                      RECORD, DELIVERY, STAMP,    HOOK,  END };
static const enum step steps_no_intent[] = { REREAD, GENERATE, RECORD, PROBE, DELIVERY,
	                                     COMMIT, STAMP,    HOOK,   END };
static const enum step steps_of_create[] = { TAINT, PUT, END };
static const enum step steps_of_heal[] = { PROBE, DELIVERY, COMMIT, STAMP, HOOK, END };
static const enum step steps_of_rest[] = { HOOK, END };

static const enum step *steps(const struct model *m, const struct run *r)
{
	if (r->action == PLAN_HEAL)
		return steps_of_heal;
	if (r->action == PLAN_CREATE)
		return steps_of_create;
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

static void end_taint(struct world *w)
{
	for (int k = 0; k < ACR_SLOT__COUNT; k++)
		w->slot[k].intent = w->slot[k].abandoned = w->slot[k].young = false;
}

void run_put(struct search *search, struct world *w, bool blind, const char *how)
{
	const struct model *m = search->m;

	for (int k = 0; k < ACR_SLOT__COUNT; k++) {
		const struct slot *s = &w->slot[k];
		if (world_in_use(m, w, k) || (s->tag == FOREIGN && !s->permitted && slot_works(s) &&
		                              !m->exclusive && !blind))
			search_killed(search, how);
	}
	world_wipe(m, w);
	w->missing = false;
}

/* It follows at once upon the answer that there is no token. Where that is not so, what sinks do not
 * show was generated since they were looked at. */
static void put(struct search *s, const struct world *w, int r, bool calm)
{
	const struct model *m = s->m;
	struct world ends = *w;
	bool denied = w->run[r].lacks == DENIED;

	ends.run[r].alive = false;
	struct world done = ends;
	end_taint(&done);
	if (!w->missing && !denied) {
		search_reach(s, done, "the token is there: end");
		return;
	}
	run_put(s, &done, denied, "PUT");
	search_reach(s, done, "PUT");
	if (calm)
		return;
	done = ends;
	search_reach(s, done, "PUT, lost before it acted");
	run_put(s, &done, denied, "PUT");
	search_reach(s, done, "PUT, reply lost");
	done = ends;
	done.puts += done.puts < 2;
	done.put_left = false;
	if (m->others & MODEL_LATE)
		search_disturb(s, done, "PUT, in flight");
	done = ends;
	end_taint(&done);
	search_reach(s, done, "PUT, refused");
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
	struct sink_view v = look_view_sink(w, s);

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
	const struct plan_input in = look_input(m, w, false, r->lacks);
	const struct slot *new = &w->slot[r->slot];

	return m->without != WITHOUT_EXPIRY_CHECK && !r->stale &&
	       plan_ends_before(&in, look_view_sink(w, s).holds, r->slot,
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
			look_see(m, s, &w->slot[k], k);
		s->out = takes_delivery(s, (int)r->slot) && ends_before(m, w, s, r);
	}
	for (int k = 0; k < ACR_SLOT__COUNT && (m->others & MODEL_MEDDLED); k++)
		if (look_seems_held(m, w, k))
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
	if (look_remembers(m) && s->holds == bit(1 - k) && w->slot[1 - k].tag == OURS)
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

void run_step(struct search *s, const struct world *w, int r, bool calm)
{
	const struct model *m = s->m;
	struct world next = *w;
	struct run *run = &next.run[r];
	struct slot *slot = &next.slot[run->slot];

	switch (step_of(m, run)) {
	case TAINT:
		for (int k = 0; k < ACR_SLOT__COUNT && m->without != WITHOUT_TAINT; k++)
			save_intent(m, &next, k);
		next.tainted = true;
		break;
	case PUT:
		put(s, w, r, calm);
		return;
	case INTENT:
		save_intent(m, &next, (int)run->slot);
		next.tainted = false;
		break;
	case REREAD:
		if ((m->without != WITHOUT_TRYING && look_learn(m, &next)) ||
		    look_contradicts(m, w, (int)run->slot, run->lacks)) {
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
		look_at_all(m, &next, run);
		break;
	case HOOK:
		hook(s, w, r, calm);
		return;
	case END:
		return;
	}
	static const char *const names[] = {
		[TAINT] = "taint both", [INTENT] = "save intent", [REREAD] = "read again",
		[RECORD] = "record",    [PROBE] = "probe",        [DELIVERY] = "record delivery",
		[STAMP] = "stamp"
	};
	const char *how = names[step_of(m, run)];
	advance(m, &next, r);
	search_reach(s, next, how);
}

static void start_with(struct search *s, const struct world *w, int r, bool force, enum odd odd,
                       bool counts)
{
	struct world next = *w;
	struct plan p = look_begin(s->m, &next, r, force, odd);
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
		[DENIES] = HOW("run, an answer denies the token"),
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
		if (look_can_deny(m, w))
			start_with(s, &next, r, false, DENIES, true);
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
