/* SPDX-License-Identifier: MIT */
/* Parses --registry NAME[,KEY[=VALUE]]..., and creates the registries. */
#ifndef EMULATOR_REGISTRIES_H
#define EMULATOR_REGISTRIES_H

#include "base/base.h"

struct buf;
struct emulator;
struct err;
struct registry;
struct strings;

/* The names that a certificate needs in addition to the usual ones, each with a comma before it:
 * ",DNS:contoso-a1b2.azurecr.io,DNS:...". */
MUST_USE bool registries_names(const struct strings *wanted, struct buf *out, struct err *e);
/* Adds one registry for each; "contoso" if none is given. Ports must be known. The caller holds the
 * lock. */
MUST_USE bool registries_add(struct emulator *emu, const struct strings *wanted, struct err *e);
/* Computes the hash in the name of a login server. scope: "tenant", "subscription", "group",
 * "none", "unsecure", or the service's own words; false for others. *label follows the name and a
 * hyphen in the login server, NULL: no hash; caller frees. */
MUST_USE bool registries_label(const struct emulator *emu, struct registry *r, const char *scope,
                               char **label);

#endif
