/* SPDX-License-Identifier: MIT */
/* Top-down operator precedence: every token binds with a power, and an expression ends at the
 * first that binds no more than its own. */
#include "output/jmespath_tree.h"

#include "base/err.h"
#include "base/mem.h"

#define BIND_DOT             40
#define BIND_NOT             45
#define BIND_STAR            20
#define BIND_FILTER          21
#define BIND_FLATTEN         9
#define BIND_PROJECTION_STOP 10 /* what binds less ends a projection */

static const int binding[TOKEN__COUNT] = {
	[TOKEN_PIPE] = 1,         [TOKEN_OR] = 2,
	[TOKEN_AND] = 3,          [TOKEN_EQ] = 5,
	[TOKEN_NE] = 5,           [TOKEN_LT] = 5,
	[TOKEN_LE] = 5,           [TOKEN_GT] = 5,
	[TOKEN_GE] = 5,           [TOKEN_FLATTEN] = BIND_FLATTEN,
	[TOKEN_STAR] = BIND_STAR, [TOKEN_FILTER] = BIND_FILTER,
	[TOKEN_DOT] = BIND_DOT,   [TOKEN_NOT] = BIND_NOT,
	[TOKEN_LBRACE] = 50,      [TOKEN_LBRACKET] = 55,
	[TOKEN_LPAREN] = 60,
};

struct parser {
	const struct jmespath_token *at;
	struct arena *arena;
	struct err *e;
	/* the first: a fault of the language, found further on, counts for more */
	struct err wrong_call;
	bool called_wrongly;
	unsigned depth; /* of our own recursion */
};

static const struct node *expression(struct parser *p, int power);

/* Nodes while they are collected; an error is a NULL node, which is never added. */
struct nodes {
	const struct node **item;
	size_t n, cap;
};

static void nodes_add(struct nodes *l, const struct node *n)
{
	l->item = mem_grow(l->item, &l->cap, l->n + 1, sizeof(const struct node *));
	l->item[l->n++] = n;
}

static void nodes_free(struct nodes *l)
{
	mem_free_ptr(&l->item);
}

static const struct node *fail(struct parser *p, const char *what)
{
	if (p->at->type == TOKEN_END)
		(void)jmespath_fault(p->e, "syntax", "the query ends too early: %s", what);
	else
		(void)jmespath_fault(p->e, "syntax", "%s at column %zu", what, p->at->at + 1);
	return NULL;
}

static bool match(struct parser *p, enum token_type type, const char *what)
{
	if (p->at->type != type) {
		(void)fail(p, what);
		return false;
	}
	p->at++;
	return true;
}

/* A NULL child makes the whole NULL, so that an error passes through every level. */
static struct node *make(struct parser *p, enum node_type type, const struct node *const *child,
                         size_t n)
{
	struct node *made = arena_alloc(p->arena, sizeof(*made));
	const struct node **copy = arena_alloc(p->arena, n * sizeof(*copy));

	for (size_t i = 0; i < n; i++) {
		if (child[i] == NULL)
			return NULL;
		copy[i] = child[i];
		made->depth = child[i]->depth + 1 > made->depth ? child[i]->depth + 1 : made->depth;
	}
	if (made->depth > JMESPATH_DEPTH_MAX) {
		(void)jmespath_fault(p->e, "too-large",
		                     "the query is nested more than %d levels deep",
		                     JMESPATH_DEPTH_MAX);
		return NULL;
	}
	made->type = type;
	made->child = copy;
	made->n = n;
	return made;
}

static struct node *make_leaf(struct parser *p, enum node_type type)
{
	return make(p, type, NULL, 0);
}

static struct node *make_pair(struct parser *p, enum node_type type, const struct node *left,
                              const struct node *right)
{
	return make(p, type, (const struct node *const[]){ left, right }, 2);
}

static const struct node *multi_select_list(struct parser *p)
{
	AUTO(nodes_free) struct nodes l = { 0 };

	for (;;) {
		const struct node *item = expression(p, 0);
		if (item == NULL)
			return NULL;
		nodes_add(&l, item);
		if (p->at->type == TOKEN_RBRACKET)
			break;
		if (!match(p, TOKEN_COMMA, "',' or ']' expected"))
			return NULL;
	}
	p->at++;
	return make(p, NODE_LIST, l.item, l.n);
}

