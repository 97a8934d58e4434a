/* SPDX-License-Identifier: MIT */
/* What faults do to a reply: the table of effects. */
#ifndef EMULATOR_EFFECTS_H
#define EMULATOR_EFFECTS_H

#include "emulator/fault.h"

const struct fault_effect *effects_find(const char *name); /* NULL when there is none */
/* Writes a JSON value; `twisted`: every value gets another type. */
void effects_write_json(const struct json *j, bool twisted, struct buf *out);

#endif
