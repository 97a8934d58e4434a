/* SPDX-License-Identifier: MIT */
/* Between the files that implement rotate/observe.h. */
#ifndef SRC_ROTATE_OBSERVE_PARTS_H
#define SRC_ROTATE_OBSERVE_PARTS_H

#include "rotate/observe.h"

/* ---- observe_sinks.c ------------------------------------------------------------------------- */
void observe_open_sinks(struct observation *o);
/* once the server is known */
void observe_name_places(struct observation *o);
/* When a run begins, and nothing is being delivered: a sink that shows one slot and may have the
 * other too may have that in another store. */
void observe_note_unseen(struct observation *o);
/* By any sink, as far as is known. */
bool observe_held(const struct observation *o, int slot);
bool observe_all_read(const struct observation *o);

/* ---- observe_source.c ------------------------------------------------------------------------ */
void observe_open_source(struct observation *o);
void observe_close_source(struct observation *o);

/* ---- observe_ledger.c ------------------------------------------------------------------------ */
/* Nothing holds this slot any more, and no run has said since when. */
bool observe_wants_stamp(const struct observation *o, int slot);

#endif
