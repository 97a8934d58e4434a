/* SPDX-License-Identifier: MIT */
#include "paths.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "config/host.h"
#include "config/job.h"
#include "trusted.h"

static const char *absolute_env(const char *name)
{
	const char *value = secure_getenv(name);

	return value != NULL && value[0] == '/' ? value : NULL;
}

/* $XDG_x_HOME/tail or HOME/fallback/tail; NULL without a home. */
static char *user_dir(struct host *host, const char *xdg, const char *fallback, const char *tail)
{
	const char *dir = absolute_env(xdg);
	const char *home = host_home(host);

	if (dir != NULL)
		return mem_fmt("%s/%s", dir, tail);
	return home != NULL ? mem_fmt("%s/%s/%s", home, fallback, tail) : NULL;
}

bool paths_absolute(const char *path, char **out, struct err *e)
{
	char here[PATH_MAX];

	if (path[0] == '/') {
		*out = mem_dup(path);
		return true;
	}
	if (getcwd(here, sizeof(here)) == NULL)
		return config_sys(e, errno, "cannot find", path);
	*out = mem_fmt("%s/%s", here, path);
	return true;
}

bool paths_config(struct host *host, const char *path, char **out, bool *named, struct err *e)
{
	const char *env = secure_getenv("ACROTATE_CONFIG");

	if (path == NULL && env != NULL && env[0] != '\0')
		path = env;
	*named = path != NULL;
	if (path != NULL)
		return paths_absolute(path, out, e);
	*out = geteuid() == 0
	               ? mem_dup(PATHS_SYSTEM_CONFIG)
	               : user_dir(host, "XDG_CONFIG_HOME", ".config", "acrotate/acrotate.conf");
	return *out != NULL ? true
	                    : err_set(e, ERR_CONFIG,
	                              "no home directory: name the configuration with --config");
}

char *paths_directory(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? mem_dup("/") : mem_dup_n(path, (size_t)(slash - path));
}

bool paths_state_dir(struct host *host, const char *path, struct run_spec *run, struct err *e)
{
	const char *systemd = absolute_env("STATE_DIRECTORY");

	if (run->state_dir != NULL)
		return true;
	if (systemd != NULL)
		/* the first of several */
		run->state_dir = mem_dup_n(systemd, strcspn(systemd, ":"));
	else if (geteuid() == 0)
		run->state_dir = mem_dup(PATHS_SYSTEM_STATE);
	else
		run->state_dir = user_dir(host, "XDG_STATE_HOME", ".local/state", "acrotate");
	return run->state_dir != NULL
	               ? true
	               : err_set(e, ERR_CONFIG,
	                         "no home directory: set 'state_dir' in [run] of '%s'", path);
}
