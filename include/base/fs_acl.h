/* SPDX-License-Identifier: MIT */
/*
 * Who else may do something to a file or a directory, as the kernel decides it. Where there is an
 * ACL, it decides: named users and groups have rights of their own, and the group bits of the mode
 * are no group's right but the mask, the most that any of them can have. So 0664 with an ACL may
 * mean that only `nobody` writes there, or that no group does.
 */
#ifndef BASE_FS_ACL_H
#define BASE_FS_ACL_H

#include <sys/stat.h>

#include "base/base.h"

struct err;

enum { FS_EXECUTE = 1, FS_WRITE = 2, FS_READ = 4 };

/* Those who are no others, besides root and the owner, who is judged by whoever asks. */
struct fs_ours {
	uid_t uid;
	gid_t groups[2];
	size_t n_groups;
};

enum fs_other_kind {
	FS_OTHER_NONE,
	FS_OTHER_ALL,
	FS_OTHER_GROUP,
	FS_OTHER_NAMED_USER,
	FS_OTHER_NAMED_GROUP
};
struct fs_other {
	enum fs_other_kind kind;
	unsigned id; /* of the named one */
};

/* The first who may do any of `rights`; FS_OTHER_NONE: nobody may. `fd` is open for reading: its
 * ACL is asked for only where the mode leaves room for one. Fails when that cannot be told. */
MUST_USE bool fs_other_may(int fd, const struct stat *st, unsigned rights,
                           const struct fs_ours *ours, struct fs_other *out, struct err *e);
/* It is on what is mounted to be read only here: whatever its mode, nobody writes it. */
bool fs_is_read_only(int fd);
/* What kubelet mounts into a pod: root's, of a group that we are in (the pod's fsGroup) and that is
 * not root's, and read only or in memory. Nobody else is in such a group. */
bool fs_is_of_pod(int fd, const struct stat *st);
/* "others", "its group", "user nobody (by its ACL)". */
#define FS_OTHER_MAX 96
void fs_other_name(const struct fs_other *o, char out[static FS_OTHER_MAX]);

/* Inside fs_*.c, and for tests: the same for the bytes of an ACL, and the group the file has.
 * False: these are none. */
MUST_USE bool fs_acl_other(const void *acl, size_t n, gid_t group, unsigned rights,
                           const struct fs_ours *ours, struct fs_other *out);
#define FS_ACL_NAME "system.posix_acl_access"
/* A user's name, or the number. */
#define FS_NAME_MAX 64
void fs_user_name(uid_t uid, char out[static FS_NAME_MAX]);

#endif
