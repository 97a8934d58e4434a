/* SPDX-License-Identifier: MIT */
/* The tables of commands and options, for table.c, which has them and their help, and options.c,
 * which reads by them. */
#ifndef SRC_TOKEN_TABLE_H
#define SRC_TOKEN_TABLE_H

#include "token/options.h"

#define TOKEN_BIT(verb) (1u << (verb))
extern const struct token_command token_commands[];
extern const size_t token_commands_count;
extern const struct token_option token_options[];
extern const size_t token_options_count;

void token_help_of_group(const char *group, struct buf *out);
void token_help_of_command(const struct token_command *cmd, struct buf *out);

#endif
