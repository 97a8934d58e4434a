/* SPDX-License-Identifier: MIT */
/*
 * A cluster of AKS may put a proxy of its own between its workloads and Entra
 * ID ("identity bindings"). Its webhook says so in the environment:
 * AZURE_KUBERNETES_TOKEN_PROXY, _SNI_NAME, and _CA_FILE or _CA_DATA.
 */
#ifndef AZURE_TOKEN_PROXY_H
#define AZURE_TOKEN_PROXY_H

#include "base/buf.h"

struct err;

struct token_proxy {
	char *base; /* where token requests go; NULL: to Entra ID itself */
	/* the proxy's own host and port, where `base` has the name its certificate bears; or
	 * NULL */
	char *connect_to;
	struct buf trust; /* PEM; empty: who is trusted anyway */
};
/* From the environment. ERR_CONFIG for what does not fit together. The file is read each time:
 * clusters replace it. */
MUST_USE bool token_proxy_find(struct token_proxy *out, struct err *e);
void token_proxy_clear(struct token_proxy *p);
#define AUTO_TOKEN_PROXY AUTO(token_proxy_clear)

#endif
