/* SPDX-License-Identifier: MIT */
/* A descriptor that is closed when its variable ends. Only for those where closing can lose
 * nothing: read from, synced already, directories, pipes. */
#ifndef BASE_FD_H
#define BASE_FD_H

void fd_close(int *fd); /* and sets it to -1; one below 0 is left alone */
#define AUTO_FD AUTO(fd_close)

#endif
