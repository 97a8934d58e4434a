/* SPDX-License-Identifier: MIT */
#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

#define TRIES 8 /* each one means that somebody removed the file between our open and our lock */

/* A lock on a file that was removed meanwhile is no lock: the next run would make, and lock,
 * another one. */
static bool still_there(int fd, const char *path)
{
	struct stat held, there;

	return fstat(fd, &held) == 0 && lstat(path, &there) == 0 && held.st_dev == there.st_dev &&
	       held.st_ino == there.st_ino;
}

bool lock_take(const char *path, struct lock *out, struct err *e)
{
	for (int i = 0; i < TRIES; i++) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0 && errno == EINTR)
			continue;
		if (fd < 0)
			return err_sys(e, errno, "cannot open lock '%s'", path);
		if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
			int why = errno;
			(void)close(fd); /* nothing was written */
			if (why == EINTR)
				continue;
			if (why == EWOULDBLOCK)
				return err_set(e, ERR_BUSY, "another run holds '%s'", path);
			return err_sys(e, why, "cannot lock '%s'", path);
		}
		if (still_there(fd, path)) {
			out->fd = fd;
			return true;
		}
		(void)close(fd); /* nothing was written */
	}
	return err_set(e, ERR_BUSY, "lock '%s' is being removed by another program", path);
}

void lock_drop(struct lock *l)
{
	if (l->fd >= 0)
		(void)close(l->fd); /* the lock goes with the last descriptor */
	l->fd = -1;
}
