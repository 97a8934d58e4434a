/* SPDX-License-Identifier: MIT */
/* Passes a request on to a real registry on loopback that has no TLS of its own, so that clients
 * see one host for everything. */
#ifndef EMULATOR_PROXY_H
#define EMULATOR_PROXY_H

#include "emulator/exchange.h"

/* 502 when that fails */
void proxy_pass(const char *backend, const struct request *rq, struct reply *rs);
/* The parsing half: a complete HTTP/1.0 reply. False when it is none. */
MUST_USE bool proxy_read(const char *text, size_t n, bool head, struct reply *rs);

#endif
