/* SPDX-License-Identifier: MIT */
/*
 * Exhaustive search over one rotator, its source (a Secret, a vault), and nodes that copy from it
 * to a sink of their own. A node may be offline, paused or dead for as long as it likes; so may the
 * rotator. Both decide by the real rule: plan_decide, and plan_follow_decide.
 *
 * Time has no measure: the older of two passwords expires at any moment, "a day passes" ends grace.
 *
 * Safety: no step of the rotator or of a node takes a living password from a node's sink, or puts
 * one there that ends sooner. Liveness: from every state, rotator and nodes alone bring every node
 * to what the source has.
 */
#ifndef FLOW_FOLLOWERS_H
#define FLOW_FOLLOWERS_H

#include "base/base.h"

#define FOLLOWERS_MAX 2

/* When the rotator may generate a slot that it has delivered. */
enum followers_rule {
	FOLLOWERS_EXPIRY, /* once its password has expired: grace = expiry */
	FOLLOWERS_GRACE,  /* a day after it left the source */
	/* Once no node holds it any more, by what the nodes say in the shared record. Not built: the
	 * schedules show how much would have to be right. */
	FOLLOWERS_ACK,
};

/* What a node says, for FOLLOWERS_ACK. */
enum followers_tell {
	TELL_NOTHING,
	TELL_ALL,         /* announces what it has and takes, reads again, copies, confirms */
	TELL_AFTER,       /* copies, then tells */
	TELL_NOT_AGAIN,   /* announces, copies what it read before that */
	TELL_WITHOUT_OLD, /* announces what it takes, not what it has */
	TELL_BUT_ONE,     /* one node says nothing */
};

enum followers_without {
	FOLLOWERS_WHOLE,
	FOLLOWERS_UNPROVEN, /* a node copies what the registry was not asked about */
	FOLLOWERS_BACK,     /* ... or whatever the source has, older or not */
};

struct followers {
	int n; /* nodes */
	enum followers_rule rule;
	enum followers_tell tell;
	bool hands; /* the source is emptied, and restored from any older content */
	enum followers_without without;
};

struct followers_result {
	size_t states, kills, stuck;
	char story[4096]; /* of the first kill, or of the first stuck state */
};

/* Memory is bounded by max_states; false when they did not suffice. */
bool followers_search(const struct followers *v, size_t max_states, struct followers_result *out);

#endif
