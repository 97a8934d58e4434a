/* SPDX-License-Identifier: MIT */
/* The files of a configuration: acrotate.conf, and which jobs there are. What is in them is the
 * business of common.c and job.c. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/ini.h"
#include "base/mem.h"
#include "config/claims.h"
#include "load.h"
#include "paths.h"
#include "sink/sink.h"
#include "trusted.h"

#define CONFIG_SUFFIX ".conf"
#define DEFAULT_DIR   SYSCONF "/acrotate"
/* ---- the list of jobs ------------------------------------------------------------------------ */

void config_add_job(struct config *c, char *name, char *path)
{
	c->jobs = mem_grow(c->jobs, &c->capacity, c->n_jobs + 1, sizeof(*c->jobs));
	c->jobs[c->n_jobs++] = (struct job_file){ .name = name, .path = path };
}

static int by_name(const void *a, const void *b)
{
	const struct job_file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

char *config_job_name_of(const char *file)
{
	size_t n = strlen(file), suffix = strlen(CONFIG_SUFFIX);

	if (file[0] == '.' || n <= suffix || strcmp(file + n - suffix, CONFIG_SUFFIX) != 0)
		return NULL;
	return mem_dup_n(file, n - suffix);
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
	if (!trusted_check(c->me, c->jobs_fd, &st, c->jobs_dir, e))
		return false;
	int fd = dup(c->jobs_fd);
	AUTO_DIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (dir == NULL)
		return config_sys(e, errno, "cannot list", c->jobs_dir);
	errno = 0;
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		char *name = config_job_name_of(entry->d_name);
		if (name != NULL)
			config_add_job(c, name, NULL);
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
	return trusted_check(c->me, fd, &st, path, e);
}

static bool read_common(struct config *c, bool named, struct err *e)
{
	size_t len = 0;

	if (named || access(c->path, F_OK) == 0 || errno != ENOENT) {
		if (!trusted_read(c->me, AT_FDCWD, c->path, c->path, c->text, &len, e))
			return false;
	}
	return common_parse(c->path, c->text, len, &c->common, e);
}

static void config_close_ptr(struct config **c)
{
	config_close(*c);
}

/* Up to the list of jobs. */
static bool open_common(const char *path, struct config *c, struct err *e)
{
	AUTO(host_clear) struct host host = { 0 };
	AUTO_FREE char *dir = NULL;
	bool named;

	c->jobs_fd = -1;
	c->me = geteuid();
	c->text = mem_new(INI_FILE_MAX + 1);
	if (!paths_config(&host, path, &c->path, &named, e))
		return false;
	dir = paths_directory(c->path);
	c->jobs_dir = mem_fmt("%s/jobs.d", strcmp(dir, "/") == 0 ? "" : dir);
	return check_directory(c, dir, e) && read_common(c, named, e);
}

bool config_open(const char *path, struct config **out, struct err *e)
{
	AUTO(config_close_ptr) struct config *c = mem_new(sizeof(*c));

	c->claims = claims_new();
	if (!open_common(path, c, e) ||
	    !paths_state_dir(&c->common.host, c->path, &c->common.run, e) || !list_jobs(c, e))
		return false;
	(void)host_machine_id(&c->common.host); /* for config_machine() */
	*out = take(&c);
	return true;
}

bool config_state_dir(const char *path, char **out, struct err *e)
{
	AUTO(config_close_ptr) struct config *c = mem_new(sizeof(*c));

	if (!open_common(path, c, e) ||
	    !paths_state_dir(&c->common.host, c->path, &c->common.run, e))
		return false;
	*out = take(&c->common.run.state_dir);
	return true;
}

bool config_system_state_dir(char **out, struct err *e)
{
	AUTO(config_close_ptr) struct config *c = mem_new(sizeof(*c));

	c->jobs_fd = -1;
	if (access(PATHS_SYSTEM_CONFIG, R_OK) == 0 && !open_common(PATHS_SYSTEM_CONFIG, c, e))
		return false;
	*out = c->common.run.state_dir != NULL ? take(&c->common.run.state_dir)
	                                       : mem_dup(PATHS_SYSTEM_STATE);
	return true;
}

void config_close(struct config *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n_jobs; i++) {
		free(c->jobs[i].name);
		free(c->jobs[i].path);
		free(c->jobs[i].token);
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

bool config_has(const void *config, const char *name)
{
	const struct config *c = config;

	for (size_t i = 0; i < c->n_jobs; i++)
		if (strcmp(c->jobs[i].name, name) == 0)
			return true;
	return false;
}

bool config_job(struct config *c, size_t i, struct job **out, struct err *e)
{
	const struct job_file *job = &c->jobs[i];
	AUTO_FREE char *path = job->path != NULL
	                               ? mem_dup(job->path)
	                               : mem_fmt("%s/%s" CONFIG_SUFFIX, c->jobs_dir, job->name);
	AUTO_FREE char *file = mem_fmt("%s" CONFIG_SUFFIX, job->name);
	size_t len;

	if (!(job->path != NULL ? trusted_read(c->me, AT_FDCWD, path, path, c->text, &len, e)
	                        : trusted_read(c->me, c->jobs_fd, file, path, c->text, &len, e)))
		return false;
	return job_parse(&c->common, job->name, path, c->text, len, out, e);
}

bool config_try(struct config *c, const char *name, const char *text, size_t *i, struct job **out,
                struct err *e)
{
	AUTO_FREE char *path = mem_fmt("%s/%s" CONFIG_SUFFIX, c->jobs_dir, name);

	if (!job_parse(&c->common, name, path, text, strlen(text), out, e))
		return false;
	*i = c->n_jobs;
	return true;
}

/* ---- two jobs on one token or entry ---------------------------------------------------------- */

void config_claim(struct config *c, size_t i, const struct job *j)
{
	claims_add(c->claims, i, j);
	if (i >= c->n_jobs)
		return;
	c->jobs[i].claimed = true;
	free(c->jobs[i].token);
	c->jobs[i].token = mem_dup(j->token);
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
			config_claim(c, i, job);
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

	return c->was_there != NULL && i < c->n_jobs && c->jobs[i].token != NULL &&
	       c->was_there(c->was_there_ctx, c->jobs[i].name, c->jobs[i].token);
}

static struct claims_judge judge_of(struct config *c)
{
	return (struct claims_judge){ .name = claimed_name, .was_there = was_there, .ctx = c };
}

void config_first(struct config *c,
                  bool (*there)(const void *ctx, const char *job, const char *token),
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
	               : err_in(e, "%s/%s" CONFIG_SUFFIX ":1", c->jobs_dir, c->jobs[i].name);
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
