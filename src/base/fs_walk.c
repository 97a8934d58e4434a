/* SPDX-License-Identifier: MIT */
/*
 * The way to a file, component by component, each one opened before it is judged and entered
 * through what was opened: nothing is looked up twice, so nobody can exchange it in between. Links
 * are followed here, not by the kernel, and so are what it would ask about them.
 */
#include "base/fs_target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/fs_acl.h"

struct walk {
	const char *shown; /* the path as configured */
	enum fs_way way;
	uid_t uid;       /* whose files are ours: with a user's rights his */
	struct buf left; /* what is still to walk */
	int dir;         /* O_PATH: whatever it is, nothing happens to it */
	bool shared; /* others can make files in `dir`, though not touch those of others (sticky) */
	int links;
	int why; /* errno of the last look */
	bool arrived;
	char name[NAME_MAX + 1];
};

static void walk_clear(struct walk *w)
{
	fd_close(&w->dir);
	buf_free(&w->left);
}

static bool is_trusted(const struct walk *w, uid_t uid)
{
	return uid == 0 || uid == w->uid;
}

/* The very directory that is open, to be read. An O_PATH one has no ACL and cannot be synced. */
static int open_again(int dir)
{
	int fd;

	do
		fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	return fd;
}

/* ---- directories ----------------------------------------------------------------------------- */

/* The group bits are an ACL's mask: without them there is nothing in it. */
static bool others_write(const struct walk *w, int dir, const struct stat *st, struct fs_other *out,
                         struct err *e)
{
	const struct fs_ours ours = { .uid = w->uid, .groups = { 0 }, .n_groups = 1 };
	AUTO_FD int fd = -1;

	if ((st->st_mode & S_IWGRP) != 0 && (fd = open_again(dir)) < 0)
		return err_sys(e, errno, "cannot access a directory on the way to '%s'", w->shown);
	return fs_other_may(fd, st, FS_WRITE, &ours, out, e) ||
	       err_in(e, "a directory on the way to '%s'", w->shown);
}

/* `what`: which component, for the message. */
static bool guard_directory(struct walk *w, int dir, const struct stat *st, const char *what,
                            struct err *e)
{
	struct fs_other who;
	char owner[FS_NAME_MAX], other[FS_OTHER_MAX];

	if (!others_write(w, dir, st, &who, e))
		return false;
	bool open_to_others = who.kind != FS_OTHER_NONE;
	if (is_trusted(w, st->st_uid) && (!open_to_others || (st->st_mode & S_ISVTX) != 0)) {
		w->shared = open_to_others;
		return true;
	}
	fs_user_name(st->st_uid, owner);
	fs_other_name(&who, other);
	return err_set(
		e, ERR_CONFIG,
		"others can change directory '%s' on the way to '%s' (owner %s, mode %04o; %s can "
		"write it): take their right away, or, for a sink, say 'user = NAME' to write it "
		"with that user's rights",
		what, w->shown, owner, (unsigned)(st->st_mode & 07777),
		open_to_others ? other : "nobody else");
}

static bool enter(struct walk *w, int *dir, const char *name, const struct stat *st, struct err *e)
{
	fd_close(&w->dir);
	w->dir = *dir;
	*dir = -1;
	w->shared = false;
	return w->way != FS_WAY_GUARDED || guard_directory(w, w->dir, st, name, e);
}

static bool look(struct walk *w, int at, const char *name, int *out, struct stat *st, struct err *e)
{
	AUTO_FD int fd = -1;

	do
		fd = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	bool seen = fd >= 0 && fstat(fd, st) == 0;
	w->why = seen ? 0 : errno;
	if (!seen)
		return err_sys(e, w->why, "cannot access '%s' on the way to '%s'", name, w->shown);
	*out = fd;
	fd = -1;
	return true;
}

static bool enter_root(struct walk *w, struct err *e)
{
	AUTO_FD int fd = -1;
	struct stat st;

	return look(w, AT_FDCWD, "/", &fd, &st, e) && enter(w, &fd, "/", &st, e);
}

/* ---- links ----------------------------------------------------------------------------------- */

/* Where a link of somebody else leads is for him to say, and he may say something else tomorrow.
 * That is his affair where only his rights count, and where only we can have put it there, but
 * not in a directory like /tmp: the kernel would not follow it there either
 * (fs.protected_symlinks). */
static bool link_ok(const struct walk *w, const struct stat *st, const char *name, struct err *e)
{
	struct stat in;

	if (is_trusted(w, st->st_uid))
		return true;
	if (w->way != FS_WAY_HERE && !w->shared) {
		if (fstat(w->dir, &in) != 0)
			return err_sys(e, errno, "cannot access '%s' on the way to '%s'", name,
			               w->shown);
		if ((in.st_mode & (S_ISVTX | S_IWOTH)) != (S_ISVTX | S_IWOTH) ||
		    in.st_uid == st->st_uid)
			return true;
	}
	return err_set(e, ERR_CONFIG,
	               "symbolic link '%s' on the way to '%s' belongs to somebody else, who could "
	               "point it anywhere",
	               name, w->shown);
}

