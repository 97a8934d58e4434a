/* SPDX-License-Identifier: MIT */
/* A hash table from names, compared without case like in Azure, to objects that it does not own.
 * Look-ups take constant time, with one token or fifty thousand. */
#ifndef EMULATOR_MAP_H
#define EMULATOR_MAP_H

#include "base/base.h"

struct map_node;
struct map {
	struct map_node **bucket;
	size_t n_buckets, n;
};

void *map_get(const struct map *m, const char *name);        /* NULL if absent */
void map_put(struct map *m, const char *name, void *value);  /* replaces; the name is copied */
void *map_remove(struct map *m, const char *name);           /* returns the old value, or NULL */
void map_clear(struct map *m, void (*release)(void *value)); /* release may be NULL */

#endif
