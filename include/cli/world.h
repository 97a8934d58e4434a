/* SPDX-License-Identifier: MIT */
/* Shared by the commands: the configured network client, the clients of Azure, the state store. */
#ifndef CLI_WORLD_H
#define CLI_WORLD_H

#include "rotate/rotation.h"
#include "rotate/state.h"

struct config;
struct err;
struct http;

struct cli_world;
/* `config` is borrowed, and has been lent to (cli/lent.h). Thread-safe. */
struct cli_world *cli_world_new(const struct config *config);
void cli_world_free(struct cli_world *w);
void cli_world_free_ptr(struct cli_world **w);
#define AUTO_WORLD AUTO(cli_world_free_ptr)

const struct world *cli_world(const struct cli_world *w);
/* A separate client for a thread; ERR_CONFIG if the configured CA file or proxy cannot be used. */
MUST_USE bool cli_world_http(const struct cli_world *w, struct http **out, struct err *e);

#endif
