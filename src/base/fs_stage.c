/* SPDX-License-Identifier: MIT */
#include "base/fs_stage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/env.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"

#define NAME_TRIES 16

/* ---- opening --------------------------------------------------------------------------------- */

void fs_stage_suffix(char out[static 17])
{
	uint64_t r;

	crypto_random(&r, sizeof(r));
	(void)snprintf(out, 17, "%016llx", (unsigned long long)r);
}

static void name_temp(struct fs_stage *s, const char *suffix)
{
	(void)snprintf(s->temp, sizeof(s->temp), "%s%s.%s", FS_TEMP_PREFIX, s->tag, suffix);
}

/* One that fs_stage_swap() or a killed run left, and nothing else of that name: its content is
 * written over. */
static bool take_spare(struct fs_stage *s)
{
	struct stat st;
	int fd = openat(s->at.dir, s->temp, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0 && errno == ENOENT)
		return false;
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 &&
	    st.st_uid == geteuid() && fchmod(fd, 0600) == 0) {
		s->fd = fd;
		return true;
	}
	if (fd >= 0)
		(void)close(fd);               /* nothing was written */
	(void)unlinkat(s->at.dir, s->temp, 0); /* if it stays it is in the way, which shows */
	return false;
}

static bool make_temp(struct fs_stage *s, struct err *e)
{
	char suffix[17] = "new";

	for (int i = 0; i < NAME_TRIES; i++) {
		if (!s->attr.sole)
			fs_stage_suffix(suffix);
		name_temp(s, suffix);
		if (s->attr.sole && take_spare(s))
			return true;
		s->fd = openat(s->at.dir, s->temp,
		               O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (s->fd >= 0)
			return true;
		if (errno != EEXIST && errno != EINTR)
			break;
	}
	s->temp[0] = '\0';
	return err_sys(e, errno, "cannot create a file beside '%s'", s->path);
}

/* The file there, for its attributes: *out stays -1 when there is none. */
static bool open_old(const struct fs_stage *s, int *out, struct err *e)
{
	struct stat st;
	int flags = 0;
	int fd = openat(s->at.dir, s->at.name,
	                O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return true;
	if (fd < 0)
		return err_sys(e, errno, "cannot open '%s'", s->path);
	*out = fd;
	if (fstat(fd, &st) != 0)
		return err_sys(e, errno, "cannot access '%s'", s->path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_LOCAL, "'%s' is not a regular file", s->path);
	/* Of this very one, whose owner and ACL the new one gets. */
	if (!fs_target_trust(&s->at, &st, s->path, e))
		return false;
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 &&
	    (flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)) != 0)
		return err_set(
			e, ERR_LOCAL,
			"'%s' cannot be replaced: it is immutable or append-only (chattr -ia it)",
			s->path);
	return true;
}

static bool know_place(struct fs_stage *s, const struct fs_attr *attr, struct err *e)
{
	struct stat dir;

	if (fstat(s->at.dir, &dir) != 0)
		return err_sys(e, errno, "cannot access the directory of '%s'", s->path);
	fs_tag(attr, &s->at, s->tag);
	s->dir_dev = dir.st_dev;
	s->dir_ino = dir.st_ino;
	return true;
}

static bool open_place(struct fs_stage *s, const struct fs_attr *attr, struct err *e)
{
	return fs_target_open(s->path, s->attr.way, &s->at, e) && know_place(s, attr, e);
}

static struct fs_stage *stage_new(const char *path, const struct fs_attr *attr)
{
	struct fs_stage *s = mem_new(sizeof(*s));

	s->path = mem_dup(path);
	s->attr = *attr;
	s->attr.tag = NULL; /* borrowed: s->tag is made of it at once */
	s->at.dir = s->fd = -1;
	return s;
}

static bool dress(struct fs_stage *s, struct err *e)
{
	AUTO_FD int old = -1;

	return open_old(s, &old, e) && fs_attr_copy(s->fd, old, &s->attr, s->path, &s->mode, e);
}

/* What was found to be possible a moment ago is not. */
static bool failed(void)
{
	fs_probe_forget();
	return false;
}

bool fs_stage_open_at(struct fs_target *t, const char *path, const struct fs_attr *attr,
                      struct fs_stage **out, struct err *e)
{
	AUTO_STAGE struct fs_stage *s = stage_new(path, attr);

	s->at = *t;
	t->dir = -1;
	if (!know_place(s, attr, e) || !make_temp(s, e) || !dress(s, e))
		return failed();
	*out = take(&s);
	return true;
}

bool fs_stage_open(const char *path, const struct fs_attr *attr, struct fs_stage **out,
                   struct err *e)
{
	AUTO_TARGET struct fs_target t = { .dir = -1 };

	if (!fs_target_open(path, attr->way, &t, e))
		return failed();
	return fs_stage_open_at(&t, path, attr, out, e);
}

/* ---- filling --------------------------------------------------------------------------------- */

