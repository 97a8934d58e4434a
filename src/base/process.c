/* SPDX-License-Identifier: MIT */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/fs_reach.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/spawner.h"
#include "base/stop.h"

/* on a kernel without pidfd_open (before 5.3): how late the end of a program is noticed */
#define POLL_MS      50
#define REST_MAX     64   /* reads of 4 KiB: more than a pipe holds */
#define KILL_MS      2000 /* between SIGTERM and SIGKILL for one whose time is out */
#define STOP_KILL_MS 300  /* the same where this process shall end itself */

/* ---- starting -------------------------------------------------------------------------------- */

/* The reading end of a pipe with all of the input in it, so that nobody has to feed it: and no
 * SIGPIPE if nobody reads. */
static bool full_pipe(const struct buf *input, int *out, struct err *e)
{
	int ends[2];

	if (input->len > PROCESS_INPUT_MAX)
		return err_set(e, ERR_LOCAL, "the input is longer than %d bytes",
		               PROCESS_INPUT_MAX);
	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_sys(e, errno, "cannot make a pipe");
	/* a pipe that were too small shall fail, not wait */
	(void)fcntl(ends[1], F_SETFL, O_NONBLOCK);
	ssize_t n = write(ends[1], buf_cstr(input), input->len);
	int why = errno;
	(void)close(ends[1]); /* all is in the pipe */
	if (n == (ssize_t)input->len) {
		*out = ends[0];
		return true;
	}
	(void)close(ends[0]); /* nobody reads */
	return err_sys(e, n < 0 ? why : ENOSPC, "cannot fill a pipe");
}

/* One that was started. end: readable at its end; where the spawner tells it (spawned), or a pidfd
 * of a child of ours, or -1. */
struct running {
	pid_t pid;
	int end;
	bool spawned, lost;
};

static void running_clear(struct running *r)
{
	fd_close(&r->end);
}

static int start(const struct spawn *s, struct running *r)
{
	r->spawned = spawner_runs();
	if (r->spawned)
		return spawner_spawn(s, &r->pid, &r->end);
	int rc = spawn_child(s, &r->pid);
	if (rc == 0)
		r->end = pidfd_open(r->pid, 0);
	return rc;
}

static bool has_ended(struct running *r, int *status)
{
	pid_t pid;

	if (r->spawned)
		return spawner_ended(r->end, status, &r->lost);
	do
		pid = waitpid(r->pid, status, WNOHANG);
	while (pid < 0 && errno == EINTR);
	return pid == r->pid;
}

/* ---- until its end --------------------------------------------------------------------------- */

/* True while more may come. Past the limit the rest is read and dropped, so that the program
 * does not block on a full pipe. */
static bool drain(int fd, struct buf *out)
{
	char piece[4096];
	ssize_t n = read(fd, piece, sizeof(piece));

	size_t got = n > 0 ? (size_t)n : 0, room = out->max - out->len,
	       fits = got < room ? got : room;
	buf_add(out, piece, fits);
	buf_add(out, piece + fits, got - fits); /* none, or it is noted that there was more */
	bool more = n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
	explicit_bzero(piece, sizeof(piece));
	return more;
}

/* What it wrote before it ended. What it left running may write for ever, and faster than we
 * read. */
static void drain_rest(int fd, struct buf *out)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	for (int i = 0; i < REST_MAX && poll(&p, 1, 0) > 0 && drain(fd, out); i++)
		;
}

static int time_left(const struct running *r, int64_t deadline_ms)
{
	int64_t left = deadline_ms - env_mono_ms(&env_system),
		most = r->end < 0 ? POLL_MS : INT_MAX;

	return left < 0 ? 0 : (int)(left < most ? left : most);
}

/* Until it has ended, or the deadline, or (stop: stop_fd(), or -1) this process shall end. True
 * with the status when it ended. */
