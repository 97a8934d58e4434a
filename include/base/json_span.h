/* SPDX-License-Identifier: MIT */
/*
 * Where the pieces of a JSON text stand, for edits that leave every other byte as it is: a
 * parser that keeps the tree (json.h) would write others' numbers, escapes and spaces anew.
 * Strict as RFC 8259, but for bytes that are no UTF-8 in strings, which stay as they are. Pure
 * functions over bytes; the text needs no NUL and may have some.
 */
#ifndef BASE_JSON_SPAN_H
#define BASE_JSON_SPAN_H

#include "base/base.h"

struct buf;
struct err;

#define JSON_SPAN_DEPTH_MAX 128

struct span {
	size_t start, end;
}; /* [start, end) */
struct json_member {
	struct span key, value;
}; /* a string with its quotes; a value */
struct json_members {
	struct json_member *m;
	size_t n, cap;
};

/* The one value that the text must be, without the space around it. ERR_REMOTE with the offset
 * of the first mistake, and `cut` set when that is the end of the text. */
MUST_USE bool json_span_value(const char *text, size_t n, struct span *out, bool *cut,
                              struct err *e);
/* The members of an object in a text that json_span_value() accepted. */
void json_span_members(const char *text, struct span object, struct json_members *out);
void json_span_clear(struct json_members *m);
/* The same one by one, without memory; *at begins as 0. False behind the last. */
bool json_span_next(const char *text, struct span object, size_t *at, struct json_member *out);
bool json_span_next_item(const char *text, struct span array, size_t *at, struct span *out);
/* What a string says: escapes undone, lone surrogates to U+FFFD. */
void json_span_string(const char *text, struct span string, struct buf *out);
/* Is this string `want`? */
bool json_span_is(const char *text, struct span string, const char *want);

#endif
