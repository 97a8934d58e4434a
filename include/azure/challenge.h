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
/* The claims that a Bearer challenge asks for: a JSON object, in base64 there. NULL when there
 * are none, or they are no such thing; `header` may be NULL. Caller frees. */
char *challenge_claims(const char *header);
/* The same as they stand in the header, which is how az takes them. NULL where
 * challenge_claims() is NULL. Caller frees. */
char *challenge_claims_encoded(const char *header);

#endif