static bool attend(struct running *r, int fd, int64_t deadline_ms, int stop, struct buf *out,
                   int *status)
{
	bool open = true;

	for (;;) {
		struct pollfd p[] = { { .fd = open ? fd : -1, .events = POLLIN },
			              { .fd = r->end, .events = POLLIN },
			              { .fd = stop, .events = POLLIN } };
		bool any = poll(p, COUNT(p), time_left(r, deadline_ms)) > 0;
		if (any && p[0].revents != 0)
			open = drain(fd, out);
		/* What it left running in the background may hold the pipe open, and write, for
		 * ever: its own end is what counts. */
		if (has_ended(r, status)) {
			if (open)
				drain_rest(fd, out);
			return true;
		}
		if ((any && p[2].revents != 0) || env_mono_ms(&env_system) >= deadline_ms)
			return false;
	}
}

static void end_group(struct running *r, int fd, struct buf *out, int *status)
{
	(void)kill(-r->pid, SIGTERM);
	int64_t patience = stop_wanted() ? STOP_KILL_MS : KILL_MS;
	bool ended = attend(r, fd, env_mono_ms(&env_system) + patience, -1, out, status);
	(void)kill(-r->pid, SIGKILL); /* the rest of its group, too */
	/* One that hangs in a file system that does not answer cannot be killed: it is left behind.
	 * */
	if (!ended)
		(void)attend(r, fd, env_mono_ms(&env_system) + patience, -1, out, status);
}

bool process_run(const struct process *p, struct buf *out, struct process_end *end, struct err *e)
{
	AUTO_FD int input = -1, reading = -1, writing = -1;
	AUTO(running_clear) struct running r = { .end = -1 };
	int ends[2], status = 0;

	/* Starting it would wait for its file system, and nobody could end that. */
	if (!fs_reach(p->argv[0], e) || (p->input != NULL && !full_pipe(p->input, &input, e)))
		return err_in(e, "cannot run '%s'", p->argv[0]);
	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_sys(e, errno, "cannot run '%s'", p->argv[0]);
	reading = ends[0];
	writing = ends[1];
	const struct spawn s = { .argv = p->argv,
		                 .extra = p->extra,
		                 .input = input,
		                 .output = writing,
		                 .with_errors = p->with_errors };
	int rc = start(&s, &r);
	fd_close(&writing);
	fd_close(&input);
	if (rc != 0)
		return err_sys(e, rc, "cannot run '%s'", p->argv[0]);
	bool in_time = attend(&r, reading, env_mono_ms(&env_system) + p->timeout_ms, stop_fd(), out,
	                      &status);
	if (!in_time)
		end_group(&r, reading, out, &status);
	if (!in_time && stop_wanted())
		return err_set(e, ERR_TRANSIENT, "'%s' was ended, as this run is: a signal came",
		               p->argv[0]);
	if (r.lost)
		return err_set(e, ERR_LOCAL,
		               "cannot tell how '%s' ended: the process that started it was killed",
		               p->argv[0]);
	*end = (struct process_end){ .in_time = in_time, .status = status };
	return true;
}

/* ---- finding --------------------------------------------------------------------------------- */

static bool is_program(const char *path)
{
	struct err ignored = ERR_INIT;
	struct stat st;

	return fs_reach(path, &ignored) && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       access(path, X_OK) == 0;
}

bool process_find(const char *name, char **out, struct err *e)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/') != NULL) {
		if (name[0] != '/' || !is_program(name))
			return err_set(e, ERR_CONFIG, "'%s' is not %s", name,
			               name[0] != '/'
			                       ? "an absolute path, nor a name to look for in PATH"
			                       : "a program we may run");
		*out = mem_dup(name);
		return true;
	}
	for (const char *p = path != NULL ? path : "/usr/bin:/bin"; *p != '\0';) {
		size_t n = strcspn(p, ":");
		AUTO_FREE char *full = mem_fmt("%.*s/%s", (int)n, p, name);
		/* An empty or relative part would mean whatever directory we were started in. */
		if (p[0] == '/' && is_program(full)) {
			*out = take(&full);
			return true;
		}
		p += n + (p[n] == ':');
	}
	return err_set(e, ERR_CONFIG, "there is no program '%s' in PATH (%s)", name,
	               path != NULL ? path : "not set");
}
