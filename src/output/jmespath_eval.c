/* SPDX-License-Identifier: MIT */
/* JMESPath: a parsed query applied to a value. */
#include "output/jmespath_tree.h"

#include "base/mem.h"

bool jmespath_truth(const struct value *v)
{
	switch (v->type) {
	case VALUE_NULL:
	case VALUE_FALSE:
		return false;
	case VALUE_STRING:
	case VALUE_ARRAY:
	case VALUE_OBJECT:
		return v->n > 0;
	default:
		return true;
	}
}

static const struct value *visit_field(struct jmespath_search *s, const struct node *n,
                                       const struct value *input)
{
	const struct value *v = value_get(input, n->name);

	if (input->type == VALUE_OBJECT)
		s->steps += input->n / 16;
	return v == NULL ? &value_null : v;
}

static const struct value *visit_index(const struct node *n, const struct value *input)
{
	if (input->type != VALUE_ARRAY)
		return &value_null;
	int64_t size = (int64_t)input->n, i = n->index < 0 ? n->index + size : n->index;
	return i < 0 || i >= size ? &value_null : input->item[i];
}

/* A start or stop brought into [low, high], counted from the end when negative. */
static int64_t bound(int64_t at, int64_t size, int64_t low, int64_t high)
{
	if (at < 0)
		at += size;
	return at < low ? low : at > high ? high : at;
}

static const struct value *visit_slice(struct jmespath_search *s, const struct node *n,
                                       const struct value *input)
{
	AUTO_VALUES struct values l = { 0 };

	if (input->type != VALUE_ARRAY)
		return &value_null;
	int64_t size = (int64_t)input->n, step = n->slice.given[2] ? n->slice.at[2] : 1;
	if (step == 0) {
		(void)jmespath_fault(s->e, "invalid-value", "the step of a slice cannot be 0");
		return NULL;
	}
	/* One step past either end stops everything, and cannot overflow. */
	step = step > size + 1 ? size + 1 : step < -size - 1 ? -size - 1 : step;
	int64_t low = step > 0 ? 0 : -1, high = step > 0 ? size : size - 1;
	int64_t start = n->slice.given[0] ? bound(n->slice.at[0], size, low, high)
	                : step > 0        ? low
	                                  : high;
	int64_t stop = n->slice.given[1] ? bound(n->slice.at[1], size, low, high)
	               : step > 0        ? high
	                                 : low;
	for (int64_t i = start; step > 0 ? i < stop : i > stop; i += step)
		value_list_add(&l, input->item[i]);
	return value_list_array(s->arena, &l);
}

static const struct value *visit_flatten(struct jmespath_search *s, const struct value *base)
{
	AUTO_VALUES struct values l = { 0 };

	if (base->type != VALUE_ARRAY)
		return &value_null;
	for (size_t i = 0; i < base->n; i++) {
		const struct value *v = base->item[i];
		if (v->type != VALUE_ARRAY)
			value_list_add(&l, v);
		for (size_t k = 0; v->type == VALUE_ARRAY && k < v->n; k++)
			value_list_add(&l, v->item[k]);
	}
	return value_list_array(s->arena, &l);
}

/* The right side for every item (or member) that the condition lets through; what becomes null
 * is left out. */
static const struct value *project(struct jmespath_search *s, const struct node *n,
                                   const struct value *base)
{
	AUTO_VALUES struct values l = { 0 };

	if (base->type != (n->type == NODE_PROJECT_VALUES ? VALUE_OBJECT : VALUE_ARRAY))
		return &value_null;
	for (size_t i = 0; i < base->n; i++) {
		const struct value *v =
			base->type == VALUE_ARRAY ? base->item[i] : base->member[i].value;
		if (n->type == NODE_FILTER) {
			const struct value *condition = jmespath_visit(s, n->child[2], v);
			if (condition == NULL)
				return NULL;
			if (!jmespath_truth(condition))
				continue;
		}
		const struct value *made = jmespath_visit(s, n->child[1], v);
		if (made == NULL)
			return NULL;
		if (made->type != VALUE_NULL)
			value_list_add(&l, made);
	}
	return value_list_array(s->arena, &l);
}

/* Two numbers have an order, and so have two strings; anything else compares to null. */
static const struct value *order(enum token_type op, const struct value *a, const struct value *b)
{
	if (a->type != b->type || (a->type != VALUE_NUMBER && a->type != VALUE_STRING))
		return &value_null;
	int c = value_compare(a, b);
	switch (op) {
	case TOKEN_LT:
		return value_bool(c < 0);
	case TOKEN_LE:
		return value_bool(c <= 0);
	case TOKEN_GT:
		return value_bool(c > 0);
	default:
		return value_bool(c >= 0);
	}
}

