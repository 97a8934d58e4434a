/* SPDX-License-Identifier: MIT */
/*
 * Exhaustive search over everything that can happen to one job: every
 * interleaving of the steps of a run with crashes, with time, and with what
 * others do. The rule under test is the real plan_decide; the steps around it
 * are those of rotation.h, with the ledger of state.h in miniature.
 *
 * Time goes in ticks of ten minutes. Generations need no names: all that matters
 * of a password is whether it is the current one of slot 1 or 2, or dead, so
 * states that differ only in names are one state. Consumers need no names
 * either: behind each sink stands every consumer that can be thought of, so a
 * slot is in use until `grace` after the last sink held it, and until the hook
 * that is owed has run.
 *
 * Safety: no request of ours kills a password that works and is in use; and no sink gets one that
 * ends before one of ours that it holds and that works, whatever an answer of Azure lacks; where
 * the registry refuses what works, that is not counted.
 * Liveness: from every state, when nobody interferes any more, runs lead to
 * all sinks on one password that works, for ever, or to a refusal because of
 * a slot that is truly foreign.
 *
 * A request whose answer was lost acts at any later time, hours or days after its sender is no
 * more, or never; `dead_at` alone ends it, a tick after a run has seen that nobody waits for it. Its
 * slot is tainted until then, whatever works or does not.
 *
 * When a sink shows a password that is dead, and none has one that works,
 * consumers that lag are given up: whoever reads again is cut off already.
 *
 * What nobody can see is left out: a hand that changes a sink back before any run saw it, changes
 * one between a run's last look and its writing, or changes one that the job cannot read or no
 * longer has, or that alone tells what an older state does not know; a consumer that lags when the
 * record of before a delivery is put back; and sinks changed or removed or the record deleted in
 * the time in which a request whose answer was lost may yet act.
 */
#ifndef FLOW_MODEL_H
#define FLOW_MODEL_H

#include "rotate/plan.h"

#define MODEL_SINKS_MAX 3

/* What others do, at any moment unless it says otherwise. Crashes, time and expiry are always
 * there. */
enum model_others {
	MODEL_FOREIGN = 1 << 0, /* somebody generates either slot */
	MODEL_WIPE = 1 << 1,    /* a redeployment wipes both passwords */
	MODEL_LOSS = 1 << 2,    /* our state is lost, between two runs */
	/* sinks are edited, or restored from any older content, between two runs */
	MODEL_HANDS = 1 << 3,
	MODEL_PERMIT = 1 << 4, /* the operator gives may_replace */
	MODEL_LATE = 1 << 5,   /* a request whose answer was lost acts at any later time */
	/* a hook fails; consumers that wait for it read nothing before */
	MODEL_HOOKS = 1 << 6,
	MODEL_UNREAD = 1 << 7, /* sinks cannot be read for a while, between two runs */
	/* a sink is removed from the job, and still read by its consumers */
	MODEL_REMOVED = 1 << 8,
	MODEL_BROKEN = 1 << 9, /* the check or the commit of a sink fails */
	/* the registry rejects for good a password that Azure still lists */
	MODEL_REJECTS = 1 << 10,
	/* the state is copied to a fresh machine; the first one's consumers go on */
	MODEL_MOVED = 1 << 11,
	MODEL_FORCE = 1 << 12,   /* run --force, whenever somebody likes */
	MODEL_EXPIRES = 1 << 13, /* what somebody generates may expire, and soon */
	/* An older copy of our state is put back, between two runs. Of what was delivered since it
	 * knows the expiry that was asked for and no more, or that and the password, or that it
	 * was delivered, but of no sink what it holds. */
	MODEL_RESTORED = 1 << 14,
	/* an answer lacks a slot that is there, from the first to the last reading of a run */
	MODEL_LACKS = 1 << 15,
	/* the registry refuses a password that works, for a minute or more */
	MODEL_DOUBTS = 1 << 16,
	/* A sink behind another program shows another store, which begins empty, or its first one
	 * again. What consumers read of the one that is out of sight nobody sees. */
	MODEL_BLINDED = 1 << 17,
	/* The record of another job of the same token is in the place of ours: there everything is
	 * known, was delivered, and has been left long ago. */
	MODEL_STRANGE = 1 << 18,
	/* A sink is edited while a run has a password for it, before its last look. */
	MODEL_MEDDLED = 1 << 19,
	/* Our record cannot be used any more, or has another name: only its intents are heeded. */
	MODEL_UNUSABLE = 1 << 20,
	/* The token does not exist at first, and a run creates it, or somebody else. Whose
	 * passwords a sink shows, and whose record tells nothing, Azure may deny for a run. */
	MODEL_CREATE = 1 << 21,
	MODEL_ALL = (1 << 22) - 1
};

