/* SPDX-License-Identifier: MIT */
/* The files of a configuration: where they are, who may write them, which jobs there are. What
 * is in them is common.c's and job.c's. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/fs_acl.h"
#include "base/ini.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "config/claims.h"
#include "config/common.h"
#include "sink/sink.h"

#define SUFFIX      ".conf"
#define DEFAULT_DIR SYSCONF "/acrotate"

struct job_file {
	char *name, *path; /* path: NULL for one in jobs.d */
	bool claimed;
};

struct config {
	struct common common;
	char *path, *jobs_dir;
	int jobs_fd; /* -1: there is no jobs.d */
	struct job_file *jobs;
	size_t n_jobs, capacity;
	char **ignored; /* files of jobs.d whose name says that they are no jobs */
	size_t n_ignored, ignored_capacity;
	uid_t me;
	/* one file at a time; INI_FILE_MAX and a byte that shows it was too small */
	char *text;
	struct claims *claims;
	size_t n_claimed; /* of jobs, from the first on: none is left out */
	bool (*was_there)(const void *ctx, const char *job); /* config_first() */
	const void *was_there_ctx;
};

/* ---- reading what nobody else may write ------------------------------------------------------ */

/* The user's own group, of which nobody else is a member: what most distributions give to each. */
static bool has_own_group(uid_t me)
{
	return me != 0 && getegid() == me;
}

/* Who could have written this open file or directory but root and us; FS_OTHER_NONE: nobody.
 * Like /tmp a directory may be: others can add files, which are judged one by one, but not
 * replace ours. */
static bool writers(const struct config *c, int fd, const struct stat *st, struct fs_other *out,
                    struct err *e)
{
	const struct fs_ours ours = { .uid = c->me,
		                      .groups = { 0, c->me },
		                      .n_groups = has_own_group(c->me) ? 2 : 1 };

	*out = (struct fs_other){ .kind = FS_OTHER_NONE };
	return (S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX) != 0) ||
	       fs_other_may(fd, st, FS_WRITE, &ours, out, e);
}

/* A job can name a program to run. */
static bool check_trust(const struct config *c, int fd, const struct stat *st, const char *shown,
                        struct err *e)
{
	struct fs_other who;
	char name[FS_OTHER_MAX];

	if (st->st_uid != 0 && st->st_uid != c->me)
		return err_set(e, ERR_CONFIG,
		               "'%s' is refused: it belongs to another user, and could make "
		               "acrotate run any program; fix "
		               "with: chown root '%s'",
		               shown, shown);
	if (!writers(c, fd, st, &who, e)) {
		e->kind = ERR_CONFIG;
		return err_in(e, "'%s'", shown);
	}
	if (who.kind == FS_OTHER_NONE)
		return true;
	fs_other_name(&who, name);
	return err_set(e, ERR_CONFIG,
	               "'%s' is refused: %s can write it, and could make acrotate run any program; "
	               "fix it with: %s '%s'",
	               shown, name, who.kind >= FS_OTHER_NAMED_USER ? "setfacl -b" : "chmod go-w",
	               shown);
}

static bool config_sys(struct err *e, int errnum, const char *what, const char *path)
{
	(void)err_sys(e, errnum, "%s '%s'", what, path);
	e->kind = ERR_CONFIG;
	return false;
}

/* Into c->text. Four system calls a file: with ten thousand jobs each one counts. */
static bool read_file(struct config *c, int dir, const char *name, const char *shown, size_t *len,
                      struct err *e)
{
	AUTO_FD int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return config_sys(e, errno, "cannot open", shown);
	if (fstat(fd, &st) != 0)
		return config_sys(e, errno, "cannot read", shown);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_CONFIG, "'%s' is not a regular file", shown);
	if (!check_trust(c, fd, &st, shown, e))
		return false;
	/* More than fits is refused by the parser, which says so. */
	size_t size = st.st_size < INI_FILE_MAX ? (size_t)st.st_size : INI_FILE_MAX + 1, got = 0;
	while (got < size) {
		ssize_t n = read(fd, c->text + got, size - got);
		if (n == 0)
			break;
		if (n < 0 && errno != EINTR)
			return config_sys(e, errno, "cannot read", shown);
		got += n > 0 ? (size_t)n : 0;
	}
	*len = got;
	return true;
}

