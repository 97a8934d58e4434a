/* SPDX-License-Identifier: MIT */
/* Shared by all of ARM: authentication, authorization, rate limits, the form of answers and
 * errors. */
#ifndef EMULATOR_ARM_H
#define EMULATOR_ARM_H

#include "emulator/emulator.h"

#define ACR_TYPE "Microsoft.ContainerRegistry/registries"

/* Checks api-version, bearer token, rate and permission; false if the reply is already the refusal.
 * Takes the emulator's lock itself. */
MUST_USE bool arm_admit(struct emulator *emu, struct request *rq, struct reply *rs,
                        const struct route *row);

/* ARM's own errors, and those of the registry's resource provider, which add "status":"Failed". */
void arm_error(struct reply *rs, int status, const char *code, const char *fmt, ...) PRINTF(4, 5);
void emulator_acr_error(struct reply *rs, int status, const char *code, const char *fmt, ...)
	PRINTF(4, 5);

/* The subscription of a registry; is there a subscription with that id? */
const char *arm_subscription_of(const struct emulator *emu, const struct registry *r);
bool arm_subscription_known(const struct emulator *emu, const char *id);
bool arm_group_known(const struct emulator *emu, const char *subscription, const char *group);
/* The registry with that subscription, group and name, or NULL. */
struct registry *arm_find(const struct emulator *emu, const char *subscription, const char *group,
                          const char *name);
/* The id of a registry, ".../registries/NAME". */
void arm_registry_id(const struct emulator *emu, const struct registry *r, struct buf *out);
/* The registry that the path names, or NULL after answering 404. `nested`: the path is that of
 * something below it. */
struct registry *arm_registry(struct emulator *emu, const struct request *rq, struct reply *rs,
                              bool nested);
/* "systemData":{...} */
void arm_system_data(struct buf *out, const char *author, int64_t created, int64_t modified);
/* ,"nextLink":"..." if items remain from `next` on. */
void arm_next_link(struct emulator *emu, const struct request *rq, size_t next, size_t n,
                   struct buf *out);
/* The index at which a list continues; 0 on the first page. */
size_t arm_skip(const struct request *rq);
/* Answers with one page of the registry's n items, each written by put(). */
void arm_list_answer(struct emulator *emu, const struct request *rq, struct reply *rs,
                     const struct registry *r, size_t n,
                     void (*put)(struct emulator *emu, const struct registry *r, size_t i,
                                 struct buf *out));

#endif
