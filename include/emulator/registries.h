/* SPDX-License-Identifier: MIT */
/* What --registry says: NAME[,KEY[=VALUE]]..., and the registries that come of it. */
#ifndef EMULATOR_REGISTRIES_H
#define EMULATOR_REGISTRIES_H

#include "base/base.h"

struct buf;
struct emulator;
struct err;
struct registry;
struct strings;

/* "DNS:contoso-a1b2.azurecr.io,DNS:...": names that a certificate needs beyond the usual ones,
 * each with a comma before it. */
MUST_USE bool registries_names(const struct strings *wanted, struct buf *out, struct err *e);
/* One registry for each; "contoso" where none is wanted. Ports must be known. Holds the lock
 * already. */
MUST_USE bool registries_add(struct emulator *emu, const struct strings *wanted, struct err *e);
/* How its name is hashed for its login server: "tenant", "subscription", "group", "none"; the
 * service's own words are known too. False for others. label is what stands in the login server
 * behind the name and a hyphen; caller frees. */
MUST_USE bool registries_label(const struct emulator *emu, struct registry *r, const char *scope,
                               char **label);

#endif