/* ---- where ----------------------------------------------------------------------------------- */

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

static bool absolute(const char *path, char **out, struct err *e)
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

/* `named`: somebody asked for this very file, so it must exist. */
static bool find_config(struct host *host, const char *path, char **out, bool *named, struct err *e)
{
	const char *env = secure_getenv("ACROTATE_CONFIG");

	if (path == NULL && env != NULL && env[0] != '\0')
		path = env;
	*named = path != NULL;
	if (path != NULL)
		return absolute(path, out, e);
	*out = geteuid() == 0
	               ? mem_dup(DEFAULT_DIR "/acrotate.conf")
	               : user_dir(host, "XDG_CONFIG_HOME", ".config", "acrotate/acrotate.conf");
	return *out != NULL ? true
	                    : err_set(e, ERR_CONFIG,
	                              "no home directory: name the configuration with --config");
}

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? mem_dup("/") : mem_dup_n(path, (size_t)(slash - path));
}

static bool find_state_dir(struct config *c, struct err *e)
{
	struct run_spec *run = &c->common.run;
	const char *systemd = absolute_env("STATE_DIRECTORY");

	if (run->state_dir != NULL)
		return true;
	if (systemd != NULL)
		/* the first of several */
		run->state_dir = mem_dup_n(systemd, strcspn(systemd, ":"));
	else if (geteuid() == 0)
		run->state_dir = mem_dup("/var/lib/acrotate");
	else
		run->state_dir =
			user_dir(&c->common.host, "XDG_STATE_HOME", ".local/state", "acrotate");
	return run->state_dir != NULL
	               ? true
	               : err_set(e, ERR_CONFIG,
	                         "no home directory: set 'state_dir' in [run] of '%s'", c->path);
}

/* ---- the list of jobs ------------------------------------------------------------------------ */

static void add_job(struct config *c, char *name, char *path)
{
	c->jobs = mem_grow(c->jobs, &c->capacity, c->n_jobs + 1, sizeof(*c->jobs));
	c->jobs[c->n_jobs++] = (struct job_file){ .name = name, .path = path };
}

static int by_name(const void *a, const void *b)
{
	const struct job_file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* "web" of "web.conf". NULL for what is no job: other endings, and the hidden temporaries of
 * editors. */
static char *job_name_of(const char *file)
{
	size_t n = strlen(file), suffix = strlen(SUFFIX);

	if (file[0] == '.' || n <= suffix || strcmp(file + n - suffix, SUFFIX) != 0)
		return NULL;
	return mem_dup_n(file, n - suffix);
}

static void close_dir(DIR **d)
{
	if (*d != NULL)
		(void)closedir(*d); /* only read */
}

/* What is no job on purpose: hidden, a backup, one that a package manager or somebody put aside. */
static bool is_put_aside(const char *file)
{
	static const char *const ends[] = { "~",         ".bak",    ".orig",    ".old",
		                            ".disabled", ".sample", ".rpmsave", ".rpmnew" };

	for (size_t i = 0; i < COUNT(ends); i++) {
		size_t n = strlen(file), end = strlen(ends[i]);
		if (n >= end && strcmp(file + n - end, ends[i]) == 0)
			return true;
	}
	return file[0] == '.' || strstr(file, ".dpkg-") != NULL || strncmp(file, "README", 6) == 0;
}

static void ignore(struct config *c, const char *file)
{
	c->ignored =
		mem_grow(c->ignored, &c->ignored_capacity, c->n_ignored + 1, sizeof(*c->ignored));
	c->ignored[c->n_ignored++] = mem_dup(file);
}

static bool list_jobs(struct config *c, struct err *e)
{
	struct stat st;

	c->jobs_fd = open(c->jobs_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->jobs_fd < 0)
		return errno == ENOENT ? true : config_sys(e, errno, "cannot open", c->jobs_dir);
	if (fstat(c->jobs_fd, &st) != 0)
		return config_sys(e, errno, "cannot read", c->jobs_dir);
	if (!check_trust(c, c->jobs_fd, &st, c->jobs_dir, e))
		return false;
	int fd = dup(c->jobs_fd);
	AUTO(close_dir) DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (dir == NULL)
		return config_sys(e, errno, "cannot list", c->jobs_dir);
	errno = 0;
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		char *name = job_name_of(entry->d_name);
		if (name != NULL)
			add_job(c, name, NULL);
		else if (!is_put_aside(entry->d_name))
			ignore(c, entry->d_name);
	}
	if (errno != 0)
		return config_sys(e, errno, "cannot list", c->jobs_dir);
	if (c->n_jobs > 0)
		qsort(c->jobs, c->n_jobs, sizeof(*c->jobs), by_name);
	return true;
}