bool fs_write_fd(int fd, const char *path, const void *p, size_t n, struct err *e)
{
	int why = fd_write_all(fd, p, n);

	return why == 0 || err_sys(e, why, "cannot write '%s'", path);
}

bool fs_stage_write(struct fs_stage *s, const void *p, size_t n, struct err *e)
{
	s->size += n;
	return fs_write_fd(s->fd, s->path, p, n, e) || failed();
}

bool fs_sync_fd(int fd, const char *path, struct err *e)
{
	while (fsync(fd) != 0)
		if (errno != EINTR)
			return err_sys(e, errno, "cannot sync '%s' to disk", path);
	return true;
}

bool fs_stage_seal(struct fs_stage *s, struct err *e)
{
	struct stat st;

	if (s->attr.sole && ftruncate(s->fd, (off_t)s->size) != 0)
		return err_sys(e, errno, "cannot write '%s'", s->path);
	if (fchmod(s->fd, s->mode) != 0)
		return err_sys(e, errno, "cannot set the mode of '%s'", s->path);
	if (!fs_sync_fd(s->fd, s->path, e))
		return failed();
	if (fstat(s->fd, &st) != 0)
		return err_sys(e, errno, "cannot access a file beside '%s'", s->path);
	fs_id_of(&st, &s->id);
	int fd = s->fd;
	s->fd = -1;
	/* Interrupted, it is closed all the same (Linux), and all is on the disk. */
	if (close(fd) != 0 && errno != EINTR)
		return err_sys(e, errno, "cannot write '%s'", s->path);
	s->step = STAGE_SEALED;
	return true;
}

/* ---- could it be filled? --------------------------------------------------------------------- */

#define REMEMBER_MS 1000

/*
 * Making and removing a file for each of ten thousand jobs in one directory, only to see whether
 * that could be done, takes the file system longer than the delivery. So what a probe has found
 * holds for a second, until something fails, for files that need nothing special. It may be
 * wrong an instant later, as any probe. One of the few globals of this program.
 */
static struct {
	pthread_mutex_t lock;
	int64_t at_ms;
	dev_t dev;
	ino_t ino;
	size_t size;
} probed = { .lock = PTHREAD_MUTEX_INITIALIZER };

void fs_probe_forget(void)
{
	(void)pthread_mutex_lock(&probed.lock);
	probed.at_ms = 0;
	(void)pthread_mutex_unlock(&probed.lock);
}

static bool was_probed(const struct fs_stage *s, size_t size)
{
	(void)pthread_mutex_lock(&probed.lock);
	bool was = probed.at_ms != 0 && env_mono_ms(&env_system) - probed.at_ms < REMEMBER_MS &&
	           probed.dev == s->dir_dev && probed.ino == s->dir_ino && size <= probed.size;
	(void)pthread_mutex_unlock(&probed.lock);
	return was;
}

static void remember(const struct fs_stage *s, size_t size)
{
	(void)pthread_mutex_lock(&probed.lock);
	probed.at_ms = env_mono_ms(&env_system);
	probed.dev = s->dir_dev;
	probed.ino = s->dir_ino;
	probed.size = size;
	(void)pthread_mutex_unlock(&probed.lock);
}

/* Our own rights and owner, no attributes to keep: what one such file can do in a directory,
 * another can. */
static bool is_ordinary(const struct fs_stage *s, int old)
{
	struct stat st;

	if (s->attr.way != FS_WAY_GUARDED || s->attr.uid >= 0 || s->attr.gid >= 0)
		return false;
	return old < 0 || (fstat(old, &st) == 0 && st.st_uid == geteuid() &&
	                   st.st_gid == getegid() && flistxattr(old, NULL, 0) == 0);
}

static bool probe(struct fs_stage *s, int old, size_t size, struct err *e)
{
	/* Without a name there is nothing to sweep if we are killed; not every file system can. */
	s->fd = openat(s->at.dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (s->fd < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EACCES || errno == EROFS))
		return err_sys(e, errno, "cannot create a file beside '%s'", s->path);
	if (s->fd < 0 && !make_temp(s, e))
		return false;
	if (!fs_attr_copy(s->fd, old, &s->attr, s->path, &s->mode, e))
		return false;
	int why;
	do
		why = posix_fallocate(s->fd, 0, size > 0 ? (off_t)size : 1);
	while (why == EINTR);
	if (why != 0)
		return err_sys(e, why, "no room for the new content of '%s'", s->path);
	if (fchmod(s->fd, s->mode) != 0)
		return err_sys(e, errno, "cannot set the mode of '%s'", s->path);
	return true;
}

