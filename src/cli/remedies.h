/* SPDX-License-Identifier: MIT */
/* What fixes a finding of `acrotate check`, by what its error says: a table, one row for each. */
#ifndef SRC_CLI_REMEDIES_H
#define SRC_CLI_REMEDIES_H

#include "base/base.h"

struct err;
struct finding;

enum remedy_of { REMEDY_IDENTITY, REMEDY_SINK };
/* Adds the lines of the first row that fits; false: there is none. */
bool remedies_fix(enum remedy_of of, const struct err *e, struct finding *at);

#endif
