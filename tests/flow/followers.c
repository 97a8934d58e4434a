/* SPDX-License-Identifier: MIT */
#include "flow/followers.h"

#include "flow/states.h"
#include "rotate/plan_follow.h"

#define NOW        INT64_C(1000000000)
#define DAY        INT64_C(86400)
#define CALM_TURNS 8

enum life { ABSENT, EXPIRED, LIVING };

/* Of the generation in the slot, and of what the rotator's record says of it. */
struct kept {
	enum life life;
	bool known, delivered, intent;
	int left; /* 0: no stamp; 1; 2: since a day */
};

/* What a sink, the source or a node's memory holds: slot 0 or 1, what is no more, or nothing. */
enum { GONE = 2, NOTHING = 3 };

enum node_at { OFF, ANNOUNCE, AGAIN, PROVE, WRITE, CONFIRM };

struct node {
	enum node_at at;
	int taken;           /* read from the source */
	int told, confirmed; /* in the shared record */
	int local;           /* its sink */
};

enum rotator { RESTS, INTENDS, GENERATES, MARKS, WRITES };

struct scene {
	struct kept slot[2];
	int newest, source;
	enum rotator at;
	int target;
	bool has; /* what the rotator generated is still there */
	struct node node[FOLLOWERS_MAX];
};

struct chase {
	const struct followers *v;
	struct states states;
	struct followers_result *out;
};

static bool lives(const struct scene *w, int held)
{
	return held < 2 && w->slot[held].life == LIVING;
}

static int64_t expiry(const struct scene *w, int held)
{
	if (!lives(w, held))
		return NOW - DAY;
	return NOW + (w->newest == held ? 60 : 30) * DAY;
}

/* ---- states ---------------------------------------------------------------------------------- */

static uint64_t pack(const struct followers *v, const struct scene *w)
{
	struct digits f = { 0, 1 };

	for (int k = 0; k < 2; k++) {
		const struct kept *s = &w->slot[k];
		digits_put(&f, 3, (int)s->life);
		digits_put(&f, 3, s->left);
		digits_put(&f, 8, s->known | s->delivered << 1 | s->intent << 2);
	}
	digits_put(&f, 2, w->newest);
	digits_put(&f, 4, w->source);
	digits_put(&f, 5, (int)w->at);
	digits_put(&f, 2, w->target);
	digits_put(&f, 2, w->has);
	for (int i = 0; i < v->n; i++) {
		const struct node *n = &w->node[i];
		digits_put(&f, 6, (int)n->at);
		digits_put(&f, 4, n->taken);
		digits_put(&f, 4, n->told);
		digits_put(&f, 4, n->confirmed);
		digits_put(&f, 4, n->local);
	}
	return f.key;
}

static struct scene unpack(const struct followers *v, uint64_t key)
{
	struct digits f = { key, 1 };
	struct scene w = { .newest = 0 };

	for (int k = 0; k < 2; k++) {
		struct kept *s = &w.slot[k];
		s->life = (enum life)digits_get(&f, 3);
		s->left = digits_get(&f, 3);
		int flags = digits_get(&f, 8);
		s->known = flags & 1;
		s->delivered = flags >> 1 & 1;
		s->intent = flags >> 2 & 1;
	}
	w.newest = digits_get(&f, 2);
	w.source = digits_get(&f, 4);
	w.at = (enum rotator)digits_get(&f, 5);
	w.target = digits_get(&f, 2);
	w.has = digits_get(&f, 2);
	for (int i = 0; i < v->n; i++) {
		struct node *n = &w.node[i];
		n->at = (enum node_at)digits_get(&f, 6);
		n->taken = digits_get(&f, 4);
		n->told = digits_get(&f, 4);
		n->confirmed = digits_get(&f, 4);
		n->local = digits_get(&f, 4);
	}
	return w;
}

static void reach(struct chase *c, const struct scene *w, const char *how)
{
	states_reach(&c->states, pack(c->v, w), how);
}

static void killed(struct chase *c, const char *how)
{
	if (c->out->kills++ == 0)
		states_tell(&c->states, c->states.at, how, c->out->story, sizeof(c->out->story));
}

/* ---- the rotator ----------------------------------------------------------------------------- */

