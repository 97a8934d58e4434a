/* SPDX-License-Identifier: MIT */
/* Records in a directory of this machine: DIR/NAME.state, mode 0600, replaced atomically under
 * the lock of DIR/NAME.lock. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "store/store.h"

#define MACHINE_ID     "/etc/machine-id"
#define MACHINE_ID_MAX 4096 /* 33 bytes; containers have had others */
#define SUFFIX         ".state"
#define LOST           SUFFIX ".lost"
#define BEFORE         LOST ".1"
/* no save takes an hour: what is older belongs to no running program */
#define LITTER_AGE_S 3600

struct dir_store {
	struct store base;
	char *dir;
	struct fingerprint host;
	/* not ERR_NONE: the machine's id is there and cannot be read */
	struct err why;
};

static const struct dir_store *dir_of(const struct store *s)
{
	return (const struct dir_store *)(const void *)s;
}

static char *path_of(const struct store *s, const char *name, const char *suffix)
{
	return mem_fmt("%s/%s%s", dir_of(s)->dir, name, suffix);
}

/* ---- whose ----------------------------------------------------------------------------------- */

void store_host_of(const char *machine, size_t n, struct fingerprint *out)
{
	AUTO_BUF struct buf id = BUF_INIT(MACHINE_ID_MAX + 64);

	buf_add(&id, machine, n);
	/* a machine's id itself is not to be shown to others (machine-id(5)) */
	buf_str(&id, " acrotate state");
	crypto_fingerprint_bytes(id.data, id.len, out);
}

static void find_host(struct dir_store *d)
{
	AUTO_BUF struct buf id = BUF_INIT(MACHINE_ID_MAX);
	char name[256] = "";

	if (!fs_read(MACHINE_ID, MACHINE_ID_MAX, &id, NULL, &d->why)) {
		/* One that is there must not be taken for another machine's because of a transient
		 * error: every record would count as lost. */
		if (d->why.kind != ERR_MISSING) {
			(void)err_in(&d->why, "cannot tell which machine this is");
			return;
		}
		d->why = (struct err)ERR_INIT;
	}
	if (id.len < 32) {
		(void)gethostname(name, sizeof(name) - 1);
		buf_reset(&id);
		buf_str(&id, name);
	}
	store_host_of(buf_cstr(&id), id.len, &d->host);
}

static bool dir_identity(const struct store *s, struct fingerprint *out, struct err *e)
{
	const struct dir_store *d = dir_of(s);

	if (d->why.kind != ERR_NONE) {
		*e = d->why;
		return false;
	}
	*out = d->host;
	return true;
}

static void dir_describe(const struct store *s, const char *name, struct buf *out)
{
	buf_fmt(out, "%s/%s" SUFFIX, dir_of(s)->dir, name);
}

/* ---- one record ------------------------------------------------------------------------------ */

static bool dir_lock(const struct store *s, const char *name, struct lock *out, struct err *e)
{
	AUTO_FREE char *path = path_of(s, name, ".lock");

	if (!fs_make_dir(dir_of(s)->dir, e))
		return false;
	if (lock_take(path, out, e))
		return true;
	return e->kind == ERR_BUSY
	               ? err_set(e, ERR_BUSY, "another run of this job holds '%s'", path)
	               : false;
}

static bool load_as(const struct store *s, const char *name, const char *suffix,
                    struct store_record *out, struct err *e)
{
	struct store_record r = { .exists = true, .text = BUF_INIT(STORE_RECORD_MAX) };
	AUTO_FREE char *path = path_of(s, name, suffix);

	if (!fs_read(path, STORE_RECORD_MAX, &r.text, NULL, e)) {
		if (e->kind != ERR_MISSING)
			return false;
		r.exists = false;
	}
	*out = r;
	return true;
}

static bool dir_load(const struct store *s, const char *name, struct store_record *out,
                     struct err *e)
{
	return load_as(s, name, SUFFIX, out, e);
}

static bool dir_load_lost(const struct store *s, const char *name, int before,
                          struct store_record *out, struct err *e)
{
	return load_as(s, name, before > 0 ? BEFORE : LOST, out, e);
}

/* Under the record's lock. */
static const struct fs_attr own = { .mode = 0600, .uid = -1, .gid = -1, .sole = true };

