/* SPDX-License-Identifier: MIT */
/* Where the shared records are in Azure Blob Storage, from a URL. Needs no network, because the
 * small program parses it too. */
#ifndef AZURE_BLOB_PLACE_H
#define AZURE_BLOB_PLACE_H

#include "base/base.h"

struct azure_spec;
struct err;

#define BLOB_PREFIX_MAX 512 /* a blob's name may have 1024 characters, a job's 100 */

struct blob_place {
	/* the same for all ways to write it: host in lower case, no port 443, no slash at the
	 * end */
	char *url;
	char *host, *account, *container;
	char *prefix; /* of the records' names: "", or "a/b/" */
};
/*
 * https://ACCOUNT.SUFFIX/CONTAINER[/PREFIX]. If the host is an IP address or `localhost`, the
 * account comes first in the path, as Azure's own clients have it for their emulators. ERR_CONFIG.
 */
MUST_USE bool blob_place_parse(const char *url, struct blob_place *out, struct err *e);
/* Is the host one of the configured cloud? Tokens are sent to it. A custom cloud has no names to
 * compare with: any host is one of it. ERR_CONFIG. */
MUST_USE bool blob_place_in_cloud(const struct blob_place *p, const struct azure_spec *azure,
                                  struct err *e);
void blob_place_clear(struct blob_place *p);
#define AUTO_BLOB_PLACE AUTO(blob_place_clear)

#endif