static void keys_free(const char ***keys)
{
	mem_free_ptr(keys);
}

static const struct node *multi_select_hash(struct parser *p)
{
	AUTO(nodes_free) struct nodes l = { 0 };
	AUTO(keys_free) const char **key = NULL;
	size_t cap = 0;

	do {
		if (l.n > 0)
			p->at++;
		if (p->at->type != TOKEN_NAME && p->at->type != TOKEN_QUOTED)
			return fail(p, "a name for a member expected");
		key = mem_grow(key, &cap, l.n + 1, sizeof(const char *));
		key[l.n] = p->at++->name;
		if (!match(p, TOKEN_COLON, "':' expected"))
			return NULL;
		const struct node *value = expression(p, 0);
		if (value == NULL)
			return NULL;
		nodes_add(&l, value);
	} while (p->at->type == TOKEN_COMMA);
	if (!match(p, TOKEN_RBRACE, "',' or '}' expected"))
		return NULL;
	struct node *made = make(p, NODE_HASH, l.item, l.n);
	if (made == NULL)
		return NULL;
	const char **copy = arena_alloc(p->arena, l.n * sizeof(*copy));
	for (size_t i = 0; i < l.n; i++)
		copy[i] = key[i];
	made->key = copy;
	return made;
}

static const struct node *dot_rhs(struct parser *p, int power)
{
	switch (p->at->type) {
	case TOKEN_NAME:
	case TOKEN_QUOTED:
	case TOKEN_STAR:
		return expression(p, power);
	case TOKEN_LBRACKET:
		p->at++;
		return multi_select_list(p);
	case TOKEN_LBRACE:
		p->at++;
		return multi_select_hash(p);
	default:
		return fail(p, "a name, '*', '[' or '{' expected after '.'");
	}
}

static const struct node *projection_rhs(struct parser *p, int power)
{
	if (binding[p->at->type] < BIND_PROJECTION_STOP)
		return make_leaf(p, NODE_CURRENT);
	if (p->at->type == TOKEN_LBRACKET || p->at->type == TOKEN_FILTER)
		return expression(p, power);
	if (p->at->type != TOKEN_DOT)
		return fail(p, "unexpected token");
	p->at++;
	return dot_rhs(p, power);
}

static struct node *slice(struct parser *p)
{
	struct node *made = make_leaf(p, NODE_SLICE);

	for (size_t i = 0; p->at->type != TOKEN_RBRACKET; p->at++) {
		if (p->at->type == TOKEN_COLON && i < 2) {
			i++;
		} else if (p->at->type == TOKEN_NUMBER) {
			made->slice.given[i] = true;
			made->slice.at[i] = p->at->number;
		} else {
			(void)fail(p, "malformed slice");
			return NULL;
		}
	}
	p->at++;
	return made;
}

/* Behind '[', at a number or a colon. */
static struct node *index_or_slice(struct parser *p)
{
	if (p->at[0].type == TOKEN_COLON || p->at[1].type == TOKEN_COLON)
		return slice(p);
	struct node *made = make_leaf(p, NODE_INDEX);
	made->index = p->at++->number;
	return match(p, TOKEN_RBRACKET, "']' expected") ? made : NULL;
}

static bool starts_index(const struct parser *p)
{
	return p->at->type == TOKEN_NUMBER || p->at->type == TOKEN_COLON;
}

static const struct node *indexed(struct parser *p, const struct node *left)
{
	const struct node *right = index_or_slice(p);

	if (right == NULL)
		return NULL;
	bool projects = right->type == NODE_SLICE;
	const struct node *both = make_pair(p, NODE_CHAIN, left, right);
	return projects ? make_pair(p, NODE_PROJECT, both, projection_rhs(p, BIND_STAR)) : both;
}

static const struct node *bracket(struct parser *p)
{
	if (starts_index(p))
		return indexed(p, make_leaf(p, NODE_CURRENT));
	if (p->at[0].type != TOKEN_STAR || p->at[1].type != TOKEN_RBRACKET)
		return multi_select_list(p);
	p->at += 2;
	return make_pair(p, NODE_PROJECT, make_leaf(p, NODE_CURRENT), projection_rhs(p, BIND_STAR));
}

