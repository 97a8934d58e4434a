/* SPDX-License-Identifier: MIT */
#include "azure/gate.h"

#define UNNAMED_MS      10000   /* a 429 that does not say how long */
#define CLOSED_MAX_MS   3600000 /* hourly limits are the longest Azure has had */
#define WHILE_TRYING_MS 1000
/* A line moves faster than was reckoned when a job gives back what it did not need. */
#define LOOK_AGAIN_MS 250
/* Kept back from the line, for what jobs turn out to need beyond what they were promised. */
#define RESERVE_MAX 16
/* In less time what is in flight counts for more than what is refilled. */
#define MEASURE_MS 3000
#define REFILL_MIN 0.05 /* slower than any limit that has been seen */
#define SLOWER     0.7  /* by a 429 that came in spite of the account */
#define FASTER     1.01 /* by an answer that does not say how much is left */
#define MOST_MIN   32   /* no bucket is smaller; one that shows little may have been used */

/* Per subscription, identity and kind. */
static const struct {
	double most, refill;
} documented[GATE_KIND__COUNT] = {
	[GATE_READ] = { 250, 25 },
	[GATE_WRITE] = { 200, 10 },
	[GATE_DELETE] = { 200, 10 },
};

void gate_init_arm(struct gate *g, int64_t now_ms)
{
	*g = (struct gate){ 0 };
	for (int k = 0; k < GATE_KIND__COUNT; k++)
		g->bucket[k] = (struct gate_bucket){ .refill = documented[k].refill,
			                             .most = documented[k].most,
			                             .left = documented[k].most,
			                             .at_ms = now_ms };
}

static void refill(struct gate_bucket *b, int64_t now_ms)
{
	if (now_ms <= b->at_ms)
		return;
	b->left += (double)(now_ms - b->at_ms) / 1000 * b->refill;
	b->left = b->left < b->most ? b->left : b->most;
	b->at_ms = now_ms;
}

static int64_t until_refilled(const struct gate_bucket *b, double missing)
{
	return (int64_t)(missing / b->refill * 1000) + 1;
}

/* ---- the line -------------------------------------------------------------------------------- */

static double reserve(const struct gate_bucket *b)
{
	return b->most / 8 < RESERVE_MAX ? b->most / 8 : RESERVE_MAX;
}

/* How long until the bucket holds so many more than it is promised to others; 0: it does. */
static int64_t wait_for(struct gate_bucket *b, int wanted, int64_t now_ms)
{
	if (wanted == 0)
		return 0;
	if (b->closed_until_ms > now_ms)
		return b->closed_until_ms - now_ms;
	if (b->trying)
		return WHILE_TRYING_MS;
	if (b->refill == 0)
		return 0;
	refill(b, now_ms);
	double kept = reserve(b), most = b->most - kept;
	double needed = (wanted < most ? wanted : most) + kept + b->promised - b->left;
	return needed <= 0 ? 0 : until_refilled(b, needed);
}

static bool promise(struct gate *g, struct gate_place *p, int64_t now_ms, int64_t *wait_ms)
{
	int64_t longest = 0;

	for (int k = 0; k < GATE_KIND__COUNT; k++) {
		int64_t ms = wait_for(&g->bucket[k], p->wanted[k], now_ms);
		longest = ms > longest ? ms : longest;
	}
	if (longest > 0) {
		*wait_ms = longest < LOOK_AGAIN_MS ? longest : LOOK_AGAIN_MS;
		return false;
	}
	for (int k = 0; k < GATE_KIND__COUNT; k++) {
		g->bucket[k].promised += p->wanted[k];
		p->promised[k] += p->wanted[k];
		p->wanted[k] = 0;
	}
	return true;
}

bool gate_line_up(struct gate *g, struct gate_place *p, const int wanted[GATE_KIND__COUNT],
                  int64_t now_ms, int64_t *wait_ms)
{
	for (int k = 0; k < GATE_KIND__COUNT; k++)
		p->wanted[k] = wanted[k];
	if (g->waiting == 0 && promise(g, p, now_ms, wait_ms))
		return true;
	if (g->waiting > 0)
		*wait_ms = LOOK_AGAIN_MS;
	p->standing = true;
	g->waiting++;
	return false;
}

bool gate_turn(struct gate *g, struct gate_place *p, int64_t now_ms, int64_t *wait_ms)
{
	if (!promise(g, p, now_ms, wait_ms))
		return false;
	p->standing = false;
	g->waiting--;
	return true;
}

void gate_step_out(struct gate *g, struct gate_place *p)
{
	for (int k = 0; k < GATE_KIND__COUNT; k++)
		g->bucket[k].promised -= p->promised[k];
	g->waiting -= p->standing;
	*p = (struct gate_place){ 0 };
}

