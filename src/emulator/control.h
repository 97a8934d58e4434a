/* SPDX-License-Identifier: MIT */
/* Inside src/emulator/control*.c only. */
#ifndef SRC_EMULATOR_CONTROL_H
#define SRC_EMULATOR_CONTROL_H

#include "base/base.h"

struct emulator;
struct json;
struct reply;
struct request;

void control_error(struct reply *rs, int status, const char *text);
void control_done(struct reply *rs);
/* False: it is no JSON, and that has been answered. */
bool control_body(const struct request *rq, struct reply *rs, struct json **out);
/* Stays as it is when the member is not there. */
void control_keep_or_set(const struct json *wanted, const char *name, int64_t *value);

/* control_identity.c: two handlers */
void control_identity_set(struct emulator *emu, struct request *rq, struct reply *rs);
void control_federated_token(struct emulator *emu, struct request *rq, struct reply *rs);

#endif
