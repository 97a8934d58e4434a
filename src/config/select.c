/* SPDX-License-Identifier: MIT */
/* Which jobs the arguments of a command mean: names, patterns and paths of job files. */
#include <fnmatch.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "load.h"
#include "paths.h"

struct selection {
	bool *chosen;
	size_t capacity;
};

static void selection_clear(struct selection *s)
{
	free(s->chosen);
}

static void choose(const struct config *c, struct selection *s, size_t i)
{
	s->chosen = mem_grow(s->chosen, &s->capacity, c->n_jobs, sizeof(*s->chosen));
	s->chosen[i] = true;
}

static bool find_name(const struct config *c, const char *name, size_t *out)
{
	for (size_t i = 0; i < c->n_jobs; i++)
		if (strcmp(c->jobs[i].name, name) == 0) {
			*out = i;
			return true;
		}
	return false;
}

static bool same_directory(int fd, const char *path)
{
	struct stat a, b;

	return fd >= 0 && fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/* A path: the job of jobs.d that it names, else one more job. */
static bool choose_path(struct config *c, struct selection *s, const char *arg, struct err *e)
{
	const char *base = strrchr(arg, '/') + 1;
	AUTO_FREE char *name = config_job_name_of(base);
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *dir = NULL;
	size_t i;

	if (access(arg, F_OK) != 0 || name == NULL)
		return err_set(e, ERR_USAGE, "'%s' %s", arg,
		               name != NULL ? "does not exist"
		                            : "is not a job: its file would end in '" CONFIG_SUFFIX
		                              "'");
	if (!paths_absolute(arg, &path, e))
		return false;
	dir = paths_directory(path);
	if (!find_name(c, name, &i)) {
		config_add_job(c, take(&name), take(&path));
		i = c->n_jobs - 1;
	} else if (c->jobs[i].path != NULL ? strcmp(c->jobs[i].path, path) != 0
	                                   : !same_directory(c->jobs_fd, dir)) {
		return err_set(e, ERR_USAGE,
		               "'%s': there is another job called '%s', and both would have one "
		               "state; rename the file",
		               arg, name);
	}
	choose(c, s, i);
	return true;
}

static const char *nearest_job(const struct config *c, const char *name)
{
	struct nearest near = nearest_to(name);

	for (size_t i = 0; i < c->n_jobs; i++)
		nearest_try(&near, c->jobs[i].name);
	return near.best;
}

/* "web.ini", for "web" and for itself. */
static const char *ignored_job(const struct config *c, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < c->n_ignored; i++)
		if (strncmp(c->ignored[i], name, n) == 0 &&
		    (c->ignored[i][n] == '.' || c->ignored[i][n] == '\0'))
			return c->ignored[i];
	return NULL;
}

static bool choose_names(const struct config *c, struct selection *s, const char *arg,
                         struct err *e)
{
	AUTO_FREE char *without_suffix = config_job_name_of(arg);
	bool any = false;
	size_t i;

	if (find_name(c, arg, &i) || (without_suffix != NULL && find_name(c, without_suffix, &i))) {
		choose(c, s, i);
		return true;
	}
	for (i = 0; strpbrk(arg, "*?[") != NULL && i < c->n_jobs; i++)
		if (fnmatch(arg, c->jobs[i].name, 0) == 0) {
			choose(c, s, i);
			any = true;
		}
	if (any)
		return true;
	const char *other = ignored_job(c, arg), *near = nearest_job(c, arg);
	if (other != NULL)
		return err_set(e, ERR_USAGE,
		               "no job '%s' in '%s', but '%s': a job's file ends in '" CONFIG_SUFFIX
		               "'",
		               arg, c->jobs_dir, other);
	return near != NULL ? err_set(e, ERR_USAGE, "no job '%s' in '%s'; did you mean '%s'?", arg,
	                              c->jobs_dir, near)
	                    : err_set(e, ERR_USAGE, "no job '%s' in '%s'", arg, c->jobs_dir);
}

bool config_select(struct config *c, char *const *args, size_t n, size_t **out, size_t *n_out,
                   struct err *e)
{
	AUTO(selection_clear) struct selection s = { 0 };
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (strchr(args[i], '/') != NULL ? !choose_path(c, &s, args[i], e)
		                                 : !choose_names(c, &s, args[i], e))
			return false;
	size_t *list = mem_array(c->n_jobs + 1, sizeof(*list));
	for (size_t i = 0; i < c->n_jobs; i++)
		if (n == 0 || (i < s.capacity && s.chosen[i]))
			list[count++] = i;
	*out = list;
	*n_out = count;
	return true;
}
