/* SPDX-License-Identifier: MIT */
/* The table of effects: what faults do to a reply. */
#ifndef EMULATOR_EFFECTS_H
#define EMULATOR_EFFECTS_H

#include "emulator/fault.h"

const struct fault_effect *effects_find(const char *name); /* NULL if there is none */
/* Writes a JSON value; `twisted`: every value gets another type. */
void effects_write_json(const struct json *j, bool twisted, struct buf *out);

#endif
