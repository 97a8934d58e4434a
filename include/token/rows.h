/* SPDX-License-Identifier: MIT */
/* What the tables of az show. */
#ifndef TOKEN_ROWS_H
#define TOKEN_ROWS_H

struct arena;
struct value;

/* az's columns of a table. */
const struct value *token_row(struct arena *a, const struct value *token);
const struct value *token_generated_row(struct arena *a, const struct value *generated);

#endif
