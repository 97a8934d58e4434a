/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include <cjson/cJSON.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"

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

static bool is_hex(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] == '\0' || strchr("0123456789abcdefABCDEF", s[i]) == NULL)
			return false;
	return true;
}

/* A string ends at its first NUL in C: `pass\u0000word` would silently become `pass`; and so
 * would `pass\u12word`, to cJSON. */
static bool has_nul(const char *text, size_t len)
{
	if (memchr(text, '\0', len) != NULL)
		return true;
	const char *end = text + len, *s = text;
	for (; (s = memchr(s, '\\', (size_t)(end - s))) != NULL && end - s > 1; s += 2)
		if (s[1] == 'u' &&
		    (end - s < 6 || !is_hex(s + 2, 4) || memcmp(s + 2, "0000", 4) == 0))
			return true;
	return false;
}

static bool too_deep(const cJSON *c, int depth)
{
	if (depth > JSON_DEPTH_MAX)
		return true;
	for (const cJSON *k = c->child; k != NULL; k = k->next)
		if (too_deep(k, depth + 1))
			return true;
	return false;
}

bool json_parse(const char *text, size_t len, struct json **out, struct err *e)
{
	const char *end = NULL;

	if (len > 0 && has_nul(text, len))
		return err_set(e, ERR_REMOTE,
		               "not JSON: it contains a NUL character, or half of an escape");
	cJSON *c = cJSON_ParseWithLengthOpts(text, len, &end, false);
	if (c == NULL)
		return err_set(e, ERR_REMOTE, "not JSON: mistake at byte %zu of %zu",
		               end == NULL ? 0 : (size_t)(end - text), len);
	struct json *j = (struct json *)(void *)c;
	size_t used = (size_t)(end - text);
	while (used < len && strchr(" \t\r\n", text[used]) != NULL)
		used++;
	if (used < len || too_deep(c, 0)) {
		json_free(j);
		return err_set(e, ERR_REMOTE,
		               used < len ? "not JSON: more text at byte %zu"
		                          : "JSON nested too deep: over %zu levels",
		               used < len ? used : (size_t)JSON_DEPTH_MAX);
	}
	*out = j;
	return true;
}

static const char *skip_digits(const char *s, const char *end)
{
	while (s < end && *s >= '0' && *s <= '9')
		s++;
	return s;
}

/* The end of the number at s as RFC 8259 has it, or NULL: cJSON also takes 01, +1 and 1. */
static const char *number_end(const char *s, const char *end)
{
	if (s < end && *s == '-')
		s++;
	const char *whole = s;
	s = skip_digits(s, end);
	if (s == whole || (s - whole > 1 && *whole == '0'))
		return NULL;
	if (s < end && *s == '.') {
		const char *fraction = s + 1;
		s = skip_digits(fraction, end);
		if (s == fraction)
			return NULL;
	}
	if (s < end && (*s == 'e' || *s == 'E')) {
		s++;
		if (s < end && (*s == '+' || *s == '-'))
			s++;
		const char *power = s;
		s = skip_digits(s, end);
		if (s == power)
			return NULL;
	}
	return s == end || strchr(",]} \t\r\n", *s) != NULL ? s : NULL;
}

/* The end of the string whose opening quote is at s, or NULL for a control character in it. The
 * text has been parsed: it does end. */
static const char *string_end(const char *s, const char *end)
{
	for (s++; s < end && *s != '"'; s++) {
		if ((unsigned char)*s < 0x20)
			return NULL;
		s += *s == '\\';
	}
	return s + 1;
}

/* Numbers stand in the text in the order of a walk through the tree: each gets its digits, where
 * a string has its text. */
static bool keep_digits(cJSON *c, const char **text, const char *end)
{
	if (cJSON_IsNumber(c)) {
		const char *s = *text;
		while (s != NULL && s < end && *s != '-' && *s != '+' && (*s < '0' || *s > '9'))
			s = *s == '"' ? string_end(s, end) : s + 1;
		const char *stop = s == NULL ? NULL : number_end(s, end);
		if (stop == NULL)
			return false;
		size_t n = (size_t)(stop - s);
		c->valuestring = cJSON_malloc(n + 1);
		if (c->valuestring == NULL)
			mem_exhausted();
		memcpy(c->valuestring, s, n);
		c->valuestring[n] = '\0';
		*text = stop;
	}
	for (cJSON *k = c->child; k != NULL; k = k->next)
		if (!keep_digits(k, text, end))
			return false;
	return true;
}

/* Control characters after the last number are for nobody else to find. */
static bool rest_is_clean(const char *s, const char *end)
{
	while (s != NULL && s < end)
		s = *s == '"' ? string_end(s, end) : s + 1;
	return s != NULL;
}

bool json_parse_exact(const char *text, size_t len, struct json **out, struct err *e)
{
	AUTO_JSON struct json *j = NULL;
	const char *at = text;

	if (!json_parse(text, len, &j, e))
		return false;
	if (!keep_digits((cJSON *)(void *)j, &at, text + len) || !rest_is_clean(at, text + len))
		return err_set(e, ERR_REMOTE,
		               "not JSON: a number or a string after byte %zu of %zu is malformed",
		               (size_t)(at - text), len);
	*out = take(&j);
	return true;
}

const char *json_digits(const struct json *j)
{
	return cJSON_IsNumber(node(j)) ? node(j)->valuestring : NULL;
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
