/* SPDX-License-Identifier: MIT */
/*
 * JMESPath, the language of --query, as its public compliance suite demands. What the suite leaves
 * open is done as in az's Python library: strings can be ordered, too, whole numbers stay whole,
 * and objects keep their order.
 *
 * Errors are ERR_USAGE with the suite's class in e->code: "syntax", "invalid-type",
 * "invalid-arity", "unknown-function", "invalid-value"; or "too-large" for an expression of more
 * than JMESPATH_TEXT_MAX bytes or JMESPATH_DEPTH_MAX levels, a result larger than the arena, or a
 * computation of more than JMESPATH_STEPS_MAX steps.
 */
#ifndef OUTPUT_JMESPATH_H
#define OUTPUT_JMESPATH_H

#include "output/value.h"

struct err;
struct jmespath;

#define JMESPATH_TEXT_MAX  ((size_t)64 * 1024)
#define JMESPATH_DEPTH_MAX 500
#define JMESPATH_STEPS_MAX 20000000

/* Also reports unknown functions and wrong numbers of arguments, before anything is computed. */
MUST_USE bool jmespath_compile(const char *expression, struct jmespath **out, struct err *e);
/* The result shares parts of `input` and of the query, which must both outlive it. */
MUST_USE bool jmespath_search(const struct jmespath *q, const struct value *input, struct arena *a,
                              const struct value **out, struct err *e);
void jmespath_free(struct jmespath *q);
void jmespath_free_ptr(struct jmespath **q);
#define AUTO_JMESPATH AUTO(jmespath_free_ptr)

#endif
