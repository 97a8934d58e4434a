/* SPDX-License-Identifier: MIT */
/* What is known of each of Azure's clouds, a row each. Of a custom one nothing is: its endpoints
 * are configured, see struct azure_spec. Needs no network. */
#ifndef AZURE_CLOUDS_H
#define AZURE_CLOUDS_H

#include "base/base.h"

/* Every member of every row is set: tests/unit/test_clouds.c. Suffixes begin with a dot. */
struct azure_cloud {
	const char *name, *az; /* here and in az */
	const char *authority, *resource_manager;
	/* whom access tokens are for: the resource manager, Key Vault, storage */
	const char *audience, *vault_audience, *storage_audience;
	/* what an assertion of a federated issuer is for */
	const char *exchange_audience;
	const char *registry_suffix, *vault_suffix, *blob_suffix;
};
extern const struct azure_cloud azure_clouds[];
extern const size_t azure_clouds_count;

/* NULL means public; NULL for custom, and for one that is not known. */
const struct azure_cloud *azure_cloud_find(const char *name);
/* The same, with the public one for a custom cloud. */
const struct azure_cloud *azure_cloud_or_public(const char *name);
/* By its name in az, in any case of letters. */
const struct azure_cloud *azure_cloud_find_az(const char *az);

#endif