static const struct node *bracket_after(struct parser *p, const struct node *left)
{
	/* `a[0][1:2]`: az's library does not project the slice of an index, and the suite does
	 * not ask. */
	bool of_index = left->type == NODE_CHAIN && left->child[1]->type == NODE_INDEX;

	if (starts_index(p))
		return of_index ? make_pair(p, NODE_CHAIN, left, index_or_slice(p))
		                : indexed(p, left);
	if (!match(p, TOKEN_STAR, "a number, ':' or '*' expected after '['") ||
	    !match(p, TOKEN_RBRACKET, "']' expected"))
		return NULL;
	return make_pair(p, NODE_PROJECT, left, projection_rhs(p, BIND_STAR));
}

static const struct node *filter(struct parser *p, const struct node *left)
{
	const struct node *condition = expression(p, 0);

	if (condition == NULL || !match(p, TOKEN_RBRACKET, "']' expected"))
		return NULL;
	const struct node *right = p->at->type == TOKEN_FLATTEN ? make_leaf(p, NODE_CURRENT)
	                                                        : projection_rhs(p, BIND_FILTER);
	return make(p, NODE_FILTER, (const struct node *const[]){ left, right, condition }, 3);
}

static const struct node *flatten(struct parser *p, const struct node *left)
{
	const struct node *flat = make(p, NODE_FLATTEN, &left, 1);

	return make_pair(p, NODE_PROJECT, flat, projection_rhs(p, BIND_FLATTEN));
}

static const struct node *project_values(struct parser *p, const struct node *left, int power)
{
	const struct node *right = p->at->type == TOKEN_RBRACKET ? make_leaf(p, NODE_CURRENT)
	                                                         : projection_rhs(p, power);

	return make_pair(p, NODE_PROJECT_VALUES, left, right);
}

static const struct node *argument(struct parser *p)
{
	if (p->at->type != TOKEN_EXPREF)
		return expression(p, 0);
	p->at++;
	const struct node *inner = expression(p, 0);
	return make(p, NODE_EXPREF, &inner, 1);
}

static void check_call(struct parser *p, const char *name, const struct function *f, size_t n)
{
	if (p->called_wrongly)
		return;
	p->called_wrongly = true;
	if (f == NULL)
		(void)jmespath_fault(&p->wrong_call, "unknown-function",
		                     "there is no function %s()", name);
	else if (f->variadic ? n < f->n_args : n != f->n_args)
		(void)jmespath_fault(&p->wrong_call, "invalid-arity",
		                     "%s() takes %zu argument%s%s, not %zu", f->name, f->n_args,
		                     f->n_args == 1 ? "" : "s", f->variadic ? " or more" : "", n);
	else
		p->called_wrongly = false;
}

/* Name and number of the arguments are checked here, so that nothing is asked of the service for
 * a query that cannot work. */
static const struct node *call(struct parser *p, const struct node *left)
{
	AUTO(nodes_free) struct nodes args = { 0 };

	if (left->type != NODE_FIELD)
		return fail(p, "only a name can be called, unlike what stands before '('");
	while (p->at->type != TOKEN_RPAREN) {
		if (args.n > 0 && !match(p, TOKEN_COMMA, "',' or ')' expected"))
			return NULL;
		const struct node *arg = argument(p);
		if (arg == NULL)
			return NULL;
		nodes_add(&args, arg);
	}
	p->at++;
	const struct function *f = jmespath_function(left->name);
	check_call(p, left->name, f, args.n);
	struct node *made = make(p, NODE_CALL, args.item, args.n);
	if (made != NULL)
		made->call = f;
	return made;
}

static const struct node *leaf_of(struct parser *p, enum node_type type,
                                  const struct jmespath_token *t)
{
	struct node *made = make_leaf(p, type);

	if (type == NODE_FIELD)
		made->name = t->name;
	else if (type == NODE_LITERAL)
		made->literal = t->literal;
	return made;
}

