/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include "base/mem.h"

#define BLOCK_SIZE ((size_t)16 * 1024)

struct block {
	struct block *next;
	size_t used, size;
};
struct arena {
	struct block *blocks;
	size_t total, max;
	bool over;
};

/* Aligned for any member of struct value. */
#define ALIGN(n) (((n) + 15) & ~(size_t)15)

struct arena *arena_new(size_t max_bytes)
{
	struct arena *a = mem_new(sizeof(*a));

	a->max = max_bytes;
	return a;
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct block *b = a->blocks;

	size = ALIGN(size == 0 ? 1 : size);
	if (b == NULL || size > b->size - b->used) {
		size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
		b = mem_new(ALIGN(sizeof(*b)) + room);
		b->size = room;
		b->next = a->blocks;
		a->blocks = b;
		a->total += room;
		a->over = a->over || a->total > a->max;
	}
	void *p = (char *)b + ALIGN(sizeof(*b)) + b->used;
	b->used += size;
	return p;
}

bool arena_over(const struct arena *a)
{
	return a->over;
}

void arena_overflow(struct arena *a)
{
	a->over = true;
}

void arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	for (struct block *b = a->blocks, *next; b != NULL; b = next) {
		next = b->next;
		mem_wiping_free(b);
	}
	mem_free_ptr(&a);
}

void arena_free_ptr(struct arena **a)
{
	arena_free(*a);
	*a = NULL;
}
