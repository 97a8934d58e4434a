/* SPDX-License-Identifier: MIT */
/* --expiration and --expiration-in-days, and times as az prints them. */
#ifndef TOKEN_TIME_H
#define TOKEN_TIME_H

#include "base/base.h"

struct buf;
struct env;

#define TOKEN_EXPIRY_MAX 40
/* Parses "%Y-%m-%dT%H:%M:%SZ" like Python's strptime(), and formats it as az sends it. */
MUST_USE bool token_expiration(const char *text, char out[static TOKEN_EXPIRY_MAX]);
/* `days` from now; at most the last moment of the year 9999. */
void token_expires_in(const struct env *env, int64_t days, char out[static TOKEN_EXPIRY_MAX]);
/* A time of the service as az prints it; false if az's parser refuses it. */
MUST_USE bool token_isoformat(const char *text, struct buf *out);

#endif
