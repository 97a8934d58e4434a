/* SPDX-License-Identifier: MIT */
#include "flow/rivals.h"

#include <stdio.h>
#include <stdlib.h>

#include "flow/states.h"
#include "rotate/plan.h"

#define NOW        INT64_C(1000000000)
#define HOUR       INT64_C(3600)
#define DAY        (24 * HOUR)
#define LATE_MAX   2 /* requests of nobody in flight: two, or more */
#define CALM_TICKS 4

/* ---- what there is --------------------------------------------------------------------------- */

enum life { ABSENT, EXPIRED, LIVING };
enum intent { NO_INTENT, OPEN, OVER /* its access tokens have expired */ };

/* Of the generation that is in the slot, and of what the record says of it. */
struct place {
	enum life life;
	bool known; /* its print is recorded; else it is ours by its expiry */
	bool delivered;
	int left; /* 0: no stamp; 1; 2: since grace */
	enum intent intent;
	bool used;   /* a sink has held it within grace */
	int late[2]; /* requests in flight whose sender is gone: of an earlier intent, of the last */
};

/* What a sink holds: slot 0 or 1, a password that is no more, or nothing. */
enum { GONE = 2, NOTHING = 3 };

enum at { IDLE, REREAD, INTENT, TOUCH, SEND, AWAIT, PROBE, MARK, WRITE, FINISH };

struct rotator_at {
	enum at at;
	int sink; /* the one that is touched or written next */
	int slot;
	bool has;     /* the password it carries is still the slot's */
	bool heals;   /* ... and was copied */
	bool fresh;   /* its copy of the record is the newest one */
	bool sees[2]; /* ... and what it knows of each sink */
	bool last;    /* AWAIT: its request belongs to the newest intent */
	/* WRITE, FINISH: of each sink, what it was read to hold before */
	enum given { NEITHER, FROM_OTHER, FAILED } given[RIVALS_SINKS_MAX];
};

struct both {
	struct place slot[2];
	int newest;
	int busy; /* 0: nobody; 1 + whose rotation is under way */
	int sink[RIVALS_SINKS_MAX];
	int may[RIVALS_SINKS_MAX]; /* the record: which slots each may hold, seen or not */
	struct rotator_at rot[2];
};

struct hunt {
	const struct rivals *v;
	struct states states;
	struct rivals_result *out;
};

static bool lives(const struct both *w, int held)
{
	return held < 2 && w->slot[held].life == LIVING;
}

static bool is_held(const struct rivals *v, const struct both *w, int k)
{
	for (int i = 0; i < v->n_sinks; i++)
		if (w->sink[i] == k)
			return true;
	return false;
}

/* A sink shows what is dead, and none what works: whoever reads again is cut off already. */
static bool is_outage(const struct rivals *v, const struct both *w)
{
	bool dead = false;

	for (int i = 0; i < v->n_sinks; i++) {
		if (lives(w, w->sink[i]))
			return false;
		dead = dead || w->sink[i] != NOTHING;
	}
	return dead;
}

/* ---- states ---------------------------------------------------------------------------------- */

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

static struct both unpack(uint64_t key)
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

static void reach(struct hunt *h, const struct both *w, const char *how)
{
	states_reach(&h->states, pack(w), how);
}

static void killed(struct hunt *h, const char *how)
{
	if (h->out->kills++ == 0)
		states_tell(&h->states, h->states.at, how, h->out->story, sizeof(h->out->story));
}

/* ---- the rule -------------------------------------------------------------------------------- */

static struct slot_view view_slot(const struct rivals *v, const struct both *w, int k)
{
	const struct place *p = &w->slot[k];

	return (struct slot_view){
		.present = p->life != ABSENT,
		.ours = p->life != ABSENT,
		.delivered = p->delivered,
		.lost = p->life != ABSENT && !p->known,
		.intent = p->intent != NO_INTENT && v->without != RIVALS_NO_TAINT,
		.abandoned = NOW,
		.dead_at = p->intent == OPEN ? NOW + HOUR : NOW,
		.created = w->newest == k ? 2 : 1,
		.expires = p->life == LIVING ? NOW + (w->newest == k ? 60 : 30) * DAY : NOW - DAY,
		.left = p->left == 0   ? 0
		        : p->left == 1 ? NOW
		                       : NOW - DAY,
	};
}

