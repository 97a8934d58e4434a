/* SPDX-License-Identifier: MIT */
/* Reading whole files, with a limit and with what they must be like. */
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/fs_acl.h"
#include "base/fs_target.h"
#include "base/secret.h"

#define SECRET_FILE_MAX SECRET_MAX
#define SETTLED_AFTER_S 2

bool fs_id_equal(const struct fs_id *a, const struct fs_id *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->mtime_ns == b->mtime_ns;
}

void fs_id_of(const struct stat *st, struct fs_id *out)
{
	*out = (struct fs_id){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.size = st->st_size,
		.mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
	};
}

/* Until the end of the file. A first read that fills exactly what fstat promised is the end: a
 * system call less on a hot path. */
static bool read_all(int fd, const char *path, off_t promised, size_t max, struct buf *out,
                     struct err *e)
{
	char chunk[4096];
	size_t used = 0;
	bool ok = true;

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			ok = err_sys(e, errno, "cannot read '%s'", path);
		if (n <= 0)
			break;
		used = (size_t)n > used ? (size_t)n : used;
		if (out->len + (size_t)n > max) {
			ok = err_set(e, ERR_LOCAL, "'%s' is larger than %zu bytes", path, max);
			break;
		}
		buf_add(out, chunk, (size_t)n);
		if ((size_t)n < sizeof(chunk) && promised > 0 && out->len == (size_t)promised)
			break;
	}
	explicit_bzero(chunk, used);
	return ok;
}

bool fs_read_fd(int fd, const char *path, size_t max, struct buf *out, struct fs_id *id,
                struct err *e)
{
	struct stat st;
	AUTO_BUF struct buf text = BUF_INIT(max);

	if (fstat(fd, &st) != 0)
		return err_sys(e, errno, "cannot read '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_LOCAL, "'%s' is not a regular file", path);
	if (!read_all(fd, path, st.st_size, max, &text, e))
		return false;
	buf_free(out);
	*out = text;
	text = (struct buf)BUF_INIT(0);
	if (id != NULL)
		fs_id_of(&st, id);
	return true;
}

/* Never waits: a FIFO or a device in the place of a file is refused, not opened for ever. */
static bool open_to_read(const char *path, int *out, struct err *e)
{
	int fd;

	do
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	while (fd < 0 && errno == EINTR);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return err_set(e, ERR_MISSING, "'%s' does not exist", path);
	if (fd < 0)
		return err_sys(e, errno, "cannot open '%s'", path);
	*out = fd;
	return true;
}

bool fs_read(const char *path, size_t max, struct buf *out, struct fs_id *id, struct err *e)
{
	AUTO_FD int fd = -1;

	return open_to_read(path, &fd, e) && fs_read_fd(fd, path, max, out, id, e);
}

/* By the coarsest clock of a file system that there is (FAT), a time of before now is over. */
static bool is_settled(const struct fs_version *v)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	int64_t before_ns = ((int64_t)now.tv_sec - SETTLED_AFTER_S) * 1000000000 + now.tv_nsec;
	return v->id.mtime_ns < before_ns && v->ctime_ns < before_ns;
}

static bool version_of(int fd, const char *path, struct fs_version *out, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_sys(e, errno, "cannot read '%s'", path);
	fs_id_of(&st, &out->id);
	out->ctime_ns = (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
	out->settled = is_settled(out);
	return true;
}

bool fs_read_again(const char *path, size_t max, struct buf *out, struct fs_version *known,
                   bool *same, struct err *e)
{
	AUTO_FD int fd = -1;
	struct fs_version now;

	if (!open_to_read(path, &fd, e) || !version_of(fd, path, &now, e))
		return false;
	bool is_same = known->settled && fs_id_equal(&known->id, &now.id) &&
	               known->ctime_ns == now.ctime_ns;
	if (!is_same && !fs_read_fd(fd, path, max, out, NULL, e))
		return false;
	*known = now;
	*same = is_same;
	return true;
}

/* systemd hands credentials out with an ACL that shows as group bits, in a directory only this
 * service can enter. */
static bool is_credential(const char *path)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	size_t n = dir != NULL ? strlen(dir) : 0;

	while (n > 1 && dir[n - 1] == '/')
		n--;
	return n > 1 && strncmp(path, dir, n) == 0 && path[n] == '/' &&
	       strstr(path + n, "/../") == NULL;
}

static bool is_private(int fd, const char *path, bool shared_ok, struct err *e)
{
	struct fs_ours ours = { .uid = geteuid() };
	struct fs_other who;
	struct stat st;
	char name[FS_OTHER_MAX];

	if (fstat(fd, &st) != 0)
		return err_sys(e, errno, "cannot read '%s'", path);
	if (shared_ok || is_credential(path))
		return true;
	if ((st.st_mode & S_IRWXG) != 0 && fs_is_of_pod(fd, &st))
		ours.groups[ours.n_groups++] = st.st_gid;
	if (!fs_other_may(fd, &st, FS_READ | FS_WRITE | FS_EXECUTE, &ours, &who, e))
		return err_in(e, "'%s'", path);
	fs_other_name(&who, name);
	if (who.kind != FS_OTHER_NONE)
		return err_set(e, ERR_CONFIG, "'%s' can be read by %s (mode %04o): chmod 600 it",
		               path, name, (unsigned)(st.st_mode & 07777));
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return err_set(e, ERR_CONFIG,
		               "'%s' belongs to user %u: a secret must be ours or root's", path,
		               (unsigned)st.st_uid);
	return true;
}

bool fs_check_private(const char *path, struct err *e)
{
	AUTO_FD int fd = -1;

	return open_to_read(path, &fd, e) && is_private(fd, path, false, e);
}

static bool read_private(const char *path, bool shared_ok, struct buf *text, struct err *e)
{
	AUTO_FD int fd = -1;

	return open_to_read(path, &fd, e) && is_private(fd, path, shared_ok, e) &&
	       fs_read_fd(fd, path, SECRET_FILE_MAX, text, NULL, e);
}

static bool give_secret(const char *path, const struct buf *text, size_t n, struct secret **out,
                        struct err *e)
{
	if (n == 0)
		return err_set(e, ERR_CONFIG, "'%s' is empty", path);
	*out = secret_new(text->data, n);
	return true;
}

bool fs_read_secret(const char *path, bool shared_ok, struct secret **out, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(SECRET_FILE_MAX);

	if (!read_private(path, shared_ok, &text, e))
		return false;
	size_t n = text.len;
	while (n > 0 && (text.data[n - 1] == '\n' || text.data[n - 1] == '\r'))
		n--;
	return give_secret(path, &text, n, out, e);
}

bool fs_read_secret_bytes(const char *path, bool shared_ok, struct secret **out, struct err *e)
{
	AUTO_BUF struct buf bytes = BUF_INIT(SECRET_FILE_MAX);

	return read_private(path, shared_ok, &bytes, e) &&
	       give_secret(path, &bytes, bytes.len, out, e);
}
