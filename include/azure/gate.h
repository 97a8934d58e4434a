/* SPDX-License-Identifier: MIT */
/*
 * The throttle gate of a service: how many requests it takes, and in which order jobs may send
 * theirs. Azure Resource Manager gives each identity a bucket for each kind of request, which fills
 * up steadily; its answers say how much is left in it. The gate keeps account of that, so that
 * nothing is sent only to be refused. A 429 that comes nevertheless applies to everybody, and a
 * request that comes too early is not only refused but prolongs the wait: it closes the gate for
 * all; when the time has passed, one request is let through, and the gate opens if that was not
 * throttled. A service without a bucket that is known (a registry) has a gate that only closes.
 *
 * A job takes a place in the line before it begins, for everything it will need: once it is its
 * turn, its requests do not wait for those of others. Plain data; its owner locks it.
 */
#ifndef AZURE_GATE_H
#define AZURE_GATE_H

#include "base/base.h"

enum gate_kind { GATE_READ, GATE_WRITE, GATE_DELETE, GATE_KIND__COUNT };

struct gate_bucket {
	double refill; /* a second; 0: there is no bucket */
	double most;   /* what it holds when it is full */
	double left;   /* what the service would still take, with all that was sent deducted */
	int64_t at_ms; /* `left` is of then; later than now while the gate is closed */
	int promised;  /* to jobs whose turn it is, and not sent yet */
	int in_flight;
	int64_t sent;            /* in all */
	int64_t closed_until_ms; /* by a monotonic clock; 0: open */
	int64_t closed_since_ms; /* if it is closed: nothing was served since */
	bool trying;             /* one request is under way to test whether throttling is over */
	bool known;              /* an answer has said how much is left */
	/* since when, and from how much left, the refill is measured, and what was served since */
	int64_t measured_from_ms;
	double measured_from;
	int served;
};
struct gate {
	struct gate_bucket bucket[GATE_KIND__COUNT];
	size_t waiting; /* places that stand in the line */
};

/* A job's. Zeroed: it has none. */
struct gate_place {
	bool standing; /* in the line; else it is its turn, or it has none */
	int wanted[GATE_KIND__COUNT];
	int promised[GATE_KIND__COUNT];
};

/* With Azure Resource Manager's documented buckets. {0}: one that only closes. */
void gate_init_arm(struct gate *g, int64_t now_ms);
/* How many of each kind are wanted, in addition to what it was promised. True: it is its turn.
 * False: it stands in the line; ask gate_turn() in *wait_ms. */
MUST_USE bool gate_line_up(struct gate *g, struct gate_place *p, const int wanted[GATE_KIND__COUNT],
                           int64_t now_ms, int64_t *wait_ms);
/* Of one that stands in the line. The first one in it is to be asked; who that is the caller
 * knows. */
MUST_USE bool gate_turn(struct gate *g, struct gate_place *p, int64_t now_ms, int64_t *wait_ms);
/* For how much longer it is closed, whatever the kind, and since when nothing was served; both 0
 * if it is open. */
int64_t gate_closed_ms(const struct gate *g, int64_t now_ms, int64_t *since_ms);
/* Gives back what was not used. */
void gate_step_out(struct gate *g, struct gate_place *p);

struct gate_sent {
	int64_t at_ms, number;
};
/* p: NULL, or the job's place; then nothing is sent that the bucket does not hold. False: wait
 * *wait_ms. True: send the request, then call gate_leave(). */
MUST_USE bool gate_enter(struct gate *g, struct gate_place *p, enum gate_kind kind, int64_t now_ms,
                         struct gate_sent *sent, int64_t *wait_ms);
struct gate_answer {
	struct gate_sent sent;
	bool throttled;
	int64_t retry_after_ms; /* what a 429 asked for, or -1 if it did not say */
	int64_t remaining;      /* what is left in the bucket, or -1 if it did not say */
};
void gate_leave(struct gate *g, enum gate_kind kind, int64_t now_ms, const struct gate_answer *a);

#endif
