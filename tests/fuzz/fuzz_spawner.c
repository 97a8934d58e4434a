/* SPDX-License-Identifier: MIT */
/*
 * What comes through the door of the spawner, which is bound by no sandbox, from a process that
 * is, and may be somebody else's by now. The first byte says how many descriptors come with the
 * message. Nothing is started but what the rules name, with no variable that makes it another
 * program, and each descriptor is closed again.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/spawn.h"
#include "fuzz/fuzz.h"

static int inside = -1;
static int pretend(const struct spawn *s, pid_t *pid);

#define spawn_child             pretend
#define recvmsg(door, m, flags) recvmsg(inside, m, flags)
#include "../../src/base/spawner.c"
#undef recvmsg

#define SENT_MAX 8

static int pretend(const struct spawn *s, pid_t *pid)
{
	size_t n = count_words((const char *const *)s->argv);

	must((strcmp(s->argv[0], "/bin/hook") == 0 && n == 2 &&
	      strcmp(s->argv[1], "reload") == 0) ||
	     strcmp(s->argv[0], "/bin/helper") == 0);
	for (size_t i = 0; s->extra[i] != NULL; i++)
		must(strncmp(s->extra[i], "LD_", 3) != 0 && strncmp(s->extra[i], "PATH=", 5) != 0);
	must(s->output >= 0 && s->input >= -1);
	(void)pid;
	return EAGAIN;
}

static void deliver(int door, const uint8_t *data, size_t size, size_t n_fds)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(SENT_MAX * sizeof(int))];
	} control = { .room = { 0 } };
	char *copy = mem_new(size + 1);
	struct iovec part = { .iov_base = copy, .iov_len = size };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
	int fds[SENT_MAX];

	memcpy(copy, data, size);
	for (size_t i = 0; i < SENT_MAX; i++)
		fds[i] = door;
	if (n_fds > 0) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		*c = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
			               .cmsg_type = SCM_RIGHTS,
			               .cmsg_len = CMSG_LEN(n_fds * sizeof(int)) };
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	must(sendmsg(door, &m, MSG_NOSIGNAL) == (ssize_t)size);
	free(copy);
}

/* The lowest descriptor that is free: the same before and after. */
static int next_fd(void)
{
	int fd = dup(STDERR_FILENO);

	must(fd >= 0 && close(fd) == 0);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char hook[] = "/bin/hook", reload[] = "reload", helper[] = "/bin/helper";
	struct spawner_rules rules = { .n = 0 };
	struct spawn_request q;
	size_t n = 0;
	int ends[2];

	if (size < 2 || size > 60000)
		return 0;
	spawner_allow(&rules, (char *[]){ hook, reload, NULL }, false);
	spawner_allow(&rules, (char *[]){ helper, NULL }, true);
	struct service s = { .rules = &rules, .room = mem_new(REQUEST_MAX) };
	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
	inside = ends[1];
	int before = next_fd();
	deliver(ends[0], data + 1, size - 1, data[0] % SENT_MAX);
	must(take_request(&s, &q, &n));
	must(q.n_fds <= FDS_MAX);
	if (q.n_fds > 0)
		serve_one(&s, &q, n);
	must(next_fd() == before);
	(void)close(ends[0]); /* a socket: nothing can be lost */
	(void)close(ends[1]);
	free(s.child);
	free(s.room);
	spawner_rules_clear(&rules);
	return 0;
}
