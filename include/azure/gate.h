/* SPDX-License-Identifier: MIT */
/*
 * The throttle gate of a subscription. A 429 means: everybody, later. Who asks
 * before that is not only refused, it prolongs the wait. So the gate closes for
 * everyone; when the time has passed it lets one request through, and opens
 * again when that one was not throttled. Plain data; its owner locks it.
 */
#ifndef AZURE_GATE_H
#define AZURE_GATE_H

#include "base/base.h"

struct gate {
	int64_t closed_until_ms; /* of a monotonic clock; 0: open */
	bool trying;             /* one request is under way to see whether it is over */
};
/* False and *wait_ms: not now. True: send, then call gate_leave. */
MUST_USE bool gate_enter(struct gate *g, int64_t now_ms, int64_t *wait_ms);
/* retry_after_ms: what a 429 asked for, or -1 when it named no time. */
void gate_leave(struct gate *g, int64_t now_ms, bool throttled, int64_t retry_after_ms);

#endif
