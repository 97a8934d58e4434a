/* SPDX-License-Identifier: MIT */
/* Where a bearer token may be sent: to the resource manager, and nowhere else a reply may point
 * to. */
#ifndef AZURE_ARM_URL_H
#define AZURE_ARM_URL_H

#include "base/base.h"

struct err;

/*
 * `base` is the resource manager; `url` is a path ("/subscriptions/..."), or an absolute URL of
 * exactly its scheme (https), host and port. Bytes a URL cannot have (services put spaces into
 * nextLink) are percent-encoded; control characters are refused. Caller frees *out.
 */
MUST_USE bool arm_url(const char *base, const char *url, char **out, struct err *e);

#endif
