/* SPDX-License-Identifier: MIT */
/* The identity of this host according to its own token, for `acrotate check`. The token is decoded,
 * not verified; that is up to the service. */
#ifndef AZURE_WHOAMI_H
#define AZURE_WHOAMI_H

#include "azure/arm.h"

struct whoami {
	const char *method;                   /* "managed-identity"; a static string */
	char *tenant, *client_id, *object_id; /* NULL if the token does not say */
	/* remaining life of the token in seconds; 0: unknown */
	int64_t lives_s;
};
void whoami_clear(struct whoami *w);
#define AUTO_WHOAMI AUTO(whoami_clear)

/* Fetches a token if there is none yet. */
MUST_USE bool arm_whoami(struct arm *a, struct http *h, struct whoami *out, struct err *e);
/* Reads the claims of a JSON web token; leaves *out alone if it is not one. */
void whoami_read(const struct secret *token, int64_t now, struct whoami *out);

#endif
