/* SPDX-License-Identifier: MIT */
/*
 * Requests of another record. A job whose record is missing or cannot be used may have had one:
 * under another name, of another machine, damaged, set aside. Nothing of that is used but the
 * intents: a request that it tells of may replace a password of the token as long as it can act.
 *
 * What is not found is not known of: a directory that was deleted, or a record from before the
 * request. Of a shared store only the records of no job are searched, and only if they may be
 * listed.
 */
#ifndef ROTATE_FORMER_H
#define ROTATE_FORMER_H

#include "base/base.h"

struct err;
struct job;
struct state;
struct store;

/* The other records of a store. Thread-safe. */
struct former;
/* has_job: is there a job of this name? The store and ctx are borrowed. */
struct former *former_new(const struct store *store,
                          bool (*has_job)(const void *ctx, const char *name), const void *ctx);
void former_free(struct former *f); /* f may be NULL */

/*
 * Taints the slots of `s`, which was just loaded and is new or lost, by the intents about its
 * token: in the job's own text and in what was set aside of it, and in the records of f (NULL:
 * none). ERR_BUSY if a run of a job of such a name is at work; unless `locks` is false, for a dry
 * run.
 */
MUST_USE bool former_taint(struct former *f, const struct store *store, const struct job *job,
                           bool locks, struct state *s, struct err *e);

#endif
