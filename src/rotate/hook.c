/* SPDX-License-Identifier: MIT */
#include "rotate/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/argv.h"

#define POLL_MS   50       /* how late the end of a hook that closed its output is noticed */
#define KILL_MS   2000     /* between SIGTERM and SIGKILL for a hook whose time is out */

extern char **environ;

/* What a hook must not inherit: secrets that this program was given by environment, and names we set ourselves. */
static bool is_withheld(const char *variable)
{
	static const char *const names[] = {
		"AZURE_CLIENT_SECRET=", "AZURE_CLIENT_CERTIFICATE_PASSWORD=", "AZURE_PASSWORD=", "IDENTITY_HEADER=", "MSI_SECRET=",
		"ACTIONS_ID_TOKEN_REQUEST_TOKEN=", "SYSTEM_ACCESSTOKEN=", "ACROTATE_JOB=", "ACROTATE_SLOT=", "ACROTATE_SINKS=",
	};

	for (size_t i = 0; i < COUNT(names); i++)
		if (strncmp(variable, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static char **environment(const struct hook *hook)
{
	size_t n = 0, k = 0;

	while (environ[n] != NULL)
		n++;
	char **out = mem_array(n + 4, sizeof(*out));
	for (size_t i = 0; i < n; i++)
		if (!is_withheld(environ[i]))
			out[k++] = mem_dup(environ[i]);
	out[k++] = mem_fmt("ACROTATE_JOB=%s", hook->job);
	out[k++] = mem_fmt("ACROTATE_SLOT=%s", hook->slot == NULL ? "" : hook->slot);
	out[k++] = mem_fmt("ACROTATE_SINKS=%s", hook->sinks);
	return out;
}

static void free_list(char **list)
{
	for (size_t i = 0; list[i] != NULL; i++)
		free(list[i]);
	free(list);
}

/* Its own process group, default signals, no descriptor of ours but 0 (/dev/null), 1 and 2 (the pipe). */
static int spawn(char *const *argv, char *const *env, int output, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&files, output, 1);
	(void)posix_spawn_file_actions_adddup2(&files, output, 2);
	(void)posix_spawn_file_actions_addclosefrom_np(&files, 3);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setpgroup(&attr, 0);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setsigdefault(&attr, &all);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	int rc = posix_spawn(pid, argv[0], &files, &attr, argv, env);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&files);
	return rc;
}

/* True while more may come. Past the limit the rest is read and dropped, so that the hook does not block on a full pipe. */
static bool drain(int fd, struct buf *out)
{
	char piece[4096];
	ssize_t n = read(fd, piece, sizeof(piece));

	if (n > 0)
		buf_add(out, piece, (size_t)n);
	return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

/* Reads until the hook has ended, its output closed and it ended, or the deadline. True with the status when it ended. */
static bool attend(pid_t pid, int fd, int64_t deadline_ms, struct buf *out, int *status)
{
	bool open = true;

	for (;;) {
		struct pollfd p = { .fd = open ? fd : -1, .events = POLLIN };
		int ready = poll(&p, 1, POLL_MS);
		if (ready > 0)
			open = drain(fd, out);
		else if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		/* What it left running in the background may hold the pipe open for ever: its own end is what counts. */
		if (!open && waitpid(pid, status, WNOHANG) == pid)
			return true;
		if (env_mono_ms(&env_system) >= deadline_ms)
			return false;
	}
}

static void end_group(pid_t pid, int fd, struct buf *out, int *status)
{
	(void)kill(-pid, SIGTERM);
	bool ended = attend(pid, fd, env_mono_ms(&env_system) + KILL_MS, out, status);
	(void)kill(-pid, SIGKILL);    /* the rest of its group, too */
	while (!ended && waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
}

static void log_output(const struct hook *hook, enum log_level level, const struct buf *out)
{
	AUTO_FREE char *text = mem_dup_n(buf_cstr(out), out->len);
	char *rest = text, *line;

	while (rest != NULL && (line = strsep(&rest, "\n")) != NULL)
		if (*line != '\0')
			log_msg(level, hook->job, "on_change: %s", line);
	if (!buf_ok(out))
		log_msg(level, hook->job, "on_change: (the rest of its output, over %d bytes, is left out)", HOOK_OUTPUT_MAX);
}

static bool judge(const struct hook *hook, const char *program, bool in_time, int status, struct err *e)
{
	if (!in_time)
		return err_set(e, ERR_HOOK, "on_change '%s' was ended after %lld seconds; it is owed and runs again next time", program,
		               (long long)hook->timeout_s);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	if (WIFEXITED(status))
		return err_set(e, ERR_HOOK, "on_change '%s' failed with status %d; it is owed and runs again next time", program,
		               WEXITSTATUS(status));
	return err_set(e, ERR_HOOK, "on_change '%s' died of signal %d; it is owed and runs again next time", program,
	               WTERMSIG(status));
}

bool hook_run(const struct hook *hook, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT(HOOK_OUTPUT_MAX);
	AUTO_ARGV char **argv = NULL;
	int fds[2], status = 0;
	pid_t pid;

	if (!argv_split(hook->command, &argv, e))
		return err_in(e, "on_change");
	if (pipe2(fds, O_CLOEXEC) != 0)
		return err_sys(e, errno, "cannot run on_change '%s'", argv[0]);
	char **env = environment(hook);
	int rc = spawn(argv, env, fds[1], &pid);
	free_list(env);
	(void)close(fds[1]);
	if (rc != 0) {
		(void)close(fds[0]);
		return err_set(e, ERR_HOOK, "cannot run on_change '%s': %s; it is owed and runs again next time", argv[0],
		               strerrordesc_np(rc));
	}
	bool in_time = attend(pid, fds[0], env_mono_ms(&env_system) + hook->timeout_s * 1000, &out, &status);
	if (!in_time)
		end_group(pid, fds[0], &out, &status);
	(void)close(fds[0]);
	bool ok = judge(hook, argv[0], in_time, status, e);
	log_output(hook, ok ? LEVEL_INFO : LEVEL_WARN, &out);
	return ok;
}
