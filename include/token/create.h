/* SPDX-License-Identifier: MIT */
/* `acrotate token create`. */
#ifndef TOKEN_CREATE_H
#define TOKEN_CREATE_H

#include "base/base.h"

struct err;
struct token_args;
struct token_run;
struct value;

/* *out is what to print, NULL for nothing; it may be set although the command failed. */
bool token_create(struct token_run *r, const struct value **out, struct err *e);
/* What a command line says wrongly in itself, before anything else; az's texts, and ERR_USAGE
 * where az exits with 2. */
bool token_create_check(const struct token_args *a, struct err *e);
bool token_create_check_times(const struct token_args *a, struct err *e);

#endif
