/* SPDX-License-Identifier: MIT */
#include "rotate/last_run.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "config/job.h"

#define OF_ALL "last-run" /* no job's file: those have a suffix */
#define DAY_S  86400

static char *path_of(const char *dir, const char *job)
{
	return job == NULL ? mem_fmt("%s/" OF_ALL, dir) : mem_fmt("%s/%s.lock", dir, job);
}

static bool set_time(const char *path, int64_t now)
{
	const struct timespec t[2] = { { .tv_sec = now }, { .tv_sec = now } };

	return utimensat(AT_FDCWD, path, t, AT_SYMLINK_NOFOLLOW) == 0;
}

static void make(const char *path, int64_t now)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	(void)close(fd); /* nothing was written */
	(void)set_time(path, now);
}

void last_run_leave(const char *dir, const char *job, int64_t now)
{
	AUTO_FREE char *path = path_of(dir, job);

	if (!set_time(path, now) && errno == ENOENT)
		make(path, now);
}

void last_run_meet(const char *dir, const char *job, int64_t now)
{
	AUTO_FREE char *path = path_of(dir, job);

	make(path, now);
}

static int64_t time_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mtime : 0;
}

int64_t last_run_of(const char *dir, const char *job)
{
	AUTO_FREE char *all = path_of(dir, NULL);
	AUTO_FREE char *own = path_of(dir, job);
	int64_t of_job = time_of(own), of_all = time_of(all);

	/* A job without a lock was not among those of the last run of all, or not on this host. */
	return of_job == 0 ? 0 : of_job > of_all ? of_job : of_all;
}

int64_t last_run_bearable(const struct policy *p)
{
	int64_t most = p->verify_every > DAY_S ? p->verify_every : DAY_S,
		half = p->renew_before / 2;

	return half < most ? half : most;
}
