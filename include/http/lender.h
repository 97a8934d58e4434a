/* SPDX-License-Identifier: MIT */
/*
 * A pool of HTTP clients for callers in any thread that need one now and then. A returned client is
 * lent again, with its open connections; there are as many clients as were ever in use at once.
 * Thread-safe.
 */
#ifndef HTTP_LENDER_H
#define HTTP_LENDER_H

#include "base/base.h"

struct err;
struct http;
struct http_lender;

/* `open` makes a new client. */
struct http_lender *http_lender_new(bool (*open)(void *ctx, struct http **out, struct err *e),
                                    void *ctx);
MUST_USE bool http_lend(struct http_lender *l, struct http **out, struct err *e);
void http_give_back(struct http_lender *l, struct http *h); /* h may be NULL */
/* all clients must have been returned */
void http_lender_free(struct http_lender *l);

#endif
