/* SPDX-License-Identifier: MIT */
#include "azure/gate.h"

#define UNNAMED_MS      10000   /* a 429 that does not say how long */
#define CLOSED_MAX_MS   3600000 /* hourly limits are the longest Azure has had */
#define WHILE_TRYING_MS 1000

bool gate_enter(struct gate *g, int64_t now_ms, int64_t *wait_ms)
{
	if (g->closed_until_ms == 0)
		return true;
	if (now_ms < g->closed_until_ms) {
		*wait_ms = g->closed_until_ms - now_ms;
		return false;
	}
	if (g->trying) {
		*wait_ms = WHILE_TRYING_MS;
		return false;
	}
	g->trying = true;
	return true;
}

void gate_leave(struct gate *g, int64_t now_ms, bool throttled, int64_t retry_after_ms)
{
	int64_t ms = retry_after_ms < 0               ? UNNAMED_MS
	             : retry_after_ms < CLOSED_MAX_MS ? retry_after_ms
	                                              : CLOSED_MAX_MS;
	int64_t until = now_ms + (ms > 0 ? ms : 1);

	if (throttled) {
		g->trying = false;
		if (until > g->closed_until_ms)
			g->closed_until_ms = until;
	} else if (now_ms >= g->closed_until_ms) {
		/* While it is closed, a request that left before says nothing about it. */
		*g = (struct gate){ 0 };
	}
}
