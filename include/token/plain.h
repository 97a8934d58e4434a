/* SPDX-License-Identifier: MIT */
/* `acrotate token delete`, `list`, `show` and `update`. */
#ifndef TOKEN_PLAIN_H
#define TOKEN_PLAIN_H

#include "base/base.h"

struct err;
struct token_args;
struct token_run;
struct value;

/* *out is what to print; NULL: nothing. It may be set even if the command failed. */
bool token_delete(struct token_run *r, const struct value **out, struct err *e);
bool token_list(struct token_run *r, const struct value **out, struct err *e);
bool token_show(struct token_run *r, const struct value **out, struct err *e);
bool token_update(struct token_run *r, const struct value **out, struct err *e);
/* Checks the command line alone, before anything else. The messages are az's; ERR_USAGE where az
 * exits with 2. */
bool token_update_check(const struct token_args *a, struct err *e);

#endif
