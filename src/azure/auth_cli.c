/* SPDX-License-Identifier: MIT */
/* Whoever has logged in with 'az login'. A person's token is no identity for a machine: only where it is asked for by name. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "azure/auth.h"
#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"

#define ANSWER_MAX (64 * 1024)
#define WORDS_MAX (16 * 1024)
#define TIME_MS 30000           /* python takes a second or two to start, more on a busy machine */
#define ARGS_MAX 12

struct az { pid_t pid; int out, words; };

static void az_end(struct az *a)
{
	if (a->pid > 0) {
		(void)kill(-a->pid, SIGKILL);
		(void)waitpid(a->pid, NULL, 0);
	}
	if (a->out >= 0)
		(void)close(a->out);
	if (a->words >= 0)
		(void)close(a->words);
}

static void close_pair(int pair[2])
{
	for (int i = 0; i < 2; i++)
		if (pair[i] >= 0)
			(void)close(pair[i]);
}

extern char **environ;

static int spawn(char *const *argv, int out, int words, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;

	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&files, out, 1);
	(void)posix_spawn_file_actions_adddup2(&files, words, 2);
	(void)posix_spawn_file_actions_addchdir_np(&files, "/");
	/* A group of its own, so that what it starts ends with it. */
	(void)posix_spawnattr_setpgroup(&attr, 0);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
	int rc = posix_spawnp(pid, argv[0], &files, &attr, argv, environ);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&files);
	return rc;
}

static bool az_start(char *const *argv, struct az *a, struct err *e)
{
	int out[2] = { -1, -1 }, words[2] = { -1, -1 };
	pid_t pid = -1;

	if (pipe2(out, O_CLOEXEC) != 0 || pipe2(words, O_CLOEXEC) != 0) {
		int why = errno;

		close_pair(out);
		return err_sys(e, why, "cannot start 'az'");
	}
	int rc = spawn(argv, out[1], words[1], &pid);
	(void)close(out[1]);
	(void)close(words[1]);
	*a = (struct az){ .pid = rc == 0 ? pid : -1, .out = out[0], .words = words[0] };
	if (rc == ENOENT)
		return err_set(e, ERR_CONFIG, "auth is azure-cli, but 'az' is not on the PATH");
	return rc == 0 || err_sys(e, rc, "cannot start 'az'");
}

/* False at the end of that pipe. */
static bool drain(int fd, struct buf *to)
{
	char piece[4096];
	ssize_t n = read(fd, piece, sizeof(piece));

	if (n > 0)
		buf_add(to, piece, (size_t)n);
	explicit_bzero(piece, sizeof(piece));
	return n > 0 || (n < 0 && errno == EINTR);
}

static int64_t now_ms(void)
{
	return env_mono_ms(&env_system);
}

static bool az_read(struct az *a, struct buf *out, struct buf *words, struct err *e)
{
	struct pollfd fds[] = { { .fd = a->out, .events = POLLIN }, { .fd = a->words, .events = POLLIN } };
	int64_t until = now_ms() + TIME_MS;

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		int64_t left = until - now_ms();

		if (left <= 0)
			return err_set(e, ERR_TRANSIENT, "'az' has not answered in %d s", TIME_MS / 1000);
		if (poll(fds, COUNT(fds), (int)left) < 0 && errno != EINTR)
			return err_sys(e, errno, "cannot read what 'az' says");
		for (size_t i = 0; i < COUNT(fds); i++)
			if (fds[i].revents != 0 && !drain(fds[i].fd, i == 0 ? out : words))
				fds[i].fd = -1;
	}
	return true;
}

