/* SPDX-License-Identifier: MIT */
/*
 * A file system by FUSE that takes every request and answers none, for tests/e2e/hang.t: whoever
 * looks at it hangs in the kernel, where no signal ends him, until this program ends. Needs root.
 *
 *   hung_fs DIRECTORY
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static char room[1 << 20];

static int answer_init(int fd, const struct fuse_in_header *in)
{
	struct {
		struct fuse_out_header head;
		struct fuse_init_out init;
	} out;

	memset(&out, 0, sizeof(out));
	out.head.len = sizeof(out);
	out.head.unique = in->unique;
	out.init.major = FUSE_KERNEL_VERSION;
	out.init.minor = FUSE_KERNEL_MINOR_VERSION;
	out.init.max_write = 4096;
	return write(fd, &out, sizeof(out)) == sizeof(out) ? 0 : -1;
}

int main(int argc, char **argv)
{
	char options[100];
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (argc != 2 || fd < 0)
		return 77;
	(void)snprintf(options, sizeof(options),
	               "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fd);
	if (mount("hung", argv[1], "fuse.hung", MS_NOSUID | MS_NODEV, options) != 0)
		return 77;
	(void)alarm(300); /* who waits for it for ever is let go in the end, to be seen red */
	for (;;) {
		const struct fuse_in_header *in = (const void *)room;
		ssize_t n = read(fd, room, sizeof(room));
		if (n < 0 && errno != EINTR && errno != ENOENT)
			return 1;
		if (n >= (ssize_t)sizeof(*in) && in->opcode == FUSE_INIT &&
		    answer_init(fd, in) != 0)
			return 1;
	}
}
