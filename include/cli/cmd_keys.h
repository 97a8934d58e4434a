/* SPDX-License-Identifier: MIT */
/* `acrotate keys`: every configuration key, its type, default and meaning. */
#ifndef CLI_CMD_KEYS_H
#define CLI_CMD_KEYS_H

#include "base/base.h"

struct buf;
struct options;

void cmd_keys_print(bool json, struct buf *out); /* the output, for tests */

#endif
