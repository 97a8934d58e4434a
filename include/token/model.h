/* SPDX-License-Identifier: MIT */
/* Answers of the service in the form in which az prints them. */
#ifndef TOKEN_MODEL_H
#define TOKEN_MODEL_H

#include "base/base.h"

struct arena;
struct err;
struct value;

enum token_shape { TOKEN_SHAPE_TOKEN, TOKEN_SHAPE_GENERATED };
/* *out is NULL for an empty body or null. */
MUST_USE bool token_model(struct arena *a, enum token_shape shape, const char *body, size_t len,
                          const struct value **out, struct err *e);
MUST_USE bool token_model_value(struct arena *a, enum token_shape shape, const struct value *v,
                                const struct value **out, struct err *e);

#endif
