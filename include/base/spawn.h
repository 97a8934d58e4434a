/* SPDX-License-Identifier: MIT */
/* For src/base only: starting another program, used by this process and by the spawner. process.c
 * waits for its end. */
#ifndef BASE_SPAWN_H
#define BASE_SPAWN_H

#include "base/base.h"
#include <sys/types.h>

struct spawn {
	char *const *argv;        /* argv[0] must be a path */
	const char *const *extra; /* as in struct process */
	int input;                /* its descriptor 0; -1: /dev/null */
	int output;               /* its descriptor 1, and 2 if with_errors */
	bool with_errors;
};
/* Starts it as our child, in a process group of its own. Returns 0 or an error number. */
MUST_USE int spawn_child(const struct spawn *s, pid_t *pid);
/* Overwrites the secrets in our own environment that no program is given. */
void spawn_wipe_environment(void);

#endif
