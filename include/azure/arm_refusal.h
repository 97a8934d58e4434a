/* SPDX-License-Identifier: MIT */
/* Turns errors of Azure Resource Manager into messages that somebody can act on. */
#ifndef AZURE_ARM_REFUSAL_H
#define AZURE_ARM_REFUSAL_H

#include "base/base.h"

struct err;
struct http_response;
struct json;

/* Fills e from a response that is not a 2xx, as arm_send() specifies. skew: the service's clock
 * minus the local one, seconds. `method`: how the token was obtained (auth_method()), or NULL.
 * Returns false. */
bool arm_refused(const struct http_response *rs, int64_t skew, const char *method, struct err *e);
/* What to do about a refusal that asks for claims; NULL if it does not. Caller frees. */
char *arm_claims_advice(const struct http_response *rs, const char *method);
/* As arm_refused(), for the body of a failed operation: {"status":"Failed","error":{...}}. */
bool arm_failed(const struct json *body, const struct http_response *rs, const char *state,
                struct err *e);

#endif