static bool replace(const char *path, const struct buf *text, enum store_safety safety,
                    struct err *e)
{
	AUTO_STAGE struct fs_stage *s = NULL;

	if (!fs_stage_open(path, &own, &s, e) || !fs_stage_write(s, text->data, text->len, e) ||
	    !fs_stage_seal(s, e))
		return false;
	switch (safety) {
	case STORE_DURABLE:
		return fs_stage_commit(s, e);
	case STORE_DURABLE_FOR_NOW:
		return fs_stage_swap(s, e);
	case STORE_ATOMIC:
		break;
	}
	return fs_stage_rename(s, e);
}

static bool dir_save(const struct store *s, const char *name, const struct buf *text,
                     enum store_safety safety, char **version, struct err *e)
{
	AUTO_FREE char *path = path_of(s, name, SUFFIX);

	(void)version; /* the lock is ours: nobody else has written */
	return fs_make_dir(dir_of(s)->dir, e) && replace(path, text, safety, e);
}

static void dir_saved_enough(const struct store *s, const char *name)
{
	AUTO_FREE char *path = path_of(s, name, SUFFIX);

	fs_spare_remove(path, &own);
}

static bool move(const char *from, const char *to, struct err *e)
{
	return rename(from, to) == 0 || errno == ENOENT ||
	       err_sys(e, errno, "cannot keep '%s' as '%s'", from, to);
}

static bool dir_set_aside(const struct store *s, const char *name, struct err *e)
{
	AUTO_FREE char *path = path_of(s, name, SUFFIX), *lost = path_of(s, name, LOST),
		       *before = path_of(s, name, BEFORE);

	return move(lost, before, e) && move(path, lost, e);
}

static bool dir_remove(const struct store *s, const char *name, struct err *e)
{
	AUTO_FREE char *path = path_of(s, name, SUFFIX);

	if (unlink(path) == 0)
		return true;
	return errno == ENOENT || errno == ENOTDIR
	               ? err_set(e, ERR_MISSING, "'%s' does not exist", path)
	               : err_sys(e, errno, "cannot remove '%s'", path);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static bool is_record(const char *file, size_t *len)
{
	size_t n = strlen(file), suffix = strlen(SUFFIX);

	*len = n - suffix;
	return n > suffix && file[0] != '.' && strcmp(file + n - suffix, SUFFIX) == 0;
}

static bool dir_list(const struct store *s, struct store_names *out, struct err *e)
{
	const char *path = dir_of(s)->dir;
	DIR *dir = opendir(path);
	size_t len;

	if (dir == NULL)
		return errno == ENOENT || err_sys(e, errno, "cannot read '%s'", path);
	for (struct dirent *d; (d = readdir(dir)) != NULL;)
		if (is_record(d->d_name, &len))
			store_names_add(out, d->d_name, len);
	(void)closedir(dir); /* only read */
	return true;
}

static void dir_tidy(const struct store *s, int64_t now)
{
	DIR *dir = opendir(dir_of(s)->dir);
	struct stat st;

	if (dir == NULL)
		return; /* whoever saves a record will say why */
	for (struct dirent *d; (d = readdir(dir)) != NULL;)
		if (fs_is_temporary(d->d_name) &&
		    fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    now - st.st_mtime > LITTER_AGE_S)
			/* no secret is in it: the next run tries again */
			(void)unlinkat(dirfd(dir), d->d_name, 0);
	(void)closedir(dir);
}

static void dir_close(struct store *s)
{
	struct dir_store *d = (struct dir_store *)(void *)s;

	free(d->dir);
	free(d);
}

static const struct store_ops dir_ops = {
	.identity = dir_identity,
	.describe = dir_describe,
	.lock = dir_lock,
	.load = dir_load,
	.save = dir_save,
	.saved_enough = dir_saved_enough,
	.set_aside = dir_set_aside,
	.load_lost = dir_load_lost,
	.remove = dir_remove,
	.list = dir_list,
	.tidy = dir_tidy,
	.close = dir_close,
};

struct store *store_dir_open(const char *dir, const struct fingerprint *host)
{
	struct dir_store *d = mem_new(sizeof(*d));

	*d = (struct dir_store){ .base = { &dir_ops }, .dir = mem_dup(dir), .why = ERR_INIT };
	if (host != NULL)
		d->host = *host;
	else
		find_host(d);
	return &d->base;
}
