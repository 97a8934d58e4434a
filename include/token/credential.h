/* SPDX-License-Identifier: MIT */
/* `acrotate token credential generate` and `delete`. */
#ifndef TOKEN_CREDENTIAL_H
#define TOKEN_CREDENTIAL_H

#include "base/base.h"

struct err;
struct token_args;
struct token_guard;
struct token_run;
struct value;

/* *out is what to print; NULL: nothing. It may be set even if the command failed. */
bool token_credential_generate(struct token_run *r, const struct value **out, struct err *e);
bool token_credential_delete(struct token_run *r, const struct value **out, struct err *e);
/* Checks the command line alone, before anything else. The messages are az's; ERR_USAGE where az
 * exits with 2. */
bool token_generate_check(const struct token_args *a, struct err *e);
bool token_credential_delete_check(const struct token_args *a, struct err *e);
/* Generates passwords with the requested expiry, for one slot, or for both if it is NULL. False
 * with *out set: they were generated, but the answer has an unknown form. */
bool token_generate(struct token_run *r, struct token_guard *guard, const char *slot,
                    const struct value **out, struct err *e);

#endif
