/* SPDX-License-Identifier: MIT */
/* What a run sees of the world, what it takes into its record, and what it decides. */
#ifndef FLOW_MODEL_LOOK_H
#define FLOW_MODEL_LOOK_H

#include "flow/model_world.h"
#include "rotate/plan.h"

/* What a run is told that is not so. The answers lack a slot to its end. */
enum odd { NOTHING_ODD, LACKS_1, LACKS_2, REFUSES_1, REFUSES_2, DENIES };

/* Look and decide: the beginning of run r. */
struct plan look_begin(const struct model *m, struct world *w, int r, bool force, enum odd odd);
/* May an answer deny the token? Only if no record tells that it exists, and of each password that
 * works a sink shows it: else nobody can know better. */
bool look_can_deny(const struct model *m, const struct world *w);
/* Every sink is read; what they hold is remembered, and `left` stamped or cleared. */
void look_at_all(const struct model *m, struct world *w, const struct run *r);
/* What is seen in a sink was delivered, whatever the record says. */
void look_see(const struct model *m, struct sink *s, struct slot *slot, int k);
/* Is slot k known to be held: seen in a sink, or remembered of one that was not seen? */
bool look_seems_held(const struct model *m, const struct world *w, int k);
/* Does the record keep what a sink may have and does not show? */
bool look_remembers(const struct model *m);
struct sink_view look_view_sink(const struct world *w, const struct sink *s);
/* What the rule is asked with, but for the sinks. */
struct plan_input look_input(const struct model *m, const struct world *w, bool force, int odd);
/* The registry is asked about what each sink shows: what works must be the other slot's, by its
 * print, or because no other slot is left to explain it. */
bool look_contradicts(const struct model *m, const struct world *w, int target, int lacks);
/* What works and can be of one slot alone is known from then on, if that is ours. */
bool look_learn(const struct model *m, struct world *w);

#endif
