/* SPDX-License-Identifier: MIT */
/* Every state once, in the order of its distance from the first. */
#ifndef FLOW_MODEL_SEARCH_H
#define FLOW_MODEL_SEARCH_H

#include "flow/model_world.h"

struct search {
	const struct model *m;
	struct packed *states;
	uint32_t *from; /* which state it was reached from, and how */
	const char **how;
	uint32_t *table; /* open addressing: 1 + index of a state; 0: empty */
	size_t n, max, mask;
	size_t expanding;
	bool full;
	struct model_result *out;
};

/* Where in the table a state stands, or would. */
size_t search_find(const struct search *s, const struct packed *key);
void search_reach(struct search *s, struct world w, const char *how);
/* Writes down how state `at` was reached; `end` is what happens there. */
void search_tell(struct search *s, size_t at, const char *end);
void search_killed(struct search *s, const char *how);
/* As search_reach, if the disturbance is still allowed. */
void search_disturb(struct search *s, struct world w, const char *how);

#endif
