/* SPDX-License-Identifier: MIT */
/* A shared store in memory: no locks, a version for each text. */
#ifndef FAKES_MEMORY_STORE_H
#define FAKES_MEMORY_STORE_H

#include "base/err.h"
#include "store/store.h"

struct store *memory_store_open(void);
/* Every call fails like this, as long as it is not ERR_NONE. */
void memory_store_break(struct store *s, enum err_kind kind);
/* What set_aside kept; NULL: nothing. */
const char *memory_store_lost(const struct store *s, const char *name);

#endif
