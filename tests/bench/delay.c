/* SPDX-License-Identifier: MIT */
/*
 * Distance: delay MS PORT FILE listens on three ports of loopback, one each for Entra ID, Resource
 * Manager and the registry, writes them to FILE, and passes all bytes on to PORT and back so that a
 * round trip takes MS milliseconds, and so does the opening of a connection. Ends with its parent.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DOORS = 3, PIPES_MAX = 512, PIECE = 65536 };

/* Bytes on their way; none of them: the end. */
struct piece {
	struct piece *next;
	int64_t due_ms;
	size_t n;
	char bytes[];
};
/* One direction of a connection. */
struct pipe {
	int from, to;
	int64_t late_ms; /* what has not left before */
	int reading, used;
	struct piece *first, **last;
};

static struct pipe pipes[PIPES_MAX];
static int64_t half_ms;
static uint16_t target;

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int loopback(uint16_t port, int listening)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (listening ? bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, 64) != 0
	              : connect(fd, (struct sockaddr *)&at, sizeof(at)) != 0) {
		perror("delay");
		exit(74);
	}
	return fd;
}

static void open_pipe(int from, int to, int64_t late_ms)
{
	for (size_t i = 0; i < PIPES_MAX; i++) {
		if (pipes[i].used)
			continue;
		pipes[i] = (struct pipe){
			.from = from, .to = to, .late_ms = late_ms, .reading = 1, .used = 1
		};
		pipes[i].last = &pipes[i].first;
		return;
	}
	(void)fprintf(stderr, "delay: more than %d connections\n", PIPES_MAX / 2);
	exit(71);
}

/* The peer has to wait a round trip for its connection, before it can say anything. */
static void open_connection(int door)
{
	int client = accept(door, NULL, NULL), server = loopback(target, 0), one = 1;

	if (client < 0)
		return;
	(void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	open_pipe(client, server, now_ms() + 3 * half_ms);
	/* Each direction closes its own. */
	open_pipe(dup(server), dup(client), 0);
}

static void take_piece(struct pipe *p)
{
	struct piece *one = malloc(sizeof(*one) + PIECE);
	int64_t due = now_ms() + half_ms;

	if (one == NULL)
		exit(71);
	ssize_t n = read(p->from, one->bytes, PIECE);
	if (n < 0 && errno == EINTR)
		n = 0;
	p->reading = n > 0;
	one->n = n > 0 ? (size_t)n : 0;
	one->next = NULL;
	one->due_ms = due > p->late_ms ? due : p->late_ms;
	*p->last = one;
	p->last = &one->next;
}

static void close_pipe(struct pipe *p)
{
	(void)shutdown(p->to, SHUT_WR);
	(void)close(p->from);
	(void)close(p->to);
	for (struct piece *one = p->first, *next; one != NULL; one = next) {
		next = one->next;
		free(one);
	}
	*p = (struct pipe){ 0 };
}

/* What is due goes on; how long until there is more, or -1. */
static int64_t pass_on(struct pipe *p)
{
	struct piece *one;

	while ((one = p->first) != NULL && one->due_ms <= now_ms()) {
		ssize_t done = one->n > 0 ? send(p->to, one->bytes, one->n, MSG_NOSIGNAL) : 0;
		if (one->n == 0 || done != (ssize_t)one->n) {
			close_pipe(p);
			return -1;
		}
		p->first = one->next;
		p->last = p->first == NULL ? &p->first : p->last;
		free(one);
	}
	return one == NULL ? -1 : one->due_ms - now_ms();
}

static int next_due(void)
{
	int64_t wait = -1;

	for (size_t i = 0; i < PIPES_MAX; i++) {
		int64_t left = pipes[i].used ? pass_on(&pipes[i]) : -1;
		if (left >= 0 && (wait < 0 || left < wait))
			wait = left;
	}
	return (int)wait;
}

static void serve(const int *door)
{
	static struct pollfd polled[DOORS + PIPES_MAX];
	static size_t which[DOORS + PIPES_MAX];

	for (;;) {
		nfds_t n = 0;
		int wait = next_due();
		for (; n < DOORS; n++)
			polled[n] = (struct pollfd){ door[n], POLLIN, 0 };
		for (size_t i = 0; i < PIPES_MAX; i++) {
			if (!pipes[i].used || !pipes[i].reading)
				continue;
			which[n] = i;
			polled[n++] = (struct pollfd){ pipes[i].from, POLLIN, 0 };
		}
		if (poll(polled, n, wait) <= 0)
			continue;
		for (nfds_t i = 0; i < n; i++) {
			if (polled[i].revents != 0 && i < DOORS)
				open_connection(door[i]);
			else if (polled[i].revents != 0)
				take_piece(&pipes[which[i]]);
		}
	}
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in at = { 0 };
	socklen_t size = sizeof(at);

	(void)getsockname(fd, (struct sockaddr *)&at, &size);
	return ntohs(at.sin_port);
}

int main(int argc, char **argv)
{
	int door[DOORS];
	FILE *out = argc == 4 ? fopen(argv[3], "we") : NULL;

	if (out == NULL)
		return 64;
	half_ms = strtol(argv[1], NULL, 10) / 2;
	target = (uint16_t)strtoul(argv[2], NULL, 10);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	for (int i = 0; i < DOORS; i++) {
		door[i] = loopback(0, 1);
		(void)fprintf(out, "%u\n", port_of(door[i]));
	}
	if (fclose(out) != 0)
		return 74;
	serve(door);
}
