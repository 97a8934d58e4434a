/* SPDX-License-Identifier: MIT */
/* The tables of az. */
#ifndef TOKEN_ROWS_H
#define TOKEN_ROWS_H

struct arena;
struct value;

/* The columns of az's table. */
const struct value *token_row(struct arena *a, const struct value *token);
const struct value *token_generated_row(struct arena *a, const struct value *generated);

#endif
