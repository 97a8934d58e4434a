/* SPDX-License-Identifier: MIT */
/*
 * The control endpoint, on the plain listener. Requests and answers are JSON:
 *
 *   POST GET DELETE /_emulator/faults    add, list, remove faults; see fault.h
 *   GET DELETE /_emulator/log            the request log
 *   GET POST /_emulator/clock            {"shift": S} or {"advance": S}, in seconds
 *   GET /_emulator/state[?token=NAME]    slots of all tokens: creation, expiry, truncated SHA-256
 *                                        of the password
 *   POST /_emulator/tokens/NAME          {"action": create | delete | generate | wipe | disable |
 *                                        enable, "slot": "password1", ...}
 *   POST /_emulator/identities           {"client_id": ID, "secret", "certificate", "federated",
 *                                        "actions", "managed", ...}
 *   POST /_emulator/federated-token      {"issuer", "subject", "audience", "lifetime"}: a token of
 *                                        another issuer
 *   POST /_emulator/settings             {"propagation", "settle", "replicas", "retry_after",
 *                                        "page", "arm_limit": [BURST, RATE],
 *                                        "registry_limit", ...}
 */
#ifndef EMULATOR_CONTROL_H
#define EMULATOR_CONTROL_H

#include "base/base.h"

struct buf;
struct emulator;
struct err;
struct json;
struct registry;

/* Creates or changes an identity. The caller holds the lock. */
MUST_USE bool control_identity(struct emulator *emu, const struct json *wanted, struct err *e);
/* Issues a federated token. wanted NULL: a workload identity's token of the issuer that the
 * generated configuration trusts. */
void control_federated(struct emulator *emu, const struct json *wanted, struct buf *jwt);
void control_scope_map_id(const struct emulator *emu, const struct registry *r, const char *map,
                          struct buf *out);

#endif
