/* SPDX-License-Identifier: MIT */
/* Forwards a request to a real registry on loopback without TLS, so that clients see one host for
 * everything. */
#ifndef EMULATOR_PROXY_H
#define EMULATOR_PROXY_H

#include "emulator/exchange.h"

/* Answers 502 if that fails. */
void proxy_pass(const char *backend, const struct request *rq, struct reply *rs);
/* Parses a complete HTTP/1.0 reply; false if it is not one. */
MUST_USE bool proxy_read(const char *text, size_t n, bool head, struct reply *rs);

#endif
