/* SPDX-License-Identifier: MIT */
/*
 * The throttle gates of registries (gate.h), one for each server, shared by all jobs of a run. How
 * many requests a registry takes in a minute it does not say; a 429 says when the next minute
 * begins, and until then nobody asks. Whoever is turned away is told to come again in turn.
 * Thread-safe.
 */
#ifndef AZURE_REGISTRY_GATE_H
#define AZURE_REGISTRY_GATE_H

#include "azure/gate.h"

struct env;
struct err;
struct http_response;
struct registry_gate;
struct registry_gates;

struct registry_gates *registry_gates_new(const struct env *env);
void registry_gates_free(struct registry_gates *all);
/* Lives as long as `all`. NULL if that is. */
struct registry_gate *registry_gate_of(struct registry_gates *all, const char *server);

/* False: it is closed; e is TRANSIENT and throttled, with the time to wait. Else call leave(). g:
 * NULL for one that is always open. */
MUST_USE bool registry_gate_enter(struct registry_gate *g, struct gate_sent *sent, struct err *e);
/* rs: NULL if there was no answer. */
void registry_gate_leave(struct registry_gate *g, const struct gate_sent *sent,
                         const struct http_response *rs);

#endif
