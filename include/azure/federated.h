/* SPDX-License-Identifier: MIT */
/* Tokens of issuers that Entra ID has been told to trust: a file a cluster keeps fresh, or the
 * services GitHub Actions and Azure Pipelines run for their jobs. */
#ifndef AZURE_FEDERATED_H
#define AZURE_FEDERATED_H

#include "azure/entra.h"

struct federated_source {
	const char *name;
	/* Appends to `missing` what was looked for and not found. */
	bool (*here)(const struct azure_spec *s, struct buf *missing);
	bool (*read)(const struct azure_spec *s, struct http *h, struct secret **assertion,
	             struct err *e);
	/* of their own, for where AZURE_... is not set; or NULL */
	const char *tenant_variable, *client_variable;
};
/* The first source this host has; NULL when none, and then `missing` has what each wants. */
const struct federated_source *federated_find(const struct azure_spec *s, struct buf *missing);

#endif
