/* SPDX-License-Identifier: MIT */
#include "output/jmespath.h"

#include "base/err.h"
#include "base/mem.h"
#include "output/jmespath_tree.h"

/* Tokens and tree of the longest expression fit many times. */
#define QUERY_MEMORY_MAX ((size_t)64 * 1024 * 1024)

struct jmespath {
	struct arena *arena;
	const struct node *tree;
};

bool jmespath_compile(const char *expression, struct jmespath **out, struct err *e)
{
	AUTO_ARENA struct arena *a = arena_new(QUERY_MEMORY_MAX);
	AUTO_FREE struct jmespath_token *tokens = NULL;
	const struct node *tree;

	if (!jmespath_tokens(expression, a, &tokens, e) || !jmespath_tree(tokens, a, &tree, e))
		return false;
	if (arena_over(a))
		return jmespath_fault(
			e, "too-large",
			"the query has a literal that is too large or nested too deep");
	struct jmespath *q = mem_new(sizeof(*q));
	*q = (struct jmespath){ .arena = take(&a), .tree = tree };
	*out = q;
	return true;
}

bool jmespath_search(const struct jmespath *q, const struct value *input, struct arena *a,
                     const struct value **out, struct err *e)
{
	struct jmespath_search s = { .arena = a, .e = e };
	const struct value *result = jmespath_visit(&s, q->tree, input);

	if (result == NULL || !jmespath_within(&s))
		return false;
	*out = result;
	return true;
}

void jmespath_free(struct jmespath *q)
{
	if (q == NULL)
		return;
	arena_free(q->arena);
	mem_free_ptr(&q);
}

void jmespath_free_ptr(struct jmespath **q)
{
	jmespath_free(*q);
	*q = NULL;
}

bool jmespath_within(struct jmespath_search *s)
{
	if (arena_over(s->arena))
		return jmespath_fault(s->e, "too-large",
		                      "the result of the query is too large or nested too deep");
	if (++s->steps > JMESPATH_STEPS_MAX)
		return jmespath_fault(s->e, "too-large", "the query takes more than %d steps",
		                      JMESPATH_STEPS_MAX);
	return true;
}
