/* SPDX-License-Identifier: MIT */
#include "fakes/fault.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
	bool armed, met;
	const char *name;
	int nth, calls, errnum;
	enum fault_mode mode;
} plan;

void fault_arm(const char *name, int nth, int errnum, enum fault_mode mode)
{
	plan.armed = true;
	plan.met = false;
	plan.name = name;
	plan.nth = nth;
	plan.calls = 0;
	plan.errnum = errnum;
	plan.mode = mode;
}

bool fault_disarm(int *calls)
{
	plan.armed = false;
	if (calls != NULL)
		*calls = plan.calls;
	return plan.met;
}

static struct {
	const char *name;
	int errnum;
} without;
static struct {
	const char *name;
	void (*fn)(void *ctx);
	void *ctx;
} watch;

void fault_without(const char *name, int errnum)
{
	without.name = name;
	without.errnum = errnum;
}

void fault_watch(const char *name, void (*fn)(void *ctx), void *ctx)
{
	watch.name = name;
	watch.fn = fn;
	watch.ctx = ctx;
}

static struct hook {
	const char *name;
	int nth, calls;
	void (*fn)(void *ctx);
	void *ctx;
	bool fired;
} hooks[4];
static int n_hooks;
static bool in_hook;

void fault_hook(const char *name, int nth, void (*fn)(void *ctx), void *ctx)
{
	hooks[n_hooks++] = (struct hook){ .name = name, .nth = nth, .fn = fn, .ctx = ctx };
}

int fault_unhook(void)
{
	int fired = 0;

	for (int i = 0; i < n_hooks; i++)
		fired += hooks[i].fired;
	n_hooks = 0;
	return fired;
}

static void run_hooks(const char *name)
{
	for (int i = 0; i < n_hooks; i++) {
		struct hook *h = &hooks[i];
		if (i > 0 && !hooks[i - 1].fired)
			break;
		if (h->fired || strcmp(h->name, name) != 0 || ++h->calls != h->nth)
			continue;
		in_hook = true;
		h->fn(h->ctx);
		in_hook = false;
		h->fired = true;
	}
}

/* Is it this call's turn? */
static bool hit(const char *name)
{
	if (in_hook)
		return false;
	if (watch.name != NULL && strcmp(watch.name, name) == 0)
		watch.fn(watch.ctx);
	run_hooks(name);
	if (plan.armed && without.name != NULL && strcmp(without.name, name) == 0) {
		errno = without.errnum;
		return true;
	}
	if (!plan.armed || (plan.name != NULL && strcmp(plan.name, name) != 0))
		return false;
	plan.calls++;
	if (plan.calls != plan.nth &&
	    !(plan.mode == FAULT_STAYS && plan.met && plan.calls > plan.nth))
		return false;
	if (plan.mode == FAULT_KILL)
		(void)raise(SIGKILL);
	if (plan.mode == FAULT_STAYS && plan.name == NULL)
		plan.name = name; /* all later calls of the one that was hit */
	plan.met = true;
	errno = plan.errnum;
	return true;
}

/* ---- what is on the disk --------------------------------------------------------------------- */

static struct {
	bool watching;
	ino_t unsynced[64];
	int n, too_early;
} disk;

void fault_disk_watch(void)
{
	disk.watching = true;
	disk.n = disk.too_early = 0;
}

int fault_disk_unsafe(void)
{
	disk.watching = false;
	return disk.n + disk.too_early;
}

static void disk_drop(ino_t ino)
{
	for (int i = 0; i < disk.n; i++)
		if (disk.unsynced[i] == ino)
			disk.unsynced[i--] = disk.unsynced[--disk.n];
}

/* The file or directory has changed, or (`synced`) is on the disk. Sockets and the like have
 * neither. */
static void disk_note(int fd, bool synced)
{
	struct stat st;

	if (!disk.watching || in_hook)
		return;
	in_hook = true;
	if (fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))) {
		disk_drop(st.st_ino);
		if (!synced && disk.n < 64)
			disk.unsynced[disk.n++] = st.st_ino;
	}
	in_hook = false;
}

/* Its name is in its parent. */
static void disk_made(const char *path)
{
	char parent[4200];
	struct stat st;

	(void)snprintf(parent, sizeof(parent), "%s", path);
	char *slash = strrchr(parent, '/');
	if (!disk.watching || in_hook || slash == NULL)
		return;
	*slash = '\0';
	if (stat(parent, &st) == 0 && disk.n < 64)
		disk.unsynced[disk.n++] = st.st_ino;
}

static void disk_rename(int dir, const char *name)
{
	struct stat st;

	if (!disk.watching || in_hook)
		return;
	in_hook = true;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		for (int i = 0; i < disk.n; i++)
			disk.too_early += disk.unsynced[i] == st.st_ino;
	in_hook = false;
	disk_note(dir, false);
}

#pragma GCC diagnostic ignored "-Wmissing-prototypes"

