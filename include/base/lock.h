/* SPDX-License-Identifier: MIT */
/* Advisory lock on a whole file (flock). The kernel releases it when the process ends, so a lock
 * file is never stale. */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include "base/base.h"

struct err;
struct lock {
	int fd;
};
#define LOCK_INIT                                                                                  \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/* creates the file (0600); never waits: ERR_BUSY if another process holds it */
MUST_USE bool lock_take(const char *path, struct lock *out, struct err *e);
/* the file stays, because removing it would race */
void lock_drop(struct lock *l);
#define AUTO_LOCK AUTO(lock_drop)

#endif
