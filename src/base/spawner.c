/* SPDX-License-Identifier: MIT */
#include "base/spawner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/spawn.h"

/* the words of a command line, and the names of a job's sinks, both out of files of at most 64
 * KiB */
#define REQUEST_MAX (128 * 1024)
#define WORDS_MAX   300 /* ARGV_WORDS_MAX, and some for the environment */
#define DOOR        3   /* the spawner's end of the socket */

struct spawner_rule {
	char **words;
	bool more;
};

/* One of the few globals of this program: the way to the spawner, -1 when there is none. Set
 * while there is one thread. */
static struct {
	int door;
	pid_t pid;
} spawner = { .door = -1 };

/* ---- what may be started --------------------------------------------------------------------- */

static size_t count_words(const char *const *words)
{
	size_t n = 0;

	while (words != NULL && words[n] != NULL)
		n++;
	return n;
}

void spawner_allow(struct spawner_rules *r, char *const *words, bool more)
{
	size_t n = 0;

	while (words[n] != NULL)
		n++;
	struct spawner_rule rule = { .words = mem_array(n + 1, sizeof(char *)), .more = more };
	for (size_t i = 0; i < n; i++)
		rule.words[i] = mem_dup(words[i]);
	r->rule = mem_grow(r->rule, &r->cap, r->n + 1, sizeof(*r->rule));
	r->rule[r->n++] = rule;
}

void spawner_rules_clear(struct spawner_rules *r)
{
	for (size_t i = 0; i < r->n; i++) {
		for (size_t k = 0; r->rule[i].words[k] != NULL; k++)
			free(r->rule[i].words[k]);
		free(r->rule[i].words);
	}
	free(r->rule);
	*r = (struct spawner_rules){ .n = 0 };
}

static bool fits(const struct spawner_rule *rule, char *const *argv)
{
	size_t i = 0;

	for (; rule->words[i] != NULL; i++)
		if (argv[i] == NULL || strcmp(argv[i], rule->words[i]) != 0)
			return false;
	return rule->more || argv[i] == NULL;
}

/* A variable like LD_PRELOAD would make any program do anything. */
static bool is_harmless(const char *variable)
{
	return strncmp(variable, "ACROTATE_", strlen("ACROTATE_")) == 0 ||
	       strcmp(variable, "AZURE_CORE_NO_COLOR=true") == 0 ||
	       strcmp(variable, "PYTHONWARNINGS=ignore") == 0;
}

static bool is_allowed(const struct spawner_rules *r, char *const *argv, char *const *extra)
{
	for (size_t i = 0; extra[i] != NULL; i++)
		if (!is_harmless(extra[i]))
			return false;
	for (size_t i = 0; i < r->n; i++)
		if (fits(&r->rule[i], argv))
			return true;
	return false;
}

/* ---- between the two ------------------------------------------------------------------------- */

/* A request is one message: this, then all words with their NULs, and descriptors: where to tell
 * the end, output, and input if any. No bool in it: whoever sends it may send a byte that is
 * neither. */
struct head {
	unsigned words, extras;
	uint8_t with_errors, has_input;
};
enum { FDS_MAX = 3 };
struct spawn_answer {
	int rc;
	pid_t pid;
};

union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(FDS_MAX * sizeof(int))];
};

static bool send_request(const struct buf *text, const int *fds, size_t n)
{
	union control control = { .room = { 0 } };
	struct iovec part = { .iov_base = text->data, .iov_len = text->len };
	struct msghdr m = { .msg_iov = &part,
		            .msg_iovlen = 1,
		            .msg_control = &control,
		            .msg_controllen = CMSG_SPACE(n * sizeof(int)) };
	ssize_t sent;

	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	*c = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
		               .cmsg_type = SCM_RIGHTS,
		               .cmsg_len = CMSG_LEN(n * sizeof(int)) };
	memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	do
		sent = sendmsg(spawner.door, &m, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)text->len;
}

static ssize_t receive(int from, void *to, size_t size, int flags)
{
	ssize_t n;

	do
		n = recv(from, to, size, flags);
	while (n < 0 && errno == EINTR);
	return n;
}

