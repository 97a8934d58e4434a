/* SPDX-License-Identifier: MIT */
/* az's own login, taken over where nothing else says who we are. */
#ifndef TOKEN_LOGIN_H
#define TOKEN_LOGIN_H

#include "base/base.h"

struct err;
struct token_run;

/* What is taken over from az: its cloud, by az's name and by ours. `wanted`: what it takes to do
 * so, where nobody said who to be; or NULL. */
struct token_login {
	char *auth, *cloud, *ours, *resource_manager, *authority, *audience, *registry_suffix;
	const char *wanted;
};

/* The subscription, as told or az's own; with neither configuration nor environment to say who
 * we are, azure-cli for r->azure. */
MUST_USE bool token_login_find(struct token_run *r, struct err *e);
void token_login_clear(struct token_run *r);

#endif
