/* SPDX-License-Identifier: MIT */
/* What a refusal of Azure Resource Manager means, in words somebody can act on. */
#ifndef AZURE_ARM_REFUSAL_H
#define AZURE_ARM_REFUSAL_H

#include "base/base.h"

struct err;
struct http_response;
struct json;

/* Fills e from a response that is no 2xx, as arm_send promises it. skew: service clock minus
 * local clock, seconds. `method`: how the token was had (auth_method), or NULL. Returns false. */
bool arm_refused(const struct http_response *rs, int64_t skew, const char *method, struct err *e);
/* What to do about a refusal that asks for claims; NULL when it asks for none. Caller frees. */
char *arm_claims_advice(const struct http_response *rs, const char *method);
/* The same for a body that tells of a failed operation: {"status":"Failed","error":{...}}. */
bool arm_failed(const struct json *body, const struct http_response *rs, const char *state,
                struct err *e);

#endif
