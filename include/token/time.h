/* SPDX-License-Identifier: MIT */
/* --expiration and --expiration-in-days, and times as az prints them. */
#ifndef TOKEN_TIME_H
#define TOKEN_TIME_H

#include "base/base.h"

struct buf;
struct env;

#define TOKEN_EXPIRY_MAX 40
/* strptime's "%Y-%m-%dT%H:%M:%SZ" as Python reads it, brought into the form az sends. */
MUST_USE bool token_expiration(const char *text, char out[static TOKEN_EXPIRY_MAX]);
/* So many days from now; past the year 9999 the last moment there is. */
void token_expires_in(const struct env *env, int64_t days, char out[static TOKEN_EXPIRY_MAX]);
/* A time of the service as az prints it; false for what its parser refuses. */
MUST_USE bool token_isoformat(const char *text, struct buf *out);

#endif
