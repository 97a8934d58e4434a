/* SPDX-License-Identifier: MIT */

#include "token/place.h"

#include <stdlib.h>
#include <strings.h>

#include "azure/acr.h"
#include "azure/arm.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define TYPE "Microsoft.ContainerRegistry/registries"
/* az asks the list of all resources, which every reader of the subscription may see; the version
 * has been served since 2021. */
#define LIST                                                                                       \
	"/resources?$filter=resourceType%20eq%20%27Microsoft.ContainerRegistry%2Fregistries%27&"   \
	"api-version=2021-04-01"
#define PATH_MAX_LEN ((size_t)64 * 1024)

void token_place_free(struct token_place *p)
{
	if (p == NULL)
		return;
	free(p->subscription);
	free(p->group);
	free(p->registry);
	free(p->id);
	free(p);
}

static void add_registry(struct buf *b, const struct token_place *p)
{
	buf_str(b, "/subscriptions/");
	buf_form(b, p->subscription);
	buf_str(b, "/resourceGroups/");
	buf_form(b, p->group);
	buf_str(b, "/providers/" TYPE "/");
	buf_form(b, p->registry);
}

char *token_place_path(const struct token_place *p, const char *kind, const char *name)
{
	AUTO_BUF struct buf b = BUF_INIT(PATH_MAX_LEN);

	add_registry(&b, p);
	buf_fmt(&b, "/%s", kind);
	if (name != NULL) {
		buf_char(&b, '/');
		buf_form(&b, name);
	}
	buf_fmt(&b, "?api-version=%s", ACR_API_VERSION);
	return mem_dup(buf_cstr(&b));
}

char *token_place_self(const struct token_place *p)
{
	AUTO_BUF struct buf b = BUF_INIT(PATH_MAX_LEN);

	add_registry(&b, p);
	buf_fmt(&b, "?api-version=%s", ACR_API_VERSION);
	return mem_dup(buf_cstr(&b));
}

char *token_place_id(const struct token_place *p, const char *kind, const char *name)
{
	return mem_fmt("%s/%s/%s", p->id, kind, name);
}

struct place_search {
	const char *name;
	char *id;
	int found;
};

static bool match(void *ctx, const struct json *item)
{
	struct place_search *s = ctx;
	const char *name = json_str(item, "name"), *id = json_str(item, "id");

	if (name == NULL || id == NULL || strcasecmp(name, s->name) != 0)
		return true;
	if (s->found++ == 0)
		s->id = mem_dup(id);
	return true;
}

/* As az has it: the group in lower case. */
static char *group_of(const char *id)
{
	char *group = acr_group_of(id);

	if (group != NULL)
		str_lower(group);
	return group;
}

static bool look_up(struct arm *a, struct http *h, const char *subscription, const char *registry,
                    char **id, struct err *e)
{
	AUTO_BUF struct buf path = BUF_INIT(PATH_MAX_LEN);
	struct place_search s = { .name = registry };

	buf_str(&path, "/subscriptions/");
	buf_form(&path, subscription);
	buf_str(&path, LIST);
	if (!arm_list(a, h, buf_cstr(&path), match, &s, e)) {
		free(s.id);
		return err_in(e,
		              "cannot look up registry '%s': without --resource-group the "
		              "subscription is searched",
		              registry);
	}
	if (s.found == 1) {
		*id = s.id;
		return true;
	}
	free(s.id);
	if (s.found > 1)
		return err_set(e, ERR_REMOTE,
		               "More than one resources with type '" TYPE
		               "' are found with name '%s'.",
		               registry);
	return err_set(e, ERR_MISSING,
	               "The resource with name '%s' and type '" TYPE
	               "' could not be found in subscription '%s'.",
	               registry, subscription);
}

bool token_place_find(struct arm *a, struct http *h, const char *subscription, const char *group,
                      const char *registry, struct token_place **out, struct err *e)
{
	AUTO_FREE char *id = NULL, *its_group = mem_dup(group);

	if (group != NULL)
		id = mem_fmt("/subscriptions/%s/resourceGroups/%s/providers/" TYPE "/%s",
		             subscription, group, registry);
	else if (!look_up(a, h, subscription, registry, &id, e))
		return false;
	if (its_group == NULL)
		its_group = group_of(id);
	if (its_group == NULL)
		return err_set(e, ERR_REMOTE, "Azure's id of registry '%s' names no resource group",
		               registry);
	struct token_place *p = mem_new(sizeof(*p));
	*p = (struct token_place){ .subscription = mem_dup(subscription),
		                   .group = take(&its_group),
		                   .registry = mem_dup(registry),
		                   .id = take(&id) };
	*out = p;
	return true;
}
