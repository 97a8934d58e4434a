/* SPDX-License-Identifier: MIT */
/* What two rotators do, one step at a time, and to each other. */
#include "flow/rivals_parts.h"

#include <string.h>

/* ---- what rotators do to each other ---------------------------------------------------------- */

static bool has_versions(const struct rivals *v)
{
	return !v->plain && v->without != RIVALS_SINKS_BLIND;
}

void rivals_end(struct both *w, int r)
{
	struct rotator_at *rot = &w->rot[r];
	int *late = &w->slot[rot->slot].late[rot->last];

	if (rot->at == AWAIT && *late < RIVALS_LATE_MAX)
		++*late;
	*rot = (struct rotator_at){ .at = IDLE };
}

void rivals_go(struct both *w, int r, enum at at)
{
	w->rot[r].at = at;
	w->rot[r].sink = 0;
}

/* Saves the record, by compare-and-swap; false: another one was there. */
static bool save(const struct rivals *v, struct both *w, int r)
{
	if (!w->rot[r].fresh && v->without != RIVALS_RECORD_BLIND)
		return false;
	w->rot[r].fresh = true;
	w->rot[1 - r].fresh = false;
	return true;
}

static void change_sink(struct both *w, int r, int i)
{
	w->rot[1 - r].sees[i] = false;
}

static bool seems_held(const struct rivals *v, const struct both *w, int k)
{
	for (int i = 0; i < v->n_sinks; i++)
		if (w->may[i] >> k & 1)
			return true;
	return rivals_is_held(v, w, k) && w->slot[k].known;
}

/* What the sinks show is taken into the record. What one does not show it may have all the same.
 * Is the record another one than before? */
static bool look(const struct rivals *v, struct both *w)
{
	const struct both was = *w;

	for (int i = 0; i < v->n_sinks; i++) {
		w->may[i] = v->without == RIVALS_SEEN_IS_ALL ? 0 : w->may[i];
		if (w->sink[i] < 2 && w->slot[w->sink[i]].known)
			w->may[i] |= 1 << w->sink[i];
	}
	for (int k = 0; k < 2; k++) {
		struct place *p = &w->slot[k];
		p->delivered = p->delivered || (rivals_is_held(v, w, k) && p->known);
		if (seems_held(v, w, k))
			p->left = 0;
		else if (p->delivered && p->left == 0 && p->life == LIVING)
			p->left = 1;
	}
	return memcmp(w, &was, sizeof(was)) != 0;
}

/* What a rotator knows of the password that slot k had. */
static void forget(struct rotator_at *rot, int k)
{
	rot->has = rot->has && rot->slot != k;
	for (int i = 0; i < RIVALS_SINKS_MAX; i++)
		if (rot->given[i] == FROM_OTHER && rot->slot != k)
			rot->given[i] = NEITHER;
}

/* Slot k gets a new password, whoever carries or holds the old one. */
static void replace(const struct rivals *v, struct both *w, int k)
{
	struct place *p = &w->slot[k];

	p->life = LIVING;
	p->known = p->delivered = p->used = false;
	p->left = 0;
	w->newest = k;
	for (int i = 0; i < v->n_sinks; i++)
		w->sink[i] = w->sink[i] == k ? GONE : w->sink[i];
	for (int r = 0; r < 2; r++)
		forget(&w->rot[r], k);
	for (int i = 0; i < v->n_sinks; i++)
		w->may[i] &= ~(1 << k);
}

void rivals_act(struct hunt *h, struct both *w, int k, bool last, const char *how)
{
	if (w->slot[k].life == LIVING && (w->slot[k].used || rivals_is_held(h->v, w, k)))
		rivals_killed(h, how);
	replace(h->v, w, k);
	/* By the expiry it bears everybody sees that the one request has acted. */
	if (last)
		w->slot[k].intent = NO_INTENT;
}

/* ---- a rotation, step by step ---------------------------------------------------------------- */

