/* SPDX-License-Identifier: MIT */
/*
 * Memory that is freed and wiped all at once, for results that hold passwords among many small
 * parts. The limit is soft: an allocation past it still succeeds, but arena_over() becomes true,
 * and the caller must check it and stop.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/base.h"

struct arena;
struct arena *arena_new(size_t max_bytes);
void *arena_alloc(struct arena *a, size_t size); /* zeroed */
bool arena_over(const struct arena *a);
void arena_overflow(struct arena *a); /* marks it as over: another limit was met */
void arena_free(struct arena *a);
void arena_free_ptr(struct arena **a);
#define AUTO_ARENA AUTO(arena_free_ptr)

#endif
