/* SPDX-License-Identifier: MIT */
/* Parser for WWW-Authenticate: Bearer realm="https://...",service="...". Strict, because the result
 * decides where a password is sent. */
#ifndef AZURE_CHALLENGE_H
#define AZURE_CHALLENGE_H

#include "base/base.h"

/*
 * A parameter of the first challenge of that scheme; names and schemes are case-insensitive. False
 * if there is none, if the header is malformed up to there, or if the parameter is given twice.
 * Caller frees *out.
 */
MUST_USE bool challenge_param(const char *header, const char *scheme, const char *name, char **out);
/* The claims that a Bearer challenge asks for, decoded: a JSON object. NULL if there are none, or
 * if they are not base64 of a JSON object. `header` may be NULL. Caller frees. */
char *challenge_claims(const char *header);
/* The same, still encoded as in the header, which is how az takes them. Caller frees. */
char *challenge_claims_encoded(const char *header);

#endif
