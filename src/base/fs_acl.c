/* SPDX-License-Identifier: MIT */
#include "base/fs_acl.h"

#include <endian.h>
#include <errno.h>
#include <grp.h>
#include <linux/magic.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

/*
 * What the kernel hands out as FS_ACL_NAME, little-endian: a version, then entries. It has no
 * header of its own in user space; libacl takes the same apart, and would be one more library to
 * load for a program that has nothing to do most of the time.
 */
#define ACL_VERSION   2u
#define ACL_BYTES_MAX 65536 /* XATTR_SIZE_MAX of Linux */
enum {
	TAG_OWNER = 0x01,
	TAG_USER = 0x02,
	TAG_OWNING_GROUP = 0x04,
	TAG_GROUP = 0x08,
	TAG_MASK = 0x10,
	TAG_OTHERS = 0x20
};
struct acl_entry {
	uint16_t tag, rights;
	uint32_t id;
};

static bool is_our_group(const struct fs_ours *ours, gid_t group)
{
	for (size_t i = 0; i < ours->n_groups; i++)
		if (ours->groups[i] == group)
			return true;
	return false;
}

static struct acl_entry entry_at(const unsigned char *p)
{
	struct acl_entry raw;

	memcpy(&raw, p, sizeof(raw));
	return (struct acl_entry){ .tag = le16toh(raw.tag),
		                   .rights = le16toh(raw.rights),
		                   .id = le32toh(raw.id) };
}

/* Who is meant by an entry; FS_OTHER_NONE: the owner, the mask, or one of ours. */
static struct fs_other who_of(const struct acl_entry *a, gid_t group, const struct fs_ours *ours)
{
	switch (a->tag) {
	case TAG_USER:
		return (struct fs_other){ a->id == 0 || a->id == ours->uid ? FS_OTHER_NONE
			                                                   : FS_OTHER_NAMED_USER,
			                  a->id };
	case TAG_OWNING_GROUP:
		return (struct fs_other){ is_our_group(ours, group) ? FS_OTHER_NONE
			                                            : FS_OTHER_GROUP,
			                  group };
	case TAG_GROUP:
		return (struct fs_other){ is_our_group(ours, a->id) ? FS_OTHER_NONE
			                                            : FS_OTHER_NAMED_GROUP,
			                  a->id };
	case TAG_OTHERS:
		return (struct fs_other){ FS_OTHER_ALL, 0 };
	default:
		return (struct fs_other){ FS_OTHER_NONE, 0 };
	}
}

/* The most that all but the owner and the others can have. */
static unsigned mask_of(const unsigned char *p, size_t n)
{
	for (size_t at = 0; at < n; at += sizeof(struct acl_entry)) {
		struct acl_entry a = entry_at(p + at);
		if (a.tag == TAG_MASK)
			return a.rights;
	}
	return FS_READ | FS_WRITE | FS_EXECUTE;
}

bool fs_acl_other(const void *acl, size_t n, gid_t group, unsigned rights,
                  const struct fs_ours *ours, struct fs_other *out)
{
	const unsigned char *p = acl;
	uint32_t version;

	if (n < sizeof(version) || (n - sizeof(version)) % sizeof(struct acl_entry) != 0)
		return false;
	memcpy(&version, p, sizeof(version));
	if (le32toh(version) != ACL_VERSION)
		return false;
	p += sizeof(version);
	n -= sizeof(version);
	unsigned mask = mask_of(p, n);
	*out = (struct fs_other){ .kind = FS_OTHER_NONE };
	for (size_t at = 0; at < n && out->kind == FS_OTHER_NONE; at += sizeof(struct acl_entry)) {
		struct acl_entry a = entry_at(p + at);
		unsigned has = a.tag == TAG_OTHERS ? a.rights : a.rights & mask;
		if ((has & rights) != 0)
			*out = who_of(&a, group, ours);
	}
	return true;
}

