/* SPDX-License-Identifier: MIT */
/* What killed runs left beside a file: removed, or brought home. */
#include "base/fs_target.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fd.h"

/* What the name of a temporary tells, see fs_sweep in the header. */
struct version {
	unsigned long long ino;
	long long size, mtime_ns;
};
struct leftover {
	/* ".x.": it was about to be exchanged, or has been */
	bool exchanged;
	struct version ours, base;
};

bool fs_is_temporary(const char *name)
{
	return strncmp(name, FS_TEMP_PREFIX, strlen(FS_TEMP_PREFIX)) == 0;
}

static bool parse_name(const char *name, const char *prefix, struct leftover *out)
{
	size_t n = strlen(prefix);
	int end = 0;

	*out = (struct leftover){ .exchanged = false };
	if (strncmp(name, prefix, n) != 0)
		return false;
	if (name[n] != 'x')
		return true;
	out->exchanged = true;
	return sscanf(name + n, "x.%llu-%lld-%lld.%llu-%lld-%lld.%n", &out->ours.ino,
	              &out->ours.size, &out->ours.mtime_ns, &out->base.ino, &out->base.size,
	              &out->base.mtime_ns, &end) == 6 &&
	       end > 0;
}

static bool is_version(const struct stat *st, const struct version *v)
{
	struct fs_id id;

	fs_id_of(st, &id);
	return id.ino == (ino_t)v->ino && id.size == (off_t)v->size && id.mtime_ns == v->mtime_ns;
}

struct sweep {
	const char *path;
	struct fs_target at;
	size_t max;
	fs_merge_fn *merge;
	void *ctx;
};

static bool bring_home(const struct sweep *w, const char *name, const struct leftover *l,
                       struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(w->max);
	AUTO_FD
	int fd = openat(w->at.dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return err_sys(e, errno, "cannot open '%s' beside '%s'", name, w->path);
	if (fstat(fd, &st) != 0)
		return err_sys(e, errno, "cannot access '%s' beside '%s'", name, w->path);
	/* Where all can make files anybody can make one of that name, and nobody displaced it. */
	if (!fs_target_trust(&w->at, &st, name, &(struct err)ERR_INIT))
		return true;
	/* Ours, never exchanged; or what we had read and built on: nothing new in it. */
	if (is_version(&st, &l->ours) || is_version(&st, &l->base))
		return true;
	if (w->merge == NULL)
		return err_set(e, ERR_LOCAL,
		               "'%s' beside '%s' is a file that another program wrote", name,
		               w->path);
	if (!fs_read_fd(fd, name, w->max, &text, NULL, e))
		return false;
	bool is_ours = fstatat(w->at.dir, w->at.name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	               is_version(&st, &l->ours);
	return w->merge(w->ctx, &text, is_ours, e);
}

bool fs_sweep(const char *path, const struct fs_attr *attr, size_t max, fs_merge_fn *merge,
              void *ctx, struct err *e)
{
	AUTO(fs_target_close) struct fs_target at = { .dir = -1 };
	AUTO_DIR DIR *dir = NULL;
	char tag[FS_TAG_MAX], prefix[FS_TEMP_MAX];
	struct leftover l;
	bool ok = true;

	if (!fs_target_open(path, attr->way, &at, e))
		return false;
	fs_tag(attr, &at, tag);
	(void)snprintf(prefix, sizeof(prefix), "%s%s.", FS_TEMP_PREFIX, tag);
	int fd = openat(at.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, errno, "cannot list the directory of '%s'", path);
	dir = fdopendir(fd);
	if (dir == NULL) {
		(void)close(fd); /* opened to read */
		return err_sys(e, errno, "cannot list the directory of '%s'", path);
	}
	const struct sweep w = { .path = path, .at = at, .max = max, .merge = merge, .ctx = ctx };
	for (struct dirent *d; (d = readdir(dir)) != NULL;) {
		if (!parse_name(d->d_name, prefix, &l))
			continue;
		/* One that cannot be merged must not keep the others, which hold a password,
		 * from going. */
		struct err why = ERR_INIT;
		if (l.exchanged && !bring_home(&w, d->d_name, &l, &why)) {
			*e = why;
			ok = false;
		} else if (unlinkat(at.dir, d->d_name, 0) != 0 && errno != ENOENT) {
			ok = err_sys(e, errno, "cannot remove '%s' beside '%s'", d->d_name, path);
		}
	}
	return ok;
}
