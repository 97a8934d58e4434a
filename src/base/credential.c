/* SPDX-License-Identifier: MIT */
#include "base/credential.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/secret.h"

struct credential credential_dup(const struct credential *c)
{
	return (struct credential){ .server = mem_dup(c->server),
		                    .username = mem_dup(c->username),
		                    .password = secret_dup(c->password) };
}

void credential_clear(struct credential *c)
{
	free(c->server);
	free(c->username);
	free(c->provider);
	secret_free(c->password);
	*c = (struct credential){ 0 };
}
