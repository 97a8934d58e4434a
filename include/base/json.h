/* SPDX-License-Identifier: MIT */
/*
 * The only user of cJSON, which builds trees from text that json_span_value() has accepted: strict
 * as RFC 8259, nesting bounded. Lookups take dotted paths ("error.code"); names are compared
 * exactly; of a repeated name the first counts. Sizes are bounded by the caller's text.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/base.h"

struct buf;
struct err;
struct json;
struct secret;

enum json_type {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

/* Installs the wiping allocator; secret_setup() calls it. */
void json_setup(void);

/* The whole of `text` must be one value. ERR_REMOTE with the offset of the first mistake; the text
 * itself is never in the message. */
MUST_USE bool json_parse(const char *text, size_t len, struct json **out, struct err *e);

/* The path "" is the value itself. */
const struct json *json_get(const struct json *j, const char *path); /* NULL if absent */
/* NULL if absent or not a string */
const char *json_str(const struct json *j, const char *path);
/* whole numbers within 2^53 */
MUST_USE bool json_int(const struct json *j, const char *path, int64_t *out);
bool json_true(const struct json *j, const char *path);
/* members of an array or object, else 0 */
size_t json_len(const struct json *j, const char *path);
const struct json *json_at(const struct json *j, const char *path, size_t i);

/* Walking. */
enum json_type json_type(const struct json *j);
const struct json *json_child(const struct json *j); /* first member, or NULL; NULL has none */
const struct json *json_next(const struct json *j);  /* sibling, or NULL */
const char *json_key(const struct json *j);          /* name of a member, or NULL */
const char *json_text(const struct json *j);         /* a string's text */
double json_number(const struct json *j);

/* moves, wipes the node; NULL if absent or not a string */
struct secret *json_take_secret(struct json *j, const char *path);
struct secret *json_take_secret_at(struct json *j, const char *path, size_t i, const char *name);

void json_free(struct json *j);
void json_free_ptr(struct json **j);
#define AUTO_JSON AUTO(json_free_ptr)

#endif
