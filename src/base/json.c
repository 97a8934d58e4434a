/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include <cjson/cJSON.h>

#include "base/err.h"
#include "base/json_span.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"

/* A struct json is a cJSON under a name of ours, so that no other file can use cJSON by
 * accident. */
static const cJSON *node(const struct json *j)
{
	return (const cJSON *)(const void *)j;
}

static const struct json *ours(const cJSON *c)
{
	return (const struct json *)(const void *)c;
}

void json_setup(void)
{
	cJSON_Hooks hooks = { .malloc_fn = mem_wiping_malloc, .free_fn = mem_wiping_free };

	cJSON_InitHooks(&hooks);
}

/* Whether it is JSON is said by json_span.c, which is strict; cJSON builds the tree. */
bool json_parse(const char *text, size_t len, struct json **out, struct err *e)
{
	struct span whole;
	bool cut;

	if (!json_span_value(text, len, &whole, &cut, e) || !json_span_strings_ok(text, len, e))
		return false;
	cJSON *c = cJSON_ParseWithLength(text, len);
	if (c == NULL)
		return err_set(e, ERR_REMOTE, "unsupported JSON: a number of 64 digits or more");
	*out = (struct json *)(void *)c;
	return true;
}

const struct json *json_get(const struct json *j, const char *path)
{
	const cJSON *c = node(j);
	char name[64];

	while (c != NULL && *path != '\0') {
		size_t n = strcspn(path, ".");
		if (n >= sizeof(name))
			return NULL;
		memcpy(name, path, n);
		name[n] = '\0';
		c = cJSON_IsObject(c) ? cJSON_GetObjectItemCaseSensitive(c, name) : NULL;
		path += n + (path[n] == '.');
	}
	return ours(c);
}

const char *json_str(const struct json *j, const char *path)
{
	const cJSON *c = node(json_get(j, path));

	return cJSON_IsString(c) ? c->valuestring : NULL;
}

bool json_int(const struct json *j, const char *path, int64_t *out)
{
	/* 2^53: beyond it a double skips whole numbers */
	const double exact = 9007199254740992.0;
	const cJSON *c = node(json_get(j, path));

	if (!cJSON_IsNumber(c) || c->valuedouble < -exact || c->valuedouble > exact ||
	    (double)(int64_t)c->valuedouble != c->valuedouble)
		return false;
	*out = (int64_t)c->valuedouble;
	return true;
}

bool json_true(const struct json *j, const char *path)
{
	return cJSON_IsTrue(node(json_get(j, path)));
}

size_t json_len(const struct json *j, const char *path)
{
	const cJSON *c = node(json_get(j, path));
	size_t n = 0;

	if (!cJSON_IsArray(c) && !cJSON_IsObject(c))
		return 0;
	for (const cJSON *k = c->child; k != NULL; k = k->next)
		n++;
	return n;
}

const struct json *json_at(const struct json *j, const char *path, size_t i)
{
	const cJSON *c = node(json_get(j, path));

	if (!cJSON_IsArray(c) && !cJSON_IsObject(c))
		return NULL;
	const cJSON *k = c->child;
	while (k != NULL && i-- > 0)
		k = k->next;
	return ours(k);
}

enum json_type json_type(const struct json *j)
{
	const cJSON *c = node(j);

	if (cJSON_IsObject(c))
		return JSON_OBJECT;
	if (cJSON_IsArray(c))
		return JSON_ARRAY;
	if (cJSON_IsString(c))
		return JSON_STRING;
	if (cJSON_IsNumber(c))
		return JSON_NUMBER;
	if (cJSON_IsTrue(c))
		return JSON_TRUE;
	return cJSON_IsFalse(c) ? JSON_FALSE : JSON_NULL;
}

const struct json *json_child(const struct json *j)
{
	return j == NULL ? NULL : ours(node(j)->child);
}

const struct json *json_next(const struct json *j)
{
	return ours(node(j)->next);
}

const char *json_key(const struct json *j)
{
	return node(j)->string;
}

const char *json_text(const struct json *j)
{
	return cJSON_IsString(node(j)) ? node(j)->valuestring : NULL;
}

double json_number(const struct json *j)
{
	return node(j)->valuedouble;
}

static struct secret *take_string(const struct json *j)
{
	const cJSON *c = node(j);

	if (!cJSON_IsString(c) || strlen(c->valuestring) > SECRET_MAX)
		return NULL;
	return secret_move(c->valuestring, strlen(c->valuestring));
}

struct secret *json_take_secret(struct json *j, const char *path)
{
	return take_string(json_get(j, path));
}

struct secret *json_take_secret_at(struct json *j, const char *path, size_t i, const char *name)
{
	const struct json *item = json_at(j, path, i);

	return item == NULL ? NULL : take_string(json_get(item, name));
}

void json_free(struct json *j)
{
	cJSON_Delete((cJSON *)(void *)j);
}

void json_free_ptr(struct json **j)
{
	json_free(*j);
	*j = NULL;
}
