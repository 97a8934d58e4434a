/* SPDX-License-Identifier: MIT */
#include "emulator/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"

/* Under a temporary name first: a test that waits for the file must not read half of it. */
bool files_write(const char *dir, const char *name, const char *text, int mode, struct err *e)
{
	AUTO_FREE char *path = mem_fmt("%s/%s", dir, name),
		       *staged = mem_fmt("%s/.%s.new", dir, name);
	int fd;

	(void)unlink(staged); /* of a start that was killed here */
	fd = open(staged, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return err_sys(e, errno, "cannot create '%s'", staged);
	if (fchmod(fd, (mode_t)mode) != 0 || !fd_write(fd, staged, text, strlen(text), e) ||
	    close(fd) != 0 || rename(staged, path) != 0)
		return err_sys(e, errno, "cannot write '%s'", path);
	return true;
}

bool files_read(const char *dir, const char *name, struct buf *out, struct err *e)
{
	AUTO_FREE char *path = mem_fmt("%s/%s", dir, name);
	char piece[4096];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_MISSING, "there is no '%s'", path);
	if (fd < 0)
		return err_sys(e, errno, "cannot open '%s'", path);
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		buf_add(out, piece, (size_t)n);
	explicit_bzero(piece, sizeof(piece));
	(void)close(fd); /* only read */
	if (n < 0 || !buf_ok(out))
		return err_set(e, ERR_LOCAL, "cannot read '%s'", path);
	return true;
}
