/* SPDX-License-Identifier: MIT */
/* Which passwords of a token somebody uses, as far as a job knows: TOKEN_KILLS_..., nobody may kill
 * these. Reckoned by Azure's clock. */
#ifndef TOKEN_GUARD_USE_H
#define TOKEN_GUARD_USE_H

#include "base/base.h"

struct observation;
struct state;
struct token_run;

/* Of a job: what its sinks hold, and what its record says. */
unsigned guard_in_use(const struct token_run *r, const struct observation *o);
/* Of a record alone. grace: since the last sink has left a password; 0: it counts until it has
 * expired. */
unsigned guard_in_use_by_record(const struct token_run *r, const struct state *s, int64_t grace);

#endif
