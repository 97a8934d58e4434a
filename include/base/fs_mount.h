/* SPDX-License-Identifier: MIT */
/* For src/base only: fs_mount.c and fs_reach.c read /proc/PID/mountinfo. */
#ifndef BASE_FS_MOUNT_H
#define BASE_FS_MOUNT_H

/* Decodes octal escapes ("\040" is a space), in place. */
void fs_mount_unescape(char *s);

#endif