static bool is_acknowledged(const struct followers *v, const struct scene *w, int k)
{
	for (int i = 0; i < v->n; i++)
		if (w->node[i].told == k || w->node[i].confirmed == k)
			return false;
	return true;
}

static int64_t left_at(const struct followers *v, const struct scene *w, int k)
{
	const struct kept *s = &w->slot[k];

	if (v->rule == FOLLOWERS_ACK)
		return is_acknowledged(v, w, k) ? NOW - DAY : NOW;
	return s->left == 0 ? 0 : s->left == 1 ? NOW : NOW - DAY;
}

static struct plan decide(const struct followers *v, const struct scene *w, bool due)
{
	bool known = w->source < 2 && w->slot[w->source].known;
	const struct sink_view view = {
		.holds = known ? (enum acr_slot)w->source : ACR_NO_SLOT,
		.other = !known && w->source != NOTHING,
		.rejected = !known && w->source != NOTHING && !lives(w, w->source),
		.readable = true,
	};
	struct plan_input in = {
		.now = NOW,
		.lifetime = 90 * DAY,
		.renew_before = 1,
		.grace = DAY,
		.until_expiry = v->rule == FOLLOWERS_EXPIRY,
		.margin = 300,
		.asked = TOKEN_READ,
		.enabled = true,
		.known = true,
		.force = due,
		.sinks = &view,
		.n_sinks = 1,
	};

	for (int k = 0; k < 2; k++) {
		const struct kept *s = &w->slot[k];
		in.slot[k] = (struct slot_view){
			.present = s->life != ABSENT,
			.ours = s->life != ABSENT,
			.lost = s->life != ABSENT && !s->known,
			.delivered = s->delivered,
			.intent = s->intent,
			.abandoned = NOW,
			.dead_at = NOW,
			.created = w->newest == k ? 2 : 1,
			.expires = expiry(w, k),
			.left = left_at(v, w, k),
		};
	}
	return plan_decide(&in);
}

static void look(struct scene *w)
{
	for (int k = 0; k < 2; k++) {
		struct kept *s = &w->slot[k];
		if (w->source == k && s->known) {
			s->left = 0;
			s->delivered = true;
		} else if (s->delivered && s->left == 0) {
			s->left = 1;
		}
	}
}

static void generate(struct chase *c, struct scene *w)
{
	int k = w->target;
	struct kept *s = &w->slot[k];

	for (int i = 0; i < c->v->n; i++) {
		struct node *n = &w->node[i];
		if (n->local == k && lives(w, k))
			killed(c, "generates");
		/* What was said names a generation: of one that is gone it says nothing. */
		n->taken = n->taken == k ? GONE : n->taken;
		n->told = n->told == k ? GONE : n->told;
		n->confirmed = n->confirmed == k ? GONE : n->confirmed;
		n->local = n->local == k ? GONE : n->local;
	}
	*s = (struct kept){ .life = LIVING, .intent = s->intent };
	w->source = w->source == k ? GONE : w->source;
	w->newest = k;
	w->has = true;
}

static void start(struct chase *c, const struct scene *from, bool due)
{
	struct scene w = *from;

	look(&w);
	struct plan p = decide(c->v, &w, due);
	if (p.action == PLAN_ROTATE) {
		w.at = INTENDS;
		w.target = (int)p.slot;
	}
	reach(c, &w, p.action == PLAN_ROTATE ? "the rotator decides" : "the rotator looks");
}

static void rotate(struct chase *c, const struct scene *from)
{
	struct scene w = *from;
	struct kept *s = &w.slot[w.target];

	switch (w.at) {
	case INTENDS:
		s->intent = true;
		w.at = GENERATES;
		reach(c, &w, "intent");
		break;
	case GENERATES:
		generate(c, &w);
		w.at = MARKS;
		reach(c, &w, w.target == 0 ? "generates 1" : "generates 2");
		break;
	case MARKS:
		s->known = s->delivered = w.has && s->life == LIVING;
		s->intent = false;
		w.at = WRITES;
		reach(c, &w, "delivery recorded");
		break;
	case WRITES:
		w.source = w.target;
		w.at = RESTS;
		w.has = false;
		look(&w);
		reach(c, &w, w.target == 0 ? "the source has 1" : "the source has 2");
		break;
	case RESTS:
		start(c, &w, false);
		start(c, &w, true);
		break;
	}
}

