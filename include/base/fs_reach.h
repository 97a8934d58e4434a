/* SPDX-License-Identifier: MIT */
/*
 * Does the file system of a path answer? One behind the network or another program (NFS, SMB,
 * FUSE) may be gone, and then every call on it blocks for ever, in the kernel, where no signal
 * interrupts it. So a child tries it first, and is abandoned if it does not return.
 */
#ifndef BASE_FS_REACH_H
#define BASE_FS_REACH_H

#include "base/base.h"

struct buf;
struct err;

/* ERR_TRANSIENT if it does not answer in time, or if this process is to end (base/stop.h). True at
 * once for a path on any other file system. Uses the rights of the calling thread. */
MUST_USE bool fs_reach(const char *path, struct err *e);
/* The next question reads the mounts again; otherwise they are remembered for a second. */
void fs_reach_forget(void);

/* For tests: finds the first mount point on the way to `path` that may hang; false if there is
 * none. `mountinfo` is that file's text and is modified. links: symbolic ones are followed. */
MUST_USE bool fs_reach_find(char *mountinfo, const char *path, bool links, struct buf *point);

#endif
