/* SPDX-License-Identifier: MIT */
#include "base/credential.h"

#include <stdlib.h>

#include "base/secret.h"

void credential_clear(struct credential *c)
{
	free(c->server);
	free(c->username);
	secret_free(c->password);
	*c = (struct credential){ 0 };
}