/* ---- a node ---------------------------------------------------------------------------------- */

/* As its ledger has it: the places are named by slots, what is no more has the one that is left. */
static struct follow_input view_node(const struct followers *v, const struct scene *w,
                                     const struct node *n, struct sink_view *view)
{
	int place = n->local < 2 ? n->local : w->source < 2 ? 1 - w->source : 0;
	struct follow_input in = {
		.now = NOW,
		.renew_before = 1,
		.source = w->source == NOTHING ? FOLLOW_EMPTY : FOLLOW_READ,
		.source_is =
			n->local < 2 && n->local == w->source ? (enum acr_slot)place : ACR_NO_SLOT,
		.source_expires = w->source < 2 ? expiry(w, w->source) : 0,
		.verified = true,
		.force = v->without == FOLLOWERS_BACK,
		.sinks = view,
		.n_sinks = 1,
	};

	if (n->local != NOTHING)
		in.known[place] = (struct follow_known){ .known = true,
			                                 .dead = n->local == GONE,
			                                 .created = 1,
			                                 .expires = expiry(w, n->local) };
	*view = (struct sink_view){ .holds = n->local == NOTHING ? ACR_NO_SLOT
		                                                 : (enum acr_slot)place,
		                    .readable = true };
	return in;
}

static enum followers_tell tells(const struct followers *v, int i)
{
	if (v->tell == TELL_BUT_ONE)
		return i == 0 ? TELL_NOTHING : TELL_ALL;
	return v->tell;
}

static void set_off(struct chase *c, const struct scene *from, int i)
{
	struct scene w = *from;
	struct node *n = &w.node[i];
	struct sink_view view;
	struct follow_input in = view_node(c->v, &w, n, &view);
	enum followers_tell t = tells(c->v, i);

	if (plan_follow_decide(&in).action != PLAN_FOLLOW)
		return;
	n->taken = w.source;
	n->at = t == TELL_NOTHING || t == TELL_AFTER ? PROVE : ANNOUNCE;
	reach(c, &w, "a node reads the source");
}

/* Somebody else may have been at its sink: right before it is written it is read again. */
static bool stays(const struct followers *v, const struct scene *w, const struct node *n)
{
	struct scene then = *w;
	struct sink_view view;

	then.source = n->taken;
	struct follow_input in = view_node(v, &then, n, &view);
	return plan_follow_stays(&in, view.holds);
}

static void write_local(struct chase *c, struct scene *w, int i)
{
	struct node *n = &w->node[i];

	if (n->local != n->taken && lives(w, n->local) &&
	    (!lives(w, n->taken) || w->newest == n->local))
		killed(c, "a node writes over what works");
	n->local = n->taken;
	n->at = tells(c->v, i) == TELL_NOTHING ? OFF : CONFIRM;
	n->taken = n->at == OFF ? NOTHING : n->taken;
	reach(c, w, "a node writes its sink");
}

static void stop(struct node *n)
{
	n->at = OFF;
	n->taken = NOTHING;
}

static void follow(struct chase *c, const struct scene *from, int i)
{
	struct scene w = *from;
	struct node *n = &w.node[i];
	enum followers_tell t = tells(c->v, i);

	switch (n->at) {
	case OFF:
		set_off(c, from, i);
		break;
	case ANNOUNCE:
		n->told = n->taken;
		n->confirmed = t == TELL_WITHOUT_OLD ? n->confirmed : n->local;
		n->at = t == TELL_NOT_AGAIN ? PROVE : AGAIN;
		reach(c, &w, "a node announces");
		break;
	case AGAIN:
		if (w.source == n->taken) {
			n->at = PROVE;
		} else {
			n->told = NOTHING;
			stop(n);
		}
		reach(c, &w, "a node reads again");
		break;
	case PROVE:
		if (lives(&w, n->taken) || c->v->without == FOLLOWERS_UNPROVEN)
			n->at = WRITE;
		else
			stop(n);
		if (n->at == WRITE && stays(c->v, &w, n))
			stop(n);
		reach(c, &w, "a node asks the registry");
		break;
	case WRITE:
		write_local(c, &w, i);
		break;
	case CONFIRM:
		n->told = NOTHING;
		n->confirmed = n->taken;
		stop(n);
		reach(c, &w, "a node confirms");
		break;
	}
}

