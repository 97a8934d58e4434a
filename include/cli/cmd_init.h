/* SPDX-License-Identifier: MIT */
/* `acrotate init REGISTRY TOKEN`: writes a job file, then checks and plans it: the first evening
 * in one command. */
#ifndef CLI_CMD_INIT_H
#define CLI_CMD_INIT_H

#include "base/base.h"

struct buf;
struct options;

/* For tests. The job's name that a token's name suggests: without what %H and its like would
 * become. Caller frees. */
char *cmd_init_job_name(const char *registry, const char *token);
/* The job file. `docker` and `file` are absolute or NULL; without any sink: the user's own
 * Docker config file. */
void cmd_init_text(const struct options *o, const char *docker, const char *file, struct buf *out);

#endif
