/* SPDX-License-Identifier: MIT */
#include "base/fs_target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/fs_acl.h"
#include "base/mem.h"

/* ---- finding it ------------------------------------------------------------------------------ */

static bool name_ok(const char *name)
{
	return *name != '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	       strlen(name) <= NAME_MAX;
}

/* The directory in one call, where nothing is asked of the way to it. O_RDONLY: an O_PATH one
 * cannot be synced. */
static bool open_parent(const char *path, struct fs_target *out, struct err *e)
{
	AUTO_FREE char *parent = mem_dup(path);
	char *slash = strrchr(parent, '/');
	const char *name = slash == NULL ? path : path + (slash - parent) + 1;
	int fd;

	if (!name_ok(name))
		return err_set(e, ERR_LOCAL, "'%s' is not the name of a file", path);
	if (slash != NULL)
		slash[slash == parent] = '\0';
	do
		fd = open(slash == NULL ? "." : parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return err_sys(e, errno, "cannot open the directory of '%s'", path);
	*out = (struct fs_target){ .dir = fd };
	memcpy(out->name, name, strlen(name) + 1);
	return true;
}

static bool find_plain(const char *path, bool follow, struct fs_target *out, struct err *e)
{
	AUTO_TARGET struct fs_target t = { .dir = -1 };
	char link[1];

	if (!open_parent(path, &t, e))
		return false;
	if (follow && readlinkat(t.dir, t.name, link, sizeof(link)) >= 0)
		return fs_walk(path, FS_WAY_PLAIN, out, e);
	*out = t;
	t.dir = -1;
	return true;
}

bool fs_target_open(const char *path, enum fs_way way, struct fs_target *out, struct err *e)
{
	if (way == FS_WAY_PLAIN || geteuid() != 0)
		return find_plain(path, way != FS_WAY_HERE, out, e);
	return fs_walk(path, way, out, e);
}

void fs_target_close(struct fs_target *t)
{
	fd_close(&t->dir);
}

char *fs_target_path(const struct fs_target *t)
{
	char link[64], dir[PATH_MAX];

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", t->dir);
	ssize_t n = readlink(link, dir, sizeof(dir) - 1);
	if (n <= 0 || dir[0] != '/')
		return NULL;
	dir[n] = '\0';
	return mem_fmt("%s/%s", n == 1 ? "" : dir, t->name);
}

/* ---- what is there --------------------------------------------------------------------------- */

/* There a second name may be one that somebody gave to another file of ours, for its mode or to
 * see it written over. */
bool fs_target_trust(const struct fs_target *t, const struct stat *st, const char *path,
                     struct err *e)
{
	if (t->shared && st->st_nlink > 1)
		return err_set(e, ERR_CONFIG,
		               "'%s' has other names (hard links), in a directory where all can "
		               "make files",
		               path);
	if (!t->shared || st->st_uid == 0 || st->st_uid == geteuid())
		return true;
	return err_set(e, ERR_CONFIG,
	               "'%s' belongs to somebody else, in a directory where all can make files",
	               path);
}

/* Never waits: a FIFO or a device in the place of a file is refused, not opened for ever. */
bool fs_target_read(const struct fs_target *t, const char *path, size_t max, struct buf *out,
                    struct fs_id *id, struct err *e)
{
	AUTO_FD int fd = -1;
	struct stat st;

	do
		fd = openat(t->dir, t->name,
		            O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	while (fd < 0 && errno == EINTR);
	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_MISSING, "'%s' does not exist", path);
	if (fd < 0)
		return err_sys(e, errno, "cannot open '%s'", path);
	if (fstat(fd, &st) != 0)
		return err_sys(e, errno, "cannot read '%s'", path);
	return fs_target_trust(t, &st, path, e) && fs_read_fd(fd, path, max, out, id, e);
}

static bool look(const struct fs_target *t, struct stat *st)
{
	return fstatat(t->dir, t->name, st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st->st_mode);
}

bool fs_target_only_name(const struct fs_target *t, const char *path, struct err *e)
{
	struct stat st;

	if (!look(t, &st) || st.st_nlink <= 1)
		return true;
	return err_set(e, ERR_CONFIG,
	               "'%s' has %ju names (hard links): replaced, the others would keep the old "
	               "content; remove them "
	               "(find / -xdev -samefile '%s'), or say 'in_place = yes' (not atomic)",
	               path, (uintmax_t)st.st_nlink, path);
}

bool fs_target_is_public(const struct fs_target *t)
{
	struct stat st;

	return look(t, &st) && (st.st_mode & S_IROTH) != 0;
}

/* ---- a directory of ours --------------------------------------------------------------------- */

/* For root the way to it was guarded; else nobody but him who runs this is asked after. */
static bool judge(const struct fs_target *t, const struct stat *st, struct fs_other *who,
                  struct err *e)
{
	bool own_group = geteuid() != 0 && getegid() == geteuid();
	const struct fs_ours ours = { .uid = geteuid(),
		                      .groups = { 0, getegid() },
		                      .n_groups = own_group ? 2 : 1 };

	return fs_other_may(t->dir, st, FS_WRITE, &ours, who, e);
}

bool fs_directory_ours(const char *dir, struct fs_target *out, struct err *e)
{
	AUTO_FREE char *in = mem_fmt("%s/x", dir);
	AUTO_TARGET struct fs_target t = { .dir = -1 };
	struct fs_other who;
	struct stat st;
	char name[FS_OTHER_MAX];

	if (!fs_target_open(in, FS_WAY_GUARDED, &t, e))
		return false;
	if (fstat(t.dir, &st) != 0)
		return err_sys(e, errno, "cannot access '%s'", dir);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return err_set(e, ERR_CONFIG, "'%s' belongs to another user", dir);
	if (!judge(&t, &st, &who, e))
		return err_in(e, "'%s'", dir);
	fs_other_name(&who, name);
	if (who.kind != FS_OTHER_NONE)
		return err_set(e, ERR_CONFIG, "%s can write in '%s': 'chmod go-w' it", name, dir);
	*out = t;
	t.dir = -1;
	return true;
}

/* ---- temporaries ----------------------------------------------------------------------------- */

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

/* ---- directories ----------------------------------------------------------------------------- */

/* A directory that a power cut takes back takes along what was written into it, however well
 * that was synced. */
static bool sync_parent(const char *path, struct err *e)
{
	AUTO_TARGET struct fs_target t = { .dir = -1 };

	if (!open_parent(path, &t, e))
		return false;
	int why = fs_sync_dir(t.dir);
	return why == 0 ||
	       err_sys(e, why, "directory '%s' was created, but cannot be synced to disk", path);
}

static bool make_one(const char *path, struct err *e)
{
	struct stat st;

	if (mkdir(path, 0700) == 0)
		return sync_parent(path, e);
	int why = errno;
	if (why == EEXIST && stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return true;
		why = ENOTDIR;
	}
	return err_sys(e, why, "cannot create directory '%s'", path);
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