/* ---- what happens without them --------------------------------------------------------------- */

static void day(struct scene *w)
{
	for (int k = 0; k < 2; k++)
		w->slot[k].left = w->slot[k].left == 0 ? 0 : 2;
}

static void edit(struct chase *c, const struct scene *from)
{
	for (int held = 0; held <= NOTHING; held++) {
		struct scene w = *from;
		if (held < 2 && !(lives(from, held) && from->slot[held].delivered))
			continue;
		/* What the rotator is replacing, and has looked for, nobody puts back. */
		if (held < 2 && from->at > RESTS && held == from->target)
			continue;
		w.source = held;
		if (held < 2)
			w.slot[held].left = 0;
		reach(c, &w, held == NOTHING ? "the source is emptied" : "the source is restored");
	}
}

static void world(struct chase *c, const struct scene *from)
{
	struct scene w = *from;

	if (w.at != RESTS) {
		w.at = RESTS;
		w.has = false;
		reach(c, &w, "the rotator dies");
	}
	for (int i = 0; i < c->v->n; i++) {
		w = *from;
		if (w.node[i].at == OFF)
			continue;
		stop(&w.node[i]); /* what it has said stands */
		reach(c, &w, "a node dies");
	}
	for (int k = 0; k < 2; k++) {
		if (!lives(from, k) || (from->newest == k && lives(from, 1 - k)))
			continue;
		w = *from;
		w.slot[k].life = EXPIRED;
		reach(c, &w, k == 0 ? "1 expires" : "2 expires");
	}
	if (c->v->hands)
		edit(c, from);
	w = *from;
	day(&w);
	reach(c, &w, "a day passes");
}

/* ---- liveness -------------------------------------------------------------------------------- */

static struct scene calm(const struct followers *v, const struct scene *from, int node)
{
	struct states_room room;
	struct followers_result none = { .kills = 1 };
	struct chase one = { .v = v, .out = &none, .states = states_of_one(&room) };

	if (node >= 0)
		follow(&one, from, node);
	else if (from->at == RESTS)
		start(&one, from, false);
	else
		rotate(&one, from);
	return one.states.n > 0 ? unpack(v, room.key) : *from;
}

static bool in_step(const struct followers *v, const struct scene *w)
{
	for (int i = 0; i < v->n; i++)
		if (w->node[i].local != w->source)
			return false;
	return lives(w, w->source);
}

/* All are back; what is waited for expires in the end. */
static bool converges(const struct followers *v, struct scene w)
{
	for (int turn = 0; turn < CALM_TURNS && !in_step(v, &w); turn++) {
		if (turn == CALM_TURNS / 4 && lives(&w, 1 - w.newest))
			w.slot[1 - w.newest].life = EXPIRED;
		if (turn == CALM_TURNS / 2 && lives(&w, w.newest))
			w.slot[w.newest].life = EXPIRED;
		day(&w);
		do
			w = calm(v, &w, -1);
		while (w.at != RESTS);
		for (int i = 0; i < v->n; i++)
			do
				w = calm(v, &w, i);
			while (w.node[i].at != OFF);
	}
	return in_step(v, &w);
}

bool followers_search(const struct followers *v, size_t max_states, struct followers_result *out)
{
	struct chase c = { .v = v, .out = out };
	struct scene first = { .source = NOTHING };
	uint64_t key;

	for (int i = 0; i < v->n; i++)
		first.node[i] = (struct node){ OFF, NOTHING, NOTHING, NOTHING, NOTHING };
	*out = (struct followers_result){ 0 };
	states_open(&c.states, max_states);
	reach(&c, &first, "");
	while (states_next(&c.states, &key)) {
		struct scene w = unpack(v, key);
		if (!converges(v, w) && out->stuck++ == 0 && out->kills == 0)
			states_tell(&c.states, c.states.at, "stuck", out->story,
			            sizeof(out->story));
		rotate(&c, &w);
		for (int i = 0; i < v->n; i++)
			follow(&c, &w, i);
		world(&c, &w);
	}
	out->states = c.states.n;
	bool whole = !c.states.full;
	states_close(&c.states);
	return whole;
}