int spawner_spawn(const struct spawn *s, int *pid, int *word)
{
	AUTO_BUF struct buf text = BUF_INIT(REQUEST_MAX);
	const struct head head = { .words = (unsigned)count_words((const char *const *)s->argv),
		                   .extras = (unsigned)count_words(s->extra),
		                   .with_errors = s->with_errors,
		                   .has_input = s->input >= 0 };
	struct spawn_answer answer = { .rc = EPIPE };
	int ends[2];

	buf_add(&text, &head, sizeof(head));
	for (size_t i = 0; i < head.words; i++)
		buf_add(&text, s->argv[i], strlen(s->argv[i]) + 1);
	for (size_t i = 0; i < head.extras; i++)
		buf_add(&text, s->extra[i], strlen(s->extra[i]) + 1);
	if (!buf_ok(&text) || head.words + head.extras > WORDS_MAX)
		return E2BIG;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return errno;
	const int fds[FDS_MAX] = { ends[1], s->output, s->input };
	bool sent = send_request(&text, fds, head.has_input ? 3 : 2);
	int why = sent ? EPIPE : errno;
	(void)close(ends[1]); /* the spawner's now */
	if (sent && receive(ends[0], &answer, sizeof(answer), 0) == (ssize_t)sizeof(answer))
		why = answer.rc;
	if (why != 0) {
		(void)close(ends[0]); /* nothing more will come */
		return why;
	}
	*pid = answer.pid;
	*word = ends[0];
	return 0;
}

bool spawner_ended(int word, int *status, bool *lost)
{
	int got;
	ssize_t n = receive(word, &got, sizeof(got), MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return false;
	*lost = n != (ssize_t)sizeof(got);
	if (!*lost)
		*status = got;
	return true;
}

/* ---- the spawner itself ---------------------------------------------------------------------- */

struct child {
	pid_t pid;
	int word;
};
struct service {
	const struct spawner_rules *rules;
	struct child *child;
	size_t n, cap;
	char *room;
};

struct spawn_request {
	struct head head;
	char *argv[WORDS_MAX + 1], *extra[WORDS_MAX + 1];
	int fds[FDS_MAX];
	size_t n_fds;
};

static void close_fds(struct spawn_request *q)
{
	for (size_t i = 0; i < q->n_fds; i++)
		(void)close(q->fds[i]); /* passed on, or refused */
	q->n_fds = 0;
}

/* The next n words; false when the message has fewer. */
static bool cut(char **at, const char *end, size_t n, char **out)
{
	for (size_t i = 0; i < n; i++) {
		size_t left = (size_t)(end - *at);
		if (left == 0 || memchr(*at, '\0', left) == NULL)
			return false;
		out[i] = *at;
		*at += strlen(*at) + 1;
	}
	out[n] = NULL;
	return true;
}

static bool understand(struct spawn_request *q, char *room, size_t n)
{
	if (n < sizeof(q->head))
		return false;
	memcpy(&q->head, room, sizeof(q->head));
	char *at = room + sizeof(q->head);
	const char *end = room + n;
	return q->head.words > 0 && q->head.words <= WORDS_MAX && q->head.extras <= WORDS_MAX &&
	       q->n_fds == (q->head.has_input ? 3u : 2u) && cut(&at, end, q->head.words, q->argv) &&
	       cut(&at, end, q->head.extras, q->extra);
}

/* False at the end of the parent. */
static bool take_request(const struct service *s, struct spawn_request *q, size_t *n)
{
	union control control = { .room = { 0 } };
	struct iovec part = { .iov_base = s->room, .iov_len = REQUEST_MAX };
	/* Not all of it: there is room for a fourth descriptor at its end, which q->fds has not. */
	struct msghdr m = { .msg_iov = &part,
		            .msg_iovlen = 1,
		            .msg_control = &control,
		            .msg_controllen = CMSG_LEN(FDS_MAX * sizeof(int)) };
	ssize_t got = recvmsg(DOOR, &m, MSG_CMSG_CLOEXEC);

	q->n_fds = 0;
	if (got <= 0)
		return got < 0 && errno == EINTR;
	const struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
		q->n_fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(q->fds, CMSG_DATA(c), q->n_fds * sizeof(int));
	}
	*n = (size_t)got;
	return true;
}

