/* SPDX-License-Identifier: MIT */
/*
 * Clients of the network for those who need one now and then and from any thread: what was given
 * back is lent again, with its open connections. As many are opened as are used at once. Thread-
 * safe.
 */
#ifndef HTTP_LENDER_H
#define HTTP_LENDER_H

#include "base/base.h"

struct err;
struct http;
struct http_lender;

/* open: makes a new one. */
struct http_lender *http_lender_new(bool (*open)(void *ctx, struct http **out, struct err *e),
                                    void *ctx);
MUST_USE bool http_lend(struct http_lender *l, struct http **out, struct err *e);
void http_give_back(struct http_lender *l, struct http *h); /* NULL is fine */
void http_lender_free(struct http_lender *l);               /* all were given back */

#endif
