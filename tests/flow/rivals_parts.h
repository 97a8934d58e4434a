/* SPDX-License-Identifier: MIT */
/* The parts of rivals.c: what there is, and what each of its files has for the others. */
#ifndef FLOW_RIVALS_PARTS_H
#define FLOW_RIVALS_PARTS_H

#include "flow/rivals.h"
#include "flow/states.h"
#include "rotate/plan.h"

#define RIVALS_LATE_MAX 2 /* requests of nobody in flight: two, or more */

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

/* ---- rivals_states.c ------------------------------------------------------------------------- */
bool rivals_lives(const struct both *w, int held);
bool rivals_is_held(const struct rivals *v, const struct both *w, int k);
/* A sink shows what is dead, and none what works: whoever reads again is cut off already. */
bool rivals_is_outage(const struct rivals *v, const struct both *w);
struct both rivals_unpack(uint64_t key);
void rivals_reach(struct hunt *h, const struct both *w, const char *how);
void rivals_killed(struct hunt *h, const char *how);

/* ---- rivals_rule.c --------------------------------------------------------------------------- */
struct plan rivals_decide(const struct rivals *v, const struct both *w, bool due);
/* The registry accepts a password that a sink shows, which must then be the other slot's. */
bool rivals_is_contradicted(const struct rivals *v, const struct both *w, int slot);

/* ---- rivals_steps.c -------------------------------------------------------------------------- */
/* A rotator that ends leaves its request, if one is in flight, to nobody. */
void rivals_end(struct both *w, int r);
void rivals_go(struct both *w, int r, enum at at);
/* A request acts. */
void rivals_act(struct hunt *h, struct both *w, int k, bool last, const char *how);
/* Reads the record and the sinks, and decides. */
void rivals_start(struct hunt *h, const struct both *from, int r, bool due);
void rivals_step(struct hunt *h, const struct both *from, int r);

#endif
