/* SPDX-License-Identifier: MIT */
#include "emulator/model.h"

#include <strings.h>

#include "base/mem.h"

void model_strings_add(struct strings *s, const char *text)
{
	if (s->n == s->cap)
		s->item = mem_grow(s->item, &s->cap, s->n + 1, sizeof(*s->item));
	s->item[s->n++] = mem_dup(text);
}

void model_strings_clear(struct strings *s)
{
	for (size_t i = 0; i < s->n; i++)
		mem_free_ptr(&s->item[i]);
	mem_free_ptr(&s->item);
	*s = (struct strings){ 0 };
}

/* The scope maps every registry has. */
static void add_system_maps(struct registry *r, int64_t now)
{
	static const struct {
		const char *name, *description, *actions[7];
	} row[] = {
		{ "_repositories_admin",
		  "Can perform all read, write and delete operations on the registry",
		  { "repositories/*/metadata/read", "repositories/*/metadata/write",
		    "repositories/*/content/read", "repositories/*/content/write",
		    "repositories/*/content/delete" } },
		{ "_repositories_pull",
		  "Can pull any repository of the registry",
		  { "repositories/*/content/read" } },
		{ "_repositories_pull_metadata_read",
		  "Can pull any repository of the registry and read its metadata",
		  { "repositories/*/content/read", "repositories/*/metadata/read" } },
		{ "_repositories_push",
		  "Can push to any repository of the registry",
		  { "repositories/*/content/read", "repositories/*/content/write" } },
		{ "_repositories_push_metadata_write",
		  "Can push to any repository of the registry and write its metadata",
		  { "repositories/*/metadata/read", "repositories/*/metadata/write",
		    "repositories/*/content/read", "repositories/*/content/write" } },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		struct scope_map *map = model_add_scope_map(r, row[i].name, now);

		map->system = true;
		map->description = mem_dup(row[i].description);
		for (size_t k = 0; row[i].actions[k] != NULL; k++)
			model_strings_add(&map->actions, row[i].actions[k]);
	}
}

struct registry *model_add_registry(struct model *m, const char *name, const char *group,
                                    const char *login_server, int64_t now)
{
	struct registry *r = mem_new(sizeof(*r));

	r->name = mem_dup(name);
	r->resource_group = mem_dup(group);
	r->login_server = mem_dup(login_server);
	r->location = mem_dup("eastus");
	r->created = now;
	add_system_maps(r, now);
	if (m->n_registries == m->registries_cap)
		m->registry = mem_grow(m->registry, &m->registries_cap, m->n_registries + 1,
		                       sizeof(struct registry *));
	m->registry[m->n_registries++] = r;
	return r;
}

struct registry *model_registry(const struct model *m, const char *name)
{
	for (size_t i = 0; i < m->n_registries; i++)
		if (strcasecmp(m->registry[i]->name, name) == 0)
			return m->registry[i];
	return NULL;
}

/* A port that one of the two does not name is not compared: clients leave out 443. */
static bool same_host(const char *known, const char *asked)
{
	size_t n = strchr(known, ':') != NULL ? strlen(asked) : strcspn(asked, ":");

	return strlen(known) == n && strncasecmp(known, asked, n) == 0;
}

struct registry *model_at_server(const struct model *m, const char *host, int *endpoint)
{
	int ignored = -1, *at = endpoint != NULL ? endpoint : &ignored;

	*at = -1;
	for (size_t i = 0; i < m->n_registries; i++) {
		struct registry *r = m->registry[i];
		if (same_host(r->login_server, host))
			return r;
		for (size_t k = 0; k < r->n_endpoints; k++) {
			if (same_host(r->endpoint[k].host, host)) {
				*at = (int)k;
				return r;
			}
		}
	}
	return NULL;
}

void model_add_endpoint(struct registry *r, const char *region, const char *host)
{
	r->endpoint =
		mem_grow(r->endpoint, &r->endpoints_cap, r->n_endpoints + 1, sizeof(*r->endpoint));
	r->endpoint[r->n_endpoints++] =
		(struct endpoint){ .region = mem_dup(region), .host = mem_dup(host) };
}

struct token *model_add_token(struct registry *r, const char *name, const char *scope_map_id,
                              int64_t now)
{
	struct token *t = mem_new(sizeof(*t));

	t->name = mem_dup(name);
	t->scope_map_id = mem_dup(scope_map_id);
	t->author = mem_dup("");
	t->created = t->modified = now;
	t->state = PROVISIONING_SUCCEEDED;
	if (r->n_tokens == r->tokens_cap)
		r->token =
			mem_grow(r->token, &r->tokens_cap, r->n_tokens + 1, sizeof(struct token *));
	r->token[r->n_tokens++] = t;
	map_put(&r->tokens, name, t);
	return t;
}

