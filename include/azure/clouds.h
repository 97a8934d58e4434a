/* SPDX-License-Identifier: MIT */
/* Facts about each of Azure's clouds, one row per cloud. A custom cloud has no row; its endpoints
 * are configured (struct azure_spec). Needs no network. */
#ifndef AZURE_CLOUDS_H
#define AZURE_CLOUDS_H

#include "base/base.h"

/* Every member of every row must be set (tests/unit/test_clouds.c). Suffixes begin with a dot. */
struct azure_cloud {
	const char *name, *az; /* its name here, and in az */
	const char *authority, *resource_manager;
	/* audiences of access tokens: for the resource manager, Key Vault, storage */
	const char *audience, *vault_audience, *storage_audience;
	/* the audience of an assertion of a federated issuer */
	const char *exchange_audience;
	const char *registry_suffix, *vault_suffix, *blob_suffix;
};
extern const struct azure_cloud azure_clouds[];
extern const size_t azure_clouds_count;

/* name NULL means public. NULL for a custom or unknown cloud. */
const struct azure_cloud *azure_cloud_find(const char *name);
/* The same, but the public cloud for a custom or unknown one. */
const struct azure_cloud *azure_cloud_or_public(const char *name);
/* By its name in az, case-insensitively. */
const struct azure_cloud *azure_cloud_find_az(const char *az);

#endif
