/* SPDX-License-Identifier: MIT */
/* A command at work: configuration, subscription, identity, where the registry is. */
#ifndef TOKEN_CONTEXT_H
#define TOKEN_CONTEXT_H

#include "azure/auth.h"
#include "base/base.h"
#include "token/login.h"
#include "token/options.h"
#include "token/outside.h"

struct lent;
struct arena;
struct arm;
struct config;
struct err;
struct format_stream;
struct token_http;
struct token_place;

struct token_run {
	const struct token_outside *w;
	const struct token_args *args;
	enum token_verb verb;
	struct config *config;
	struct lent *lent; /* to the sinks of its jobs */
	/* as configured, or az's login; borrows from config and login */
	struct azure_spec azure;
	struct token_login login;
	struct token_http *http;
	struct arm *arm;
	struct arena *arena;
	char *registry; /* without the suffix of a login server */
	char *subscription, *subscription_name;
	struct token_place *place;
	/* where the items of a list go as they come, and the format's hand for them; NULL: they are
	 * collected */
	const struct format_stream *stream;
	void *list;
	bool made_password; /* a password was made that is shown once only */
	/* what to add to a failure, in a line of its own; or NULL. In the arena */
	const char *note;
};
MUST_USE bool token_names_ok(struct token_run *r, struct err *e); /* before any request */
/* configuration, client, subscription */
MUST_USE bool token_open(struct token_run *r, struct err *e);
MUST_USE bool token_find_registry(struct token_run *r, struct err *e);
void token_close(struct token_run *r);

#endif
