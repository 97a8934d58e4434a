/* SPDX-License-Identifier: MIT */
/* Shared by the parts of the container registry's resource provider. */
#ifndef EMULATOR_ACR_H
#define EMULATOR_ACR_H

#include "base/base.h"

struct buf;
struct json;
struct reply;
struct request;

/* "name":"2024-01-19T07:05:10.6147326+00:00" */
void acr_put_time(struct buf *out, const char *name, int64_t ticks);
/* Has the name 5 to 50 letters, digits and characters in `also`? */
bool acr_name_ok(const char *name, const char *also, bool letter_first);
/* Reads a JSON object; false after answering 400. */
MUST_USE bool acr_read_body(const struct request *rq, struct reply *rs, struct json **out);
void acr_not_found(struct reply *rs, const char *name);

#endif
