/* SPDX-License-Identifier: MIT */
/* A running command: its configuration, subscription and identity, and the registry's place. */
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
	struct lent *lent; /* what the sinks of its jobs use */
	/* as configured, or from az's login; borrows from config and login */
	struct azure_spec azure;
	struct token_login login;
	struct token_http *http;
	struct arm *arm;
	struct arena *arena;
	char *registry; /* its name, without the suffix of a login server */
	char *subscription, *subscription_name;
	struct token_place *place;
	/* the output of a list whose items are formatted as they arrive, and its state; NULL: they
	 * are collected */
	const struct format_stream *stream;
	void *list;
	bool made_password; /* a password was generated, which is shown only once */
	/* added to a failure as separate lines; said as warnings whatever comes of the command; or
	 * NULL; in the arena */
	const char *note, *remark;
};
MUST_USE bool token_names_ok(struct token_run *r, struct err *e); /* before any request */
/* configuration, client, subscription */
MUST_USE bool token_open(struct token_run *r, struct err *e);
MUST_USE bool token_find_registry(struct token_run *r, struct err *e);
/* Adds a line to the failure that the command is about to report, or else a warning. */
void token_tell(struct token_run *r, bool failing, const char *line);
void token_close(struct token_run *r);

#endif
