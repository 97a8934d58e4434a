/* SPDX-License-Identifier: MIT */
/*
 * The values of queries and formats: JSON as Python sees it, because az is the
 * reference. Whole numbers are distinct from others and keep all their digits,
 * members keep their order, and a repeated name has its last value. Values are
 * immutable and share their parts: two members may be the same value by
 * address, which YAML shows as an alias.
 *
 * They live in an arena, which frees and wipes all of them at once, because the
 * result of `credential generate` contains passwords. The arena's limit is
 * soft: past it arena_over() is true, and computations must check it and stop.
 */
#ifndef OUTPUT_VALUE_H
#define OUTPUT_VALUE_H

#include "base/arena.h"
#include "base/base.h"

struct buf;
struct err;

#define VALUE_DEPTH_MAX  512
#define VALUE_WEIGHT_MAX ((size_t)4 * 1024 * 1024)

enum value_type {
	VALUE_NULL,
	VALUE_FALSE,
	VALUE_TRUE,
	VALUE_NUMBER,
	VALUE_STRING,
	VALUE_ARRAY,
	VALUE_OBJECT,
	VALUE_EXPREF /* &expression, only as an argument */
};

struct number {
	enum { NUMBER_WHOLE, NUMBER_BIG /* whole, past 64 bits: `digits` */, NUMBER_REAL } kind;
	int64_t whole;
	double real; /* set for every kind */
	const char *digits;
};

struct value;
struct value_member {
	const char *key;
	const struct value *value;
};

struct value {
	enum value_type type;
	/* an object made by {a: b}: the user chose its order, so formats do not sort it */
	bool chosen;
	unsigned depth; /* 0 for a scalar */
	/* number of scalars in it, counted as often as printed: sharing can hide 2^n of them */
	size_t weight;
	size_t n; /* bytes, items or members */
	union {
		const char *text;
		struct number number;
		const struct value *const *item;
		const struct value_member *member;
		const void *expref;
	};
};

extern const struct value value_null, value_false, value_true;

const struct value *value_bool(bool b);
/* NULL becomes null */
const struct value *value_text(struct arena *a, const char *s);
const struct value *value_text_n(struct arena *a, const char *s, size_t n);
const struct value *value_whole(struct arena *a, int64_t n);
const struct value *value_real(struct arena *a, double d);
/* a JSON number; leading zeros are ignored */
const struct value *value_digits(struct arena *a, const char *digits);
/* The number in a text as Python reads it, or null. */
const struct value *value_from_text(struct arena *a, const char *text);
/* The sum of numbers: an exact whole number if all are whole, else real from the first one on that
 * is not. */
const struct value *value_sum(struct arena *a, const struct value *const *item, size_t n);
/* Both copy the array, not what it points to: names live as long as the arena. They return null
 * past VALUE_DEPTH_MAX or VALUE_WEIGHT_MAX, and arena_over() is then true. */
const struct value *value_array(struct arena *a, const struct value *const *item, size_t n);
const struct value *value_object(struct arena *a, const struct value_member *m, size_t n,
                                 bool chosen);
/* The whole of `text` must be one value. ERR_REMOTE with the offset of the first mistake; the text
 * itself is never in the message. */
MUST_USE bool value_from_json(struct arena *a, const char *text, size_t len,
                              const struct value **out, struct err *e);

/* A member's value; NULL if there is none or v is not an object. The last one of a name counts. */
const struct value *value_get(const struct value *v, const char *key);
/* NULL if it is not a string */
const char *value_str(const struct value *v, const char *key);
/* The order of members does not matter; 1 equals 1.0, but never true. */
bool value_equal(const struct value *a, const struct value *b);
/* Less than, equal to or greater than 0, for two numbers or two strings (by code point). */
int value_compare(const struct value *a, const struct value *b);
/* exact: 2^53 + 1 is not 2^53 as a double */
int number_compare(const struct number *a, const struct number *b);

/* A number as Python prints it: 1, 1.0, 1e+16, 12345678901234567890. */
void value_write_number(const struct value *v, struct buf *out);

/* Collects items before their number is known. */
struct values {
	const struct value **item;
	size_t n, cap;
};
void value_list_add(struct values *l, const struct value *v);
const struct value *value_list_array(struct arena *a, const struct values *l);
void value_list_free(struct values *l);
#define AUTO_VALUES AUTO(value_list_free)
struct value_members {
	struct value_member *item;
	size_t n, cap;
	size_t *slot, n_slots; /* a hash of indices + 1, once there are many */
};
/* Replaces a member of that name in place. Returns its index. */
size_t value_members_put(struct value_members *l, const char *key, const struct value *v);
/* NULL if there is none */
const struct value *value_members_get(const struct value_members *l, const char *key);
/* Empties it; its memory stays, for others. */
void value_members_clear(struct value_members *l);
const struct value *value_members_object(struct arena *a, const struct value_members *l,
                                         bool chosen);
void value_members_free(struct value_members *l);
#define AUTO_MEMBERS AUTO(value_members_free)

#endif
