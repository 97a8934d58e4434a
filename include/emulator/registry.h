/* SPDX-License-Identifier: MIT */
/* The registry's own endpoints; their handlers are in registry_routes. */
#ifndef EMULATOR_REGISTRY_H
#define EMULATOR_REGISTRY_H

void registry_forget(void *refresh); /* frees a value of the emulator's map of refresh tokens */

#endif
