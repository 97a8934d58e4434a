/* SPDX-License-Identifier: MIT */
/*
 * Where the parts of a JSON text are, for edits that keep every other byte: a parser that builds a
 * tree (json.h) would rewrite numbers, escapes and white space of others. Strict as RFC 8259,
 * except that strings may hold bytes that are not UTF-8, which are kept. Pure functions over bytes;
 * the text need not end with a NUL and may contain some.
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
}; /* key: a string with its quotes; value: any value */
struct json_members {
	struct json_member *m;
	size_t n, cap;
};

/* The text must be one value; *out is it, without surrounding white space. ERR_REMOTE with the
 * offset of the first mistake; *cut tells whether that is the end of the text. */
MUST_USE bool json_span_value(const char *text, size_t n, struct span *out, bool *cut,
                              struct err *e);
/* Is every string of such a text one in C, and in UTF-8? Neither a NUL is, at which it would end,
 * nor half a surrogate pair. ERR_REMOTE. */
MUST_USE bool json_span_strings_ok(const char *text, size_t n, struct err *e);
/* Lists the members of an object in a text that json_span_value() accepted. */
void json_span_members(const char *text, struct span object, struct json_members *out);
void json_span_clear(struct json_members *m);
/* The same one at a time, without allocation; *at starts at 0. False after the last. */
bool json_span_next(const char *text, struct span object, size_t *at, struct json_member *out);
bool json_span_next_item(const char *text, struct span array, size_t *at, struct span *out);
/* The value of a string: escapes are decoded, lone surrogates become U+FFFD. */
void json_span_string(const char *text, struct span string, struct buf *out);
/* Is the string's value `want`? */
bool json_span_is(const char *text, struct span string, const char *want);

/* How many of the n bytes from s on mean themselves in a string: printable ASCII but " and \. */
size_t json_plain(const char *s, size_t n);

#endif
