/* SPDX-License-Identifier: MIT */
#include "flow/states.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

#define PATH_MAX_STEPS 200

void states_open(struct states *s, size_t max)
{
	*s = (struct states){ .max = max, .mask = 1 };
	while (s->mask < 2 * max)
		s->mask *= 2;
	s->key = mem_array(max, sizeof(*s->key));
	s->from = mem_array(max, sizeof(*s->from));
	s->how = mem_array(max, sizeof(*s->how));
	s->table = mem_array(s->mask--, sizeof(*s->table));
}

void states_close(struct states *s)
{
	free(s->key);
	free(s->from);
	free(s->how);
	free(s->table);
}

static size_t find(const struct states *s, uint64_t key)
{
	uint64_t h = key * 0xff51afd7ed558ccdu;
	size_t i = (size_t)(h ^ h >> 32) & s->mask;

	while (s->table[i] != 0 && s->key[s->table[i] - 1] != key)
		i = (i + 1) & s->mask;
	return i;
}

void states_reach(struct states *s, uint64_t key, const char *how)
{
	size_t i = find(s, key);

	if (s->table[i] != 0)
		return;
	if (s->n == s->max) {
		s->full = true;
		return;
	}
	s->key[s->n] = key;
	s->from[s->n] = (uint32_t)s->at;
	s->how[s->n] = how;
	s->table[i] = (uint32_t)++s->n;
}

bool states_next(struct states *s, uint64_t *key)
{
	s->at += s->begun;
	s->begun = true;
	if (s->full || s->at == s->n)
		return false;
	*key = s->key[s->at];
	return true;
}

void states_tell(const struct states *s, size_t at, const char *end, char *out, size_t size)
{
	size_t path[PATH_MAX_STEPS], n = 0, len = 0;

	for (; at != 0 && n < COUNT(path); at = s->from[at])
		path[n++] = at;
	while (n > 0 && len + 100 < size)
		len += (size_t)snprintf(out + len, size - len, "%s; ", s->how[path[--n]]);
	(void)snprintf(out + len, size - len, "%s", end);
}
