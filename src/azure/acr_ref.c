/* SPDX-License-Identifier: MIT */
/* Names of slots, registries and tokens: what of azure/acr.h needs no network. */
#include <stdlib.h>

#include "azure/acr.h"
#include "base/mem.h"

static const char *const slot_names[ACR_SLOT__COUNT] = { "password1", "password2" };

const char *acr_slot_name(enum acr_slot s)
{
	return slot_names[s];
}

bool acr_slot_parse(const char *name, enum acr_slot *out)
{
	for (int i = 0; i < ACR_SLOT__COUNT; i++) {
		if (strcmp(name, slot_names[i]) == 0) {
			*out = (enum acr_slot)i;
			return true;
		}
	}
	return false;
}

void acr_ref_clear(struct acr_ref *r)
{
	free(r->subscription);
	free(r->group);
	free(r->registry);
	free(r->token);
	*r = (struct acr_ref){ 0 };
}

char *acr_registry_name(const char *name_or_login_server)
{
	/* NAME.azurecr.io, or NAME-LABELHASH.azurecr.io where a domain name label is in use; a
	 * name has neither dot nor hyphen. */
	return mem_dup_n(name_or_login_server, strcspn(name_or_login_server, ".-"));
}

void acr_registry_clear(struct acr_registry *r)
{
	free(r->group);
	free(r->name);
	free(r->login_server);
	*r = (struct acr_registry){ 0 };
}
