/* SPDX-License-Identifier: MIT */
/*
 * Managed identities: which endpoint of this host issues tokens, and for which identity. The
 * endpoints differ in names and headers, but not in their replies.
 */
#ifndef AZURE_MANAGED_H
#define AZURE_MANAGED_H

#include "azure/auth.h"

struct http_response;

/* Which identity of the host is meant; its own if `value` is NULL. `value` is borrowed. */
enum selector_kind { SELECT_CLIENT, SELECT_OBJECT, SELECT_RESOURCE, SELECT__COUNT };
struct selector {
	enum selector_kind kind;
	const char *value;
};

struct managed_ask {
	const char *resource;
	const struct selector *who;
	const char *parameter; /* the selector's name at this endpoint */
};
struct managed_source {
	const char *name; /* in messages */
	/* names of the selectors, NULL for an unsupported one; NULL: no selector is supported */
	const char *const *parameters;
	const char *advice; /* how to give such a host an identity */
	/* the reply must name the identity: old agents return another one than was asked for */
	bool must_echo;
	bool (*here)(void); /* by the environment, without a request */
	bool (*present)(struct http *h, struct buf *missing); /* NULL: `here` is sufficient */
	bool (*ask)(const struct managed_ask *q, struct http *h, struct http_response *rs,
	            struct err *e);
};
extern const struct managed_source managed_arc;

/* Appends "&resource=...", and the selector if there is one. */
void managed_query(struct buf *url, const struct managed_ask *q);

/*
 * The file that an Azure Arc agent names in its challenge ("Basic realm=/path/name.key"). It must
 * be in key_dir itself: a process that manages to answer on the agent's port must not choose which
 * file is read and sent to it. Caller frees *path.
 */
MUST_USE bool managed_arc_key_path(const char *challenge, const char *key_dir, char **path,
                                   struct err *e);
/* "Basic " and the content of the file */
MUST_USE bool managed_arc_read_key(const char *path, struct secret **out, struct err *e);
/* Makes both exchanges with the agent at `endpoint`. */
MUST_USE bool managed_arc_ask(const char *endpoint, const char *key_dir,
                              const struct managed_ask *q, struct http *h, struct http_response *rs,
                              struct err *e);

#endif
