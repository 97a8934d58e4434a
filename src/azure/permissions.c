/* SPDX-License-Identifier: MIT */
#include "azure/permissions.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define API_VERSION "2022-04-01"
/* of one assignment: the largest built-in roles have some hundreds */
#define ACTIONS_MAX 4096
#define ITEMS_MAX   1000

static void free_list(char **list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i]);
	free(list);
}

void permissions_clear(struct permissions *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free_list(p->item[i].action, p->item[i].n_actions);
		free_list(p->item[i].not_action, p->item[i].n_not);
	}
	free(p->item);
	*p = (struct permissions){ 0 };
}

static char **texts(const struct json *item, const char *name, size_t *n)
{
	size_t all = json_len(item, name);
	char **out = mem_array(all < ACTIONS_MAX ? all : ACTIONS_MAX, sizeof(*out));

	*n = 0;
	for (size_t i = 0; i < all && *n < ACTIONS_MAX; i++) {
		const char *text = json_str(json_at(item, name, i), "");
		if (text != NULL)
			out[(*n)++] = mem_dup(text);
	}
	return out;
}

void permissions_add(struct permissions *p, const struct json *item)
{
	struct permission one = { 0 };

	if (json_type(item) != JSON_OBJECT || p->n >= ITEMS_MAX)
		return;
	one.action = texts(item, "actions", &one.n_actions);
	one.not_action = texts(item, "notActions", &one.n_not);
	struct permission *more = mem_array(p->n + 1, sizeof(*more));
	if (p->n > 0)
		memcpy(more, p->item, p->n * sizeof(*more));
	free(p->item);
	p->item = more;
	p->item[p->n++] = one;
}

static bool each(void *ctx, const struct json *item)
{
	permissions_add(ctx, item);
	return true;
}

bool permissions_read(struct arm *a, struct http *h, const struct acr_ref *ref,
                      struct permissions *out, struct err *e)
{
	AUTO_PERMISSIONS struct permissions p = { 0 };
	AUTO_FREE char *registry = acr_path(ref, NULL, NULL);

	registry[strcspn(registry, "?")] = '\0';
	AUTO_FREE char *path =
		mem_fmt("%s/providers/Microsoft.Authorization/permissions?api-version=" API_VERSION,
	                registry);
	if (!arm_list(a, h, path, each, &p, e))
		return false;
	*out = p;
	p = (struct permissions){ 0 };
	return true;
}

static bool any(char *const *list, size_t n, const char *action)
{
	for (size_t i = 0; i < n; i++)
		if (str_matches(list[i], action))
			return true;
	return false;
}

bool permissions_allow(const struct permissions *p, const char *action)
{
	for (size_t i = 0; i < p->n; i++)
		if (any(p->item[i].action, p->item[i].n_actions, action) &&
		    !any(p->item[i].not_action, p->item[i].n_not, action))
			return true;
	return false;
}
