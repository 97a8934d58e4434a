/* SPDX-License-Identifier: MIT */
/* For fs_*.c only: where a path really leads, as an open directory and a name in it. */
#ifndef BASE_FS_TARGET_H
#define BASE_FS_TARGET_H

#include "base/fs.h"
#include <limits.h>
#include <sys/stat.h>

#define FS_LINKS_MAX   40 /* symbolic links followed on one path, as in the kernel */
#define FS_TEMP_PREFIX ".acrotate."
#define FS_TEMP_MAX    192 /* prefix, tag, twice inode, size and time, random: at most 180 */
#define FS_TAG_MAX     17

/* The part of fs_target_open() for paths with conditions (enum fs_way). */
MUST_USE bool fs_walk(const char *path, enum fs_way way, struct fs_target *out, struct err *e);
/* Is the file trustworthy? In a directory where others can create files it must belong to us or
 * root and have no other name, else ERR_CONFIG. `st` is of the opened file; `path` is for
 * messages. */
MUST_USE bool fs_target_trust(const struct fs_target *t, const struct stat *st, const char *path,
                              struct err *e);

void fs_tag(const struct fs_attr *attr, const struct fs_target *t, char out[static FS_TAG_MAX]);
void fs_id_of(const struct stat *st, struct fs_id *out);
/* Reads an open regular file. */
MUST_USE bool fs_read_fd(int fd, const char *path, size_t max, struct buf *out, struct fs_id *id,
                         struct err *e);
/* Writes all of it. */
MUST_USE bool fs_write_fd(int fd, const char *path, const void *p, size_t n, struct err *e);

MUST_USE bool fs_sync_fd(int fd, const char *path, struct err *e);
/* 0 if all changes made in the open directory before the call are on disk, else an error number.
 * Threads that wait for the same directory share its syncs. */
int fs_sync_dir(int dir);
/* Gives `fd` the owner, ACL and extended attributes of `old` (-1: no such file); the caller must
 * set *mode by fchmod() last. */
MUST_USE bool fs_attr_copy(int fd, int old, const struct fs_attr *attr, const char *path,
                           mode_t *mode, struct err *e);

#endif
