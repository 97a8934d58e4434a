/* SPDX-License-Identifier: MIT */
/* The steps of a run, with all their outcomes. */
#ifndef FLOW_MODEL_RUN_H
#define FLOW_MODEL_RUN_H

#include "flow/model_search.h"

/* Look and decide: the beginning of run r. lacks: see struct run. */
struct plan run_begin(const struct model *m, struct world *w, int r, bool force, int lacks);
/* One step of run r, with all its outcomes; calm: with its success alone. */
void run_step(struct search *s, const struct world *w, int r, bool calm);
void run_start(struct search *s, const struct world *w, int r);
/* A request of ours acts on slot k. blind: nobody could know any more what is there. */
void run_act(struct search *search, struct world *w, int k, enum tag tag, bool blind,
             const char *how);

#endif
