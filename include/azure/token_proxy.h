/* SPDX-License-Identifier: MIT */
/*
 * An AKS cluster may put its own proxy between its workloads and Entra ID ("identity bindings").
 * Its webhook announces it in the environment: AZURE_KUBERNETES_TOKEN_PROXY,
 * AZURE_KUBERNETES_SNI_NAME, and AZURE_KUBERNETES_CA_FILE or AZURE_KUBERNETES_CA_DATA.
 */
#ifndef AZURE_TOKEN_PROXY_H
#define AZURE_TOKEN_PROXY_H

#include "base/buf.h"

struct err;

struct token_proxy {
	char *base; /* the URL for token requests; NULL: Entra ID itself */
	/* the proxy's own host and port, if `base` has the name in its certificate instead; or
	 * NULL */
	char *connect_to;
	struct buf trust; /* PEM; empty: the authorities trusted anyway */
};
/* Reads the environment. ERR_CONFIG if the variables contradict each other. The CA file is read
 * each time, because clusters replace it; ERR_TRANSIENT while it is empty. */
MUST_USE bool token_proxy_find(struct token_proxy *out, struct err *e);
void token_proxy_clear(struct token_proxy *p);
#define AUTO_TOKEN_PROXY AUTO(token_proxy_clear)

#endif
