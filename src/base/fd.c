/* SPDX-License-Identifier: MIT */
#include "base/fd.h"

#include <unistd.h>

void fd_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* nothing can be lost: see the header */
	*fd = -1;
}
