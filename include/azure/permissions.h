/* SPDX-License-Identifier: MIT */
/*
 * What our identity may do at a registry, as Azure works it out from all role assignments.
 * Reading it is a right of its own (Microsoft.Authorization/permissions/read), which a
 * least-privilege role may lack.
 */
#ifndef AZURE_PERMISSIONS_H
#define AZURE_PERMISSIONS_H

#include "azure/acr.h"

struct json;

/* One assignment: what it grants, less what it takes out again. Another may still grant that. */
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

/* ref->token is not looked at. DENIED when it may not be read. */
MUST_USE bool permissions_read(struct arm *a, struct http *h, const struct acr_ref *ref,
                               struct permissions *out, struct err *e);
/* Adds one item of the service's list; what is not of its form is left out. */
void permissions_add(struct permissions *p, const struct json *item);
/* '*' in what is granted stands for anything; letters of any case are equal. */
bool permissions_allow(const struct permissions *p, const char *action);

#endif
