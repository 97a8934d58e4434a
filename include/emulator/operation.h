/* SPDX-License-Identifier: MIT */
/* Long-running operations: their ids, and the signed polling URLs; each answer has a new one. */
#ifndef EMULATOR_OPERATION_H
#define EMULATOR_OPERATION_H

#include "base/base.h"

struct emulator;
struct reply;
struct request;

/* Returns the id, which is made of the kind and the client's request id: two requests with the same
 * id get the same operation. Caller frees. */
char *operation_begin(struct emulator *emu, const struct request *rq, const char *kind,
                      bool updating);
/* Sets Azure-AsyncOperation, below `path`, and Retry-After. */
void operation_put_status(struct emulator *emu, const struct request *rq, struct reply *rs,
                          const char *path, const char *id);
/* Sets Location and Retry-After. */
void operation_put_location(struct emulator *emu, const struct request *rq, struct reply *rs,
                            const char *id);
/* The id in a polling URL, or NULL. Caller frees. */
char *operation_named(const char *url);
/* Ends an operation that never ends by itself, with the reply to its request. */
void operation_end(struct emulator *emu, const char *id, const struct reply *rs);
/* Answers 202 with a Location, like every DELETE. */
void operation_answer_deleted(struct emulator *emu, struct request *rq, struct reply *rs);

#endif
