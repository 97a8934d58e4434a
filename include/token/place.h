/* SPDX-License-Identifier: MIT */
/*
 * Where a registry is, found as az does: the parts of its paths, and its id in request bodies. For
 * `acrotate token`, which passes on the service's answers without interpreting them.
 */
#ifndef TOKEN_PLACE_H
#define TOKEN_PLACE_H

#include "base/base.h"

struct arm;
struct err;
struct http;

struct token_place {
	char *subscription, *group, *registry; /* parts of paths; the registry as it was given */
	/* "/subscriptions/S/resourceGroups/G/providers/.../registries/R", spelled as Azure does */
	char *id;
};
void token_place_free(struct token_place *p); /* NULL is fine */

/* With a group, no request is needed. Without it, the registries of the subscription are listed:
 * MISSING if none has that name (in any case), REMOTE if several do. Caller frees. */
MUST_USE bool token_place_find(struct arm *a, struct http *h, const char *subscription,
                               const char *group, const char *registry, struct token_place **out,
                               struct err *e);
/* "/subscriptions/.../registries/R/KIND[/NAME]?api-version=..."; "ID/KIND/NAME". Caller frees. */
char *token_place_path(const struct token_place *p, const char *kind, const char *name);
char *token_place_self(const struct token_place *p); /* the path of the registry itself */
char *token_place_id(const struct token_place *p, const char *kind, const char *name);

#endif
