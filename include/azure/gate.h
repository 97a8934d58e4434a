/* SPDX-License-Identifier: MIT */
/*
 * The throttle gate of a subscription. A 429 applies to everybody, and a request that comes too
 * early is not only refused but prolongs the wait. So a 429 closes the gate for all; when the time
 * has passed, one request is let through, and the gate opens if that was not throttled. Plain data;
 * its owner locks it.
 */
#ifndef AZURE_GATE_H
#define AZURE_GATE_H

#include "base/base.h"

struct gate {
	int64_t closed_until_ms; /* by a monotonic clock; 0: open */
	bool trying;             /* one request is under way to test whether throttling is over */
};
/* False: wait *wait_ms. True: send the request, then call gate_leave(). */
MUST_USE bool gate_enter(struct gate *g, int64_t now_ms, int64_t *wait_ms);
/* retry_after_ms: what a 429 asked for, or -1 if it did not say. */
void gate_leave(struct gate *g, int64_t now_ms, bool throttled, int64_t retry_after_ms);

#endif
