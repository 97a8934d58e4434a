/* SPDX-License-Identifier: MIT */
/* What azure/ produces and sink/ consumes; neither knows the other. */
#ifndef BASE_CREDENTIAL_H
#define BASE_CREDENTIAL_H

#include "base/base.h"

struct secret;
struct credential {
	char *server;            /* login server: myregistry.azurecr.io, or host:port */
	char *username;          /* the token's name */
	struct secret *password; /* NULL where only the identity of the entry is meant */
	int64_t expires_us;      /* microseconds since 1970; 0: never, or not known */
	int slot;                /* 1 or 2; 0: not known */
	int64_t created;         /* of the generation, in ticks; 0: not known */
};
/* Server, user and password. */
struct credential credential_dup(const struct credential *c);
void credential_clear(struct credential *c);
#define AUTO_CREDENTIAL AUTO(credential_clear)

#endif
