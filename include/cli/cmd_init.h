/* SPDX-License-Identifier: MIT */
/* `acrotate init REGISTRY TOKEN`: writes a job file, checks and plans it: the whole setup in one
 * command. */
#ifndef CLI_CMD_INIT_H
#define CLI_CMD_INIT_H

#include "base/base.h"

struct buf;
struct err;
struct options;

/* For tests. The job's name that the token's name suggests, without %H and the like. Caller
 * frees. */
char *cmd_init_job_name(const char *registry, const char *token);
/* Appends [source] for the argument of --follow; ERR_USAGE if it is not one. */
MUST_USE bool cmd_init_source(const char *text, struct buf *out, struct err *e);
/* The text of the job file. `docker` and `file` are absolute or NULL; `source`: [source] of a
 * follower, or NULL. Without any sink it gets the
 * user's own Docker config file. */
void cmd_init_text(const struct options *o, const char *docker, const char *file,
                   const char *source, struct buf *out);

#endif
