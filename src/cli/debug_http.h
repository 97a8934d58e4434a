/* SPDX-License-Identifier: MIT */
/* --debug: a line per exchange, with method, place, status, time and request id. Never a query
 * (polling URLs are signed), header or body. */
#ifndef SRC_CLI_DEBUG_HTTP_H
#define SRC_CLI_DEBUG_HTTP_H

struct http;

/* Owns `inner`. */
struct http *debug_http_open(struct http *inner);

#endif
