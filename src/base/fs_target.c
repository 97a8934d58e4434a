/* SPDX-License-Identifier: MIT */
#include "base/fs_target.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"

/* ---- following links to the real file -------------------------------------------------------- */

static bool name_ok(const char *name)
{
	return *name != '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	       strlen(name) <= NAME_MAX;
}

/* One step: opens the directory part of `path` (relative to `at`), splits the name off.
 * O_RDONLY: an O_PATH one cannot be synced. */
static bool open_parent(int at, char *path, const char *shown, int *dir, const char **name,
                        struct err *e)
{
	char *slash = strrchr(path, '/');
	const char *parent = slash == NULL ? "." : slash == path ? "/" : path;

	*name = slash == NULL ? path : slash + 1;
	if (!name_ok(*name))
		return err_set(e, ERR_LOCAL, "'%s' is not the name of a file", shown);
	if (slash != NULL && slash != path)
		*slash = '\0';
	do
		*dir = openat(at, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (*dir < 0 && errno == EINTR);
	if (*dir < 0)
		return err_sys(e, errno, "cannot open the directory of '%s'", shown);
	return true;
}

static bool follow(const char *path, struct fs_target *out, struct err *e)
{
	AUTO_FREE char *left = mem_dup(path);
	AUTO_FD int at = -1;
	char link[PATH_MAX];

	for (int i = 0; i < FS_LINKS_MAX; i++) {
		AUTO_FD int dir = -1;
		const char *name;
		if (!open_parent(at < 0 ? AT_FDCWD : at, left, path, &dir, &name, e))
			return false;
		ssize_t n = readlinkat(dir, name, link, sizeof(link) - 1);
		if (n < 0 && errno != EINVAL && errno != ENOENT)
			return err_sys(e, errno, "cannot look at '%s'", path);
		if (n < 0) {
			out->dir = dir;
			dir = -1;
			memcpy(out->name, name, strlen(name) + 1);
			return true;
		}
		link[n] = '\0';
		mem_free_ptr(&left);
		left = mem_dup(link);
		fd_close(&at);
		at = dir;
		dir = -1;
	}
	return err_set(e, ERR_LOCAL, "'%s' leads through too many symbolic links", path);
}

/* ---- who else can change the path ------------------------------------------------------------ */

struct walk {
	const char *shown; /* the path as configured */
	struct buf left;   /* what is still to walk */
	int dir;
	/* others can make files in `dir`, though not touch those of others (sticky) */
	bool shared;
	int links;
	int why; /* errno of the last look */
};

static void walk_clear(struct walk *w)
{
	fd_close(&w->dir);
	buf_free(&w->left);
}

static void owner_name(uid_t uid, char *out, size_t size)
{
	char text[1024];
	struct passwd pw, *found = NULL;

	if (getpwuid_r(uid, &pw, text, sizeof(text), &found) == 0 && found != NULL)
		(void)snprintf(out, size, "%s", pw.pw_name);
	else
		(void)snprintf(out, size, "%u", (unsigned)uid);
}

static bool trusted(uid_t uid)
{
	return uid == 0 || uid == geteuid();
}

/* `what`: which component, for the message. */
static bool dir_ok(struct walk *w, const struct stat *st, const char *what, struct err *e)
{
	bool group = (st->st_mode & S_IWGRP) != 0 && st->st_gid != 0;
	bool open_to_others = group || (st->st_mode & S_IWOTH) != 0;
	char owner[64];

	if (trusted(st->st_uid) && (!open_to_others || (st->st_mode & S_ISVTX) != 0)) {
		w->shared = open_to_others;
		return true;
	}
	owner_name(st->st_uid, owner, sizeof(owner));
	return err_set(
		e, ERR_CONFIG,
		"others can change directory '%s' on the way to '%s' (owner %s, mode %04o): say "
		"'user = NAME' to write it with that user's rights, or take their right away",
		what, w->shown, owner, (unsigned)(st->st_mode & 07777));
}

/* O_PATH: whatever it is, nothing happens to it. */
static bool look(struct walk *w, int at, const char *name, int *out, struct stat *st, struct err *e)
{
	AUTO_FD int fd = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	w->why = 0;
	if (fd < 0 || fstat(fd, st) != 0) {
		w->why = errno;
		(void)err_sys(e, w->why, "cannot look at '%s' on the way to '%s'", name, w->shown);
		return false;
	}
	*out = fd;
	fd = -1;
	return true;
}

static bool enter(struct walk *w, int *dir, const char *name, const struct stat *st, struct err *e)
{
	fd_close(&w->dir);
	w->dir = *dir;
	*dir = -1;
	return dir_ok(w, st, name, e);
}

static bool enter_root(struct walk *w, struct err *e)
{
	AUTO_FD int fd = -1;
	struct stat st;

	return look(w, AT_FDCWD, "/", &fd, &st, e) && enter(w, &fd, "/", &st, e);
}

/* Takes the next component off; empty when there is none. */
static void next_name(struct buf *left, char name[static NAME_MAX + 1])
{
	const char *p = buf_cstr(left);
	p += strspn(p, "/");
	size_t n = strcspn(p, "/");
	struct buf rest = BUF_INIT(left->max);

	(void)snprintf(name, NAME_MAX + 1, "%.*s", n <= NAME_MAX ? (int)n : NAME_MAX, p);
	buf_str(&rest, p + n);
	buf_free(left);
	*left = rest;
}

static bool at_link(struct walk *w, const char *name, const struct stat *st, struct err *e)
{
	char link[PATH_MAX];
	ssize_t n = readlinkat(w->dir, name, link, sizeof(link) - 1);
	struct buf path = BUF_INIT(w->left.max);

	if (n < 0)
		return err_sys(e, errno, "cannot look at '%s' on the way to '%s'", name, w->shown);
	if (++w->links > FS_LINKS_MAX)
		return err_set(e, ERR_LOCAL, "'%s' leads through too many symbolic links",
		               w->shown);
	if (w->shared && !trusted(st->st_uid))
		return err_set(e, ERR_CONFIG,
		               "symbolic link '%s' on the way to '%s' belongs to somebody else, in "
		               "a directory "
		               "where all can make files",
		               name, w->shown);
	link[n] = '\0';
	buf_str(&path, link);
	buf_char(&path, '/');
	buf_str(&path, buf_cstr(&w->left));
	buf_free(&w->left);
	w->left = path;
	if (!buf_ok(&path))
		return err_set(e, ERR_LOCAL, "'%s' leads to a path that is too long", w->shown);
	return link[0] != '/' || enter_root(w, e);
}

static bool step_on(struct walk *w, const char *name, struct err *e)
{
	AUTO_FD int fd = -1;
	struct stat st;

	if (strcmp(name, ".") == 0)
		return true;
	if (!look(w, w->dir, name, &fd, &st, e))
		return false;
	if (S_ISLNK(st.st_mode))
		return at_link(w, name, &st, e);
	if (S_ISDIR(st.st_mode))
		return enter(w, &fd, name, &st, e);
	if (w->shared && !trusted(st.st_uid))
		return err_set(
			e, ERR_CONFIG,
			"'%s' belongs to somebody else, in a directory where all can make files",
			w->shown);
	return true;
}

/* Nobody but root and us may be able to change what the path means, or own the file in a
 * directory like /tmp. */
bool fs_guard(const char *path, struct err *e)
{
	AUTO(walk_clear)
	struct walk w = { .shown = path, .left = BUF_INIT(4 * PATH_MAX), .dir = -1 };
	char name[NAME_MAX + 1];

	if (geteuid() != 0)
		return true;
	if (path[0] != '/')
		return err_set(e, ERR_CONFIG, "'%s' is not an absolute path", path);
	buf_str(&w.left, path);
	if (!enter_root(&w, e))
		return false;
	for (next_name(&w.left, name); name[0] != '\0'; next_name(&w.left, name)) {
		struct err why = ERR_INIT;
		if (step_on(&w, name, &why))
			continue;
		if (w.why == ENOENT && strspn(buf_cstr(&w.left), "/") == w.left.len)
			return true; /* a file to be made */
		*e = why;
		return false;
	}
	return true;
}

/* ---- the public face ------------------------------------------------------------------------- */

bool fs_target_open(const char *path, bool guarded, struct fs_target *out, struct err *e)
{
	return (!guarded || fs_guard(path, e)) && follow(path, out, e);
}

void fs_target_close(struct fs_target *t)
{
	fd_close(&t->dir);
	t->dir = -1;
}

bool fs_directory(const char *path, bool guarded, int *out, struct err *e)
{
	struct fs_target t;

	if (!fs_target_open(path, guarded, &t, e))
		return false;
	*out = t.dir;
	return true;
}

/* FNV-1a: it only has to differ between the temporaries of one directory. */
static uint64_t hash(uint64_t h, const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		h = (h ^ (unsigned char)*p) * 0x100000001b3u;
	return (h ^ '\n') * 0x100000001b3u;
}

void fs_tag(const struct fs_attr *attr, const struct fs_target *t, char out[static FS_TAG_MAX])
{
	uint64_t h = hash(0xcbf29ce484222325u, t->name);

	if (attr->tag != NULL)
		h = hash(h, attr->tag);
	(void)snprintf(out, FS_TAG_MAX, "%016llx", (unsigned long long)h);
}

static bool make_one(const char *path, struct err *e)
{
	struct stat st;

	if (mkdir(path, 0700) == 0)
		return true;
	int why = errno;
	if (why == EEXIST && stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return true;
		why = ENOTDIR;
	}
	return err_sys(e, why, "cannot make directory '%s'", path);
}

bool fs_make_dir(const char *path, struct err *e)
{
	AUTO_FREE char *part = mem_dup(path);
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return true;
	for (char *p = part + strspn(part, "/"); (p = strchr(p, '/')) != NULL;
	     p += strspn(p, "/")) {
		*p = '\0';
		/* A parent we may not write in is no failure when the directory is there. */
		if (stat(part, &st) != 0 && !make_one(part, e))
			return false;
		*p = '/';
	}
	return make_one(part, e);
}

bool fs_target_here(const char *path, struct fs_target *out, struct err *e)
{
	AUTO_FREE char *left = mem_dup(path);
	const char *name;
	int dir = -1;

	if (!open_parent(AT_FDCWD, left, path, &dir, &name, e))
		return false;
	out->dir = dir;
	memcpy(out->name, name, strlen(name) + 1);
	return true;
}
