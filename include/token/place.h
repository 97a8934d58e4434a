/* SPDX-License-Identifier: MIT */
/*
 * Where a registry is, as az works it out: what its paths are made of, and the id it goes by in
 * request bodies. For `acrotate token`, which passes on what the service says instead of
 * understanding it.
 */
#ifndef TOKEN_PLACE_H
#define TOKEN_PLACE_H

#include "base/base.h"

struct arm;
struct err;
struct http;

struct token_place {
	char *subscription, *group, *registry; /* of paths: the registry as it was named */
	/* "/subscriptions/S/resourceGroups/G/providers/.../registries/R": spelled as Azure does */
	char *id;
};
void token_place_free(struct token_place *p); /* NULL is fine */

/* With a group nothing is asked. Without, the registries of the subscription are listed: MISSING
 * when there is none of that name (in any case), REMOTE when there are several. Caller frees. */
MUST_USE bool token_place_find(struct arm *a, struct http *h, const char *subscription,
                               const char *group, const char *registry, struct token_place **out,
                               struct err *e);
/* "/subscriptions/.../registries/R/KIND[/NAME]?api-version=..."; "ID/KIND/NAME". Caller frees. */
char *token_place_path(const struct token_place *p, const char *kind, const char *name);
char *token_place_self(const struct token_place *p); /* the path of the registry itself */
char *token_place_id(const struct token_place *p, const char *kind, const char *name);

#endif
