/* SPDX-License-Identifier: MIT */
/* Tokens of issuers that Entra ID is configured to trust: from a file that a cluster keeps up to
 * date, or from the token services of GitHub Actions and Azure Pipelines. */
#ifndef AZURE_FEDERATED_H
#define AZURE_FEDERATED_H

#include "azure/entra.h"

struct federated_source {
	const char *name;
	/* Is this source available? If not, appends to `missing` what was looked for. */
	bool (*here)(const struct azure_spec *s, struct buf *missing);
	bool (*read)(const struct azure_spec *s, struct http *h, struct secret **assertion,
	             struct err *e);
	/* variables to use if AZURE_TENANT_ID or AZURE_CLIENT_ID is not set; or NULL */
	const char *tenant_variable, *client_variable;
};
/* The first source that this host has. NULL if none; `missing` then says what each needs. */
const struct federated_source *federated_find(const struct azure_spec *s, struct buf *missing);

#endif
