/* SPDX-License-Identifier: MIT */
#include "base/fd.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/mem.h"

void fd_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* nothing can be lost: see the header */
	*fd = -1;
}

void fd_close_dir(DIR **d)
{
	if (*d != NULL)
		(void)closedir(*d); /* only read */
}

int fd_write_all(int fd, const void *p, size_t n)
{
	const char *from = p;

	while (n > 0) {
		ssize_t w = write(fd, from, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return w < 0 ? errno : EIO;
		from += w;
		n -= (size_t)w;
	}
	return 0;
}

bool fd_write(int fd, const char *what, const void *p, size_t n, struct err *e)
{
	int why = fd_write_all(fd, p, n);

	return why == 0 || err_sys(e, why, "cannot write to %s", what);
}

/* Is there something to read, or the end, before `deadline_ms`? */
static bool wait_for(int fd, const char *what, int64_t deadline_ms, struct err *e)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	for (;;) {
		int64_t left = deadline_ms - env_mono_ms(&env_system);
		int n = poll(&p, 1, left > 0 ? (int)left : 0);
		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return err_sys(e, errno, "cannot wait for %s", what);
		if (n == 0)
			return err_set(e, ERR_USAGE, "%s does not end", what);
	}
}

bool fd_read_all(int fd, const char *what, int64_t timeout_ms, struct buf *out, struct err *e)
{
	int64_t deadline_ms = env_mono_ms(&env_system) + timeout_ms;
	char part[4096];

	for (;;) {
		if (!wait_for(fd, what, deadline_ms, e))
			return false;
		ssize_t n = read(fd, part, sizeof(part));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, errno, "cannot read %s", what);
		if (n == 0)
			return true;
		buf_add(out, part, (size_t)n);
		if (!buf_ok(out))
			return err_set(e, ERR_USAGE, "%s is longer than %zu bytes", what, out->max);
	}
}
