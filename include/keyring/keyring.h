/* SPDX-License-Identifier: MIT */
/*
 * The Secret Service, with items as docker-credential-secretservice creates them; only for
 * src/keyring. A process handles one call: whatever the service does, main.c ends the process at
 * its deadline.
 *
 * err.code distinguishes the states that need different answers: "no-bus", "no-service",
 * "no-default", "locked", "dismissed"; "" for all others.
 */
#ifndef KEYRING_KEYRING_H
#define KEYRING_KEYRING_H

#include "base/base.h"

struct credential;
struct err;
struct secret;

/* Call once, before anything else: finds the session bus if the environment does not name it. */
void keyring_setup(void);
/* The password of this user for this server. *out is NULL if no keyring has one, and all of them
 * are unlocked. */
MUST_USE bool keyring_get(const struct credential *who, struct secret **out, struct err *e);
/* Checks whether keyring_put() would work, without a lasting effect. */
MUST_USE bool keyring_check(const struct credential *who, bool take_entry, struct err *e);
/* Stores the password and reads it back. An existing item is changed in place; a new one goes to
 * the default keyring. */
MUST_USE bool keyring_put(const struct credential *c, bool take_entry, struct err *e);

#endif
