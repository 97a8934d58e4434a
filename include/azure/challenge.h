/* SPDX-License-Identifier: MIT */
/* WWW-Authenticate: Bearer realm="https://...",service="..." - strictly, for it decides where a
 * password goes. */
#ifndef AZURE_CHALLENGE_H
#define AZURE_CHALLENGE_H

#include "base/base.h"

/*
 * The parameter of the first challenge of that scheme; names and schemes in any case. False when
 * there is none, when the header is not well formed up to there, or when the parameter is given
 * twice. Caller frees *out.
 */
MUST_USE bool challenge_param(const char *header, const char *scheme, const char *name, char **out);

#endif
