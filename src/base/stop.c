/* SPDX-License-Identifier: MIT */
#include "base/stop.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct {
	int fd;
	volatile sig_atomic_t wanted;
} stop = { .fd = -1 };

void stop_setup(void)
{
	if (stop.fd < 0)
		/* without one it takes until the deadline */
		stop.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void stop_now(void)
{
	const uint64_t one = 1;
	int before = errno;

	stop.wanted = 1;
	if (stop.fd >= 0)
		(void)!write(stop.fd, &one, sizeof(one)); /* what is readable already stays so */
	errno = before;
}

bool stop_wanted(void)
{
	return stop.wanted != 0;
}

int stop_fd(void)
{
	return stop.fd;
}
