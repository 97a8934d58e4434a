/* SPDX-License-Identifier: MIT */
#include "output/value.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "output/format.h"

/* Up to here a look at each is the quickest way to a name. */
#define MEMBERS_FEW 16

const struct value value_null = { .type = VALUE_NULL };
const struct value value_false = { .type = VALUE_FALSE };
const struct value value_true = { .type = VALUE_TRUE };

const struct value *value_bool(bool b)
{
	return b ? &value_true : &value_false;
}

static char *copy_text(struct arena *a, const char *s, size_t n)
{
	char *copy = arena_alloc(a, n + 1);

	memcpy(copy, s, n);
	return copy;
}

const struct value *value_text_n(struct arena *a, const char *s, size_t n)
{
	struct value *v = arena_alloc(a, sizeof(*v));

	v->type = VALUE_STRING;
	v->n = n;
	v->text = copy_text(a, s, n);
	return v;
}

const struct value *value_text(struct arena *a, const char *s)
{
	return s == NULL ? &value_null : value_text_n(a, s, strlen(s));
}

const struct value *value_whole(struct arena *a, int64_t n)
{
	struct value *v = arena_alloc(a, sizeof(*v));

	v->type = VALUE_NUMBER;
	v->number = (struct number){ .kind = NUMBER_WHOLE, .whole = n, .real = (double)n };
	return v;
}

const struct value *value_real(struct arena *a, double d)
{
	struct value *v = arena_alloc(a, sizeof(*v));

	v->type = VALUE_NUMBER;
	v->number = (struct number){ .kind = NUMBER_REAL, .real = d };
	return v;
}

const struct value *value_digits(struct arena *a, const char *digits)
{
	if (strpbrk(digits, ".eE") != NULL)
		return value_real(a, strtod(digits, NULL));
	errno = 0;
	int64_t whole = strtoll(digits, NULL, 10);
	if (errno == 0)
		return value_whole(a, whole);
	size_t sign = *digits == '-' ? 1 : 0;
	const char *first = digits + strspn(digits, "-0");
	struct value *v = arena_alloc(a, sizeof(*v));
	char *copy = copy_text(a, first - sign, sign + strlen(first));
	if (sign > 0)
		*copy = '-'; /* in the place of the last zero, if there were any */
	v->type = VALUE_NUMBER;
	v->number =
		(struct number){ .kind = NUMBER_BIG, .real = strtod(digits, NULL), .digits = copy };
	return v;
}

/* Depth and weight of a whole; null instead of what is too much: recursion over a value, and its
 * cost, are bounded by them. */
static void weigh(struct value *v, const struct value *part)
{
	v->depth = part->depth + 1 > v->depth ? part->depth + 1 : v->depth;
	v->weight += part->weight + 1;
}

static const struct value *weighed(struct arena *a, const struct value *v)
{
	if (v->depth <= VALUE_DEPTH_MAX && v->weight <= VALUE_WEIGHT_MAX)
		return v;
	arena_overflow(a);
	return &value_null;
}

const struct value *value_array(struct arena *a, const struct value *const *item, size_t n)
{
	struct value *v = arena_alloc(a, sizeof(*v));
	const struct value **copy = arena_alloc(a, n * sizeof(*copy));

	for (size_t i = 0; i < n; i++) {
		copy[i] = item[i];
		weigh(v, item[i]);
	}
	v->type = VALUE_ARRAY;
	v->n = n;
	v->item = copy;
	return weighed(a, v);
}

const struct value *value_object(struct arena *a, const struct value_member *m, size_t n,
                                 bool chosen)
{
	struct value *v = arena_alloc(a, sizeof(*v));
	struct value_member *copy = arena_alloc(a, n * sizeof(*copy));

	for (size_t i = 0; i < n; i++) {
		copy[i] = m[i];
		weigh(v, m[i].value);
	}
	v->type = VALUE_OBJECT;
	v->chosen = chosen;
	v->n = n;
	v->member = copy;
	return weighed(a, v);
}

const struct value *value_get(const struct value *v, const char *key)
{
	if (v->type == VALUE_OBJECT)
		for (size_t i = 0; i < v->n; i++)
			if (strcmp(v->member[i].key, key) == 0)
				return v->member[i].value;
	return NULL;
}

const char *value_str(const struct value *v, const char *key)
{
	const struct value *m = value_get(v, key);

	return m != NULL && m->type == VALUE_STRING ? m->text : NULL;
}

int value_compare(const struct value *a, const struct value *b)
{
	if (a->type == VALUE_NUMBER)
		return number_compare(&a->number, &b->number);
	/* The bytes of UTF-8 sort as the code points they stand for. */
	int c = memcmp(a->text, b->text, a->n < b->n ? a->n : b->n);
	return c != 0 ? c : (a->n > b->n) - (a->n < b->n);
}

