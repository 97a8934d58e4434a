/* SPDX-License-Identifier: MIT */
/* A descriptor or directory that is closed at the end of its variable's scope. Only for those where
 * a failing close loses nothing: read-only ones, synced files, directories, pipes. */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <dirent.h>

#include "base/base.h"

struct buf;
struct err;

void fd_close(int *fd); /* and sets it to -1; does nothing if it is negative */
#define AUTO_FD AUTO(fd_close)
void fd_close_dir(DIR **d); /* only for a directory that was read */
#define AUTO_DIR AUTO(fd_close_dir)

/* Writes all of it, in as many calls of write() as it takes. 0, or an error number. */
MUST_USE int fd_write_all(int fd, const void *p, size_t n);
/* The same; `what` is for the message: "standard output". */
MUST_USE bool fd_write(int fd, const char *what, const void *p, size_t n, struct err *e);
/* Reads to the end of the file. ERR_USAGE if there is more than the buffer may hold, or if the end
 * does not come within timeout_ms. */
MUST_USE bool fd_read_all(int fd, const char *what, int64_t timeout_ms, struct buf *out,
                          struct err *e);

#endif
