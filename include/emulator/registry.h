/* SPDX-License-Identifier: MIT */
/* The registry's own door; its handlers are reached through registry_routes. */
#ifndef EMULATOR_REGISTRY_H
#define EMULATOR_REGISTRY_H

void registry_forget(void *refresh); /* frees what the emulator's map of refresh tokens holds */

#endif
