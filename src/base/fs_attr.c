/* SPDX-License-Identifier: MIT */
/* Owner, mode, ACL and extended attributes of a file, taken over by the one that replaces it. */
#include "base/fs_target.h"

#include <errno.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs_acl.h"
#include "base/mem.h"

#define XATTR_LIST_MAX  65536 /* XATTR_LIST_MAX of Linux */
#define XATTR_VALUE_MAX 65536 /* XATTR_SIZE_MAX of Linux */

/* What is copied, by the start of the name; the rest belongs to this one file (security.ima,
 * security.capability) or to the file system (trusted.overlay). `must`: a file without it would
 * be read by others, or by fewer, than before. */
static const struct rule {
	const char *prefix;
	bool copy, must;
} rules[] = {
	{ "user.", true, true },
	{ FS_ACL_NAME, true, true },
	{ "security.selinux", true, false },
	{ "security.SMACK64", true, false },
	{ "trusted.overlay.", false, false },
	{ "trusted.", true, false },
};

static const struct rule *rule_of(const char *name)
{
	for (size_t i = 0; i < COUNT(rules); i++)
		if (strncmp(name, rules[i].prefix, strlen(rules[i].prefix)) == 0)
			return &rules[i];
	return NULL;
}

static bool copy_one(int fd, int old, const char *name, bool must, const char *path, struct err *e)
{
	AUTO_FREE char *value = mem_array(1, XATTR_VALUE_MAX);
	ssize_t n = fgetxattr(old, name, value, XATTR_VALUE_MAX);

	if (n < 0 && (errno == ENODATA || !must))
		return true; /* removed meanwhile, or not for us to know */
	if (n < 0)
		return err_sys(e, errno, "cannot read attribute '%s' of '%s'", name, path);
	if (fsetxattr(fd, name, value, (size_t)n, 0) != 0 && must)
		return err_sys(e, errno, "cannot keep attribute '%s' of '%s'", name, path);
	return true;
}

static bool copy_all(int fd, int old, const char *path, struct err *e)
{
	ssize_t n = flistxattr(old, NULL, 0);

	if (n < 0 && errno != ENOTSUP)
		return err_sys(e, errno, "cannot list the attributes of '%s'", path);
	bool has_acl = false;
	if (n > 0) {
		AUTO_FREE char *names = mem_array(1, XATTR_LIST_MAX);
		n = flistxattr(old, names, XATTR_LIST_MAX);
		if (n < 0)
			return err_sys(e, errno, "cannot list the attributes of '%s'", path);
		for (const char *p = names; p < names + n; p += strlen(p) + 1) {
			const struct rule *rule = rule_of(p);
			has_acl = has_acl || strcmp(p, FS_ACL_NAME) == 0;
			if (rule != NULL && rule->copy &&
			    !copy_one(fd, old, p, rule->must, path, e))
				return false;
		}
	}
	/* The directory may have given the new file a default ACL that the old one does not
	 * have. */
	if (!has_acl && fremovexattr(fd, FS_ACL_NAME) != 0 && errno != ENODATA && errno != ENOTSUP)
		return err_sys(e, errno, "cannot keep '%s' without an ACL", path);
	return true;
}

bool fs_attr_copy(int fd, int old, const struct fs_attr *attr, const char *path, mode_t *mode,
                  struct err *e)
{
	struct stat now, was = { .st_mode = 0600, .st_uid = geteuid(), .st_gid = getegid() };

	if (fstat(fd, &now) != 0 || (old >= 0 && fstat(old, &was) != 0))
		return err_sys(e, errno, "cannot access '%s'", path);
	uid_t uid = attr->uid >= 0 ? (uid_t)attr->uid : old >= 0 ? was.st_uid : now.st_uid;
	gid_t gid = attr->gid >= 0 ? (gid_t)attr->gid : old >= 0 ? was.st_gid : now.st_gid;
	if ((uid != now.st_uid || gid != now.st_gid) && fchown(fd, uid, gid) != 0)
		return err_sys(e, errno, "cannot give '%s' to owner %u:%u", path, (unsigned)uid,
		               (unsigned)gid);
	if (old >= 0 && !copy_all(fd, old, path, e))
		return false;
	*mode = attr->mode >= 0 ? (mode_t)attr->mode : was.st_mode & 07777;
	/* The ACL's mask is what the mode's group bits are: until the content is complete and
	 * all is set, nobody else gets in. */
	if (fchmod(fd, 0600) != 0)
		return err_sys(e, errno, "cannot set the mode of '%s'", path);
	return true;
}
