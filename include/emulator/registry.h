/* SPDX-License-Identifier: MIT */
/* The registry's own endpoints; their handlers are in registry_routes. */
#ifndef EMULATOR_REGISTRY_H
#define EMULATOR_REGISTRY_H

#include "base/base.h"

struct emulator;
struct reply;
struct request;

void registry_forget(void *refresh); /* frees a value of the emulator's map of refresh tokens */
/* False after answering 429: the registry was asked too often in this minute. */
MUST_USE bool registry_admit(struct emulator *emu, struct request *rq, struct reply *rs);

#endif
