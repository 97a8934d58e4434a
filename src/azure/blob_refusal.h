/* SPDX-License-Identifier: MIT */
/* Inside src/azure only: what the refusals of a storage account mean, and what fixes them. */
#ifndef SRC_AZURE_BLOB_REFUSAL_H
#define SRC_AZURE_BLOB_REFUSAL_H

#include "azure/blob.h"
#include "azure/blob_place.h"

struct http_response;

/* What was asked: for the words. */
struct blob_asked {
	const struct blob_place *place;
	const char *name;   /* NULL: the list */
	const char *verb;   /* "read" */
	const char *object; /* our own object id in the directory; NULL: unknown */
	int64_t skew;       /* the service's clock minus ours */
};
/* False, with *e filled. For every status but success and those that are answers. */
bool blob_refused(const struct blob_asked *q, const struct http_response *rs, struct err *e);

#endif
