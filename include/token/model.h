/* SPDX-License-Identifier: MIT */
/* Answers of the service in the shape az gives them. */
#ifndef TOKEN_MODEL_H
#define TOKEN_MODEL_H

#include "base/base.h"

struct arena;
struct err;
struct value;

enum token_shape { TOKEN_SHAPE_TOKEN, TOKEN_SHAPE_GENERATED };
/* *out is NULL for an empty body or null. `keep`: a time that cannot be read is shown as it is,
 * for what must not be lost. */
MUST_USE bool token_model(struct arena *a, enum token_shape shape, const char *body, size_t len,
                          bool keep, const struct value **out, struct err *e);
MUST_USE bool token_model_value(struct arena *a, enum token_shape shape, const struct value *v,
                                bool keep, const struct value **out, struct err *e);

#endif
