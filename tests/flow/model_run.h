/* SPDX-License-Identifier: MIT */
/* The steps of a run, with all their outcomes. */
#ifndef FLOW_MODEL_RUN_H
#define FLOW_MODEL_RUN_H

#include "flow/model_look.h"
#include "flow/model_search.h"

/* One step of run r, with all its outcomes; calm: with its success alone. */
void run_step(struct search *s, const struct world *w, int r, bool calm);
void run_start(struct search *s, const struct world *w, int r);
/* Does it carry a password, and look at the sinks once more before it writes them? */
bool run_has_password(const struct model *m, const struct run *r);
/* A PUT of ours makes the token, or empties both slots of one that is there. blind: as below. */
void run_put(struct search *search, struct world *w, bool blind, const char *how);
/* A request of ours acts on slot k. blind: nobody could know any more what is there. */
void run_act(struct search *search, struct world *w, int k, enum tag tag, bool blind,
             const char *how);

#endif
