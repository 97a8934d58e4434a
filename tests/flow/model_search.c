/* SPDX-License-Identifier: MIT */
#include "flow/model_search.h"

#include <stdio.h>

size_t search_find(const struct search *s, const struct packed *key)
{
	uint64_t h = (key->half[0] ^ (key->half[1] * 0x9e3779b97f4a7c15u)) * 0xff51afd7ed558ccdu;
	size_t i = (size_t)(h ^ h >> 32) & s->mask;

	while (s->table[i] != 0 && memcmp(&s->states[s->table[i] - 1], key, sizeof(*key)) != 0)
		i = (i + 1) & s->mask;
	return i;
}

void search_reach(struct search *s, struct world w, const char *how)
{
	struct packed key = world_pack(s->m, &w);
	size_t i = search_find(s, &key);

	if (s->table[i] != 0)
		return;
	if (s->n == s->max) {
		s->full = true;
		return;
	}
	s->states[s->n] = key;
	s->from[s->n] = (uint32_t)s->expanding;
	s->how[s->n] = how;
	s->table[i] = (uint32_t)++s->n;
}

void search_disturb(struct search *s, struct world w, const char *how)
{
	if (s->m->disturbances != 0 && w.spent++ == s->m->disturbances)
		return;
	search_reach(s, w, how);
}

void search_tell(struct search *s, size_t at, const char *end)
{
	size_t path[200], n = 0, len = 0;

	for (; at != 0 && n < COUNT(path); at = s->from[at])
		path[n++] = at;
	while (n > 0 && len < sizeof(s->out->story) - 100)
		len += (size_t)snprintf(s->out->story + len, sizeof(s->out->story) - len, "%s; ",
		                        s->how[path[--n]]);
	(void)snprintf(s->out->story + len, sizeof(s->out->story) - len, "%s", end);
}

void search_killed(struct search *s, const char *how)
{
	if (s->out->kills++ == 0)
		search_tell(s, s->expanding, how);
}
