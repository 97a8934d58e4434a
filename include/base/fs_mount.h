/* SPDX-License-Identifier: MIT */
/* Inside src/base only: what fs_mount.c and fs_reach.c read in /proc/PID/mountinfo. */
#ifndef BASE_FS_MOUNT_H
#define BASE_FS_MOUNT_H

/* "\040" to a space, in place. */
void fs_mount_unescape(char *s);

#endif
