/* SPDX-License-Identifier: MIT */
/* For src/azure/keyvault*.c: what a key vault's refusals mean, each with the command that fixes
 * it. */
#ifndef AZURE_KEYVAULT_REFUSAL_H
#define AZURE_KEYVAULT_REFUSAL_H

#include "base/base.h"

struct err;
struct http_response;

struct keyvault_asked {
	const char *host, *name, *verb; /* "read", "write" */
	bool fenced;                    /* a new access token is the next run's business */
	int64_t skew;                   /* the service's clock minus ours, seconds */
};
/* Fills e from any answer that is not a success; false. */
bool keyvault_refused(const struct keyvault_asked *q, const struct http_response *rs,
                      struct err *e);
/* It was deleted, and can be recovered; false. */
bool keyvault_deleted(const struct keyvault_asked *q, struct err *e);
/* The length of the vault's name, for az: the host's first label. */
int keyvault_label(const char *host);

#endif
