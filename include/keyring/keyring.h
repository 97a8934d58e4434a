/* SPDX-License-Identifier: MIT */
/*
 * Inside src/keyring only: the Secret Service, with items as docker-credential-secretservice makes
 * them. One call a process: whatever the service does, main.c ends the process at its deadline.
 *
 * err.code tells the states that call for different answers: "no-bus", "no-service", "no-default",
 * "locked", "dismissed"; "" for the rest.
 */
#ifndef KEYRING_KEYRING_H
#define KEYRING_KEYRING_H

#include "base/base.h"

struct credential;
struct err;
struct secret;

/* Before anything else, once: finds the session bus where nobody says where it is. */
void keyring_setup(void);
/* The password of this user for this server. *out = NULL: there is none in any keyring, and all of
 * them are open. */
MUST_USE bool keyring_get(const struct credential *who, struct secret **out, struct err *e);
/* Could it be put there? No lasting effect. */
MUST_USE bool keyring_check(const struct credential *who, bool take_entry, struct err *e);
/* Puts it there and reads it back. An item that is there is changed where it is; a new one goes
 * into the default keyring. */
MUST_USE bool keyring_put(const struct credential *c, bool take_entry, struct err *e);

#endif
