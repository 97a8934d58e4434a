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

static const char *const slot_names[] = { NULL, "password1", "password2" };

const char *credential_slot_name(int slot)
{
	return slot > 0 && slot < (int)COUNT(slot_names) ? slot_names[slot] : NULL;
}

int credential_slot_of(const char *name)
{
	for (int i = 1; name != NULL && i < (int)COUNT(slot_names); i++)
		if (strcmp(name, slot_names[i]) == 0)
			return i;
	return 0;
}
