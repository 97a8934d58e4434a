/* SPDX-License-Identifier: MIT */
/* Which passwords of a token somebody uses, as far as a job knows. */
#ifndef TOKEN_GUARD_USE_H
#define TOKEN_GUARD_USE_H

struct observation;
struct token_run;

/* TOKEN_KILLS_...: nobody may kill these. The time is that of Azure's clock. */
unsigned guard_in_use(const struct token_run *r, const struct observation *o);

#endif
