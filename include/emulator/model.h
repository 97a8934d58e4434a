/* SPDX-License-Identifier: MIT */
/* The contents of the emulated subscription. Guarded by the emulator's lock. */
#ifndef EMULATOR_MODEL_H
#define EMULATOR_MODEL_H

#include "base/base.h"
#include "emulator/map.h"
#include "emulator/slot.h"

#define MODEL_SLOTS 2

struct strings {
	char **item;
	size_t n, cap;
};
void model_strings_add(struct strings *s, const char *text);
void model_strings_clear(struct strings *s);

enum provisioning { PROVISIONING_CREATING, PROVISIONING_UPDATING, PROVISIONING_SUCCEEDED };

struct scope_map {
	char *name, *description;
	struct strings actions;
	bool system;
	int64_t created, modified, settles;
	char *author;
};

struct token {
	char *name, *scope_map_id, *author;
	bool disabled;
	enum provisioning state; /* until `settles` */
	int64_t created, modified, settles;
	struct slot slot[MODEL_SLOTS];
};

/* A login server with a replica of its own. */
struct endpoint {
	char *region, *host;
};

struct registry {
	char *name, *resource_group, *login_server, *location;
	char *subscription; /* NULL: the emulator's own */
	/* the scope of the login server's label, in the service's words; or NULL */
	const char *label_scope;
	bool abac; /* roles on the registry are ignored */
	/* monotonic: since when the minute runs, and how often it was asked in it */
	int64_t minute_ms, asked;
	struct endpoint *endpoint;
	size_t n_endpoints, endpoints_cap;
	int64_t created, settles;
	struct map tokens, scope_maps;
	struct token **token; /* in the order of creation */
	size_t n_tokens, tokens_cap;
	struct scope_map **scope_map;
	size_t n_scope_maps, scope_maps_cap;
};

/* A long-running operation, by its id. */
struct operation {
	char *id;
	int64_t done;  /* ticks */
	bool updating; /* its state until done: Updating or Creating */
	bool fails;
	char *result; /* body of the final reply of a location URL, or NULL */
};

struct model {
	struct registry **registry;
	size_t n_registries, registries_cap;
	struct map operations;
};

struct registry *model_add_registry(struct model *m, const char *name, const char *group,
                                    const char *login_server, int64_t now);
/* The first one of that name, or NULL. */
struct registry *model_registry(const struct model *m, const char *name);
/* Finds a registry by its login server, or by the host of an endpoint, whose index is stored in
 * *endpoint; else that is -1. `endpoint` may be NULL. */
struct registry *model_at_server(const struct model *m, const char *host, int *endpoint);
void model_add_endpoint(struct registry *r, const char *region, const char *host);
struct token *model_add_token(struct registry *r, const char *name, const char *scope_map_id,
                              int64_t now);
void model_remove_token(struct registry *r, const char *name);
struct scope_map *model_add_scope_map(struct registry *r, const char *name, int64_t now);
void model_remove_scope_map(struct registry *r, const char *name);
/* The scope map of a token's scopeMapId, or NULL. */
struct scope_map *model_scope_map_of(const struct registry *r, const struct token *t);
struct operation *model_add_operation(struct model *m, const char *id, int64_t done);
enum provisioning model_token_state(const struct token *t, int64_t now);
void model_clear(struct model *m);

#endif
