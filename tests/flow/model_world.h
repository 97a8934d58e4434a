/* SPDX-License-Identifier: MIT */
/* What there is in the model: two slots and their ledger, sinks, runs under way. And states,
 * packed so that all that are alike are one. */
#ifndef FLOW_MODEL_WORLD_H
#define FLOW_MODEL_WORLD_H

#include "flow/model.h"

#define TICK  600
#define NEVER 15 /* a foreign password that does not expire */
#define NOW   (1000000LL * TICK)

#define DENIED 3 /* see struct run */

/* Whose the present generation of a slot is. UNSEEN: ours by the expiry it bears, which no run
 * has seen yet; CLAIMED: since one has, but its password is lost. ORPHAN: ours in truth, but
 * nothing says so. */
enum tag { ABSENT, OURS, UNSEEN, CLAIMED, FOREIGN, ORPHAN };

struct slot {
	enum tag tag;
	int life; /* ticks until it expires; 0: within the margin */
	bool permitted, rejected;
	bool delivered; /* the ledger, of a generation that is OURS or CLAIMED */
	int left;       /* 0: no stamp; 1 + ticks since, at most 1 + grace */
	bool intent;    /* an intent stands: the slot is tainted */
	bool abandoned; /* ... and a run has seen that its sender is no more */
	bool young;     /* ... in this tick: a request may be in flight */
	int flying;     /* requests in flight: 0, 1, 2 or more */
	bool stray;     /* ... of a record that cannot be used: what they make is nobody's */
	int ago;        /* ticks since a sink held it, at most grace */
	bool hooked;    /* a consumer that waits for our hook holds it */
	bool away;      /* a sink of another machine holds it */
	int lacked;     /* ABSENT: ticks until the rule believes that of one of ours */
};

/* holds, last: bit 0 for slot 1, bit 1 for slot 2; 0 for anything dead. */
struct sink {
	int holds;  /* in truth: one bit at most */
	int hidden; /* ... and the store behind it that is out of sight */
	int last;   /* what the state remembers of it */
	int hides;  /* ... and that it did not show it when it was read */
	/* ... and that it showed what is none of ours and may work */
	bool held_foreign;
	bool ruin; /* in truth: holds nothing, but the password of a generation that is no more */
	bool unread, removed;
	bool touched; /* by hand, and no run has seen it yet */
	bool out;     /* of the run under way: its check or commit failed */
};

struct run {
	bool alive;
	int at; /* index into the steps */
	enum plan_action action;
	enum acr_slot slot;
	/* the slot was generated anew by somebody else since we looked, or since we generated it */
	bool stale;
	int age; /* ticks since it began, at most grace */
	/* 1 + the slot that the service's answers leave out; 0: none; DENIED: the token */
	int lacks;
};

struct world {
	struct slot slot[ACR_SLOT__COUNT];
	struct sink sink[MODEL_SINKS_MAX];
	struct run run[2];
	int newest;
	bool missing;  /* the token does not exist */
	int puts;      /* PUTs in flight: 0, 1, 2 or more */
	bool put_left; /* a run has begun since: they end with the tick */
	bool tainted;  /* the intents that stand are of a PUT */
	bool owed;
	int spent; /* disturbances so far, if they are counted */
};

struct packed {
	uint64_t half[2];
};

static inline int bit(int slot)
{
	return 1 << slot;
}

bool slot_is_ours(const struct slot *s); /* to the eyes of a run that has read the token */
bool slot_works(const struct slot *s);
bool world_idle(const struct world *w);
/* A sink holds the password of slot k, in truth. */
bool world_holds(const struct model *m, const struct world *w, int k);
/* The password of slot k is no more: whoever holds it holds nothing. */
void world_end_generation(const struct model *m, struct world *w, int k);
void world_begin_generation(const struct model *m, struct world *w, int k, enum tag tag, int life);
/* Both slots are emptied. */
void world_wipe(const struct model *m, struct world *w);
/* A sink shows what is dead, and none has anything that works: whoever reads again is cut off
 * already, and consumers that lag do not count. */
bool world_outage(const struct model *m, const struct world *w);
/* Does anybody of ours rely on the password of slot k? */
bool world_in_use(const struct model *m, const struct world *w, int k);
void world_tick(const struct model *m, struct world *w);
/* Also brings w into the form that all states like it have. */
struct packed world_pack(const struct model *m, struct world *w);
struct world world_unpack(const struct packed *key);

#endif
