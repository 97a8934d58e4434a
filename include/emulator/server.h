/* SPDX-License-Identifier: MIT */
/* The only user of libmicrohttpd: listens on loopback, reads a request, applies faults and
 * handlers, sends the reply. */
#ifndef EMULATOR_SERVER_H
#define EMULATOR_SERVER_H

#include "base/base.h"

struct emulator;
struct err;
struct server;

/* certificate, key: PEM, or NULL for plain HTTP. *port 0: any free port; set to the bound one. */
MUST_USE bool server_start(struct emulator *emu, const char *certificate, const char *key,
                           int64_t *port, struct server **out, struct err *e);
void server_stop(struct server *s); /* NULL is fine */

#endif
