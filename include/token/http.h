/* SPDX-License-Identifier: MIT */
/* az's retries, on one connection. */
#ifndef TOKEN_HTTP_H
#define TOKEN_HTTP_H

#include "base/base.h"

struct env;
struct http;
struct http_response;

struct token_http;
/* Adds az's retries to `inner`: after a refusal that says when to retry, and of requests that may
 * safely be repeated. Remembers the last refusal. */
struct token_http *token_http_open(struct http *inner, const struct env *env); /* owns inner */
struct http *token_http_base(struct token_http *t);
/* How many requests so far changed something, perhaps, and were not answered: each may still act,
 * also where the same one was repeated and has succeeded since. */
unsigned token_http_lost(const struct token_http *t);
/* The last answer that was not 2xx or said "Failed", or NULL. */
const struct http_response *token_http_refusal(const struct token_http *t);
void token_http_close(struct token_http *t);

#endif
