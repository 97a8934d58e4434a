/* SPDX-License-Identifier: MIT */
/* Runs a program with the words of one line as its arguments; quiet, and true when it succeeded.
 * For tests that make certificates. */
#ifndef FAKES_RUN_H
#define FAKES_RUN_H

#include "base/base.h"

/* in that directory; words are parted by spaces, nothing is quoted */
MUST_USE bool run_line(const char *dir, const char *line);

#endif
