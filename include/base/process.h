/* SPDX-License-Identifier: MIT */
/*
 * Runs another program to its end: by argv, without a shell, in a process group of its own. On
 * timeout the whole group is killed (SIGTERM, then SIGKILL). The program gets default signal
 * handling, no descriptors but 0 to 2, and our environment without the secrets it may contain. If a
 * spawner runs (base/spawner.h), that starts the program, outside our sandbox.
 */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include "base/base.h"

struct buf;
struct err;

/* what every pipe holds: with more, both sides could wait for each other */
#define PROCESS_INPUT_MAX 4096

struct process {
	/* argv[0] must be a path; process_find() turns a name into one */
	char *const *argv;
	/* added to the environment: NAME=VALUE..., NULL-terminated; or NULL */
	const char *const *extra;
	const struct buf *input; /* its standard input; NULL: /dev/null */
	bool with_errors;        /* stderr counts as output; else it is dropped */
	int64_t timeout_ms;
};
struct process_end {
	bool in_time;
	int status /* as waitpid() */;
};

/* ERR_LOCAL if the program cannot be started, the input is too long, or the spawner died.
 * ERR_TRANSIENT if the program's file system does not answer, or this process is to end
 * (base/stop.h). Output beyond the limit of `out` is read and dropped (out->over). */
MUST_USE bool process_run(const struct process *p, struct buf *out, struct process_end *end,
                          struct err *e);
/* The path of a program: `name` itself if it is absolute, else the first match in $PATH. ERR_CONFIG
 * if there is none. Caller frees. */
MUST_USE bool process_find(const char *name, char **out, struct err *e);

#endif