/* ---- open and close -------------------------------------------------------------------------- */

static bool check_directory(const struct config *c, const char *path, struct err *e)
{
	AUTO_FD int fd = -1;
	struct stat st;

	if (stat(path, &st) != 0)
		return errno == ENOENT ? true : config_sys(e, errno, "cannot open", path);
	/* Only where there can be an ACL: opening it costs every run more calls. */
	if ((st.st_mode & S_IWGRP) != 0 &&
	    ((fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 || fstat(fd, &st) != 0))
		return config_sys(e, errno, "cannot open", path);
	return check_trust(c, fd, &st, path, e);
}

static bool read_common(struct config *c, bool named, struct err *e)
{
	size_t len = 0;

	if (named || access(c->path, F_OK) == 0 || errno != ENOENT) {
		if (!read_file(c, AT_FDCWD, c->path, c->path, &len, e))
			return false;
	}
	return common_parse(c->path, c->text, len, &c->common, e);
}

static void config_close_ptr(struct config **c)
{
	config_close(*c);
}

bool config_open(const char *path, struct config **out, struct err *e)
{
	AUTO(config_close_ptr) struct config *c = mem_new(sizeof(*c));
	AUTO(host_clear) struct host host = { 0 };
	AUTO_FREE char *dir = NULL;
	bool named;

	c->jobs_fd = -1;
	c->me = geteuid();
	c->text = mem_new(INI_FILE_MAX + 1);
	c->claims = claims_new();
	if (!find_config(&host, path, &c->path, &named, e))
		return false;
	dir = directory_of(c->path);
	c->jobs_dir = mem_fmt("%s/jobs.d", strcmp(dir, "/") == 0 ? "" : dir);
	if (!check_directory(c, dir, e) || !read_common(c, named, e) || !find_state_dir(c, e) ||
	    !list_jobs(c, e))
		return false;
	(void)host_machine_id(&c->common.host); /* for config_machine() */
	*out = take(&c);
	return true;
}

void config_close(struct config *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n_jobs; i++) {
		free(c->jobs[i].name);
		free(c->jobs[i].path);
	}
	free(c->jobs);
	for (size_t i = 0; i < c->n_ignored; i++)
		free(c->ignored[i]);
	free(c->ignored);
	free(c->path);
	free(c->jobs_dir);
	free(c->text);
	claims_free(c->claims);
	common_clear(&c->common);
	fd_close(&c->jobs_fd);
	free(c);
}

const struct run_spec *config_run(const struct config *c)
{
	return &c->common.run;
}

const struct kube_spec *config_kube(const struct config *c)
{
	return &c->common.kube;
}

void config_lend(struct config *c, const struct sink_lent *lent)
{
	c->common.lent = lent;
}

const struct sink_lent *config_lent(const struct config *c)
{
	return c->common.lent;
}

const struct http_spec *config_http(const struct config *c)
{
	return &c->common.http;
}

const struct azure_spec *config_azure(const struct config *c)
{
	return &c->common.azure;
}

const char *config_path(const struct config *c)
{
	return c->path;
}

const char *config_jobs_dir(const struct config *c)
{
	return c->jobs_dir;
}

const char *config_machine(const struct config *c)
{
	return c->common.host.machine_text;
}

size_t config_count(const struct config *c)
{
	return c->n_jobs;
}

const char *config_ignored(const struct config *c, size_t i)
{
	return i < c->n_ignored ? c->ignored[i] : NULL;
}

const char *config_name(const struct config *c, size_t i)
{
	return c->jobs[i].name;
}