static void view_sink(const struct both *w, int i, struct sink_view *views, size_t *n)
{
	int held = w->sink[i];
	bool known = held < 2 && w->slot[held].known;

	views[(*n)++] = (struct sink_view){
		.holds = known ? (enum acr_slot)held : ACR_NO_SLOT,
		.other = !known && held != NOTHING,
		.readable = true,
		.rejected = !known && held != NOTHING && !lives(w, held),
	};
	for (int k = 0; k < 2; k++)
		if ((w->may[i] >> k & 1) && !(known && held == k))
			views[(*n)++] = (struct sink_view){ .holds = (enum acr_slot)k };
}

/* What is left of the rule where a step of it is left out. */
static struct plan naive(const struct rivals *v, const struct plan_input *in, struct plan p)
{
	bool waits = p.action == PLAN_WAIT && p.why == WHY_INTENT;

	if (v->without == RIVALS_OTHER_SLOT && waits && p.active) {
		p.action = PLAN_ROTATE;
		p.slot = acr_other(p.slot);
	}
	if (v->without == RIVALS_HURRY && waits && !p.active) {
		struct plan_input hurried = *in;
		hurried.slot[0].intent = hurried.slot[1].intent = false;
		return plan_decide(&hurried);
	}
	return p;
}

static struct plan decide(const struct rivals *v, const struct both *w, bool due)
{
	struct sink_view views[3 * RIVALS_SINKS_MAX];
	struct plan_input in = {
		.now = NOW,
		.lifetime = 90 * DAY,
		.renew_before = HOUR,
		.grace = DAY,
		.margin = 300,
		.asked = TOKEN_READ,
		.enabled = true,
		.known = true,
		.force = due,
		.slot = { view_slot(v, w, 0), view_slot(v, w, 1) },
		.sinks = views,
	};

	for (int i = 0; i < v->n_sinks; i++)
		view_sink(w, i, views, &in.n_sinks);
	return naive(v, &in, plan_decide(&in));
}

/* The registry accepts a password that a sink shows, which must then be the other slot's. */
static bool is_contradicted(const struct rivals *v, const struct both *w, int slot)
{
	return v->without != RIVALS_OTHER_SLOT && is_held(v, w, slot) && lives(w, slot);
}

/* ---- what rotators do to each other ---------------------------------------------------------- */

static bool has_versions(const struct rivals *v)
{
	return !v->plain && v->without != RIVALS_SINKS_BLIND;
}

/* A rotator that ends leaves its request, if one is in flight, to nobody. */
static void end(struct both *w, int r)
{
	struct rotator_at *rot = &w->rot[r];
	int *late = &w->slot[rot->slot].late[rot->last];

	if (rot->at == AWAIT && *late < LATE_MAX)
		++*late;
	*rot = (struct rotator_at){ .at = IDLE };
}

static void go(struct both *w, int r, enum at at)
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
	return is_held(v, w, k) && w->slot[k].known;
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
		p->delivered = p->delivered || (is_held(v, w, k) && p->known);
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

/* A request acts. */
static void act(struct hunt *h, struct both *w, int k, bool last, const char *how)
{
	if (w->slot[k].life == LIVING && (w->slot[k].used || is_held(h->v, w, k)))
		killed(h, how);
	replace(h->v, w, k);
	/* By the expiry it bears everybody sees that the one request has acted. */
	if (last)
		w->slot[k].intent = NO_INTENT;
}

/* ---- a rotation, step by step ---------------------------------------------------------------- */

/* Reads the record and the sinks, and decides. */
static void start(struct hunt *h, const struct both *from, int r, bool due)
{
	struct both w = *from;
	struct rotator_at *rot = &w.rot[r];

	*rot = (struct rotator_at){ .fresh = true, .sees = { true, true } };
	if (h->v->plain && w.busy != 0 && h->v->without != RIVALS_NOT_BUSY)
		return;
	if (look(h->v, &w))
		(void)save(h->v, &w, r);
	struct plan p = decide(h->v, &w, due);
	rot->slot = (int)p.slot;
	if (p.action == PLAN_ROTATE) {
		rot->at = REREAD;
	} else if (p.action == PLAN_HEAL) {
		rot->has = rot->heals = true;
		rot->at = MARK;
	} else {
		*rot = (struct rotator_at){ .at = IDLE };
	}
	reach(h, &w, p.action == PLAN_ROTATE ? "rotate" : p.action == PLAN_HEAL ? "heal" : "look");
}

