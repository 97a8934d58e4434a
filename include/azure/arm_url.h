/* SPDX-License-Identifier: MIT */
/* Where a bearer token may be sent: only to the resource manager, wherever a reply points. */
#ifndef AZURE_ARM_URL_H
#define AZURE_ARM_URL_H

#include "base/base.h"

struct err;

/*
 * `base` is the URL of the resource manager. `url` is a path ("/subscriptions/..."), or an absolute
 * URL with exactly the same scheme (https), host and port. Bytes that a URL cannot have are
 * percent-encoded (services put spaces into nextLink); control characters are refused. Caller frees
 * *out.
 */
MUST_USE bool arm_url(const char *base, const char *url, char **out, struct err *e);

#endif