bool config_job(struct config *c, size_t i, struct job **out, struct err *e)
{
	const struct job_file *job = &c->jobs[i];
	AUTO_FREE char *path = job->path != NULL ? mem_dup(job->path)
	                                         : mem_fmt("%s/%s" SUFFIX, c->jobs_dir, job->name);
	AUTO_FREE char *file = mem_fmt("%s" SUFFIX, job->name);
	size_t len;

	if (!(job->path != NULL ? read_file(c, AT_FDCWD, path, path, &len, e)
	                        : read_file(c, c->jobs_fd, file, path, &len, e)))
		return false;
	return job_parse(&c->common, job->name, path, c->text, len, out, e);
}

bool config_try(struct config *c, const char *name, const char *text, size_t *i, struct job **out,
                struct err *e)
{
	AUTO_FREE char *path = mem_fmt("%s/%s" SUFFIX, c->jobs_dir, name);

	if (!job_parse(&c->common, name, path, text, strlen(text), out, e))
		return false;
	*i = c->n_jobs;
	return true;
}

/* ---- two jobs on one token or entry ---------------------------------------------------------- */

void config_claim(struct config *c, size_t i, const struct job *j)
{
	claims_add(c->claims, i, j);
	if (i < c->n_jobs)
		c->jobs[i].claimed = true;
}

/* One that cannot be read wants nothing that could be known. */
static void claim_all(struct config *c)
{
	for (size_t i = c->n_claimed; i < c->n_jobs; i = ++c->n_claimed) {
		AUTO_JOB struct job *job = NULL;
		struct err ignored = ERR_INIT;
		if (c->jobs[i].claimed)
			continue;
		c->jobs[i].claimed = true;
		if (config_job(c, i, &job, &ignored))
			claims_add(c->claims, i, job);
	}
}

static const char *claimed_name(void *ctx, size_t i)
{
	const struct config *c = ctx;

	return i < c->n_jobs ? c->jobs[i].name : "the new one";
}

static bool was_there(void *ctx, size_t i)
{
	const struct config *c = ctx;

	return c->was_there != NULL && i < c->n_jobs &&
	       c->was_there(c->was_there_ctx, c->jobs[i].name);
}

static struct claims_judge judge_of(struct config *c)
{
	return (struct claims_judge){ .name = claimed_name, .was_there = was_there, .ctx = c };
}

void config_first(struct config *c, bool (*there)(const void *ctx, const char *job),
                  const void *ctx)
{
	c->was_there = there;
	c->was_there_ctx = ctx;
}

bool config_unclaimed(struct config *c, size_t i, struct err *e)
{
	const struct claims_judge judge = judge_of(c);

	claim_all(c);
	if (claims_ok(c->claims, i, &judge, e))
		return true;
	if (i >= c->n_jobs)
		return false;
	return c->jobs[i].path != NULL
	               ? err_in(e, "%s:1", c->jobs[i].path)
	               : err_in(e, "%s/%s" SUFFIX ":1", c->jobs_dir, c->jobs[i].name);
}

bool config_alone(struct config *c, size_t i)
{
	claim_all(c);
	return claims_rival(c->claims, i) == SIZE_MAX;
}

const char *config_refused_rival(struct config *c, size_t i)
{
	const struct claims_judge judge = judge_of(c);
	struct err ignored = ERR_INIT;

	claim_all(c);
	size_t rival = claims_rival(c->claims, i);
	return rival != SIZE_MAX && claims_ok(c->claims, i, &judge, &ignored)
	               ? claimed_name(c, rival)
	               : NULL;
}

/* ---- which jobs the arguments mean ----------------------------------------------------------- */

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
	AUTO_FREE char *name = job_name_of(base);
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *dir = NULL;
	size_t i;

	if (access(arg, F_OK) != 0 || name == NULL)
		return err_set(e, ERR_USAGE, "'%s' %s", arg,
		               name != NULL ? "does not exist"
		                            : "is not a job: its file would end in '" SUFFIX "'");
	if (!absolute(arg, &path, e))
		return false;
	dir = directory_of(path);
	if (!find_name(c, name, &i)) {
		add_job(c, take(&name), take(&path));
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
	AUTO_FREE char *without_suffix = job_name_of(arg);
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
		               "no job '%s' in '%s', but '%s': a job's file ends in '" SUFFIX "'",
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