/* The last look before the intent. Of an older record nothing comes: its save will fail. */
static void reread(struct hunt *h, struct both *w, int r)
{
	const struct rivals *v = h->v;
	struct rotator_at *rot = &w->rot[r];
	bool stale = !rot->fresh && v->without != RIVALS_RECORD_BLIND;
	struct plan p = decide(v, w, true);

	if (stale || p.action != PLAN_ROTATE || (int)p.slot != rot->slot ||
	    is_contradicted(v, w, rot->slot)) {
		end(w, r);
		reach(h, w, "another decision: ends");
		return;
	}
	/* Whoever still has it is given up. */
	if (is_outage(v, w) && !is_held(v, w, rot->slot))
		w->slot[rot->slot].used = false;
	rot->sees[0] = rot->sees[1] = true;
	go(w, r, INTENT);
	reach(h, w, "reads again");
}

static void intend(struct hunt *h, struct both *w, int r)
{
	struct place *p = &w->slot[w->rot[r].slot];

	if (!save(h->v, w, r)) {
		end(w, r);
		reach(h, w, "intent: conflict");
		return;
	}
	p->intent = OPEN;
	/* What is in flight belongs to an earlier one. */
	p->late[0] = p->late[0] + p->late[1] < LATE_MAX ? p->late[0] + p->late[1] : LATE_MAX;
	p->late[1] = 0;
	w->rot[1 - r].last = w->rot[1 - r].last && w->rot[1 - r].slot != w->rot[r].slot;
	w->busy = h->v->plain ? 1 + r : 0;
	go(w, r, has_versions(h->v) && h->v->without != RIVALS_NO_TOUCH ? TOUCH : SEND);
	reach(h, w, w->rot[r].slot == 0 ? "intent of 1" : "intent of 2");
}

/* Nothing was sent: the intent is taken back. */
static void withdraw(struct hunt *h, struct both *w, int r, const char *how)
{
	if (save(h->v, w, r)) {
		w->slot[w->rot[r].slot].intent = NO_INTENT;
		w->busy = w->busy == 1 + r ? 0 : w->busy;
	}
	end(w, r);
	reach(h, w, how);
}

static void next_sink(const struct rivals *v, struct both *w, int r, enum at then)
{
	if (w->rot[r].sink + 1 < v->n_sinks)
		w->rot[r].sink++;
	else
		go(w, r, then);
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
	reach(h, w, "touches a sink");
}

static void send_request(struct hunt *h, const struct both *from, int r)
{
	struct both w = *from;

	w.rot[r].last = true;
	go(&w, r, AWAIT);
	reach(h, &w, "sends");
	w = *from;
	withdraw(h, &w, r, "is refused for certain");
}

/* The password is accepted, and the token says that the generation is this one. */
static void probe(struct hunt *h, struct both *w, int r)
{
	if (w->rot[r].has && lives(w, w->rot[r].slot)) {
		go(w, r, MARK);
		reach(h, w, "proves");
		return;
	}
	end(w, r);
	reach(h, w, "proves nothing: ends");
}

static bool ends_before(const struct both *w, int held, const struct rotator_at *rot)
{
	return held < 2 && w->slot[held].known && lives(w, held) && held != rot->slot &&
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

/* It was read to hold the other one right before, and holds this one now: it has let go of that. What
 * failed has delivered nothing. */
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
		end(w, r);
		reach(h, w, back ? "would step back: ends" : "delivery: conflict");
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
	go(w, r, WRITE);
	reach(h, w, "delivery recorded");
}

static void write_sink(struct hunt *h, struct both *w, int r)
{
	struct rotator_at *rot = &w->rot[r];
	int i = rot->sink, held = w->sink[i], new = rot->has ? rot->slot : GONE;
	bool ok = rot->sees[i] || !has_versions(h->v);

	if (ok && held != new) {
		if (lives(w, held) && (!lives(w, new) || w->newest == held))
			killed(h, "writes over what works");
		w->sink[i] = new;
		change_sink(w, r, i);
		if (new < 2)
			w->slot[new].used = true;
	}
	if (!ok)
		rot->given[i] = FAILED;
	next_sink(h->v, w, r, FINISH);
	reach(h, w, ok ? "writes a sink" : "sink: conflict");
}

