/* SPDX-License-Identifier: MIT */
/* Names of slots, registries and tokens: what of azure/acr.h needs no network. */
#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "azure/acr.h"
#include "base/mem.h"
#include "base/str.h"

static const char *const slot_names[ACR_SLOT__COUNT] = { "password1", "password2" };

const char *acr_slot_name(enum acr_slot s)
{
	return slot_names[s];
}

bool acr_same_time(int64_t a, int64_t b)
{
	for (int64_t unit = 10; a != b && unit <= STR_TICKS_PER_S; unit *= 10)
		if ((a % unit == 0 || b % unit == 0) && a - b < unit && b - a < unit)
			return true;
	return a == b;
}

bool acr_same_generation(const struct acr_password *a, const struct acr_password *b)
{
	if (!a->present || !b->present)
		return a->present == b->present;
	return acr_same_time(a->created, b->created) &&
	       acr_same_time(a->expires_us * 10, b->expires_us * 10);
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

/* "NAME.REGION.geo.SUFFIX" of "NAME-HASH.SUFFIX", or of "NAME.SUFFIX"; the hash may be there. */
static bool is_regional(const char *asked, const char *login_server)
{
	const char *region = strchr(asked, '.'), *suffix = strchr(login_server, '.');
	size_t name = strcspn(login_server, ".-"), label = strcspn(login_server, ".");
	const char *geo = region != NULL ? strchr(region + 1, '.') : NULL;
	size_t n = region != NULL ? (size_t)(region - asked) : 0;

	return geo != NULL && geo > region + 1 && suffix != NULL &&
	       strncasecmp(geo, ".geo.", 5) == 0 && strcasecmp(geo + 4, suffix) == 0 &&
	       (n == name || n == label) && strncasecmp(asked, login_server, n) == 0;
}

char *acr_server_asked(const char *asked, const char *login_server)
{
	if (strchr(asked, '.') == NULL || strcasecmp(asked, login_server) == 0)
		return mem_dup(login_server);
	if (!is_regional(asked, login_server))
		return NULL;
	char *server = mem_dup(asked);
	for (char *p = server; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return server;
}

void acr_registry_clear(struct acr_registry *r)
{
	free(r->group);
	free(r->name);
	free(r->login_server);
	*r = (struct acr_registry){ 0 };
}