int64_t gate_closed_ms(const struct gate *g, int64_t now_ms, int64_t *since_ms)
{
	int64_t longest = 0;

	*since_ms = 0;
	for (int k = 0; k < GATE_KIND__COUNT; k++) {
		const struct gate_bucket *b = &g->bucket[k];
		int64_t ms = b->closed_until_ms - now_ms, since = now_ms - b->closed_since_ms;
		if (b->closed_until_ms == 0)
			continue;
		longest = ms > longest ? ms : longest;
		*since_ms = since > *since_ms ? since : *since_ms;
	}
	return longest;
}

/* ---- requests -------------------------------------------------------------------------------- */

/* The try that follows a 429 is not reckoned but asked. */
static bool is_spent(struct gate_bucket *b, int64_t now_ms, int64_t *wait_ms)
{
	if (b->refill == 0)
		return false;
	refill(b, now_ms);
	if (b->left >= 1)
		return false;
	*wait_ms = until_refilled(b, 1 - b->left);
	return true;
}

bool gate_enter(struct gate *g, struct gate_place *p, enum gate_kind kind, int64_t now_ms,
                struct gate_sent *sent, int64_t *wait_ms)
{
	struct gate_bucket *b = &g->bucket[kind];

	if (now_ms < b->closed_until_ms) {
		*wait_ms = b->closed_until_ms - now_ms;
		return false;
	}
	if (b->trying) {
		*wait_ms = WHILE_TRYING_MS;
		return false;
	}
	if (p != NULL && is_spent(b, now_ms, wait_ms))
		return false;
	b->trying = b->closed_until_ms != 0;
	b->in_flight++;
	b->left--;
	*sent = (struct gate_sent){ .at_ms = now_ms, .number = ++b->sent };
	if (p != NULL && p->promised[kind] > 0) {
		p->promised[kind]--;
		b->promised--;
	}
	return true;
}

/* A 429 in spite of the account: there are other limits, or others who use this one. */
static void close_bucket(struct gate_bucket *b, int64_t now_ms, int64_t retry_after_ms)
{
	int64_t ms = retry_after_ms < 0               ? UNNAMED_MS
	             : retry_after_ms < CLOSED_MAX_MS ? retry_after_ms
	                                              : CLOSED_MAX_MS;
	int64_t until = now_ms + (ms > 0 ? ms : 1);

	if (now_ms >= b->closed_until_ms && b->refill > REFILL_MIN)
		b->refill *= SLOWER;
	b->trying = false;
	b->served = 0;
	if (until <= b->closed_until_ms)
		return;
	if (b->closed_until_ms == 0)
		b->closed_since_ms = now_ms;
	b->closed_until_ms = until;
	b->left = 1; /* for the try */
	b->at_ms = until;
}

/* What was left over a time, and what was served in it, tell how fast it is refilled. A full bucket
 * does not. */
static void measure(struct gate_bucket *b, int64_t now_ms, double remaining)
{
	int64_t ms = now_ms - b->measured_from_ms;

	if (b->served++ > 0 && ms < MEASURE_MS)
		return;
	if (b->served > 1) {
		double found = (remaining - b->measured_from + b->served - 1) * 1000 / (double)ms;
		if (remaining < b->most - 1 || found > b->refill)
			b->refill = found > REFILL_MIN ? (b->refill + found) / 2 : REFILL_MIN;
	}
	b->measured_from_ms = now_ms;
	b->measured_from = remaining;
	b->served = 1;
}

/* Whether what is in flight was deducted already is not known: the account has to lie between. If
 * it does not, what was sent later was not. */
static void learn(struct gate_bucket *b, int64_t now_ms, const struct gate_answer *a)
{
	double said = (double)a->remaining, least = said - b->in_flight,
	       most = said + (double)(now_ms - a->sent.at_ms) / 1000 * b->refill;

	refill(b, now_ms);
	if (b->left > most)
		b->left = said - (double)(b->sent - a->sent.number);
	if (b->left < least)
		b->left = least;
	if (!b->known || b->most < said + 1)
		b->most = said + 1 > MOST_MIN ? said + 1 : MOST_MIN;
	b->known = true;
	measure(b, now_ms, said);
}

void gate_leave(struct gate *g, enum gate_kind kind, int64_t now_ms, const struct gate_answer *a)
{
	struct gate_bucket *b = &g->bucket[kind];

	b->in_flight--;
	if (a->throttled) {
		/* Where the bucket is empty the others need not be; else it is another limit. */
		for (int k = 0; k < GATE_KIND__COUNT; k++)
			if (k == (int)kind || a->remaining != 0)
				close_bucket(&g->bucket[k], now_ms, a->retry_after_ms);
		return;
	}
	/* While it is closed, a request that left before says nothing about it. */
	if (now_ms < b->closed_until_ms)
		return;
	b->closed_until_ms = 0;
	b->trying = false;
	if (a->remaining >= 0 && b->refill > 0)
		learn(b, now_ms, a);
	else if (b->refill < documented[kind].refill)
		b->refill *= FASTER; /* 0 stays 0 */
}
