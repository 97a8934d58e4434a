/* SPDX-License-Identifier: MIT */
#include "trusted.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/fs_acl.h"
#include "base/ini.h"

/* The user's own group, of which nobody else is a member: what most distributions give to each. */
static bool has_own_group(uid_t me)
{
	return me != 0 && getegid() == me;
}

/* Who could have written this open file or directory but root and us; FS_OTHER_NONE: nobody.
 * Like /tmp a directory may be: others can add files, which are judged one by one, but not
 * replace ours. */
static bool writers(uid_t me, int fd, const struct stat *st, struct fs_other *out, struct err *e)
{
	const struct fs_ours ours = { .uid = me,
		                      .groups = { 0, me },
		                      .n_groups = has_own_group(me) ? 2 : 1 };

	*out = (struct fs_other){ .kind = FS_OTHER_NONE };
	return (S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX) != 0) ||
	       fs_other_may(fd, st, FS_WRITE, &ours, out, e);
}

/* A job can name a program to run. */
bool trusted_check(uid_t me, int fd, const struct stat *st, const char *shown, struct err *e)
{
	struct fs_other who;
	char name[FS_OTHER_MAX];

	if (st->st_uid != 0 && st->st_uid != me)
		return err_set(e, ERR_CONFIG,
		               "'%s' is refused: it belongs to another user, and could make "
		               "acrotate run any program; fix "
		               "with: chown root '%s'",
		               shown, shown);
	if (!writers(me, fd, st, &who, e)) {
		e->kind = ERR_CONFIG;
		return err_in(e, "'%s'", shown);
	}
	/* Everybody could write what kubelet makes of a ConfigMap, if it were not mounted so. */
	if (who.kind == FS_OTHER_NONE || fs_is_read_only(fd))
		return true;
	fs_other_name(&who, name);
	return err_set(e, ERR_CONFIG,
	               "'%s' is refused: %s can write it, and could make acrotate run any program; "
	               "fix it with: %s '%s'",
	               shown, name, who.kind >= FS_OTHER_NAMED_USER ? "setfacl -b" : "chmod go-w",
	               shown);
}

bool config_sys(struct err *e, int errnum, const char *what, const char *path)
{
	(void)err_sys(e, errnum, "%s '%s'", what, path);
	e->kind = ERR_CONFIG;
	return false;
}

/* Four system calls a file: with ten thousand jobs each one counts. */
bool trusted_read(uid_t me, int dir, const char *name, const char *shown, char *text, size_t *len,
                  struct err *e)
{
	AUTO_FD int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return config_sys(e, errno, "cannot open", shown);
	if (fstat(fd, &st) != 0)
		return config_sys(e, errno, "cannot read", shown);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_CONFIG, "'%s' is not a regular file", shown);
	if (!trusted_check(me, fd, &st, shown, e))
		return false;
	/* More than fits is refused by the parser, which says so. */
	size_t size = st.st_size < INI_FILE_MAX ? (size_t)st.st_size : INI_FILE_MAX + 1, got = 0;
	while (got < size) {
		ssize_t n = read(fd, text + got, size - got);
		if (n == 0)
			break;
		if (n < 0 && errno != EINTR)
			return config_sys(e, errno, "cannot read", shown);
		got += n > 0 ? (size_t)n : 0;
	}
	*len = got;
	return true;
}
