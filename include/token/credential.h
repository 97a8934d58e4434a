/* SPDX-License-Identifier: MIT */
/* `acrotate token credential generate` and `delete`. */
#ifndef TOKEN_CREDENTIAL_H
#define TOKEN_CREDENTIAL_H

#include "base/base.h"

struct err;
struct token_args;
struct token_run;
struct value;

/* *out is what to print, NULL for nothing; it may be set although the command failed. */
bool token_credential_generate(struct token_run *r, const struct value **out, struct err *e);
bool token_credential_delete(struct token_run *r, const struct value **out, struct err *e);
/* What a command line says wrongly in itself, before anything else; az's texts, and ERR_USAGE
 * where az exits with 2. */
bool token_generate_check(const struct token_args *a, struct err *e);
bool token_credential_delete_check(const struct token_args *a, struct err *e);
/* New passwords with the expiry asked for: one slot, or both for NULL. False with *out set: they
 * were made, but the answer is an odd one. */
bool token_generate(struct token_run *r, const char *slot, const struct value **out, struct err *e);

#endif
