/* SPDX-License-Identifier: MIT */
/* The only user of libmicrohttpd: listens on loopback, collects a request, lets faults and
 * handlers work on it, sends the reply. */
#ifndef EMULATOR_SERVER_H
#define EMULATOR_SERVER_H

#include "base/base.h"

struct emulator;
struct err;
struct server;

/* certificate, key: PEM, or NULL for plain HTTP. *port 0: any; what was bound comes back in it. */
MUST_USE bool server_start(struct emulator *emu, const char *certificate, const char *key,
                           int64_t *port, struct server **out, struct err *e);
void server_stop(struct server *s); /* NULL is fine */

#endif
