/* SPDX-License-Identifier: MIT */
/* Inside src/base only: the start of another program, by ourselves or by the spawner. Its end is
 * process.c's. */
#ifndef BASE_SPAWN_H
#define BASE_SPAWN_H

#include "base/base.h"
#include <sys/types.h>

struct spawn {
	char *const *argv;        /* argv[0]: a path */
	const char *const *extra; /* as in struct process */
	int input;                /* what it gets as 0; -1: /dev/null */
	int output;               /* 1, and 2 if with_errors */
	bool with_errors;
};
/* As a child of ours, in a process group of its own. 0, or an error number. */
MUST_USE int spawn_child(const struct spawn *s, pid_t *pid);
/* Overwrites, in our own environment, the secrets that no program is given. */
void spawn_wipe_environment(void);

#endif
