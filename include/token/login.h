/* SPDX-License-Identifier: MIT */
/* az's own login, used if nothing else names an identity. */
#ifndef TOKEN_LOGIN_H
#define TOKEN_LOGIN_H

#include "base/base.h"

struct err;
struct token_run;

/* Taken over from az: its cloud, by az's name and by ours. `wanted`: what the user has to do so
 * that the login can be used, if no identity is named; or NULL. */
struct token_login {
	char *auth, *cloud, *ours, *resource_manager, *authority, *audience, *registry_suffix;
	const char *wanted;
};

/* Finds the subscription, as given or az's own. Sets r->azure to azure-cli if neither configuration
 * nor environment names an identity. */
MUST_USE bool token_login_find(struct token_run *r, struct err *e);
void token_login_clear(struct token_run *r);

#endif
