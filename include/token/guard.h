/* SPDX-License-Identifier: MIT */
/* Protects the jobs of this machine from commands that would cut them off. */
#ifndef TOKEN_GUARD_H
#define TOKEN_GUARD_H

#include "base/base.h"

struct err;
struct token_run;

enum { TOKEN_KILLS_1 = 1, TOKEN_KILLS_2 = 2 };
struct token_guard;
/* Takes the locks of the jobs on this token (ERR_BUSY), and refuses what would cut them off
 * (ERR_DECISION). */
MUST_USE bool token_guard_open(struct token_run *r, unsigned kills, struct token_guard **out,
                               struct err *e);
void token_guard_close(struct token_guard **g);
#define AUTO_GUARD AUTO(token_guard_close)

#endif