static bool by_mode(const struct stat *st, unsigned rights, const struct fs_ours *ours,
                    struct fs_other *out)
{
	bool group = ((st->st_mode >> 3) & rights) != 0 && !is_our_group(ours, st->st_gid);

	*out = (struct fs_other){ group ? FS_OTHER_GROUP : FS_OTHER_NONE, st->st_gid };
	return true;
}

bool fs_other_may(int fd, const struct stat *st, unsigned rights, const struct fs_ours *ours,
                  struct fs_other *out, struct err *e)
{
	if ((st->st_mode & rights) != 0) {
		*out = (struct fs_other){ .kind = FS_OTHER_ALL };
		return true;
	}
	/* The mask is the upper bound: what it lacks no entry gives. */
	if (((st->st_mode >> 3) & rights) == 0)
		return by_mode(st, rights, ours, out);
	AUTO_FREE char *acl = mem_array(1, ACL_BYTES_MAX);
	ssize_t n = fgetxattr(fd, FS_ACL_NAME, acl, ACL_BYTES_MAX);
	if (n < 0 && (errno == ENODATA || errno == ENOTSUP))
		return by_mode(st, rights, ours, out);
	if (n < 0)
		return err_sys(e, errno, "cannot read the ACL");
	return fs_acl_other(acl, (size_t)n, st->st_gid, rights, ours, out) ||
	       err_set(e, ERR_LOCAL, "its ACL is of an unknown kind");
}

/* ---- in a pod -------------------------------------------------------------------------------- */

bool fs_is_read_only(int fd)
{
	struct statvfs at;

	return fstatvfs(fd, &at) == 0 && (at.f_flag & ST_RDONLY) != 0;
}

static bool is_in_memory(int fd)
{
	struct statfs at;

	return fstatfs(fd, &at) == 0 && at.f_type == TMPFS_MAGIC;
}

static bool is_mine(gid_t group)
{
	return group == getegid() || group_member(group) != 0;
}

bool fs_is_of_pod(int fd, const struct stat *st)
{
	return st->st_uid == 0 && st->st_gid != 0 && is_mine(st->st_gid) &&
	       (is_in_memory(fd) || fs_is_read_only(fd));
}

/* ---- names ----------------------------------------------------------------------------------- */

void fs_user_name(uid_t uid, char out[static FS_NAME_MAX])
{
	char text[1024];
	struct passwd pw, *found = NULL;

	if (getpwuid_r(uid, &pw, text, sizeof(text), &found) == 0 && found != NULL)
		(void)snprintf(out, FS_NAME_MAX, "%s", pw.pw_name);
	else
		(void)snprintf(out, FS_NAME_MAX, "%u", (unsigned)uid);
}

static void group_name(gid_t gid, char out[static FS_NAME_MAX])
{
	char text[1024];
	struct group gr, *found = NULL;

	if (getgrgid_r(gid, &gr, text, sizeof(text), &found) == 0 && found != NULL)
		(void)snprintf(out, FS_NAME_MAX, "%s", gr.gr_name);
	else
		(void)snprintf(out, FS_NAME_MAX, "%u", (unsigned)gid);
}

void fs_other_name(const struct fs_other *o, char out[static FS_OTHER_MAX])
{
	static const char *const plain[] = { [FS_OTHER_NONE] = "nobody else",
		                             [FS_OTHER_ALL] = "others",
		                             [FS_OTHER_GROUP] = "its group" };
	char name[FS_NAME_MAX];

	if (o->kind == FS_OTHER_NAMED_USER)
		fs_user_name(o->id, name);
	else if (o->kind == FS_OTHER_NAMED_GROUP)
		group_name(o->id, name);
	if (o->kind == FS_OTHER_NAMED_USER || o->kind == FS_OTHER_NAMED_GROUP)
		(void)snprintf(out, FS_OTHER_MAX, "%s %s (by its ACL)",
		               o->kind == FS_OTHER_NAMED_USER ? "user" : "group", name);
	else
		(void)snprintf(out, FS_OTHER_MAX, "%s", plain[o->kind]);
}
