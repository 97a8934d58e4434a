/* SPDX-License-Identifier: MIT */
/* A descriptor or directory that is closed when its variable ends. Only for those where closing
 * can lose nothing: read from, synced already, directories, pipes. */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <dirent.h>

#include "base/base.h"

struct buf;
struct err;

void fd_close(int *fd); /* and sets it to -1; one below 0 is left alone */
#define AUTO_FD AUTO(fd_close)
void fd_close_dir(DIR **d); /* one that was only read */
#define AUTO_DIR AUTO(fd_close_dir)

/* All of it; `what` is for the message: "standard output". */
MUST_USE bool fd_write(int fd, const char *what, const void *p, size_t n, struct err *e);
/* To its end, at most as much as the buffer may hold, and in so many milliseconds: who does not
 * come to an end is not waited for. ERR_USAGE for more, or for later. */
MUST_USE bool fd_read_all(int fd, const char *what, int64_t timeout_ms, struct buf *out,
                          struct err *e);

#endif
