/* SPDX-License-Identifier: MIT */
/*
 * Does the file system that a path is on answer? One that lies behind the network or another
 * program (NFS, SMB, FUSE) may be gone, and then every call on it waits for ever, in the kernel,
 * where no signal ends it. So it is tried by a child first, which is left behind when it does not
 * come back.
 */
#ifndef BASE_FS_REACH_H
#define BASE_FS_REACH_H

#include "base/base.h"

struct buf;
struct err;

/* ERR_TRANSIENT when it does not answer in time, or this process shall end (base/stop.h). True at
 * once for a path on no such file system. With the rights of the calling thread. */
MUST_USE bool fs_reach(const char *path, struct err *e);

/* For tests: of mountinfo's text, which it changes, the point of the mount on the way to `path`
 * that may hang; false: none. Links count as what they are called. */
MUST_USE bool fs_reach_find(char *mountinfo, const char *path, struct buf *point);

#endif
