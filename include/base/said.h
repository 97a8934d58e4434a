/* SPDX-License-Identifier: MIT */
/* What another program said, before it goes into an error or the log: it may have printed a
 * password, and nobody can tell which one. */
#ifndef BASE_SAID_H
#define BASE_SAID_H

#include "base/base.h"

struct secret;

/* Could a password be in it, as it is or in some encoding? Messages are prose: no JSON, and no word
 * as long as a password. password: one that must not be in it; or NULL. */
MUST_USE bool said_may_tell(const char *text, size_t n, const struct secret *password);

#endif
