/* SPDX-License-Identifier: MIT */
/* The states of a search, each once, in the order of their distance from the first, and how each
 * was reached. A state is packed into 64 bits by whoever searches. */
#ifndef FLOW_STATES_H
#define FLOW_STATES_H

#include "base/base.h"

struct states {
	uint64_t *key;
	uint32_t *from;   /* the state that each was reached from, */
	const char **how; /* and by what */
	uint32_t *table;  /* open addressing: 1 + index of a state; 0: empty */
	size_t n, max, mask;
	size_t at; /* the one being expanded, once states_next() was called */
	bool begun, full;
};

/* Memory is bounded by max. */
void states_open(struct states *s, size_t max);
void states_close(struct states *s);
/* From the state being expanded. */
void states_reach(struct states *s, uint64_t key, const char *how);
/* The next one to expand; false: there is none, or the bound is reached (`full`). */
bool states_next(struct states *s, uint64_t *key);
/* How state `at` was reached; `end` is what happens there. */
void states_tell(const struct states *s, size_t at, const char *end, char *out, size_t size);

/* Room for one state: what a step reaches first, without a search. `room` is borrowed. */
struct states_room {
	uint64_t key;
	uint32_t from, table[2];
	const char *how;
};
static inline struct states states_of_one(struct states_room *room)
{
	*room = (struct states_room){ .table = { 0 } };
	return (struct states){ .key = &room->key,
		                .from = &room->from,
		                .how = &room->how,
		                .table = room->table,
		                .max = 1,
		                .mask = 1 };
}

/* A state as digits of mixed radix: the next one, of a number that takes so many values. They are
 * read in the order in which they were put. */
struct digits {
	uint64_t key, unit; /* 0 and 1 to begin with; unit is only for putting */
};
static inline void digits_put(struct digits *d, unsigned values, int value)
{
	d->key += (uint64_t)(unsigned)value * d->unit;
	d->unit *= values;
}

static inline int digits_get(struct digits *d, unsigned values)
{
	int value = (int)(d->key % values);

	d->key /= values;
	return value;
}

#endif
