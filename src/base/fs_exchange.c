/* SPDX-License-Identifier: MIT */
/* A sealed stage and a target that other programs may replace at any moment: exchanged in one
 * step, compared, put back. */
#include "base/fd.h"
#include "base/fs_stage.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"

#define WRITER_TRIES  200 /* a second in all, for a program to finish what it is writing */
#define WRITER_NAP_MS 5

/* The name tells a later run what the file is, see fs_sweep. */
static bool mark(struct fs_stage *s, const struct fs_id *base, struct err *e)
{
	char name[FS_TEMP_MAX], suffix[17];

	fs_stage_suffix(suffix);
	(void)snprintf(name, sizeof(name), "%s%s.x.%llu-%lld-%lld.%llu-%lld-%lld.%s",
	               FS_TEMP_PREFIX, s->tag, (unsigned long long)s->id.ino, (long long)s->id.size,
	               (long long)s->id.mtime_ns, (unsigned long long)base->ino,
	               (long long)base->size, (long long)base->mtime_ns, suffix);
	if (renameat2(s->at.dir, s->temp, s->at.dir, name, RENAME_NOREPLACE) != 0 &&
	    (errno != EINVAL || renameat(s->at.dir, s->temp, s->at.dir, name) != 0))
		return err_sys(e, errno, "cannot replace '%s'", s->path);
	memcpy(s->temp, name, sizeof(name));
	return true;
}

/* For a file system without exchange: the window between compare and rename is as small as it
 * can be, but it is there. */
static bool compare_and_rename(struct fs_stage *s, const struct buf *base_text,
                               enum fs_exchange *out, struct err *e)
{
	AUTO_BUF struct buf now = BUF_INIT(base_text->max);
	AUTO_FD
	int fd = openat(s->at.dir, s->at.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno != ENOENT)
		return err_sys(e, errno, "cannot open '%s'", s->path);
	if (fd >= 0 && !fs_read_fd(fd, s->path, base_text->max, &now, NULL, e))
		return false;
	if (fd < 0 || now.len != base_text->len ||
	    memcmp(buf_cstr(&now), buf_cstr(base_text), now.len) != 0) {
		*out = FS_EXCHANGE_CHANGED;
		return true;
	}
	if (!fs_stage_commit(s, e))
		return false;
	*out = FS_EXCHANGE_COMMITTED;
	return true;
}

static bool make_new(struct fs_stage *s, enum fs_exchange *out, struct err *e)
{
	int r = renameat2(s->at.dir, s->temp, s->at.dir, s->at.name, RENAME_NOREPLACE);

	/* Without NOREPLACE there is still link(), which never replaces. */
	if (r != 0 && errno == EINVAL && linkat(s->at.dir, s->temp, s->at.dir, s->at.name, 0) == 0)
		r = unlinkat(s->at.dir, s->temp, 0);
	if (r != 0 && errno != EEXIST)
		return err_sys(e, errno, "cannot make '%s'", s->path);
	if (r != 0) {
		*out = FS_EXCHANGE_CHANGED;
		return true;
	}
	fs_stage_done(s);
	if (!fs_stage_sync_dir(s, e))
		return false;
	*out = FS_EXCHANGE_COMMITTED;
	return true;
}

bool fs_stage_exchange(struct fs_stage *s, const struct fs_id *base, const struct buf *base_text,
                       enum fs_exchange *out, struct err *e)
{
	if (!fs_stage_unpark(s, e))
		return false;
	if (base == NULL)
		return make_new(s, out, e);
	struct stat st;
	struct fs_id now = { .ino = 0 };
	if (fstatat(s->at.dir, s->at.name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		fs_id_of(&st, &now);
	else if (errno != ENOENT)
		return err_sys(e, errno, "cannot access '%s'", s->path);
	if (!fs_id_equal(&now, base)) {
		*out = FS_EXCHANGE_CHANGED;
		return true;
	}
	if (!mark(s, base, e))
		return false;
	if (renameat2(s->at.dir, s->temp, s->at.dir, s->at.name, RENAME_EXCHANGE) == 0) {
		s->step = STAGE_EXCHANGED;
		*out = FS_EXCHANGE_DONE;
		return true;
	}
	if (errno == EINVAL || errno == ENOSYS || errno == ENOTSUP)
		return compare_and_rename(s, base_text, out, e);
	if (errno != ENOENT)
		return err_sys(e, errno, "cannot replace '%s'", s->path);
	*out = FS_EXCHANGE_CHANGED;
	return true;
}

/*
 * Somebody who writes files in place may have opened this one before it was displaced, and be in
 * the middle of it. A read lease is given only while nobody has the file open for writing. File
 * systems without leases, and files of others, are taken as they are.
 */
static bool wait_for_writers(int fd, const char *path, struct err *e)
{
	/* Should somebody open it while we hold the lease, the signal for that is one that is
	 * ignored. */
	(void)fcntl(fd, F_SETSIG, SIGURG);
	for (int i = 0; i < WRITER_TRIES; i++) {
		if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
			(void)fcntl(fd, F_SETLEASE, F_UNLCK);
			return true;
		}
		if (errno != EAGAIN)
			return true;
		(void)poll(NULL, 0, WRITER_NAP_MS);
	}
	return err_set(e, ERR_TRANSIENT, "'%s' is held open for writing by another program", path);
}

bool fs_stage_displaced(struct fs_stage *s, size_t max, struct buf *out, struct fs_id *id,
                        struct err *e)
{
	AUTO_FD
	int fd = openat(s->at.dir, s->temp, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, errno, "cannot open what '%s' was", s->path);
	return wait_for_writers(fd, s->path, e) && fs_read_fd(fd, s->path, max, out, id, e);
}

bool fs_stage_settle(struct fs_stage *s, struct err *e)
{
	bool synced = fs_stage_sync_dir(s, e);

	if (unlinkat(s->at.dir, s->temp, 0) != 0)
		return synced &&
		       err_sys(e, errno,
		               "'%s' has its new content, but '%s' beside it cannot be removed",
		               s->path, s->temp);
	s->temp[0] = '\0';
	s->step = STAGE_DONE;
	return synced;
}

/* By more than the number of the inode: that is given to another file as soon as ours is
 * replaced. */
static bool is_ours(const struct fs_stage *s, const struct stat *st)
{
	struct fs_id id;

	fs_id_of(st, &id);
	return fs_id_equal(&id, &s->id);
}

bool fs_stage_swap_back(struct fs_stage *s, bool *out, struct err *e)
{
	struct stat st;

	bool there = fstatat(s->at.dir, s->at.name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (!there && errno != ENOENT)
		return err_sys(e, errno, "cannot access '%s'", s->path);
	if (!there || !is_ours(s, &st)) {
		*out = false;
		return true;
	}
	if (renameat2(s->at.dir, s->temp, s->at.dir, s->at.name, RENAME_EXCHANGE) != 0)
		return err_sys(e, errno, "cannot put '%s' back", s->path);
	/* Replaced between our look and the exchange: what we hold now is again somebody's
	 * update, and stays for the sweep. */
	if (fstatat(s->at.dir, s->temp, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return err_sys(e, errno, "cannot put '%s' back", s->path);
	*out = is_ours(s, &st);
	if (*out)
		s->step = STAGE_SEALED;
	return true;
}