static void token_free(struct token *t)
{
	mem_free_ptr(&t->name);
	mem_free_ptr(&t->scope_map_id);
	mem_free_ptr(&t->author);
	mem_free_ptr(&t);
}

void model_remove_token(struct registry *r, const char *name)
{
	struct token *t = map_remove(&r->tokens, name);
	size_t at = 0;

	if (t == NULL)
		return;
	while (r->token[at] != t)
		at++;
	memmove(&r->token[at], &r->token[at + 1], (r->n_tokens - at - 1) * sizeof(struct token *));
	r->n_tokens--;
	token_free(t);
}

struct scope_map *model_add_scope_map(struct registry *r, const char *name, int64_t now)
{
	struct scope_map *map = mem_new(sizeof(*map));

	map->name = mem_dup(name);
	map->author = mem_dup("");
	map->created = map->modified = now;
	if (r->n_scope_maps == r->scope_maps_cap)
		r->scope_map = mem_grow(r->scope_map, &r->scope_maps_cap, r->n_scope_maps + 1,
		                        sizeof(struct scope_map *));
	r->scope_map[r->n_scope_maps++] = map;
	map_put(&r->scope_maps, name, map);
	return map;
}

static void scope_map_free(struct scope_map *map)
{
	mem_free_ptr(&map->name);
	mem_free_ptr(&map->description);
	mem_free_ptr(&map->author);
	model_strings_clear(&map->actions);
	mem_free_ptr(&map);
}

void model_remove_scope_map(struct registry *r, const char *name)
{
	struct scope_map *map = map_remove(&r->scope_maps, name);
	size_t at = 0;

	if (map == NULL)
		return;
	while (r->scope_map[at] != map)
		at++;
	memmove(&r->scope_map[at], &r->scope_map[at + 1],
	        (r->n_scope_maps - at - 1) * sizeof(struct scope_map *));
	r->n_scope_maps--;
	scope_map_free(map);
}

struct scope_map *model_scope_map_of(const struct registry *r, const struct token *t)
{
	const char *slash = t->scope_map_id != NULL ? strrchr(t->scope_map_id, '/') : NULL;

	return slash != NULL ? map_get(&r->scope_maps, slash + 1) : NULL;
}

struct operation *model_add_operation(struct model *m, const char *id, int64_t done)
{
	struct operation *op = map_get(&m->operations, id);

	if (op == NULL) {
		op = mem_new(sizeof(*op));
		op->id = mem_dup(id);
		map_put(&m->operations, id, op);
	}
	mem_free_ptr(&op->result);
	op->done = done;
	op->updating = op->fails = false;
	return op;
}

static void operation_free(void *value)
{
	struct operation *op = value;

	mem_free_ptr(&op->id);
	mem_free_ptr(&op->result);
	mem_free_ptr(&op);
}

enum provisioning model_token_state(const struct token *t, int64_t now)
{
	return now < t->settles ? t->state : PROVISIONING_SUCCEEDED;
}

static void registry_free(struct registry *r)
{
	for (size_t i = 0; i < r->n_tokens; i++)
		token_free(r->token[i]);
	for (size_t i = 0; i < r->n_scope_maps; i++)
		scope_map_free(r->scope_map[i]);
	mem_free_ptr(&r->token);
	mem_free_ptr(&r->scope_map);
	map_clear(&r->tokens, NULL);
	map_clear(&r->scope_maps, NULL);
	mem_free_ptr(&r->name);
	mem_free_ptr(&r->resource_group);
	mem_free_ptr(&r->login_server);
	mem_free_ptr(&r->location);
	mem_free_ptr(&r->subscription);
	for (size_t i = 0; i < r->n_endpoints; i++) {
		mem_free_ptr(&r->endpoint[i].region);
		mem_free_ptr(&r->endpoint[i].host);
	}
	mem_free_ptr(&r->endpoint);
	mem_free_ptr(&r);
}

void model_clear(struct model *m)
{
	for (size_t i = 0; i < m->n_registries; i++)
		registry_free(m->registry[i]);
	mem_free_ptr(&m->registry);
	map_clear(&m->operations, operation_free);
	*m = (struct model){ 0 };
}
