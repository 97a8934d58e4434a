/* SPDX-License-Identifier: MIT */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/mem.h"

#define POLL_MS 50       /* how late the end of a program that closed its output is noticed */
#define KILL_MS 2000     /* between SIGTERM and SIGKILL for one whose time is out */

extern char **environ;

/* ---- its environment ----------------------------------------------------------------------------------------------------------- */

/* Secrets that this program was given by environment. */
static const char *const withheld[] = {
	"AZURE_CLIENT_SECRET=", "AZURE_CLIENT_CERTIFICATE_PASSWORD=", "AZURE_PASSWORD=", "IDENTITY_HEADER=", "MSI_SECRET=",
	"ACTIONS_ID_TOKEN_REQUEST_TOKEN=", "SYSTEM_ACCESSTOKEN=",
};

static bool starts_with(const char *variable, const char *name_and_sign)
{
	return strncmp(variable, name_and_sign, strlen(name_and_sign)) == 0;
}

static bool is_withheld(const char *variable, const char *const *extra)
{
	for (size_t i = 0; i < COUNT(withheld); i++)
		if (starts_with(variable, withheld[i]))
			return true;
	for (size_t i = 0; extra != NULL && extra[i] != NULL; i++)
		if (strncmp(variable, extra[i], strcspn(extra[i], "=") + 1) == 0)
			return true;
	return false;
}

static char **environment(const char *const *extra)
{
	size_t n = 0, m = 0, k = 0;

	while (environ[n] != NULL)
		n++;
	while (extra != NULL && extra[m] != NULL)
		m++;
	char **out = mem_array(n + m + 1, sizeof(*out));
	for (size_t i = 0; i < n; i++)
		if (!is_withheld(environ[i], extra))
			out[k++] = mem_dup(environ[i]);
	for (size_t i = 0; i < m; i++)
		out[k++] = mem_dup(extra[i]);
	return out;
}

static void list_free(char ***list)
{
	for (size_t i = 0; *list != NULL && (*list)[i] != NULL; i++)
		free((*list)[i]);
	free(*list);
}

/* ---- starting ------------------------------------------------------------------------------------------------------------------ */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* pipes: nothing can be lost */
	*fd = -1;
}

/* The reading end of a pipe with all of the input in it, so that nobody has to feed it: and no SIGPIPE if nobody reads. */
static bool full_pipe(const struct buf *input, int *out, struct err *e)
{
	int ends[2];

	if (input->len > PROCESS_INPUT_MAX)
		return err_set(e, ERR_LOCAL, "the input is longer than %d bytes", PROCESS_INPUT_MAX);
	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_sys(e, errno, "cannot make a pipe");
	(void)fcntl(ends[1], F_SETFL, O_NONBLOCK); /* a pipe that were too small shall fail, not wait */
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

static int spawn(const struct process *p, char *const *env, int input, int output, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	(void)posix_spawn_file_actions_init(&files);
	if (input >= 0)
		(void)posix_spawn_file_actions_adddup2(&files, input, 0);
	else
		(void)posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&files, output, 1);
	if (p->with_errors)
		(void)posix_spawn_file_actions_adddup2(&files, output, 2);
	else
		(void)posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	(void)posix_spawn_file_actions_addclosefrom_np(&files, 3);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setpgroup(&attr, 0);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setsigdefault(&attr, &all);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	int rc = posix_spawn(pid, p->argv[0], &files, &attr, p->argv, env);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&files);
	return rc;
}

/* ---- until its end ------------------------------------------------------------------------------------------------------------- */

/* True while more may come. Past the limit the rest is read and dropped, so that the program does not block on a full pipe. */
static bool drain(int fd, struct buf *out)
{
	char piece[4096];
	ssize_t n = read(fd, piece, sizeof(piece));

	if (n > 0)
		buf_add(out, piece, (size_t)n);
	bool more = n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
	explicit_bzero(piece, sizeof(piece));
	return more;
}

/* Until it has ended, its output closed and it ended, or the deadline. True with the status when it ended. */
static bool attend(pid_t pid, int fd, int64_t deadline_ms, struct buf *out, int *status)
{
	bool open = true;

	for (;;) {
		struct pollfd p = { .fd = open ? fd : -1, .events = POLLIN };
		int ready = poll(&p, 1, POLL_MS);
		if (ready > 0)
			open = drain(fd, out);
		/* What it left running in the background may hold the pipe open for ever: its own end is what counts. */
		if ((ready <= 0 || !open) && waitpid(pid, status, WNOHANG) == pid)
			return true;
		if (env_mono_ms(&env_system) >= deadline_ms)
			return false;
	}
}

static void end_group(pid_t pid, int fd, struct buf *out, int *status)
{
	(void)kill(-pid, SIGTERM);
	bool ended = attend(pid, fd, env_mono_ms(&env_system) + KILL_MS, out, status);
	(void)kill(-pid, SIGKILL); /* the rest of its group, too */
	while (!ended && waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
}

bool process_run(const struct process *p, struct buf *out, struct process_end *end, struct err *e)
{
	AUTO(list_free) char **env = environment(p->extra);
	AUTO(close_fd) int input = -1, reading = -1, writing = -1;
	int ends[2], status = 0;
	pid_t pid;

	if (p->input != NULL && !full_pipe(p->input, &input, e))
		return err_in(e, "cannot run '%s'", p->argv[0]);
	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_sys(e, errno, "cannot run '%s'", p->argv[0]);
	reading = ends[0];
	writing = ends[1];
	int rc = spawn(p, env, input, writing, &pid);
	close_fd(&writing);
	close_fd(&input);
	if (rc != 0)
		return err_sys(e, rc, "cannot run '%s'", p->argv[0]);
	bool in_time = attend(pid, reading, env_mono_ms(&env_system) + p->timeout_ms, out, &status);
	if (!in_time)
		end_group(pid, reading, out, &status);
	*end = (struct process_end){ .in_time = in_time, .status = status };
	return true;
}

/* ---- finding ------------------------------------------------------------------------------------------------------------------- */

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

bool process_find(const char *name, char **out, struct err *e)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/') != NULL) {
		if (name[0] != '/' || !is_program(name))
			return err_set(e, ERR_CONFIG, "'%s' is not %s", name,
			               name[0] != '/' ? "an absolute path, nor a name to look for in PATH" : "a program we may run");
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
	return err_set(e, ERR_CONFIG, "there is no program '%s' in PATH (%s)", name, path != NULL ? path : "not set");
}
