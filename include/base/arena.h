/* SPDX-License-Identifier: MIT */
/*
 * Memory that is freed all at once and wiped: for results that hold passwords among many small
 * parts. The limit is soft: past it arena_over() is true, and whoever computes must look and
 * stop.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/base.h"

struct arena;
struct arena *arena_new(size_t max_bytes);
void *arena_alloc(struct arena *a, size_t size); /* zeroed */
bool arena_over(const struct arena *a);
void arena_overflow(struct arena *a); /* it is to count as full: another limit was met */
void arena_free(struct arena *a);
void arena_free_ptr(struct arena **a);
#define AUTO_ARENA AUTO(arena_free_ptr)

#endif
