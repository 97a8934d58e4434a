/* SPDX-License-Identifier: MIT */
/*
 * System calls that fail when a test says so. Programs in tests/fault are linked with --wrap for
 * every name in tests/fault/WRAP, and fault_fs* for those in WRAP.fs too; each call is counted,
 * and the Nth one fails, or is cut short. In other programs nothing is wrapped.
 */
#ifndef FAKES_FAULT_H
#define FAKES_FAULT_H

#include <stdbool.h>

enum fault_mode {
	FAULT_ONCE,  /* this call only */
	FAULT_STAYS, /* this one and all later calls of the same name: a disk stays full */
	FAULT_SHORT, /* write and read only: half of what was asked for */
	FAULT_KILL   /* the process dies in front of the call */
};

/* The nth (from 1) wrapped call, of `name` only unless that is NULL. Counts from here on. */
void fault_arm(const char *name, int nth, int errnum, enum fault_mode mode);
/* Disarms. True when the fault was met; *calls is how many calls were counted. */
bool fault_disarm(int *calls);

/* Every call of `name` fails with this, beside the one that is armed, and is not counted: a file
 * system that has no such thing. NULL: none. */
void fault_without(const char *name, int errnum);
/* fn is called in front of every call of `name`, in whatever thread. NULL: none. */
void fault_watch(const char *name, void (*fn)(void *ctx), void *ctx);

/* Calls fn just before the nth call of `name`, counted from the firing of the hook set before
 * it; at most four, each fires once. fn's own calls do not count. */
void fault_hook(const char *name, int nth, void (*fn)(void *ctx), void *ctx);
/* How many of the hooks have fired; removes them all. */
int fault_unhook(void);

/* From here on what is written and renamed counts as on no disk until it is synced. */
void fault_disk_watch(void);
/* Ends that. What a power cut could have taken: files that got their name before their content
 * was synced, and whatever is not synced now. */
int fault_disk_unsafe(void);

#endif
