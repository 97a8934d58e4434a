/* SPDX-License-Identifier: MIT */
/* A password with its context: azure/ produces it, sink/ delivers it, and neither knows the
 * other. */
#ifndef BASE_CREDENTIAL_H
#define BASE_CREDENTIAL_H

#include "base/base.h"

struct secret;
struct credential {
	char *server;            /* the login server: myregistry.azurecr.io, or host:port */
	char *username;          /* the token's name */
	struct secret *password; /* NULL where only the entry is to be identified */
	int64_t expires_us;      /* microseconds since 1970; 0: never, or unknown */
	int slot;                /* 1 or 2; 0: unknown */
	char *provider;          /* the registry's resource id; NULL: unknown */
	int64_t created;         /* when it was generated, in ticks (str.h); 0: unknown */
};
/* Copies server, username and password only; the other members are 0. */
struct credential credential_dup(const struct credential *c);
void credential_clear(struct credential *c);
#define AUTO_CREDENTIAL AUTO(credential_clear)

/* The service's name of a slot, "password1"; NULL if it is unknown. */
const char *credential_slot_name(int slot);
/* 0 if it is no slot's name, or NULL. */
int credential_slot_of(const char *name);

#endif
