/* SPDX-License-Identifier: MIT */
/* Access tokens for authenticated identities; shared by the token endpoint and the metadata
 * endpoints. */
#ifndef EMULATOR_ENTRA_H
#define EMULATOR_ENTRA_H

#include "emulator/emulator.h"

/* Is `resource` in the list, or the emulator itself? With or without a trailing slash. */
bool entra_resource_in(const struct emulator *emu, const char *const *list, size_t count,
                       const char *resource);
/* Are access tokens issued for this resource? */
bool entra_resource_known(const struct emulator *emu, const char *resource);
/* Issues the token; `who` must not be freed meanwhile (identities never are). */
void entra_issue(struct emulator *emu, const struct identity *who, const char *resource,
                 struct buf *jwt);

/* Whose is the bearer token of a request, and is it for one of these audiences (or the emulator
 * itself)? Fills rq->who and rq->subject if it is good. */
enum entra_bearer {
	ENTRA_BEARER_GOOD,
	ENTRA_BEARER_MISSING,
	ENTRA_BEARER_INVALID,
	ENTRA_BEARER_OTHER_AUDIENCE,
	ENTRA_BEARER_EXPIRED,
	ENTRA_BEARER_UNKNOWN, /* of an identity that does not exist any more */
	ENTRA_BEARER__COUNT
};
enum entra_bearer entra_bearer(struct emulator *emu, struct request *rq,
                               const char *const *audiences, size_t count);

/* Is this our tenant, by id or name? */
bool entra_tenant_ok(const struct emulator *emu, const char *name);
/* Refuses the tenant in the path, like Entra ID. */
void entra_refuse_tenant(struct emulator *emu, struct request *rq, struct reply *rs);

#endif
