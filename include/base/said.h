/* SPDX-License-Identifier: MIT */
/* Checks output of another program before it goes into an error or the log: it may contain a
 * password, and nobody can know which. */
#ifndef BASE_SAID_H
#define BASE_SAID_H

#include "base/base.h"

struct secret;

/* May it contain a password, plain or encoded? Messages are prose: they have neither JSON nor words
 * as long as a password. `password` is one that must not be in it, or NULL. */
MUST_USE bool said_may_tell(const char *text, size_t n, const struct secret *password);
/* For what is no prose, such as a URL: has it a run of letters, digits, '+', '/' and '=' that is as
 * long as a password? */
MUST_USE bool said_has_key(const char *text);

#endif
