/* SPDX-License-Identifier: MIT */
#include "emulator/identity.h"

#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "emulator/pki.h"
#include "emulator/route.h"

struct identity *identity_add(struct identities *all, const char *client_id, const char *object_id)
{
	struct identity *i = mem_new(sizeof(*i));

	i->client_id = mem_dup(client_id);
	i->object_id = mem_dup(object_id);
	if (all->n == all->cap)
		all->item = mem_grow(all->item, &all->cap, all->n + 1, sizeof(struct identity *));
	all->item[all->n++] = i;
	return i;
}

struct identity *identity_by_client(const struct identities *all, const char *client_id)
{
	for (size_t i = 0; i < all->n; i++)
		if (strcasecmp(all->item[i]->client_id, client_id) == 0)
			return all->item[i];
	return NULL;
}

struct identity *identity_by_object(const struct identities *all, const char *object_id)
{
	for (size_t i = 0; i < all->n; i++)
		if (strcasecmp(all->item[i]->object_id, object_id) == 0)
			return all->item[i];
	return NULL;
}

bool identity_may(const struct identity *i, const char *action)
{
	if (!i->limited || action == NULL)
		return true;
	for (size_t k = 0; k < i->actions.n; k++)
		if (str_matches(i->actions.item[k], action))
			return true;
	return false;
}

static void identity_free(struct identity *i)
{
	mem_free_ptr(&i->client_id);
	mem_free_ptr(&i->object_id);
	mem_free_ptr(&i->resource_id);
	for (size_t k = 0; k < i->n_certificates; k++)
		pki_cert_free(i->certificate[k]);
	for (size_t k = 0; k < i->n_federated; k++) {
		mem_free_ptr(&i->federated[k].issuer);
		mem_free_ptr(&i->federated[k].subject);
		mem_free_ptr(&i->federated[k].audience);
		mem_free_ptr(&i->federated[k].jwks);
	}
	model_strings_clear(&i->actions);
	mem_free_ptr(&i);
}

void identity_list_clear(struct identities *all)
{
	for (size_t i = 0; i < all->n; i++)
		identity_free(all->item[i]);
	mem_free_ptr(&all->item);
	*all = (struct identities){ 0 };
}
