/* SPDX-License-Identifier: MIT */
/* `acrotate token create`. */
#ifndef TOKEN_CREATE_H
#define TOKEN_CREATE_H

#include "base/base.h"

struct err;
struct token_args;
struct token_run;
struct value;

/* *out is what to print; NULL: nothing. It may be set even if the command failed. */
bool token_create(struct token_run *r, const struct value **out, struct err *e);
/* Checks the command line alone, before anything else. The messages are az's; ERR_USAGE where az
 * exits with 2. */
bool token_create_check(const struct token_args *a, struct err *e);
bool token_create_check_times(const struct token_args *a, struct err *e);

#endif
