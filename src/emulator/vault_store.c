/* SPDX-License-Identifier: MIT */
/* The secrets of the emulated vault, and their versions. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/crypto.h"
#include "base/json.h"
#include "base/mem.h"
#include "emulator/cluster.h"
#include "emulator/vault.h"

#define TAGS_MAX (64 * 1024)

struct vault *vault_new(void)
{
	return mem_new(sizeof(struct vault));
}

static void version_free(struct vault_version *v)
{
	if (v->value != NULL)
		explicit_bzero(v->value, strlen(v->value));
	mem_free_ptr(&v->value);
	mem_free_ptr(&v->content_type);
	mem_free_ptr(&v->tags);
	mem_free_ptr(&v);
}

static void secret_clear(struct vault_secret *s)
{
	for (size_t i = 0; i < s->n; i++)
		version_free(s->version[i]);
	mem_free_ptr(&s->version);
	mem_free_ptr(&s->name);
	mem_free_ptr(&s);
}

void vault_free(struct vault *v)
{
	if (v == NULL)
		return;
	for (size_t i = 0; i < v->n; i++)
		secret_clear(v->secret[i]);
	mem_free_ptr(&v->secret);
	mem_free_ptr(&v);
}

struct vault_secret *vault_find(const struct vault *v, const char *name)
{
	for (size_t i = 0; i < v->n; i++)
		if (strcasecmp(v->secret[i]->name, name) == 0)
			return v->secret[i];
	return NULL;
}

struct vault_secret *vault_add(struct vault *v, const char *name)
{
	struct vault_secret *s = mem_new(sizeof(*s));

	s->name = mem_dup(name);
	if (v->n == v->cap)
		v->secret = mem_grow(v->secret, &v->cap, v->n + 1, sizeof(struct vault_secret *));
	v->secret[v->n++] = s;
	return s;
}

struct vault_version *vault_add_version(struct vault_secret *s, int64_t now)
{
	struct vault_version *v = mem_new(sizeof(*v));
	char uuid[37];
	size_t n = 0;

	crypto_uuid(uuid);
	for (const char *p = uuid; *p != '\0'; p++)
		if (*p != '-')
			v->id[n++] = *p;
	v->enabled = true;
	v->created = v->updated = now;
	if (s->n == s->cap)
		s->version =
			mem_grow(s->version, &s->cap, s->n + 1, sizeof(struct vault_version *));
	s->version[s->n++] = v;
	return v;
}

struct vault_version *vault_version_of(const struct vault_secret *s, const char *id)
{
	for (size_t i = s->n; i > 0; i--)
		if (id == NULL || strcasecmp(s->version[i - 1]->id, id) == 0)
			return s->version[i - 1];
	return NULL;
}

void vault_purge(struct vault *v, struct vault_secret *s)
{
	size_t i = 0;

	while (v->secret[i] != s)
		i++;
	memmove(&v->secret[i], &v->secret[i + 1], (--v->n - i) * sizeof(struct vault_secret *));
	secret_clear(s);
}

void vault_version_update(struct vault_version *to, const struct json *body)
{
	const char *type = json_str(body, "contentType");
	const struct json *tags = json_get(body, "tags"),
			  *enabled = json_get(body, "attributes.enabled");

	if (type != NULL) {
		mem_free_ptr(&to->content_type);
		to->content_type = mem_dup(type);
	}
	if (enabled != NULL)
		to->enabled = json_type(enabled) != JSON_FALSE;
	int64_t when;

	if (json_int(body, "attributes.exp", &when))
		to->expires = when;
	if (json_int(body, "attributes.nbf", &when))
		to->not_before = when;
	if (tags != NULL && json_type(tags) == JSON_OBJECT) {
		AUTO_BUF struct buf text = BUF_INIT(TAGS_MAX);
		cluster_merge(NULL, tags, &text);
		mem_free_ptr(&to->tags);
		to->tags = mem_dup(buf_cstr(&text));
	}
}