bool fs_stage_probe_at(struct fs_target *t, const char *path, const struct fs_attr *attr,
                       size_t size, struct err *e)
{
	AUTO_STAGE struct fs_stage *s = stage_new(path, attr);
	AUTO_FD int old = -1;

	s->at = *t;
	t->dir = -1;
	if (!know_place(s, attr, e) || !open_old(s, &old, e))
		return false;
	bool ordinary = is_ordinary(s, old);
	if (ordinary && was_probed(s, size))
		return true;
	if (!probe(s, old, size, e))
		return false;
	if (ordinary)
		remember(s, size);
	return true;
}

bool fs_stage_probe(const char *path, const struct fs_attr *attr, size_t size, struct err *e)
{
	AUTO_TARGET struct fs_target t = { .dir = -1 };

	return fs_target_open(path, attr->way, &t, e) && fs_stage_probe_at(&t, path, attr, size, e);
}

void fs_stage_park(struct fs_stage *s)
{
	if (s->step == STAGE_SEALED)
		fs_target_close(&s->at);
}

/* The same directory again, or the temporary is not where the path leads now. So nothing is
 * asked of the way to it again. */
bool fs_stage_unpark(struct fs_stage *s, struct err *e)
{
	struct fs_target at = { .dir = -1 };
	struct stat dir;

	if (s->at.dir >= 0)
		return true;
	if (!fs_target_open(s->path, s->attr.way == FS_WAY_HERE ? FS_WAY_HERE : FS_WAY_PLAIN, &at,
	                    e))
		return false;
	at.shared = s->at.shared;
	if (fstat(at.dir, &dir) != 0 || dir.st_dev != s->dir_dev || dir.st_ino != s->dir_ino ||
	    strcmp(at.name, s->at.name) != 0) {
		fs_target_close(&at);
		return err_set(e, ERR_LOCAL, "'%s' leads to a different place than a moment ago",
		               s->path);
	}
	s->at = at;
	return true;
}

/* ---- becoming visible ------------------------------------------------------------------------ */

/* The new content is in place when this fails: nothing is rolled back. */
bool fs_stage_sync_dir(const struct fs_stage *s, struct err *e)
{
	int why = fs_sync_dir(s->at.dir);

	return why == 0 ||
	       err_sys(e, why,
	               "'%s' has its new content, but its directory cannot be synced to disk",
	               s->path);
}

void fs_stage_done(struct fs_stage *s)
{
	s->temp[0] = '\0';
	s->step = STAGE_DONE;
}

bool fs_stage_rename(struct fs_stage *s, struct err *e)
{
	if (!fs_stage_unpark(s, e))
		return false;
	if (renameat(s->at.dir, s->temp, s->at.dir, s->at.name) != 0)
		return err_sys(e, errno, "cannot replace '%s'", s->path);
	fs_stage_done(s);
	return true;
}

bool fs_stage_commit(struct fs_stage *s, struct err *e)
{
	return fs_stage_rename(s, e) && fs_stage_sync_dir(s, e);
}

bool fs_stage_swap(struct fs_stage *s, struct err *e)
{
	if (!fs_stage_unpark(s, e))
		return false;
	/* A first file has nothing to swap with, and not every file system can. */
	if (renameat2(s->at.dir, s->temp, s->at.dir, s->at.name, RENAME_EXCHANGE) != 0)
		return fs_stage_commit(s, e);
	fs_stage_done(s);
	return fs_stage_sync_dir(s, e);
}

void fs_spare_remove(const char *path, const struct fs_attr *attr)
{
	AUTO_STAGE struct fs_stage *s = stage_new(path, attr);
	struct err ignored = ERR_INIT; /* the next save uses it, or removes it */

	if (!open_place(s, attr, &ignored))
		return;
	name_temp(s, "new");
	(void)unlinkat(s->at.dir, s->temp, 0);
	s->temp[0] = '\0';
}

void fs_stage_free(struct fs_stage *s)
{
	struct err ignored = ERR_INIT;

	if (s == NULL)
		return;
	if (s->fd >= 0)
		(void)close(s->fd); /* given up: the content goes too */
	/* A displaced file that nobody settled may hold somebody's update: the next run's sweep
	 * merges it. */
	if (s->temp[0] != '\0' && s->step != STAGE_EXCHANGED && fs_stage_unpark(s, &ignored))
		(void)unlinkat(s->at.dir, s->temp, 0); /* what stays, the next run sweeps */
	fs_target_close(&s->at);
	free(s->path);
	free(s);
}

void fs_stage_leave(struct fs_stage *s)
{
	if (s == NULL)
		return;
	free(s->path);
	free(s);
}

void fs_stage_free_ptr(struct fs_stage **s)
{
	fs_stage_free(*s);
}

bool fs_replace(const char *path, const void *p, size_t n, int mode, struct err *e)
{
	AUTO_STAGE struct fs_stage *s = NULL;
	const struct fs_attr attr = { .mode = mode, .uid = -1, .gid = -1 };

	return fs_stage_open(path, &attr, &s, e) && fs_stage_write(s, p, n, e) &&
	       fs_stage_seal(s, e) && fs_stage_commit(s, e);
}
