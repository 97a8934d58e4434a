/* SPDX-License-Identifier: MIT */
/*
 * Runs another program to its end: argv without a shell, its own process group, killed as a
 * whole when the time is out. It gets default signals, no descriptor of ours but 0 to 2, and our
 * environment without the secrets that may be in it. Where a spawner runs (base/spawner.h), that
 * starts it: outside the sandbox we are in.
 */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include "base/base.h"

struct buf;
struct err;

/* what every pipe takes at once: a full one could leave both sides waiting */
#define PROCESS_INPUT_MAX 4096

struct process {
	/* argv[0]: a path, or a name that process_find() makes one */
	char *const *argv;
	const char *const *extra; /* NAME=VALUE..., NULL, or NULL: added to the environment */
	const struct buf *input;  /* what it reads from 0, or NULL: nothing (/dev/null) */
	bool with_errors;         /* what it writes to 2 is output too; else it is dropped */
	int64_t timeout_ms;
};
struct process_end {
	bool in_time;
	int status /* as waitpid() */;
};

/* False (ERR_LOCAL) only when it could not be started, the input is too long, or the spawner died;
 * or (ERR_TRANSIENT) its file system does not answer, or this process shall end (base/stop.h).
 * Output past out's limit is read and dropped (out->over). */
MUST_USE bool process_run(const struct process *p, struct buf *out, struct process_end *end,
                          struct err *e);
/* The path of an executable: `name` itself if absolute, else found in $PATH. ERR_CONFIG when
 * there is none. Caller frees. */
MUST_USE bool process_find(const char *name, char **out, struct err *e);

#endif
