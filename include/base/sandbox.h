/* SPDX-License-Identifier: MIT */
/*
 * Gives up rights for good, by Landlock: from sandbox_enter() on this thread, and every thread
 * and process it starts, can make, change, rename and remove files only below the directories
 * that were allowed, and start no program. Reading, the network and descriptors that are open
 * already stay as they are; so do owner, mode and times of files, which Landlock does not know.
 *
 * A kernel without it (older than 5.13, not configured, switched off at boot, or a container
 * that forbids the calls) is no error: all calls succeed, nothing is given up, and
 * sandbox_missing() says why.
 */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

#include "base/base.h"

struct err;

struct sandbox;
/* ERR_LOCAL when a kernel that has Landlock fails. */
MUST_USE bool sandbox_new(struct sandbox **out, struct err *e);
/* Writes below this open directory; the descriptor stays the caller's. `shown` is for the
 * message. */
MUST_USE bool sandbox_allow(struct sandbox *s, int dir, const char *shown, struct err *e);
/* And makes directories there. */
MUST_USE bool sandbox_allow_tree(struct sandbox *s, int dir, const char *shown, struct err *e);
/* Before there are other threads: theirs would keep all rights. */
MUST_USE bool sandbox_enter(struct sandbox *s, struct err *e);
/* Why there is no sandbox on this machine: "Function not implemented"; NULL when there is one. */
const char *sandbox_missing(const struct sandbox *s);
int sandbox_abi(const struct sandbox *s); /* the version of Landlock; 0 without */
void sandbox_free(struct sandbox *s);
void sandbox_free_ptr(struct sandbox **s);
#define AUTO_SANDBOX AUTO(sandbox_free_ptr)

#endif
