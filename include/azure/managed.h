/* SPDX-License-Identifier: MIT */
/*
 * Managed identities: which endpoint of this host gives out tokens, and for
 * whom. The endpoints differ in names and headers; what they answer does not.
 */
#ifndef AZURE_MANAGED_H
#define AZURE_MANAGED_H

#include "azure/auth.h"

struct http_response;

/* Which identity of the host is meant. NULL, NULL: its own. `value` is borrowed. */
enum selector_kind { SELECT_CLIENT, SELECT_OBJECT, SELECT_RESOURCE, SELECT__COUNT };
struct selector {
	enum selector_kind kind;
	const char *value;
};

struct managed_ask {
	const char *resource;
	const struct selector *who;
	const char *parameter; /* the selector's name here */
};
struct managed_source {
	const char *name; /* in messages */
	/* names of the selectors, NULL where it knows none; NULL: knows no selector at all */
	const char *const *parameters;
	const char *advice; /* how an identity is given to such a host */
	/* old agents give out another identity than the one asked for */
	bool must_echo;
	bool (*here)(void); /* by the environment, without asking anybody */
	bool (*present)(struct http *h, struct buf *missing); /* NULL: `here` is enough */
	bool (*ask)(const struct managed_ask *q, struct http *h, struct http_response *rs,
	            struct err *e);
};
extern const struct managed_source managed_arc;

/* Appends "&resource=...", and the selector if there is one. */
void managed_query(struct buf *url, const struct managed_ask *q);

/*
 * The file an Azure Arc agent's challenge ("Basic realm=/path/name.key") names. It must lie in
 * key_dir itself: whoever can answer on the agent's port must not choose what is read and sent
 * back to him. Caller frees *path.
 */
MUST_USE bool managed_arc_key_path(const char *challenge, const char *key_dir, char **path,
                                   struct err *e);
/* "Basic " and what is in the file */
MUST_USE bool managed_arc_read_key(const char *path, struct secret **out, struct err *e);
/* Both exchanges with the agent at `endpoint`. */
MUST_USE bool managed_arc_ask(const char *endpoint, const char *key_dir,
                              const struct managed_ask *q, struct http *h, struct http_response *rs,
                              struct err *e);

#endif
