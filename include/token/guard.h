/* SPDX-License-Identifier: MIT */
/*
 * Protects the jobs of this machine from commands that would cut them off:
 *
 *   open -> judge -> ask... -> close
 *
 * Whatever can stop a password of the token from working is sent by token_guard_ask(). Without a
 * job or a record about the token nothing is added to what the command asks of Azure.
 */
#ifndef TOKEN_GUARD_H
#define TOKEN_GUARD_H

#include "base/base.h"

struct err;
struct http_response;
struct token_request;
struct token_run;

enum { TOKEN_KILLS_1 = 1, TOKEN_KILLS_2 = 2, TOKEN_KILLS_BOTH = 3 };
struct token_guard;
/* Takes the locks of the jobs on this token (ERR_BUSY), and finds the registry. kills: the command
 * stops passwords from working, so that every job must be known. */
MUST_USE bool token_guard_open(struct token_run *r, bool kills, struct token_guard **out,
                               struct err *e);
/* Refuses what would cut off a job, or kill what the command is to make: slots are TOKEN_KILLS_...
 * (ERR_DECISION, ERR_TRANSIENT, ERR_CONFLICT). exists: the token does, or may. Needs the place of
 * the registry. */
MUST_USE bool token_guard_judge(struct token_guard *g, unsigned slots, bool exists, struct err *e);
/* token_ask() for a request that stops the passwords of these slots from working; they were judged.
 * Until it is certain that it will not act any more, the records of the jobs say that it may. */
MUST_USE bool token_guard_ask(struct token_guard *g, unsigned slots, const struct token_request *rq,
                              struct http_response *out, struct err *e);
void token_guard_close(struct token_guard **g);
#define AUTO_GUARD AUTO(token_guard_close)

#endif
