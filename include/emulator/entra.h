/* SPDX-License-Identifier: MIT */
/* Access tokens, for whoever proved who they are: the token endpoint and the metadata endpoints
 * share this. */
#ifndef EMULATOR_ENTRA_H
#define EMULATOR_ENTRA_H

#include "emulator/emulator.h"

/* Is it one of these, or the emulator itself? With or without a trailing slash. */
bool entra_resource_in(const struct emulator *emu, const char *const *list, size_t count,
                       const char *resource);
/* Is this something an access token can be had for? */
bool entra_resource_known(const struct emulator *emu, const char *resource);
/* The token itself; `who` must not be freed meanwhile (identities never are). */
void entra_issue(struct emulator *emu, const struct identity *who, const char *resource,
                 struct buf *jwt);

/* Is this our tenant, by id or name? */
bool entra_tenant_ok(const struct emulator *emu, const char *name);
/* As Entra ID refuses the tenant that the path names. */
void entra_refuse_tenant(struct emulator *emu, struct request *rq, struct reply *rs);

#endif
