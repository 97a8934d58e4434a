/* SPDX-License-Identifier: MIT */
/*
 * Gives up rights permanently, by Landlock. After sandbox_enter(), this thread and every thread and
 * process that it starts can create, change, rename and remove files only below the allowed
 * directories, and cannot start programs. It does not affect reading, the network, descriptors that
 * are already open, or the owner, mode and times of files, which Landlock does not cover.
 *
 * A kernel without Landlock (older than 5.13, not configured, disabled at boot, or a container that
 * forbids the calls) is not an error: all calls succeed, nothing is given up, and sandbox_missing()
 * says why.
 */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

#include "base/base.h"

struct err;

struct sandbox;
/* ERR_LOCAL if the kernel has Landlock but fails. */
MUST_USE bool sandbox_new(struct sandbox **out, struct err *e);
/* Allows writing below this directory; the caller keeps the descriptor. `shown` is for messages. */
MUST_USE bool sandbox_allow(struct sandbox *s, int dir, const char *shown, struct err *e);
/* The same, and creating directories there. */
MUST_USE bool sandbox_allow_tree(struct sandbox *s, int dir, const char *shown, struct err *e);
/* Must be called before other threads exist: they would keep all rights. */
MUST_USE bool sandbox_enter(struct sandbox *s, struct err *e);
/* Why this machine has no sandbox: "Function not implemented"; NULL if it has one. */
const char *sandbox_missing(const struct sandbox *s);
int sandbox_abi(const struct sandbox *s); /* the version of Landlock; 0 if missing */
void sandbox_free(struct sandbox *s);
void sandbox_free_ptr(struct sandbox **s);
#define AUTO_SANDBOX AUTO(sandbox_free_ptr)

#endif