/* What begins with this token. */
static const struct node *prefix(struct parser *p)
{
	const struct jmespath_token *t = p->at;
	const struct node *inner;

	if (t->type != TOKEN_END)
		p->at++;
	switch (t->type) {
	case TOKEN_LITERAL:
		return leaf_of(p, NODE_LITERAL, t);
	case TOKEN_NAME:
		return leaf_of(p, NODE_FIELD, t);
	case TOKEN_QUOTED:
		return p->at->type == TOKEN_LPAREN ? fail(p, "a quoted name cannot be called")
		                                   : leaf_of(p, NODE_FIELD, t);
	case TOKEN_CURRENT:
		return make_leaf(p, NODE_CURRENT);
	case TOKEN_STAR:
		return project_values(p, make_leaf(p, NODE_CURRENT), BIND_STAR);
	case TOKEN_FILTER:
		return filter(p, make_leaf(p, NODE_CURRENT));
	case TOKEN_FLATTEN:
		return flatten(p, make_leaf(p, NODE_CURRENT));
	case TOKEN_LBRACE:
		return multi_select_hash(p);
	case TOKEN_LBRACKET:
		return bracket(p);
	case TOKEN_LPAREN:
		inner = expression(p, 0);
		return inner != NULL && match(p, TOKEN_RPAREN, "')' expected") ? inner : NULL;
	case TOKEN_NOT:
		inner = expression(p, BIND_NOT);
		return make(p, NODE_NOT, &inner, 1);
	default:
		p->at = t;
		return fail(p, "unexpected token");
	}
}

static const struct node *compare(struct parser *p, const struct node *left, enum token_type op)
{
	struct node *made = make_pair(p, NODE_COMPARE, left, expression(p, binding[op]));

	if (made != NULL)
		made->compare = op;
	return made;
}

/* What this token does with what stands left of it. */
static const struct node *infix(struct parser *p, const struct node *left)
{
	enum token_type type = p->at++->type;

	switch (type) {
	case TOKEN_DOT:
		if (p->at->type != TOKEN_STAR)
			return make_pair(p, NODE_CHAIN, left, dot_rhs(p, BIND_DOT));
		p->at++;
		return make_pair(p, NODE_PROJECT_VALUES, left, projection_rhs(p, BIND_DOT));
	case TOKEN_PIPE:
		return make_pair(p, NODE_CHAIN, left, expression(p, binding[type]));
	case TOKEN_OR:
		return make_pair(p, NODE_OR, left, expression(p, binding[type]));
	case TOKEN_AND:
		return make_pair(p, NODE_AND, left, expression(p, binding[type]));
	case TOKEN_LPAREN:
		return call(p, left);
	case TOKEN_FILTER:
		return filter(p, left);
	case TOKEN_FLATTEN:
		return flatten(p, left);
	case TOKEN_LBRACKET:
		return bracket_after(p, left);
	case TOKEN_EQ:
	case TOKEN_NE:
	case TOKEN_LT:
	case TOKEN_LE:
	case TOKEN_GT:
	case TOKEN_GE:
		return compare(p, left, type);
	default:
		p->at--;
		return fail(p, "unexpected token");
	}
}

static const struct node *expression(struct parser *p, int power)
{
	if (p->depth == JMESPATH_DEPTH_MAX) {
		(void)jmespath_fault(p->e, "too-large",
		                     "the query is nested more than %d levels deep",
		                     JMESPATH_DEPTH_MAX);
		return NULL;
	}
	p->depth++;
	const struct node *left = prefix(p);
	while (left != NULL && power < binding[p->at->type])
		left = infix(p, left);
	p->depth--;
	return left;
}

bool jmespath_tree(const struct jmespath_token *tokens, struct arena *a, const struct node **out,
                   struct err *e)
{
	struct parser p = { .at = tokens, .arena = a, .e = e, .wrong_call = ERR_INIT };
	const struct node *tree = expression(&p, 0);

	if (tree != NULL && p.at->type != TOKEN_END)
		tree = fail(&p, "unexpected token");
	if (tree == NULL)
		return false;
	if (p.called_wrongly) {
		*e = p.wrong_call;
		return false;
	}
	*out = tree;
	return true;
}