void rivals_start(struct hunt *h, const struct both *from, int r, bool due)
{
	struct both w = *from;
	struct rotator_at *rot = &w.rot[r];

	*rot = (struct rotator_at){ .fresh = true, .sees = { true, true } };
	if (h->v->plain && w.busy != 0 && h->v->without != RIVALS_NOT_BUSY)
		return;
	if (look(h->v, &w))
		(void)save(h->v, &w, r);
	struct plan p = rivals_decide(h->v, &w, due);
	rot->slot = (int)p.slot;
	if (p.action == PLAN_ROTATE) {
		rot->at = REREAD;
	} else if (p.action == PLAN_HEAL) {
		rot->has = rot->heals = true;
		rot->at = MARK;
	} else {
		*rot = (struct rotator_at){ .at = IDLE };
	}
	rivals_reach(h, &w,
	             p.action == PLAN_ROTATE ? "rotate"
	             : p.action == PLAN_HEAL ? "heal"
	                                     : "look");
}

/* The last look before the intent. Of an older record nothing comes: its save will fail. */
static void reread(struct hunt *h, struct both *w, int r)
{
	const struct rivals *v = h->v;
	struct rotator_at *rot = &w->rot[r];
	bool stale = !rot->fresh && v->without != RIVALS_RECORD_BLIND;
	struct plan p = rivals_decide(v, w, true);

	if (stale || p.action != PLAN_ROTATE || (int)p.slot != rot->slot ||
	    rivals_is_contradicted(v, w, rot->slot)) {
		rivals_end(w, r);
		rivals_reach(h, w, "another decision: ends");
		return;
	}
	/* Whoever still has it is given up. */
	if (rivals_is_outage(v, w) && !rivals_is_held(v, w, rot->slot))
		w->slot[rot->slot].used = false;
	rot->sees[0] = rot->sees[1] = true;
	rivals_go(w, r, INTENT);
	rivals_reach(h, w, "reads again");
}

static void intend(struct hunt *h, struct both *w, int r)
{
	struct place *p = &w->slot[w->rot[r].slot];

	if (!save(h->v, w, r)) {
		rivals_end(w, r);
		rivals_reach(h, w, "intent: conflict");
		return;
	}
	p->intent = OPEN;
	/* What is in flight belongs to an earlier one. */
	p->late[0] = p->late[0] + p->late[1] < RIVALS_LATE_MAX ? p->late[0] + p->late[1]
	                                                       : RIVALS_LATE_MAX;
	p->late[1] = 0;
	w->rot[1 - r].last = w->rot[1 - r].last && w->rot[1 - r].slot != w->rot[r].slot;
	w->busy = h->v->plain ? 1 + r : 0;
	rivals_go(w, r, has_versions(h->v) && h->v->without != RIVALS_NO_TOUCH ? TOUCH : SEND);
	rivals_reach(h, w, w->rot[r].slot == 0 ? "intent of 1" : "intent of 2");
}

/* Nothing was sent: the intent is taken back. */
static void withdraw(struct hunt *h, struct both *w, int r, const char *how)
{
	if (save(h->v, w, r)) {
		w->slot[w->rot[r].slot].intent = NO_INTENT;
		w->busy = w->busy == 1 + r ? 0 : w->busy;
	}
	rivals_end(w, r);
	rivals_reach(h, w, how);
}

static void next_sink(const struct rivals *v, struct both *w, int r, enum at then)
{
	if (w->rot[r].sink + 1 < v->n_sinks)
		w->rot[r].sink++;
	else
		rivals_go(w, r, then);
}

/* One that is not there has no version that others could have prepared for. */
static void touch(struct hunt *h, struct both *w, int r)
{
	int i = w->rot[r].sink;

	if (!w->rot[r].sees[i]) {
		withdraw(h, w, r, "touch: conflict");
		return;
	}
	if (w->sink[i] != NOTHING)
		change_sink(w, r, i);
	next_sink(h->v, w, r, SEND);
	rivals_reach(h, w, "touches a sink");
}

static void send_request(struct hunt *h, const struct both *from, int r)
{
	struct both w = *from;

	w.rot[r].last = true;
	rivals_go(&w, r, AWAIT);
	rivals_reach(h, &w, "sends");
	w = *from;
	withdraw(h, &w, r, "is refused for certain");
}

/* The password is accepted, and the token says that the generation is this one. */
static void probe(struct hunt *h, struct both *w, int r)
{
	if (w->rot[r].has && rivals_lives(w, w->rot[r].slot)) {
		rivals_go(w, r, MARK);
		rivals_reach(h, w, "proves");
		return;
	}
	rivals_end(w, r);
	rivals_reach(h, w, "proves nothing: ends");
}