static void finish(struct hunt *h, struct both *w, int r)
{
	if (save(h->v, w, r)) {
		for (int i = 0; i < h->v->n_sinks; i++)
			read_back(w, &w->rot[r], i);
		(void)look(h->v, w);
		w->busy = 0;
	}
	end(w, r);
	reach(h, w, "done");
}

static void step(struct hunt *h, const struct both *from, int r)
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

/* ---- what happens without a rotator ---------------------------------------------------------- */

static void answered(struct hunt *h, const struct both *from, int r)
{
	struct both w = *from;
	struct rotator_at *rot = &w.rot[r];
	int k = rot->slot;
	bool last = rot->last;

	act(h, &w, k, last, "a request acts");
	struct both lost = w;
	rot->has = true;
	rot->last = false;
	go(&w, r, PROBE);
	reach(h, &w, k == 0 ? "its request for 1 acts" : "its request for 2 acts");
	lost.rot[r] = (struct rotator_at){ .at = IDLE };
	reach(h, &lost, "its request acts, the answer is lost");
}

static void late(struct hunt *h, const struct both *from, int k, bool last)
{
	const char *how = k == 0 ? "a request for 1 acts late" : "a request for 2 acts late";
	struct both w = *from;

	if (from->slot[k].late[last] == 0)
		return;
	act(h, &w, k, last, how);
	if (from->slot[k].late[last] == LATE_MAX)
		reach(h, &w, how); /* two or more: as many are left */
	w.slot[k].late[last]--;
	reach(h, &w, how);
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
		reach(h, &w, "access tokens expire");
	}
	for (int k = 0; k < 2 && !h->v->plain; k++) {
		if (from->slot[k].intent != OPEN)
			continue;
		w = *from;
		expire_tokens(h->v, &w, k);
		reach(h, &w, "access tokens expire");
	}
}

/* Somebody empties a sink, or puts an older content into it. */
static void edit(struct hunt *h, const struct both *from, int i)
{
	static const char *const how[] = { "a hand puts 1 into a sink", "a hand puts 2 into a sink",
		                           "a hand puts what is dead into a sink",
		                           "a hand empties a sink" };

	if (lives(from, from->sink[i]) && from->slot[from->sink[i]].left != 0)
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
		reach(h, &w, how[held]);
	}
}

static void grace_passes(const struct rivals *v, struct both *w)
{
	for (int k = 0; k < 2; k++) {
		w->slot[k].used = is_held(v, w, k);
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
		end(&w, r);
		reach(h, &w, "dies");
	}
	for (int k = 0; k < 2; k++) {
		late(h, from, k, false);
		late(h, from, k, true);
		if (from->slot[k].life != LIVING ||
		    (from->newest == k && from->slot[1 - k].life == LIVING))
			continue;
		w = *from;
		w.slot[k].life = EXPIRED;
		reach(h, &w, k == 0 ? "1 expires" : "2 expires");
	}
	tokens(h, from);
	for (int i = 0; i < h->v->n_sinks && h->v->hands; i++)
		edit(h, from, i);
	w = *from;
	grace_passes(h->v, &w);
	reach(h, &w, "grace passes");
}

static void expand(struct hunt *h, const struct both *w)
{
	for (int r = 0; r < 2; r++) {
		if (w->rot[r].at != IDLE) {
			step(h, w, r);
			continue;
		}
		start(h, w, r, false);
		start(h, w, r, true);
	}
	world(h, w);
}

/* ---- liveness -------------------------------------------------------------------------------- */

static bool in_step(const struct rivals *v, const struct both *w)
{
	for (int i = 0; i < v->n_sinks; i++)
		if (w->sink[i] != w->sink[0])
			return false;
	return lives(w, w->sink[0]);
}

/* One step with its success alone: of what it reaches, the first. */
static struct both calm_step(const struct rivals *v, const struct both *from)
{
	struct states_room room;
	struct rivals_result none = { .kills = 1 };
	struct hunt one = { .v = v, .out = &none, .states = states_of_one(&room) };

	if (from->rot[0].at == IDLE)
		start(&one, from, 0, false);
	else if (from->rot[0].at == AWAIT)
		answered(&one, from, 0);
	else
		step(&one, from, 0);
	struct both to = one.states.n > 0 ? unpack(room.key) : *from;
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
	reach(&h, &first, "");
	while (states_next(&h.states, &key)) {
		struct both w = unpack(key);
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
