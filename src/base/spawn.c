/* SPDX-License-Identifier: MIT */
#include "base/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

extern char **environ;

/* ---- its environment ------------------------------------------------------------------------- */

/* Secrets that this program was given by environment. */
static const char *const withheld[] = {
	"AZURE_CLIENT_SECRET=", "AZURE_CLIENT_CERTIFICATE_PASSWORD=",
	"AZURE_PASSWORD=",      "IDENTITY_HEADER=",
	"MSI_SECRET=",          "ACTIONS_ID_TOKEN_REQUEST_TOKEN=",
	"SYSTEM_ACCESSTOKEN=",
};

static bool is_secret(const char *variable)
{
	for (size_t i = 0; i < COUNT(withheld); i++)
		if (str_starts(variable, withheld[i]))
			return true;
	return false;
}

static bool is_withheld(const char *variable, const char *const *extra)
{
	if (is_secret(variable))
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

void spawn_wipe_environment(void)
{
	for (size_t i = 0; environ[i] != NULL; i++) {
		char *value = strchr(environ[i], '=');
		if (value != NULL && is_secret(environ[i]))
			explicit_bzero(value + 1, strlen(value + 1));
	}
}

/* ---- the start ------------------------------------------------------------------------------- */

int spawn_child(const struct spawn *s, pid_t *pid)
{
	AUTO(list_free) char **env = environment(s->extra);
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	(void)posix_spawn_file_actions_init(&files);
	if (s->input >= 0)
		(void)posix_spawn_file_actions_adddup2(&files, s->input, 0);
	else
		(void)posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&files, s->output, 1);
	if (s->with_errors)
		(void)posix_spawn_file_actions_adddup2(&files, s->output, 2);
	else
		(void)posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	(void)posix_spawn_file_actions_addclosefrom_np(&files, 3);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setpgroup(&attr, 0);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setsigdefault(&attr, &all);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
	                                              POSIX_SPAWN_SETSIGDEF);
	int rc = posix_spawn(pid, s->argv[0], &files, &attr, s->argv, env);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&files);
	return rc;
}
