/* SPDX-License-Identifier: MIT */
/* JMESPath: the functions of a query. */
#include "output/jmespath_tree.h"

#include <math.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "output/format.h"

/* A text made by join() or to_string(); the arena's own limit is larger. */
#define TEXT_MAX ((size_t)16 * 1024 * 1024)

const struct value *jmespath_wrong_type(struct jmespath_search *s, const char *function,
                                        const char *what)
{
	(void)jmespath_fault(s->e, "invalid-type", "%s() cannot work on %s", function, what);
	return NULL;
}

static const char *type_name(const struct value *v)
{
	switch (v->type) {
	case VALUE_STRING:
		return "string";
	case VALUE_TRUE:
	case VALUE_FALSE:
		return "boolean";
	case VALUE_ARRAY:
		return "array";
	case VALUE_OBJECT:
		return "object";
	case VALUE_NUMBER:
		return "number";
	case VALUE_EXPREF:
		return "expref";
	case VALUE_NULL:
		break;
	}
	return "null";
}

/* ---- numbers */

static const struct value *call_abs(struct jmespath_search *s, const struct value *const *arg,
                                    size_t n)
{
	const struct number *x = &arg[0]->number;

	(void)n;
	if (!signbit(x->real))
		return arg[0];
	if (x->kind == NUMBER_REAL)
		return value_real(s->arena, -x->real);
	if (x->kind == NUMBER_BIG)
		return value_digits(s->arena, x->digits + 1);
	return x->whole == INT64_MIN ? value_digits(s->arena, "9223372036854775808")
	                             : value_whole(s->arena, -x->whole);
}

static const struct value *call_sum(struct jmespath_search *s, const struct value *const *arg,
                                    size_t n)
{
	(void)n;
	return value_sum(s->arena, arg[0]->item, arg[0]->n);
}

static const struct value *call_avg(struct jmespath_search *s, const struct value *const *arg,
                                    size_t n)
{
	(void)n;
	if (arg[0]->n == 0)
		return &value_null;
	return value_real(s->arena, value_sum(s->arena, arg[0]->item, arg[0]->n)->number.real /
	                                    (double)arg[0]->n);
}

/* A whole number, however large. */
static const struct value *rounded(struct jmespath_search *s, const struct value *x, double to)
{
	char digits[400];

	if (x->number.kind != NUMBER_REAL || !isfinite(to))
		return x;
	(void)snprintf(digits, sizeof(digits), "%.0f", to == 0 ? 0.0 : to); /* not -0 */
	return value_digits(s->arena, digits);
}

static const struct value *call_ceil(struct jmespath_search *s, const struct value *const *arg,
                                     size_t n)
{
	(void)n;
	return rounded(s, arg[0], ceil(arg[0]->number.real));
}

static const struct value *call_floor(struct jmespath_search *s, const struct value *const *arg,
                                      size_t n)
{
	(void)n;
	return rounded(s, arg[0], floor(arg[0]->number.real));
}

static const struct value *call_to_number(struct jmespath_search *s, const struct value *const *arg,
                                          size_t n)
{
	(void)n;
	if (arg[0]->type == VALUE_STRING)
		return value_from_text(s->arena, arg[0]->text);
	return arg[0]->type == VALUE_NUMBER ? arg[0] : &value_null;
}

/* ---- text */

static const struct value *call_length(struct jmespath_search *s, const struct value *const *arg,
                                       size_t n)
{
	size_t length = arg[0]->n;

	(void)n;
	if (arg[0]->type == VALUE_STRING) {
		const char *end = arg[0]->text + arg[0]->n;
		length = 0;
		for (const char *p = arg[0]->text; p < end;
		     p += points_length(p, (size_t)(end - p)))
			length++;
	}
	return value_whole(s->arena, (int64_t)length);
}

static const struct value *reversed_text(struct jmespath_search *s, const struct value *v)
{
	AUTO_BUF struct buf out = BUF_INIT(v->n);
	const char *p = v->text + v->n;

	while (p > v->text) {
		const char *end = p--;
		while (p > v->text && ((unsigned char)*p & 0xc0) == 0x80)
			p--;
		buf_add(&out, p, (size_t)(end - p));
	}
	return value_text_n(s->arena, buf_cstr(&out), out.len);
}

static const struct value *call_reverse(struct jmespath_search *s, const struct value *const *arg,
                                        size_t n)
{
	AUTO_VALUES struct values l = { 0 };

	(void)n;
	if (arg[0]->type == VALUE_STRING)
		return reversed_text(s, arg[0]);
	for (size_t i = arg[0]->n; i > 0; i--)
		value_list_add(&l, arg[0]->item[i - 1]);
	return value_list_array(s->arena, &l);
}

static const struct value *call_starts_with(struct jmespath_search *s,
                                            const struct value *const *arg, size_t n)
{
	(void)s;
	(void)n;
	return value_bool(arg[1]->n <= arg[0]->n &&
	                  memcmp(arg[0]->text, arg[1]->text, arg[1]->n) == 0);
}

