/* SPDX-License-Identifier: MIT */
/* Who this host is to Azure, as its own token says it: for `acrotate check`. The token is read,
 * not verified; that is the service's to do. */
#ifndef AZURE_WHOAMI_H
#define AZURE_WHOAMI_H

#include "azure/arm.h"

struct whoami {
	const char *method;                   /* "managed-identity"; borrowed for ever */
	char *tenant, *client_id, *object_id; /* NULL where the token does not say */
	/* how long the token still lives; 0: not known */
	int64_t lives_s;
};
void whoami_clear(struct whoami *w);
#define AUTO_WHOAMI AUTO(whoami_clear)

/* Fetches a token if there is none yet. */
MUST_USE bool arm_whoami(struct arm *a, struct http *h, struct whoami *out, struct err *e);
/* The claims of a JSON web token; all unset for one that is none. */
void whoami_read(const struct secret *token, int64_t now, struct whoami *out);

#endif
