/* SPDX-License-Identifier: MIT */
/* The objects of the emulated cluster, and how a patch changes them. */
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "emulator/cluster.h"
#include "emulator/effects.h"

struct cluster *cluster_new(const char *admin_token)
{
	struct cluster *c = mem_new(sizeof(*c));

	c->admin = mem_dup(admin_token);
	c->version = 100;
	return c;
}

static void item_free(struct cluster_item *item)
{
	mem_free_ptr(&item->resource);
	mem_free_ptr(&item->namespace);
	mem_free_ptr(&item->name);
	explicit_bzero(item->text, strlen(item->text));
	mem_free_ptr(&item->text);
	mem_free_ptr(&item);
}

void cluster_free(struct cluster *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n; i++)
		item_free(c->item[i]);
	mem_free_ptr(&c->item);
	mem_free_ptr(&c->admin);
	mem_free_ptr(&c);
}

struct cluster_item *cluster_find(const struct cluster *c, const char *resource,
                                  const char *namespace, const char *name)
{
	for (size_t i = 0; i < c->n; i++) {
		struct cluster_item *item = c->item[i];

		if (strcmp(item->name, name) == 0 && strcmp(item->namespace, namespace) == 0 &&
		    strcmp(item->resource, resource) == 0)
			return item;
	}
	return NULL;
}

void cluster_put(struct cluster *c, const char *resource, const char *namespace, const char *name,
                 const char *text)
{
	struct cluster_item *item = cluster_find(c, resource, namespace, name);

	if (item == NULL) {
		item = mem_new(sizeof(*item));
		item->resource = mem_dup(resource);
		item->namespace = mem_dup(namespace);
		item->name = mem_dup(name);
		if (c->n == c->cap)
			c->item =
				mem_grow(c->item, &c->cap, c->n + 1, sizeof(struct cluster_item *));
		c->item[c->n++] = item;
	} else {
		explicit_bzero(item->text, strlen(item->text));
		mem_free_ptr(&item->text);
	}
	item->text = mem_dup(text);
	item->version = c->version;
}

void cluster_remove(struct cluster *c, struct cluster_item *item)
{
	size_t i = 0;

	while (c->item[i] != item)
		i++;
	memmove(&c->item[i], &c->item[i + 1], (--c->n - i) * sizeof(struct cluster_item *));
	item_free(item);
	c->version++;
}

/* ---- merging --------------------------------------------------------------------------------- */

static const struct json *member(const struct json *object, const char *name)
{
	for (const struct json *m = json_child(object); m != NULL; m = json_next(m))
		if (strcmp(json_key(m), name) == 0)
			return m;
	return NULL;
}

static void put_name(const char *name, bool *first, struct buf *out)
{
	if (!*first)
		buf_char(out, ',');
	*first = false;
	buf_json(out, name);
	buf_char(out, ':');
}

void cluster_merge(const struct json *target, const struct json *patch, struct buf *out)
{
	bool first = true;

	if (json_type(patch) != JSON_OBJECT) {
		effects_write_json(patch, false, out);
		return;
	}
	if (target != NULL && json_type(target) != JSON_OBJECT)
		target = NULL;
	buf_char(out, '{');
	for (const struct json *m = json_child(target); m != NULL; m = json_next(m)) {
		const struct json *other = member(patch, json_key(m));

		if (other != NULL && json_type(other) == JSON_NULL)
			continue;
		put_name(json_key(m), &first, out);
		if (other != NULL)
			cluster_merge(m, other, out);
		else
			effects_write_json(m, false, out);
	}
	for (const struct json *m = json_child(patch); m != NULL; m = json_next(m)) {
		if (json_type(m) == JSON_NULL ||
		    (target != NULL && member(target, json_key(m)) != NULL))
			continue;
		put_name(json_key(m), &first, out);
		cluster_merge(NULL, m, out);
	}
	buf_char(out, '}');
}