static const struct value *call_ends_with(struct jmespath_search *s, const struct value *const *arg,
                                          size_t n)
{
	(void)s;
	(void)n;
	return value_bool(arg[1]->n <= arg[0]->n && memcmp(arg[0]->text + arg[0]->n - arg[1]->n,
	                                                   arg[1]->text, arg[1]->n) == 0);
}

static const struct value *call_contains(struct jmespath_search *s, const struct value *const *arg,
                                         size_t n)
{
	(void)n;
	if (arg[0]->type == VALUE_STRING)
		return value_bool(arg[1]->type == VALUE_STRING &&
		                  memmem(arg[0]->text, arg[0]->n, arg[1]->text, arg[1]->n) != NULL);
	for (size_t i = 0; i < arg[0]->n; i++) {
		s->steps += arg[1]->weight;
		if (!jmespath_within(s))
			return NULL;
		if (value_equal(arg[0]->item[i], arg[1]))
			return &value_true;
	}
	return &value_false;
}

static const struct value *text_of(struct jmespath_search *s, const struct buf *b)
{
	if (buf_ok(b))
		return value_text_n(s->arena, buf_cstr(b), b->len);
	(void)jmespath_fault(s->e, "too-large", "a text made by the query is longer than %zu bytes",
	                     TEXT_MAX);
	return NULL;
}

static const struct value *call_join(struct jmespath_search *s, const struct value *const *arg,
                                     size_t n)
{
	AUTO_BUF struct buf out = BUF_INIT(TEXT_MAX);

	(void)n;
	for (size_t i = 0; i < arg[1]->n; i++) {
		if (i > 0)
			buf_add(&out, arg[0]->text, arg[0]->n);
		buf_add(&out, arg[1]->item[i]->text, arg[1]->item[i]->n);
	}
	return text_of(s, &out);
}

static const struct value *call_to_string(struct jmespath_search *s, const struct value *const *arg,
                                          size_t n)
{
	AUTO_BUF struct buf out = BUF_INIT(TEXT_MAX);

	(void)n;
	if (arg[0]->type == VALUE_STRING)
		return arg[0];
	json_compact(arg[0], true, &out);
	s->steps += out.len / 4;
	return text_of(s, &out);
}

/* ---- arrays and objects */

static const struct value *call_keys(struct jmespath_search *s, const struct value *const *arg,
                                     size_t n)
{
	AUTO_VALUES struct values l = { 0 };

	(void)n;
	for (size_t i = 0; i < arg[0]->n; i++)
		value_list_add(&l, value_text(s->arena, arg[0]->member[i].key));
	return value_list_array(s->arena, &l);
}

static const struct value *call_values(struct jmespath_search *s, const struct value *const *arg,
                                       size_t n)
{
	AUTO_VALUES struct values l = { 0 };

	(void)n;
	for (size_t i = 0; i < arg[0]->n; i++)
		value_list_add(&l, arg[0]->member[i].value);
	return value_list_array(s->arena, &l);
}

static const struct value *call_merge(struct jmespath_search *s, const struct value *const *arg,
                                      size_t n)
{
	AUTO_MEMBERS struct value_members m = { 0 };

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < arg[i]->n; k++)
			value_members_put(&m, arg[i]->member[k].key, arg[i]->member[k].value);
	return value_members_object(s->arena, &m, false);
}

static const struct value *call_not_null(struct jmespath_search *s, const struct value *const *arg,
                                         size_t n)
{
	(void)s;
	for (size_t i = 0; i < n; i++)
		if (arg[i]->type != VALUE_NULL)
			return arg[i];
	return &value_null;
}

static const struct value *call_to_array(struct jmespath_search *s, const struct value *const *arg,
                                         size_t n)
{
	(void)n;
	return arg[0]->type == VALUE_ARRAY ? arg[0] : value_array(s->arena, arg, 1);
}

static const struct value *call_type(struct jmespath_search *s, const struct value *const *arg,
                                     size_t n)
{
	(void)n;
	return value_text(s->arena, type_name(arg[0]));
}

static const struct value *call_map(struct jmespath_search *s, const struct value *const *arg,
                                    size_t n)
{
	AUTO_VALUES struct values l = { 0 };

	(void)n;
	for (size_t i = 0; i < arg[1]->n; i++) {
		const struct value *v = jmespath_visit(s, arg[0]->expref, arg[1]->item[i]);
		if (v == NULL)
			return NULL;
		value_list_add(&l, v);
	}
	return value_list_array(s->arena, &l);
}

/* ---- order */

static const struct value *call_sort(struct jmespath_search *s, const struct value *const *arg,
                                     size_t n)
{
	(void)n;
	return jmespath_sorted(s, arg[0], NULL, "sort");
}

static const struct value *call_sort_by(struct jmespath_search *s, const struct value *const *arg,
                                        size_t n)
{
	(void)n;
	return jmespath_sorted(s, arg[0], arg[1], "sort_by");
}

