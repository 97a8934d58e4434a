/* SPDX-License-Identifier: MIT */
/* Long-running operations: their ids, and the signed polling URLs, of which each answer gives
 * another one. */
#ifndef EMULATOR_OPERATION_H
#define EMULATOR_OPERATION_H

#include "base/base.h"

struct emulator;
struct reply;
struct request;

/* The id is the kind and the client's own request id: whoever sends one id twice gets one
 * operation. The caller frees it. */
char *operation_begin(struct emulator *emu, const struct request *rq, const char *kind,
                      bool updating);
/* Azure-AsyncOperation below `path`, and Retry-After. */
void operation_put_status(struct emulator *emu, const struct request *rq, struct reply *rs,
                          const char *path, const char *id);
/* Location, and Retry-After. */
void operation_put_location(struct emulator *emu, const struct request *rq, struct reply *rs,
                            const char *id);
/* The id in a polling URL, or NULL. The caller frees it. */
char *operation_named(const char *url);
/* One that never ends has ended, with what its request was answered. */
void operation_end(struct emulator *emu, const char *id, const struct reply *rs);
/* 202 with a Location: how every DELETE ends. */
void operation_answer_deleted(struct emulator *emu, struct request *rq, struct reply *rs);

#endif
