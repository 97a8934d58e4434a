/* SPDX-License-Identifier: MIT */
/* Inside fs_*.c only: where a path really leads, as an open directory and a name in it. */
#ifndef BASE_FS_TARGET_H
#define BASE_FS_TARGET_H

#include "base/fs.h"
#include <limits.h>
#include <sys/stat.h>

#define FS_LINKS_MAX   40 /* as the kernel: symbolic links followed on one path */
#define FS_TEMP_PREFIX ".acrotate."
#define FS_TEMP_MAX    192 /* prefix, tag, twice inode, size and time, random: at most 180 */
#define FS_TAG_MAX     17

/* fs_target_open(), where more is asked than the kernel answers. */
MUST_USE bool fs_walk(const char *path, enum fs_way way, struct fs_target *out, struct err *e);
/* The file of the target, opened: whose is it, where others can make files too? `path` for
 * messages. */
MUST_USE bool fs_target_trust(const struct fs_target *t, const struct stat *st, const char *path,
                              struct err *e);

void fs_tag(const struct fs_attr *attr, const struct fs_target *t, char out[static FS_TAG_MAX]);
void fs_id_of(const struct stat *st, struct fs_id *out);
/* Reads an open regular file. */
MUST_USE bool fs_read_fd(int fd, const char *path, size_t max, struct buf *out, struct fs_id *id,
                         struct err *e);
/* Writes all of it, whatever write() does in one call. */
MUST_USE bool fs_write_fd(int fd, const char *path, const void *p, size_t n, struct err *e);

MUST_USE bool fs_sync_fd(int fd, const char *path, struct err *e);
/* 0 when what was changed in the open directory before the call is on the disk; else an error
 * number. Threads that wait for one directory share its syncs. */
int fs_sync_dir(int dir);
/* Gives `fd` the owner, ACL and extended attributes of `old` (-1: none there); *mode is what
 * fchmod must set last. */
MUST_USE bool fs_attr_copy(int fd, int old, const struct fs_attr *attr, const char *path,
                           mode_t *mode, struct err *e);

#endif