static const struct value *call_max(struct jmespath_search *s, const struct value *const *arg,
                                    size_t n)
{
	(void)n;
	return jmespath_extreme(s, arg[0], NULL, 1, "max");
}

static const struct value *call_min(struct jmespath_search *s, const struct value *const *arg,
                                    size_t n)
{
	(void)n;
	return jmespath_extreme(s, arg[0], NULL, -1, "min");
}

static const struct value *call_max_by(struct jmespath_search *s, const struct value *const *arg,
                                       size_t n)
{
	(void)n;
	return jmespath_extreme(s, arg[0], arg[1], 1, "max_by");
}

static const struct value *call_min_by(struct jmespath_search *s, const struct value *const *arg,
                                       size_t n)
{
	(void)n;
	return jmespath_extreme(s, arg[0], arg[1], -1, "min_by");
}

#define NUMBER ACCEPT(VALUE_NUMBER)
#define STRING ACCEPT(VALUE_STRING)
#define ARRAY  ACCEPT(VALUE_ARRAY)
#define OBJECT ACCEPT(VALUE_OBJECT)
#define EXPREF ACCEPT(VALUE_EXPREF)
#define ANY    ACCEPT_ANY

static const struct function functions[] = {
	{ "abs", 1, false, { NUMBER }, call_abs },
	{ "avg", 1, false, { ACCEPT_NUMBERS }, call_avg },
	{ "ceil", 1, false, { NUMBER }, call_ceil },
	{ "contains", 2, false, { ARRAY | STRING, ANY }, call_contains },
	{ "ends_with", 2, false, { STRING, STRING }, call_ends_with },
	{ "floor", 1, false, { NUMBER }, call_floor },
	{ "join", 2, false, { STRING, ACCEPT_STRINGS }, call_join },
	{ "keys", 1, false, { OBJECT }, call_keys },
	{ "length", 1, false, { STRING | ARRAY | OBJECT }, call_length },
	{ "map", 2, false, { EXPREF, ARRAY }, call_map },
	{ "max", 1, false, { ACCEPT_NUMBERS | ACCEPT_STRINGS }, call_max },
	{ "max_by", 2, false, { ARRAY, EXPREF }, call_max_by },
	{ "merge", 1, true, { OBJECT }, call_merge },
	{ "min", 1, false, { ACCEPT_NUMBERS | ACCEPT_STRINGS }, call_min },
	{ "min_by", 2, false, { ARRAY, EXPREF }, call_min_by },
	{ "not_null", 1, true, { ANY }, call_not_null },
	{ "reverse", 1, false, { ARRAY | STRING }, call_reverse },
	{ "sort", 1, false, { ACCEPT_NUMBERS | ACCEPT_STRINGS }, call_sort },
	{ "sort_by", 2, false, { ARRAY, EXPREF }, call_sort_by },
	{ "starts_with", 2, false, { STRING, STRING }, call_starts_with },
	{ "sum", 1, false, { ACCEPT_NUMBERS }, call_sum },
	{ "to_array", 1, false, { ANY }, call_to_array },
	{ "to_number", 1, false, { ANY }, call_to_number },
	{ "to_string", 1, false, { ANY }, call_to_string },
	{ "type", 1, false, { ANY }, call_type },
	{ "values", 1, false, { OBJECT }, call_values },
};

const struct function *jmespath_function(const char *name)
{
	for (size_t i = 0; i < COUNT(functions); i++)
		if (strcmp(functions[i].name, name) == 0)
			return &functions[i];
	return NULL;
}

static bool all_of(const struct value *array, enum value_type type)
{
	for (size_t i = 0; i < array->n; i++)
		if (array->item[i]->type != type)
			return false;
	return true;
}

static bool accepted(unsigned mask, const struct value *v)
{
	/* An expression is no value: only where it is asked for. */
	if (mask == ACCEPT_ANY)
		return v->type != VALUE_EXPREF;
	if ((mask & ACCEPT(v->type)) != 0)
		return true;
	return v->type == VALUE_ARRAY &&
	       (((mask & ACCEPT_NUMBERS) != 0 && all_of(v, VALUE_NUMBER)) ||
	        ((mask & ACCEPT_STRINGS) != 0 && all_of(v, VALUE_STRING)));
}

/* The steps that one look at all of it is worth: a function may be called for every item of
 * another list. */
static size_t cost(const struct value *v)
{
	switch (v->type) {
	case VALUE_ARRAY:
	case VALUE_OBJECT:
		return v->n;
	case VALUE_STRING:
		return v->n / 16;
	default:
		return 0;
	}
}

const struct value *jmespath_call(struct jmespath_search *s, const struct function *f,
                                  const struct value *const *arg, size_t n)
{
	for (size_t i = 0; i < n; i++)
		s->steps += cost(arg[i]);
	if (!jmespath_within(s))
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (!accepted(f->accept[i < f->n_args ? i : f->n_args - 1], arg[i]))
			return jmespath_wrong_type(s, f->name, type_name(arg[i]));
	return f->call(s, arg, n);
}
