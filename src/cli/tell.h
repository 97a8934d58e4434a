/* SPDX-License-Identifier: MIT */
/*
 * Who has to read what a run says. While it lasts, warnings and errors that were told before are
 * left out of what is printed (in a journal they become information), unless somebody watches; at
 * its end [run] on_failure is run for those that are news.
 */
#ifndef SRC_CLI_TELL_H
#define SRC_CLI_TELL_H

#include "base/base.h"

struct config;
struct tell;

/* `config` is borrowed. began: by the local clock. watched: everything is printed. */
struct tell *tell_begin(const struct config *config, int64_t began, bool watched);
/* status: what the run exits with. Frees. */
void tell_end(struct tell *t, int status);

#endif