static const struct value *visit_compare(struct jmespath_search *s, const struct node *n,
                                         const struct value *input)
{
	const struct value *a = jmespath_visit(s, n->child[0], input);
	const struct value *b = a == NULL ? NULL : jmespath_visit(s, n->child[1], input);

	if (b == NULL)
		return NULL;
	s->steps += a->weight;
	if (n->compare == TOKEN_EQ || n->compare == TOKEN_NE)
		return value_bool(value_equal(a, b) == (n->compare == TOKEN_EQ));
	return order(n->compare, a, b);
}

static const struct value *visit_either(struct jmespath_search *s, const struct node *n,
                                        const struct value *input)
{
	const struct value *v = jmespath_visit(s, n->child[0], input);

	if (v == NULL || jmespath_truth(v) == (n->type == NODE_OR))
		return v;
	return jmespath_visit(s, n->child[1], input);
}

static const struct value *visit_list(struct jmespath_search *s, const struct node *n,
                                      const struct value *input)
{
	AUTO_VALUES struct values l = { 0 };

	if (input->type == VALUE_NULL)
		return &value_null;
	for (size_t i = 0; i < n->n; i++) {
		const struct value *v = jmespath_visit(s, n->child[i], input);
		if (v == NULL)
			return NULL;
		value_list_add(&l, v);
	}
	return value_list_array(s->arena, &l);
}

static const struct value *visit_hash(struct jmespath_search *s, const struct node *n,
                                      const struct value *input)
{
	AUTO_MEMBERS struct value_members m = { 0 };

	if (input->type == VALUE_NULL)
		return &value_null;
	for (size_t i = 0; i < n->n; i++) {
		const struct value *v = jmespath_visit(s, n->child[i], input);
		if (v == NULL)
			return NULL;
		/* The result outlives the query. */
		value_members_put(&m, value_text(s->arena, n->key[i])->text, v);
	}
	return value_members_object(s->arena, &m, true);
}

static const struct value *visit_expref(struct jmespath_search *s, const struct node *n)
{
	struct value *v = arena_alloc(s->arena, sizeof(*v));

	v->type = VALUE_EXPREF;
	v->expref = n->child[0];
	return v;
}

static const struct value *visit_call(struct jmespath_search *s, const struct node *n,
                                      const struct value *input)
{
	AUTO_VALUES struct values args = { 0 };

	for (size_t i = 0; i < n->n; i++) {
		const struct value *v = jmespath_visit(s, n->child[i], input);
		if (v == NULL)
			return NULL;
		value_list_add(&args, v);
	}
	return jmespath_call(s, n->call, args.item, args.n);
}

const struct value *jmespath_visit(struct jmespath_search *s, const struct node *n,
                                   const struct value *input)
{
	const struct value *left = input;

	if (!jmespath_within(s))
		return NULL;
	switch (n->type) {
	case NODE_CHAIN:
	case NODE_PROJECT:
	case NODE_PROJECT_VALUES:
	case NODE_FILTER:
	case NODE_FLATTEN:
	case NODE_NOT:
		left = jmespath_visit(s, n->child[0], input);
		if (left == NULL)
			return NULL;
		break;
	default:
		break;
	}
	switch (n->type) {
	case NODE_CURRENT:
		return input;
	case NODE_FIELD:
		return visit_field(s, n, input);
	case NODE_LITERAL:
		return n->literal;
	case NODE_INDEX:
		return visit_index(n, input);
	case NODE_SLICE:
		return visit_slice(s, n, input);
	case NODE_CHAIN:
		return jmespath_visit(s, n->child[1], left);
	case NODE_FLATTEN:
		return visit_flatten(s, left);
	case NODE_PROJECT:
	case NODE_PROJECT_VALUES:
	case NODE_FILTER:
		return project(s, n, left);
	case NODE_NOT:
		return value_bool(!jmespath_truth(left));
	case NODE_COMPARE:
		return visit_compare(s, n, input);
	case NODE_OR:
	case NODE_AND:
		return visit_either(s, n, input);
	case NODE_LIST:
		return visit_list(s, n, input);
	case NODE_HASH:
		return visit_hash(s, n, input);
	case NODE_CALL:
		return visit_call(s, n, input);
	case NODE_EXPREF:
		break;
	}
	return visit_expref(s, n);
}
