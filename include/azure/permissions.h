/* SPDX-License-Identifier: MIT */
/*
 * The permissions of our identity at a registry, as Azure computes them from all role assignments.
 * Reading them needs a permission of its own (Microsoft.Authorization/permissions/read), which a
 * least-privilege role may lack.
 */
#ifndef AZURE_PERMISSIONS_H
#define AZURE_PERMISSIONS_H

#include "azure/acr.h"

struct json;

/* One assignment: the actions it grants except its not_actions, which another assignment may still
 * grant. */
struct permission {
	char **action, **not_action;
	size_t n_actions, n_not;
};
struct permissions {
	struct permission *item;
	size_t n;
};
void permissions_clear(struct permissions *p);
#define AUTO_PERMISSIONS AUTO(permissions_clear)

/* Ignores ref->token. DENIED if we may not read them. */
MUST_USE bool permissions_read(struct arm *a, struct http *h, const struct acr_ref *ref,
                               struct permissions *out, struct err *e);
/* Adds one item of the service's list; a malformed one is ignored. */
void permissions_add(struct permissions *p, const struct json *item);
/* Is the action granted? '*' in a grant stands for anything; case is ignored. */
bool permissions_allow(const struct permissions *p, const char *action);

#endif
