/* SPDX-License-Identifier: MIT */
/* Shared by the parts of the query engine, and only included there: tokens, the tree, the table of
 * functions. */
#ifndef OUTPUT_JMESPATH_TREE_H
#define OUTPUT_JMESPATH_TREE_H

#include "output/jmespath.h"

/* Below BIND_PROJECTION_STOP a token ends a projection; the order of the enum has no meaning. */
enum token_type {
	TOKEN_END,
	TOKEN_NAME,
	TOKEN_QUOTED,
	TOKEN_LITERAL,
	TOKEN_NUMBER,
	TOKEN_DOT,
	TOKEN_STAR,
	TOKEN_COMMA,
	TOKEN_COLON,
	TOKEN_CURRENT,
	TOKEN_LPAREN,
	TOKEN_RPAREN,
	TOKEN_LBRACE,
	TOKEN_RBRACE,
	TOKEN_LBRACKET,
	TOKEN_RBRACKET,
	TOKEN_FLATTEN,
	TOKEN_FILTER,
	TOKEN_PIPE,
	TOKEN_OR,
	TOKEN_AND,
	TOKEN_NOT,
	TOKEN_EXPREF,
	TOKEN_EQ,
	TOKEN_NE,
	TOKEN_LT,
	TOKEN_LE,
	TOKEN_GT,
	TOKEN_GE,
	TOKEN__COUNT
};

struct jmespath_token {
	enum token_type type;
	size_t at;        /* byte of the expression, for messages */
	const char *name; /* NAME, QUOTED */
	const struct value *literal;
	int64_t number;
};

/* *out ends with a TOKEN_END. Caller frees it with mem_free_ptr; what it points to is in `a`. */
MUST_USE bool jmespath_tokens(const char *expression, struct arena *a, struct jmespath_token **out,
                              struct err *e);
/* Always returns false. */
bool jmespath_fault(struct err *e, const char *code, const char *fmt, ...) PRINTF(3, 4);

enum node_type {
	NODE_CURRENT,
	NODE_FIELD,
	NODE_LITERAL,
	NODE_INDEX,
	NODE_SLICE,
	NODE_CHAIN /* left, then right on its result */,
	NODE_FLATTEN,
	NODE_PROJECT,
	NODE_PROJECT_VALUES,
	NODE_FILTER /* left, right, condition */,
	NODE_COMPARE,
	NODE_OR,
	NODE_AND,
	NODE_NOT,
	NODE_LIST,
	NODE_HASH,
	NODE_CALL,
	NODE_EXPREF
};

struct function;
struct node {
	enum node_type type;
	unsigned depth;
	const struct node *const *child;
	size_t n;
	union {
		const char *name;       /* FIELD */
		const char *const *key; /* HASH: n of them */
		const struct value *literal;
		int64_t index;
		struct {
			bool given[3];
			int64_t at[3];
		} slice; /* start, stop, step */
		enum token_type compare;
		const struct function *call;
	};
};
MUST_USE bool jmespath_tree(const struct jmespath_token *tokens, struct arena *a,
                            const struct node **out, struct err *e);

/* One evaluation. */
struct jmespath_search {
	struct arena *arena;
	struct err *e;
	uint64_t steps;
};
/* NULL after an error, which is in s->e. */
const struct value *jmespath_visit(struct jmespath_search *s, const struct node *n,
                                   const struct value *input);
/* False, with the error in s->e, if the arena or the steps are used up. */
bool jmespath_within(struct jmespath_search *s);
bool jmespath_truth(const struct value *v);

/* Masks of enum value_type; ACCEPT_NUMBERS, ACCEPT_STRINGS: an array of only that type. */
#define ACCEPT(t)         (1u << (t))
#define ACCEPT_ANY        0u
#define ACCEPT_NUMBERS    (1u << 16)
#define ACCEPT_STRINGS    (1u << 17)
#define FUNCTION_ARGS_MAX 2
struct function {
	const char *name;
	size_t n_args;
	bool variadic; /* n_args or more; the last mask applies to the rest */
	unsigned accept[FUNCTION_ARGS_MAX];
	const struct value *(*call)(struct jmespath_search *s, const struct value *const *arg,
	                            size_t n);
};
const struct function *jmespath_function(const char *name);
/* Always NULL, with the error in s->e. */
const struct value *jmespath_wrong_type(struct jmespath_search *s, const char *function,
                                        const char *what);
/* The items, sorted by the result of `expref` for each, or by themselves (NULL). */
const struct value *jmespath_sorted(struct jmespath_search *s, const struct value *array,
                                    const struct value *expref, const char *function);
/* The first of the largest (sign 1) or smallest (-1) items. */
const struct value *jmespath_extreme(struct jmespath_search *s, const struct value *array,
                                     const struct value *expref, int sign, const char *function);
/* Checks the arguments, then calls. */
const struct value *jmespath_call(struct jmespath_search *s, const struct function *f,
                                  const struct value *const *arg, size_t n);

#endif