/* Weak: a program that is linked without --wrap has none of them, and calls none. */
#define WRAP_NOTED(type, name, params, args, note)                                                 \
	__attribute__((weak)) type __real_##name params;                                           \
	type __wrap_##name params;                                                                 \
	type __wrap_##name params                                                                  \
	{                                                                                          \
		if (hit(#name))                                                                    \
			return (type)-1;                                                           \
		note;                                                                              \
		return __real_##name args;                                                         \
	}
#define WRAP(type, name, params, args) WRAP_NOTED(type, name, params, args, (void)0)
/* Answers something else when it fails: NULL, or the number of the error. */
#define WRAP_ELSE(type, name, params, args, failed)                                                \
	__attribute__((weak)) type __real_##name params;                                           \
	type __wrap_##name params;                                                                 \
	type __wrap_##name params                                                                  \
	{                                                                                          \
		return hit(#name) ? (failed) : __real_##name args;                                 \
	}

WRAP_NOTED(int, fsync, (int fd), (fd), disk_note(fd, true))
WRAP_NOTED(int, renameat, (int a, const char *p, int b, const char *q), (a, p, b, q),
           disk_rename(a, p))
WRAP_NOTED(int, renameat2, (int a, const char *p, int b, const char *q, unsigned f),
           (a, p, b, q, f), disk_rename(a, p))
WRAP(int, unlinkat, (int d, const char *p, int f), (d, p, f))
WRAP_NOTED(int, linkat, (int a, const char *p, int b, const char *q, int f), (a, p, b, q, f),
           disk_rename(a, p))
WRAP(int, fchmod, (int fd, mode_t m), (fd, m))
WRAP(int, fchown, (int fd, uid_t u, gid_t g), (fd, u, g))
WRAP_NOTED(int, ftruncate, (int fd, off_t n), (fd, n), disk_note(fd, false))
WRAP(int, fallocate, (int fd, int m, off_t o, off_t n), (fd, m, o, n))
WRAP(int, fstat, (int fd, struct stat *st), (fd, st))
WRAP(int, fstatat, (int d, const char *p, struct stat *st, int f), (d, p, st, f))
WRAP(int, fsetxattr, (int fd, const char *n, const void *v, size_t s, int f), (fd, n, v, s, f))
WRAP(ssize_t, fgetxattr, (int fd, const char *n, void *v, size_t s), (fd, n, v, s))
WRAP(ssize_t, flistxattr, (int fd, char *v, size_t s), (fd, v, s))
WRAP(int, fremovexattr, (int fd, const char *n), (fd, n))
WRAP_NOTED(int, mkdir, (const char *p, mode_t m), (p, m), disk_made(p))
WRAP(ssize_t, readlinkat, (int d, const char *p, char *to, size_t n), (d, p, to, n))
WRAP(int, getgroups, (int n, gid_t *g), (n, g))
WRAP_ELSE(int, getgrouplist, (const char *u, gid_t g, gid_t *to, int *n), (u, g, to, n),
          (*n = *n < 100 ? 100 : *n, -1))
WRAP_ELSE(size_t, fread, (void *p, size_t size, size_t n, FILE *f), (p, size, n, f), 0)
WRAP(int, stat, (const char *p, struct stat *st), (p, st))
WRAP_ELSE(DIR *, fdopendir, (int fd), (fd), NULL)
WRAP_ELSE(DIR *, opendir, (const char *p), (p), NULL)
WRAP_ELSE(FILE *, fopen, (const char *p, const char *m), (p, m), NULL)
WRAP_ELSE(int, getpwnam_r,
          (const char *n, struct passwd *pw, char *t, size_t s, struct passwd **to),
          (n, pw, t, s, to), plan.errnum)
WRAP_ELSE(int, getgrnam_r, (const char *n, struct group *gr, char *t, size_t s, struct group **to),
          (n, gr, t, s, to), plan.errnum)
WRAP(off_t, lseek, (int fd, off_t o, int w), (fd, o, w))
WRAP(int, flock, (int fd, int op), (fd, op))

__attribute__((weak)) int __real_posix_fallocate(int fd, off_t o, off_t n);
int __wrap_posix_fallocate(int fd, off_t o, off_t n)
{
	return hit("posix_fallocate") ? plan.errnum : __real_posix_fallocate(fd, o, n);
}

/* Of those that ask for an argument each here takes an int. */
__attribute__((weak)) int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...)
{
	va_list ap;

	va_start(ap, command);
	int argument = va_arg(ap, int);
	va_end(ap);
	return hit("fcntl") ? -1 : __real_fcntl(fd, command, argument);
}

/* The descriptor is gone whatever close() says, as on Linux. */
__attribute__((weak)) int __real_close(int fd);
int __wrap_close(int fd)
{
	bool fails = hit("close");
	int r = __real_close(fd);

	if (!fails)
		return r;
	errno = plan.errnum;
	return -1;
}

__attribute__((weak)) ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n)
{
	bool fails = hit("write");

	disk_note(fd, false);
	if (!fails)
		return __real_write(fd, p, n);
	return plan.mode == FAULT_SHORT && n > 1 ? __real_write(fd, p, n / 2) : -1;
}

__attribute__((weak)) ssize_t __real_read(int fd, void *p, size_t n);
ssize_t __wrap_read(int fd, void *p, size_t n)
{
	if (!hit("read"))
		return __real_read(fd, p, n);
	return plan.mode == FAULT_SHORT ? __real_read(fd, p, 3) : -1;
}

__attribute__((weak)) int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	va_list ap;

	va_start(ap, flags);
	mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return hit("open") ? -1 : __real_open(path, flags, mode);
}

__attribute__((weak)) int __real_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...)
{
	va_list ap;

	va_start(ap, flags);
	mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return hit("openat") ? -1 : __real_openat(dir, path, flags, mode);
}
