/* SPDX-License-Identifier: MIT */
#include "emulator/map.h"

#include <ctype.h>
#include <strings.h>

#include "base/mem.h"

struct map_node {
	struct map_node *next;
	char *name;
	void *value;
};

/* FNV-1a over the lower-cased name. */
static size_t hash(const char *name)
{
	uint64_t h = 14695981039346656037U;

	for (; *name; name++)
		h = (h ^ (uint64_t)(unsigned char)tolower((unsigned char)*name)) * 1099511628211U;
	return (size_t)(h ^ (h >> 32));
}

static struct map_node **find(const struct map *m, const char *name)
{
	struct map_node **link = &m->bucket[hash(name) & (m->n_buckets - 1)];

	while (*link != NULL && strcasecmp((*link)->name, name) != 0)
		link = &(*link)->next;
	return link;
}

static void resize(struct map *m, size_t n_buckets)
{
	struct map_node **bucket = mem_array(n_buckets, sizeof(struct map_node *));

	for (size_t i = 0; i < m->n_buckets; i++) {
		for (struct map_node *node = m->bucket[i], *next; node != NULL; node = next) {
			struct map_node **home = &bucket[hash(node->name) & (n_buckets - 1)];

			next = node->next;
			node->next = *home;
			*home = node;
		}
	}
	mem_free_ptr(&m->bucket);
	m->bucket = bucket;
	m->n_buckets = n_buckets;
}

void *map_get(const struct map *m, const char *name)
{
	struct map_node *node = m->n_buckets ? *find(m, name) : NULL;

	return node != NULL ? node->value : NULL;
}

void map_put(struct map *m, const char *name, void *value)
{
	struct map_node **link;

	if (m->n >= m->n_buckets)
		resize(m, m->n_buckets ? 2 * m->n_buckets : 16);
	link = find(m, name);
	if (*link == NULL) {
		*link = mem_new(sizeof(struct map_node));
		(*link)->name = mem_dup(name);
		m->n++;
	}
	(*link)->value = value;
}

void *map_remove(struct map *m, const char *name)
{
	struct map_node **link = m->n_buckets ? find(m, name) : NULL;
	struct map_node *node = link != NULL ? *link : NULL;
	void *value;

	if (node == NULL)
		return NULL;
	*link = node->next;
	value = node->value;
	mem_free_ptr(&node->name);
	mem_free_ptr(&node);
	m->n--;
	return value;
}

void map_clear(struct map *m, void (*release)(void *value))
{
	for (size_t i = 0; i < m->n_buckets; i++) {
		for (struct map_node *node = m->bucket[i], *next; node != NULL; node = next) {
			next = node->next;
			if (release != NULL)
				release(node->value);
			mem_free_ptr(&node->name);
			mem_free_ptr(&node);
		}
	}
	mem_free_ptr(&m->bucket);
	*m = (struct map){ 0 };
}
