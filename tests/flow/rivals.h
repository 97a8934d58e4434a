/* SPDX-License-Identifier: MIT */
/*
 * Exhaustive search over two rotators on one shared record. The rule is the real plan_decide; each
 * step of a rotation is a point where the other goes on, minutes, hours or days later: a rotator
 * may stay paused at any of them for ever, die there, or lose an answer, and a request that was
 * sent acts at any later time, or never.
 *
 * Time has no measure. A password expires at any moment, the older one first; the access tokens of
 * a rotation expire at any moment, and with them `dead_at` has come; "grace passes" says that as
 * much time has passed. Of a deployed password it is assumed that it outlives the access tokens of
 * an hour: where it does not, the rule waits no longer than a quarter of what is left.
 *
 * Behind each sink stands every consumer that can be thought of: a slot is in use until grace
 * passes without a sink that holds it.
 *
 * Safety: no request of a rotator kills a password that works and is held by a sink or in use, and
 * no write puts what is dead, or ends sooner, over one that works. Liveness: from every state, both
 * dead and all access tokens expired, one rotator alone brings all sinks to one password that
 * works.
 *
 * What nobody can see is left out: a hand that puts back a password which is being replaced, once
 * the sinks have been touched, or takes one away again that no run has seen.
 */
#ifndef FLOW_RIVALS_H
#define FLOW_RIVALS_H

#include "base/base.h"

#define RIVALS_SINKS_MAX 2

/* A step of the rule left out. */
enum rivals_without {
	RIVALS_WHOLE,
	RIVALS_NO_TOUCH,     /* the sinks are not touched between intent and request */
	RIVALS_NO_TAINT,     /* the slot of an intent is generated at once */
	RIVALS_OTHER_SLOT,   /* ... or the other one in its place, untried */
	RIVALS_HURRY,        /* ... at least where nothing that is deployed works */
	RIVALS_RENEWED,      /* a rotation that is paused gets itself new access tokens */
	RIVALS_BY_CLOCK,     /* a request is believed dead after a minute */
	RIVALS_RECORD_BLIND, /* the record is written whatever it has become */
	RIVALS_SINKS_BLIND,  /* and so are the sinks, which nobody touches */
	RIVALS_SEEN_IS_ALL,  /* what a sink does not show it does not hold */
	RIVALS_NOT_BUSY,     /* sinks without versions, and a record that is not busy */
};

struct rivals {
	int n_sinks;
	bool hands; /* sinks are emptied and restored, at any time */
	/* Sinks have no versions: the record is busy for everybody else until the rotation is done
	 * or dead_at has passed. */
	bool plain;
	enum rivals_without without;
};

struct rivals_result {
	size_t states, kills, stuck;
	/* the shortest way to the first kill, or to the first stuck state */
	char story[4096];
};

/* Memory is bounded by max_states; false when they did not suffice. */
bool rivals_search(const struct rivals *v, size_t max_states, struct rivals_result *out);

#endif
