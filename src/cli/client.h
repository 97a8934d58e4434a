/* SPDX-License-Identifier: MIT */
/* The network client of a pool's thread, its `own` data (base/pool.h). */
#ifndef SRC_CLI_CLIENT_H
#define SRC_CLI_CLIENT_H

#include "base/base.h"

struct cli_world;
struct err;
struct http;

struct cli_client;
/* ready: opened already, and taken over; NULL: it is opened when it is asked for. */
struct cli_client *client_new(const struct cli_world *w, struct http *ready);
/* Borrowed. False as long as it cannot be opened (out of descriptors, a CA file that is being
 * rewritten): then the job has failed, and the next one asks again. */
MUST_USE bool client_http(struct cli_client *c, struct http **out, struct err *e);
void client_free(void *ctx, void *client); /* for struct pool_ops */

/* Raises the limit of descriptors to what so many clients and open jobs may need, or as far as it
 * may be. Not further: programs that we start inherit it, and some try to close as many. */
void client_make_room(size_t clients, size_t jobs);

#endif
