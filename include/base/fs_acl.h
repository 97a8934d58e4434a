/* SPDX-License-Identifier: MIT */
/*
 * Who else may access a file or directory, as the kernel decides it. If there is an ACL, it
 * decides: named users and groups have rights of their own, and the group bits of the mode are not
 * the group's rights but the mask, an upper bound for all of them. So 0664 with an ACL may mean
 * that only user `nobody` can write there, or that no group can.
 */
#ifndef BASE_FS_ACL_H
#define BASE_FS_ACL_H

#include <sys/stat.h>

#include "base/base.h"

struct err;

enum { FS_EXECUTE = 1, FS_WRITE = 2, FS_READ = 4 };

/* Who does not count as others: root, this user, and members of these groups. The owner in the mode
 * is not judged here; the caller checks st_uid. */
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
	unsigned id; /* of the named user or group */
};

/* *out is the first other who has any of `rights`; FS_OTHER_NONE: nobody. `fd` must be open for
 * reading; the ACL is read only if the mode leaves room for one. Fails if it cannot be
 * determined. */
MUST_USE bool fs_other_may(int fd, const struct stat *st, unsigned rights,
                           const struct fs_ours *ours, struct fs_other *out, struct err *e);
/* Is it on a file system that is mounted read-only here? Then nobody writes it, whatever its
 * mode. */
bool fs_is_read_only(int fd);
/* Is it what the kubelet mounts into a pod? It belongs to root and to a group other than root's
 * that we are in (the pod's fsGroup), and is in memory or mounted read-only. Nobody else is in such
 * a group. */
bool fs_is_of_pod(int fd, const struct stat *st);
/* "others", "its group", "user nobody (by its ACL)". */
#define FS_OTHER_MAX 96
void fs_other_name(const struct fs_other *o, char out[static FS_OTHER_MAX]);

/* For fs_*.c and tests only: the same for the bytes of an ACL; `group` is the file's. False if they
 * are not a valid ACL. */
MUST_USE bool fs_acl_other(const void *acl, size_t n, gid_t group, unsigned rights,
                           const struct fs_ours *ours, struct fs_other *out);
#define FS_ACL_NAME "system.posix_acl_access"
/* The user's name, or its number if it has none. */
#define FS_NAME_MAX 64
void fs_user_name(uid_t uid, char out[static FS_NAME_MAX]);

#endif