static void serve_one(struct service *s, struct spawn_request *q, size_t n)
{
	struct spawn_answer answer = { .rc = EACCES };

	if (!understand(q, s->room, n)) {
		close_fds(q);
		return;
	}
	const struct spawn wish = { .argv = q->argv,
		                    .extra = (const char *const *)q->extra,
		                    .output = q->fds[1],
		                    .input = q->head.has_input ? q->fds[2] : -1,
		                    .with_errors = q->head.with_errors != 0 };
	if (is_allowed(s->rules, q->argv, q->extra))
		answer.rc = spawn_child(&wish, &answer.pid);
	if (answer.rc == 0) {
		s->child = mem_grow(s->child, &s->cap, s->n + 1, sizeof(*s->child));
		s->child[s->n++] = (struct child){ .pid = answer.pid,
			                           .word = fcntl(q->fds[0], F_DUPFD_CLOEXEC, 0) };
	}
	(void)send(q->fds[0], &answer, sizeof(answer), MSG_NOSIGNAL); /* who asked may be gone */
	close_fds(q);
}

static void reap(struct service *s)
{
	int status;

	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
		for (size_t i = 0; i < s->n; i++) {
			if (s->child[i].pid != pid)
				continue;
			/* who asked may be gone */
			(void)send(s->child[i].word, &status, sizeof(status), MSG_NOSIGNAL);
			/* the socket keeps what was sent */
			(void)close(s->child[i].word);
			s->child[i--] = s->child[--s->n];
			break;
		}
}

NORETURN static void serve(const struct spawner_rules *rules, const sigset_t *all)
{
	struct service s = { .rules = rules, .room = mem_new(REQUEST_MAX) };
	struct pollfd p[] = { { .fd = DOOR, .events = POLLIN },
		              { .fd = signalfd(-1, all, SFD_CLOEXEC | SFD_NONBLOCK),
		                .events = POLLIN } };
	struct signalfd_siginfo info;
	struct spawn_request q;
	size_t n = 0;

	for (;;) {
		(void)poll(p, COUNT(p), -1);
		while (read(p[1].fd, &info, sizeof(info)) > 0)
			;
		reap(&s);
		if (p[0].revents == 0)
			continue;
		if (!take_request(&s, &q, &n))
			_exit(0);
		if (q.n_fds > 0)
			serve_one(&s, &q, n);
	}
}

/* Nothing of the parent's stays open: its output would not end before we do. */
static void move_in(int door)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; nothing >= 0 && fd < DOOR; fd++)
		(void)dup2(nothing, fd);
	(void)dup2(door, DOOR);
	(void)close_range(DOOR + 1, ~0U, 0);
	(void)prctl(PR_SET_NAME, "acrotate-spawn", 0L, 0L, 0L);
	spawn_wipe_environment();
}

bool spawner_start(const struct spawner_rules *r, struct err *e)
{
	sigset_t all, before;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return err_sys(e, errno, "cannot start the spawner");
	/* A signal to the whole group, from the terminal or the service manager, must not end it
	 * before its parent. */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	int why = errno;
	if (pid == 0) {
		move_in(ends[1]);
		serve(r, &all);
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	(void)close(ends[1]); /* the spawner's */
	if (pid < 0) {
		(void)close(ends[0]); /* nobody is behind it */
		return err_sys(e, why, "cannot start the spawner");
	}
	spawner.door = ends[0];
	spawner.pid = pid;
	return true;
}

void spawner_stop(void)
{
	if (spawner.door < 0)
		return;
	(void)close(spawner.door); /* the spawner sees it and ends */
	spawner.door = -1;
	while (waitpid(spawner.pid, NULL, 0) < 0 && errno == EINTR)
		;
}

bool spawner_runs(void)
{
	return spawner.door >= 0;
}
