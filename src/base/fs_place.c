/* SPDX-License-Identifier: MIT */
/* Writing over a file that cannot be replaced. */
#include "base/fs_target.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fd.h"

static bool open_place(const struct fs_target *t, const char *path, int *out, struct err *e)
{
	AUTO_FD int fd = -1;
	struct stat st;

	do
		fd = openat(t->dir, t->name,
		            O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	while (fd < 0 && errno == EINTR);
	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_MISSING, "'%s' does not exist", path);
	if (fd < 0)
		return err_sys(e, errno, "cannot open '%s' to write over it", path);
	if (fstat(fd, &st) != 0)
		return err_sys(e, errno, "cannot access '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_LOCAL, "'%s' is not a regular file", path);
	if (!fs_target_trust(t, &st, path, e))
		return false;
	*out = fd;
	fd = -1;
	return true;
}

bool fs_place_reserve(const struct fs_target *t, const char *path, size_t size, struct err *e)
{
	AUTO_FD int fd = -1;
	struct stat st;

	if (!open_place(t, path, &fd, e))
		return false;
	if (fstat(fd, &st) == 0 && size <= (size_t)st.st_blocks * 512)
		return true;
	/* Blocks past the end: nobody sees them. A file system that has no such thing is found
	 * out by the write. */
	while (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, size > 0 ? (off_t)size : 1) != 0)
		if (errno == EOPNOTSUPP || errno == ENOSYS)
			return true;
		else if (errno != EINTR)
			return err_sys(e, errno, "no room for the new content of '%s'", path);
	return true;
}

static bool put(int fd, const char *path, const struct buf *text, struct err *e)
{
	if (lseek(fd, 0, SEEK_SET) != 0)
		return err_sys(e, errno, "cannot write '%s'", path);
	/* Cut last: a reader in between sees a tail of the old content, never an empty file. */
	if (!fs_write_fd(fd, path, buf_cstr(text), text->len, e))
		return false;
	if (ftruncate(fd, (off_t)text->len) != 0)
		return err_sys(e, errno, "cannot write '%s'", path);
	return fs_sync_fd(fd, path, e);
}

bool fs_place_write(const struct fs_target *t, const char *path, const struct buf *text,
                    const struct buf *old, struct err *e)
{
	AUTO_FD int fd = -1;
	struct err ignored = ERR_INIT;

	if (!open_place(t, path, &fd, e))
		return false;
	if (put(fd, path, text, e))
		return true;
	if (!put(fd, path, old, &ignored))
		return err_in(e, "'%s' may be damaged, for its old content could not be put back",
		              path);
	return false;
}