static bool follow(struct walk *w, const char *name, const struct stat *st, struct err *e)
{
	char link[PATH_MAX];

	if (!link_ok(w, st, name, e))
		return false;
	ssize_t n = readlinkat(w->dir, name, link, sizeof(link) - 1);
	if (n < 0)
		return err_sys(e, errno, "cannot access '%s' on the way to '%s'", name, w->shown);
	if (++w->links > FS_LINKS_MAX)
		return err_set(e, ERR_LOCAL, "'%s' leads through too many symbolic links",
		               w->shown);
	link[n] = '\0';
	struct buf path = BUF_INIT(w->left.max);
	buf_fmt(&path, "%s%s%s", link, w->left.len > 0 ? "/" : "", buf_cstr(&w->left));
	buf_free(&w->left);
	w->left = path;
	if (!buf_ok(&path))
		return err_set(e, ERR_LOCAL, "'%s' leads to a path that is too long", w->shown);
	return link[0] != '/' || enter_root(w, e);
}

/* ---- steps ----------------------------------------------------------------------------------- */

/* Takes the next component off. False: it is longer than any name. */
static bool next_name(struct buf *left, char name[static NAME_MAX + 1])
{
	const char *p = buf_cstr(left);

	p += strspn(p, "/");
	size_t n = strcspn(p, "/");
	if (n > NAME_MAX)
		return false;
	memcpy(name, p, n);
	name[n] = '\0';
	struct buf rest = BUF_INIT(left->max);
	buf_str(&rest, p + n);
	buf_free(left);
	*left = rest;
	return true;
}

/* "a/" names what is in a directory; the file system says ENOTDIR or EISDIR to it, later. */
static bool is_last(const struct walk *w)
{
	return w->left.len == 0;
}

static bool arrive(struct walk *w, const char *name, struct err *e)
{
	if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return err_set(e, ERR_LOCAL, "'%s' is not the name of a file", w->shown);
	memcpy(w->name, name, strlen(name) + 1);
	w->arrived = true;
	return true;
}

static bool step(struct walk *w, const char *name, struct err *e)
{
	AUTO_FD int fd = -1;
	struct stat st;
	struct err why = ERR_INIT;

	if (*name == '\0' || strcmp(name, ".") == 0)
		return !is_last(w) || arrive(w, name, e);
	if (!look(w, w->dir, name, &fd, &st, &why)) {
		if (w->why == ENOENT && is_last(w))
			return arrive(w, name, e); /* a file to be made */
		*e = why;
		return false;
	}
	if (S_ISLNK(st.st_mode) && !(w->way == FS_WAY_HERE && is_last(w)))
		return follow(w, name, &st, e);
	if (is_last(w))
		return arrive(w, name, e);
	if (!S_ISDIR(st.st_mode))
		return err_sys(e, ENOTDIR, "cannot open the directory of '%s'", w->shown);
	return enter(w, &fd, name, &st, e);
}

static bool begin(struct walk *w, struct err *e)
{
	AUTO_FD int fd = -1;
	struct stat st;

	if (w->shown[0] == '/')
		return enter_root(w, e);
	if (w->way == FS_WAY_GUARDED)
		return err_set(e, ERR_CONFIG, "'%s' is not an absolute path", w->shown);
	if (!look(w, AT_FDCWD, ".", &fd, &st, e))
		return false;
	return enter(w, &fd, ".", &st, e);
}

static bool open_arrived(const struct walk *w, struct fs_target *out, struct err *e)
{
	struct stat st;
	AUTO_FD int fd = open_again(w->dir);

	if (fd < 0 || fstat(fd, &st) != 0)
		return err_sys(e, errno, "cannot open the directory of '%s'", w->shown);
	if (w->way == FS_WAY_OWNED && st.st_uid != w->uid) {
		char owner[FS_NAME_MAX], user[FS_NAME_MAX];
		fs_user_name(st.st_uid, owner);
		fs_user_name(w->uid, user);
		return err_set(e, ERR_CONFIG,
		               "the directory that '%s' leads to belongs to %s, not to user %s: "
		               "with 'user' a file stands in a "
		               "directory of that user's own",
		               w->shown, owner, user);
	}
	*out = (struct fs_target){ .dir = fd, .shared = w->shared };
	memcpy(out->name, w->name, sizeof(out->name));
	fd = -1;
	return true;
}

bool fs_walk(const char *path, enum fs_way way, struct fs_target *out, struct err *e)
{
	AUTO(walk_clear)
	struct walk w = { .shown = path, .way = way, .left = BUF_INIT(4 * PATH_MAX), .dir = -1 };
	char name[NAME_MAX + 1];

	/* Asking takes a right that our own sandbox may lack; whoever took a user's rights had
	 * it. */
	w.uid = way == FS_WAY_OWNED ? (uid_t)setfsuid((uid_t)-1) : geteuid();
	buf_str(&w.left, path);
	if (!begin(&w, e))
		return false;
	while (!w.arrived) {
		if (!next_name(&w.left, name))
			return err_set(e, ERR_LOCAL, "'%s' is not the name of a file", path);
		if (!step(&w, name, e))
			return false;
	}
	return open_arrived(&w, out, e);
}