static bool same_sorted_members(const struct value *a, const struct value *b)
{
	AUTO_FREE const struct value_member **of_a = json_members_sorted(a),
					    **of_b = json_members_sorted(b);

	for (size_t i = 0; i < a->n; i++)
		if (strcmp(of_a[i]->key, of_b[i]->key) != 0 ||
		    !value_equal(of_a[i]->value, of_b[i]->value))
			return false;
	return true;
}

static bool same_members(const struct value *a, const struct value *b)
{
	if (a->n > MEMBERS_FEW)
		return same_sorted_members(a, b);
	for (size_t i = 0; i < a->n; i++) {
		const struct value *other = value_get(b, a->member[i].key);
		if (other == NULL || !value_equal(a->member[i].value, other))
			return false;
	}
	return true;
}

bool value_equal(const struct value *a, const struct value *b)
{
	if (a == b)
		return true;
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case VALUE_NULL:
	case VALUE_FALSE:
	case VALUE_TRUE:
		return true;
	case VALUE_NUMBER:
		return value_compare(a, b) == 0;
	case VALUE_STRING:
		return a->n == b->n && memcmp(a->text, b->text, a->n) == 0;
	case VALUE_OBJECT:
		return a->n == b->n && same_members(a, b);
	case VALUE_EXPREF:
		return a->expref == b->expref;
	case VALUE_ARRAY:
		break;
	}
	for (size_t i = 0; i < a->n && a->n == b->n; i++)
		if (!value_equal(a->item[i], b->item[i]))
			return false;
	return a->n == b->n;
}

void value_list_add(struct values *l, const struct value *v)
{
	l->item = mem_grow(l->item, &l->cap, l->n + 1, sizeof(const struct value *));
	l->item[l->n++] = v;
}

const struct value *value_list_array(struct arena *a, const struct values *l)
{
	return value_array(a, l->item, l->n);
}

void value_list_free(struct values *l)
{
	mem_wiping_free(l->item);
	*l = (struct values){ 0 };
}

/* FNV-1a. */
static size_t hash_of(const char *key)
{
	uint64_t h = 14695981039346656037u;

	for (; *key != '\0'; key++)
		h = (h ^ (unsigned char)*key) * 1099511628211u;
	return (size_t)h;
}

/* Where in the hash the member of that name is, or would be. Never full. */
static size_t *find_slot(const struct value_members *l, const char *key)
{
	size_t i = hash_of(key) % l->n_slots;

	while (l->slot[i] != 0 && strcmp(l->item[l->slot[i] - 1].key, key) != 0)
		i = (i + 1) % l->n_slots;
	return &l->slot[i];
}

static void rehash(struct value_members *l)
{
	mem_free_ptr(&l->slot);
	l->n_slots = 4 * l->n;
	l->slot = mem_array(l->n_slots, sizeof(*l->slot));
	for (size_t i = 0; i < l->n; i++)
		*find_slot(l, l->item[i].key) = i + 1;
}

/* Its index, or l->n when there is none. */
static size_t find_member(const struct value_members *l, const char *key)
{
	size_t i = 0;

	if (l->n > MEMBERS_FEW) {
		size_t at = *find_slot(l, key);
		return at == 0 ? l->n : at - 1;
	}
	while (i < l->n && strcmp(l->item[i].key, key) != 0)
		i++;
	return i;
}

size_t value_members_put(struct value_members *l, const char *key, const struct value *v)
{
	size_t at = find_member(l, key);

	if (at < l->n) {
		l->item[at].value = v;
		return at;
	}
	l->item = mem_grow(l->item, &l->cap, l->n + 1, sizeof(*l->item));
	l->item[l->n++] = (struct value_member){ key, v };
	if (l->n > MEMBERS_FEW && 2 * l->n > l->n_slots)
		rehash(l);
	else if (l->n > MEMBERS_FEW)
		*find_slot(l, key) = l->n;
	return at;
}

const struct value *value_members_get(const struct value_members *l, const char *key)
{
	size_t at = find_member(l, key);

	return at < l->n ? l->item[at].value : NULL;
}

const struct value *value_members_object(struct arena *a, const struct value_members *l,
                                         bool chosen)
{
	return value_object(a, l->item, l->n, chosen);
}

void value_members_clear(struct value_members *l)
{
	l->n = 0;
	mem_free_ptr(&l->slot);
	l->n_slots = 0;
}

void value_members_free(struct value_members *l)
{
	mem_wiping_free(l->item);
	mem_free_ptr(&l->slot);
	*l = (struct value_members){ 0 };
}