/* Exit status, or -1. */
static int az_wait(struct az *a)
{
	int status = 0;
	pid_t pid = a->pid;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	a->pid = -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* What az says on failing, to the end of the line that tells why. Never its stdout. */
static bool explain(int status, const struct buf *words, struct err *e)
{
	const char *text = buf_cstr(words), *at = strstr(text, "ERROR: "), *from = at != NULL ? at + strlen("ERROR: ") : text;
	bool logged_out = strstr(text, "az login") != NULL || strstr(text, "az account set") != NULL;

	return err_set(e, ERR_AUTH, "'az' gives out no token (exit status %d)%s%.*s%s", status, *from != '\0' ? ": " : "",
	               (int)strcspn(from, "\r\n") < 300 ? (int)strcspn(from, "\r\n") : 300, from,
	               logged_out ? "; log in as this user with 'az login'" : "");
}

/* "2026-01-31 23:59:59.000000", by this host's clock and time zone: az before 2.54 says nothing else. */
static bool local_time(const char *text, int64_t *out)
{
	struct tm tm = { .tm_isdst = -1 };
	const char *end = text != NULL ? strptime(text, "%Y-%m-%d %H:%M:%S", &tm) : NULL;
	time_t t = end != NULL && (*end == '\0' || *end == '.') ? mktime(&tm) : -1;

	if (t < 0)
		return false;
	*out = t;
	return true;
}

static bool read_answer(const struct buf *out, int64_t now, struct secret **token, int64_t *expires, struct err *e)
{
	AUTO_JSON struct json *j = NULL;
	AUTO_SECRET struct secret *got = NULL;
	int64_t at = 0;

	if (!buf_ok(out) || !json_parse(buf_cstr(out), out->len, &j, e))
		return err_set(e, ERR_REMOTE, "'az' answers something that is not JSON");
	got = json_take_secret(j, "accessToken");
	if (got == NULL || secret_len(got) == 0)
		return err_set(e, ERR_REMOTE, "the answer of 'az' has no accessToken");
	if (!json_int(j, "expires_on", &at) && !local_time(json_str(j, "expiresOn"), &at))
		return err_set(e, ERR_REMOTE, "'az' does not say when its token expires");
	if (at <= now)
		return err_set(e, ERR_AUTH, "the token of 'az' has expired: 'az login' again");
	*token = take(&got);
	*expires = at;
	return true;
}

static bool is_plain(const char *s, const char *also)
{
	for (; *s != '\0'; s++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-", *s) == NULL && strchr(also, *s) == NULL)
			return false;
	return true;
}

static bool cli_fetch(const struct azure_spec *s, const struct cloud *c, struct http *h, const struct env *env, struct secret **token,
                      int64_t *expires, struct err *e)
{
	const char *tenant = auth_or_env(s->tenant_id, "AZURE_TENANT_ID");
	const char *subscription = auth_or_env(s->subscription, "AZURE_SUBSCRIPTION_ID");
	AUTO(az_end) struct az az = { .pid = -1, .out = -1, .words = -1 };
	AUTO_BUF struct buf out = BUF_INIT(ANSWER_MAX), words = BUF_INIT(WORDS_MAX);
	/* Each word is an argument of its own, so nothing is quoted; but an option must not come out of a value. */
	const char *const line[ARGS_MAX] = { "az", "account", "get-access-token", "-o", "json", "--resource", c->audience,
	                                     tenant != NULL ? "--tenant" : "--subscription", tenant != NULL ? tenant : subscription, NULL };
	char *argv[ARGS_MAX] = { NULL };

	(void)h;
	if (!is_plain(c->audience, "/:") || (tenant != NULL && !is_plain(tenant, "")) || (subscription != NULL && !is_plain(subscription, " ")))
		return err_set(e, ERR_CONFIG, "audience, tenant_id or subscription has a character 'az' is not given");
	size_t n = tenant != NULL || subscription != NULL ? 9 : 7;
	for (size_t i = 0; i < n; i++)
		argv[i] = mem_dup(line[i]);
	bool started = az_start(argv, &az, e);
	for (size_t i = 0; i < n; i++)
		free(argv[i]);
	if (!started || !az_read(&az, &out, &words, e))
		return false;
	int status = az_wait(&az);
	if (status != 0)
		return explain(status, &words, e);
	return read_answer(&out, env_now(env), token, expires, e);
}

/* It is alone in its set, so nobody asks whether it is present. */
const struct auth_ops auth_cli = { .method = "azure-cli", .credential = "AzureCLICredential", .set = "dev", .fetch = cli_fetch };