/* An ingredient left out: the steps or what goes into the rule are altered, never the rule
 * itself. */
enum model_without {
	WITHOUT_NOTHING,
	WITHOUT_GRACE,          /* grace is 0 */
	WITHOUT_DELIVERY_FIRST, /* delivery is recorded only after the sinks */
	WITHOUT_PRINT,          /* the fingerprint is recorded only at the end */
	WITHOUT_INTENT,
	WITHOUT_LOCK,          /* two runs at once */
	WITHOUT_MACHINE,       /* a copied state is believed */
	WITHOUT_SUBJECT,       /* a record of another job is believed */
	WITHOUT_EXPIRY_CHECK,  /* a sink gets what ends sooner than what it holds */
	WITHOUT_WAITING,       /* for a request that may act late */
	WITHOUT_OWED,          /* a hook that failed is forgotten */
	WITHOUT_REMEMBERING,   /* what an unreadable or removed sink last got */
	WITHOUT_HAD,           /* ... what it had before it was to get another */
	WITHOUT_GIVEN,         /* ... what it was to get, until it was read back */
	WITHOUT_FRESH_TIME,    /* `left` is stamped with the time the run began */
	WITHOUT_SERVICE_CLOCK, /* `left` is stamped by a clock that may be a day behind */
	/* a request's life counts from the save of its intent, though it is sent later */
	WITHOUT_FRESH_INTENT,
	/* the passwords that the sinks show are not tried right before a generate */
	WITHOUT_TRYING,
	/* a heal believes an answer that lacks what a sink shows */
	WITHOUT_ASKING,
	WITHOUT_HELD_FOREIGN, /* a removed sink that showed what nobody knows is forgotten */
	WITHOUT_DOUBT,        /* what the record says of a sink that cannot be read is believed */
	WITHOUT_PATIENCE,     /* an answer that lacks a slot is believed at once */
	WITHOUT_SEEING,       /* a slot that a sink shows may never have been delivered */
	WITHOUT_DEATH,        /* refusals of a minute are death */
	WITHOUT_HIDING,       /* a chain in one store lets go of what another one holds */
	WITHOUT_CHAIN,        /* what a sink does not show is not there, whatever it is */
	WITHOUT_TAINT,        /* the PUT that makes the token is not recorded */
	WITHOUT_FORMER,       /* of a record that cannot be used not even the intents are heeded */
	WITHOUT_ALL,          /* the naive rule: always the older slot */
};

struct model {
	int n_sinks;
	int lifetime, renew_before, grace; /* ticks */
	unsigned others;
	int disturbances; /* how many of them in one history, at most 7; 0: any number. */
	enum model_without without;
	/* starts with two foreign passwords, one of them in the sinks */
	bool by_hand_before;
	bool exclusive;
	bool cut; /* more states than there is memory for: the nearest are searched */
};

struct model_result {
	size_t states, idle; /* idle: no run under way; each is tried for liveness */
	size_t kills, stuck;
	/* the shortest way to the first kill, or to the first stuck state */
	char story[4096];
};

/* Memory is bounded by max_states; false when they did not suffice. */
bool model_search(const struct model *m, size_t max_states, struct model_result *out);

#endif