static bool ends_before(const struct both *w, int held, const struct rotator_at *rot)
{
	return held < 2 && w->slot[held].known && rivals_lives(w, held) && held != rot->slot &&
	       w->newest == held;
}

/* Until it is read back a sink may hold what it had, or what it is about to get. */
static void give(struct both *w, struct rotator_at *rot, int i)
{
	int held = w->sink[i], other = 1 - rot->slot;

	rot->given[i] = held == other && w->slot[other].known ? FROM_OTHER : NEITHER;
	if (rot->has && held != rot->slot)
		w->may[i] |= 1 << rot->slot;
}

/* It was read to hold the other one right before, and holds this one now: it has let go of that.
 * What failed has delivered nothing. */
static void read_back(struct both *w, struct rotator_at *rot, int i)
{
	bool kept = rot->has && w->sink[i] == rot->slot;

	if (kept && rot->given[i] == FROM_OTHER)
		w->may[i] &= ~(1 << (1 - rot->slot));
	if (!kept && rot->given[i] == FAILED && !rot->heals && rot->has)
		w->may[i] &= ~(1 << rot->slot);
}

/* Right before the sinks are written they are read again: a heal's writes are on what it read. */
static void mark(struct hunt *h, struct both *w, int r)
{
	struct rotator_at *rot = &w->rot[r];
	struct place *p = &w->slot[rot->slot];
	bool back = false;

	for (int i = 0; i < h->v->n_sinks; i++) {
		rot->sees[i] = rot->sees[i] || rot->heals;
		back = back || ends_before(w, w->sink[i], rot);
	}
	if (back || !save(h->v, w, r)) {
		rivals_end(w, r);
		rivals_reach(h, w, back ? "would step back: ends" : "delivery: conflict");
		return;
	}
	(void)look(h->v, w);
	if (rot->has) {
		p->known = p->delivered = true;
		p->left = 0;
	}
	for (int i = 0; i < h->v->n_sinks; i++)
		give(w, rot, i);
	p->intent = rot->heals ? p->intent : NO_INTENT;
	w->busy = h->v->plain ? 1 + r : 0;
	rivals_go(w, r, WRITE);
	rivals_reach(h, w, "delivery recorded");
}

static void write_sink(struct hunt *h, struct both *w, int r)
{
	struct rotator_at *rot = &w->rot[r];
	int i = rot->sink, held = w->sink[i], new = rot->has ? rot->slot : GONE;
	bool ok = rot->sees[i] || !has_versions(h->v);

	if (ok && held != new) {
		if (rivals_lives(w, held) && (!rivals_lives(w, new) || w->newest == held))
			rivals_killed(h, "writes over what works");
		w->sink[i] = new;
		change_sink(w, r, i);
		if (new < 2)
			w->slot[new].used = true;
	}
	if (!ok)
		rot->given[i] = FAILED;
	next_sink(h->v, w, r, FINISH);
	rivals_reach(h, w, ok ? "writes a sink" : "sink: conflict");
}

static void finish(struct hunt *h, struct both *w, int r)
{
	if (save(h->v, w, r)) {
		for (int i = 0; i < h->v->n_sinks; i++)
			read_back(w, &w->rot[r], i);
		(void)look(h->v, w);
		w->busy = 0;
	}
	rivals_end(w, r);
	rivals_reach(h, w, "done");
}

void rivals_step(struct hunt *h, const struct both *from, int r)
{
	struct both w = *from;

	switch (w.rot[r].at) {
	case REREAD:
		reread(h, &w, r);
		break;
	case INTENT:
		intend(h, &w, r);
		break;
	case TOUCH:
		touch(h, &w, r);
		break;
	case SEND:
		send_request(h, &w, r);
		break;
	case PROBE:
		probe(h, &w, r);
		break;
	case MARK:
		mark(h, &w, r);
		break;
	case WRITE:
		write_sink(h, &w, r);
		break;
	case FINISH:
		finish(h, &w, r);
		break;
	case IDLE:
	case AWAIT: /* for the request to act */
		break;
	}
}
