/* SPDX-License-Identifier: MIT */
#include "base/fs_reach.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/fs_mount.h"
#include "base/mem.h"
#include "base/stop.h"

#define DEADLINE_MS   5000
#define REMEMBER_MS   1000                /* how long mounts are taken to be what they were */
#define MOUNTINFO_MAX (16u * 1024 * 1024) /* as in fs_mount.c */
#define LINKS_MAX     40                  /* as the kernel */

/* ---- which mounts may hang ------------------------------------------------------------------- */

static bool may_hang(const char *kind)
{
	static const char *const kinds[] = { "nfs",  "nfs4",   "cifs",    "smb3", "9p",
		                             "ceph", "afs",    "fuseblk", "fuse", "lustre",
		                             "gpfs", "autofs", "virtiofs" };

	for (size_t i = 0; i < COUNT(kinds); i++)
		if (strcmp(kind, kinds[i]) == 0)
			return true;
	return strncmp(kind, "fuse.", 5) == 0;
}

struct reach_mount {
	char *point, *kind;
	bool hung; /* it was tried, and what tried it hangs there */
};

struct reach_mounts {
	struct reach_mount *m;
	size_t n, cap;
	char *plain; /* a directory: the last one whose path was found to have no link in it */
};

static void mounts_clear(struct reach_mounts *ms)
{
	for (size_t i = 0; i < ms->n; i++) {
		free(ms->m[i].point);
		free(ms->m[i].kind);
	}
	free(ms->m);
	free(ms->plain);
	*ms = (struct reach_mounts){ .n = 0 };
}

/* Their number: there is none. */
static size_t index_of(const struct reach_mounts *ms, const char *point)
{
	size_t i = 0;

	while (i < ms->n && strcmp(ms->m[i].point, point) != 0)
		i++;
	return i;
}

/* "36 35 98:0 /root /point rw,noatime shared:1 - nfs4 server:/x rw", cut in place. */
static bool parse_line(char *line, char **point, char **kind)
{
	char *save = NULL, *word = strtok_r(line, " ", &save);

	for (int i = 0; word != NULL && i < 4; i++)
		word = strtok_r(NULL, " ", &save);
	*point = word;
	while (word != NULL && strcmp(word, "-") != 0)
		word = strtok_r(NULL, " ", &save);
	*kind = word != NULL ? strtok_r(NULL, " ", &save) : NULL;
	return *kind != NULL && **point == '/';
}

/* A later mount on the same point covers the earlier one. */
static void note_mount(struct reach_mounts *ms, const char *point, const char *kind)
{
	size_t there = index_of(ms, point);

	if (there < ms->n) {
		free(ms->m[there].point);
		free(ms->m[there].kind);
		ms->m[there] = ms->m[--ms->n];
	}
	if (!may_hang(kind))
		return;
	ms->m = mem_grow(ms->m, &ms->cap, ms->n + 1, sizeof(*ms->m));
	ms->m[ms->n++] = (struct reach_mount){ .point = mem_dup(point), .kind = mem_dup(kind) };
}

static void parse(char *text, struct reach_mounts *out)
{
	char *save = NULL, *point, *kind;

	for (char *line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		if (!parse_line(line, &point, &kind))
			continue;
		fs_mount_unescape(point);
		note_mount(out, point, kind);
	}
}

/* ---- the way there --------------------------------------------------------------------------- */

/* So much of it needs no look: many sinks stand in one directory. */
static size_t plain_part(const struct reach_mounts *ms, const char *path)
{
	size_t n = ms->plain != NULL ? strlen(ms->plain) : 0;

	return n > 0 && strncmp(path, ms->plain, n) == 0 && path[n] == '/' ? n : 0;
}

/* The kernel goes from name to name, and so do we: what is before a "..", and what a link says, is
 * known only when we are there. */
struct way {
	char *at;   /* where we are: no link, no "." and no ".." in it; "": the root */
	char *rest; /* what is still to go, from there */
	int links;  /* that were followed */
};

static void way_clear(struct way *w)
{
	free(w->at);
	free(w->rest);
}

static void go_up(struct way *w)
{
	char *slash = strrchr(w->at, '/');

	if (slash != NULL)
		*slash = '\0';
}

/* To the next name; false at the end. */
static bool go_on(struct way *w)
{
	AUTO_FREE char *rest = take(&w->rest), *at = NULL;
	const char *name = rest + strspn(rest, "/");
	size_t n = strcspn(name, "/");

	w->rest = mem_dup(name + n);
	if (n == 2 && memcmp(name, "..", 2) == 0) {
		go_up(w);
	} else if (n > 0 && !(n == 1 && name[0] == '.')) {
		at = take(&w->at);
		w->at = mem_fmt("%s/%.*s", at, (int)n, name);
	}
	return n > 0;
}

/* False where there are too many, as for the kernel. */
static bool follow(struct way *w)
{
	char to[4096];
	ssize_t len = readlink(w->at, to, sizeof(to) - 1);

	if (len <= 0)
		return true;
	to[len] = '\0';
	AUTO_FREE char *rest = take(&w->rest);
	w->rest = mem_fmt("%s%s", to, rest);
	if (to[0] == '/')
		w->at[0] = '\0';
	else
		go_up(w);
	return ++w->links <= LINKS_MAX;
}

static void keep_plain(struct reach_mounts *ms, struct way *w)
{
	go_up(w);
	free(ms->plain);
	ms->plain = take(&w->at);
}

/* The first that `path` leads into. Nothing below it is looked at, and what is mounted there is not
 * reached without it: such a path is not asked about here. */
static struct reach_mount *find(struct reach_mounts *ms, const char *path, bool links)
{
	size_t plain = plain_part(ms, path), m = index_of(ms, "/");
	AUTO(way_clear)
	struct way w = { .at = mem_dup_n(path, plain), .rest = mem_dup(path + plain) };

	while (m == ms->n && path[0] == '/') {
		if (!go_on(&w)) {
			keep_plain(ms, &w);
			return NULL;
		}
		m = index_of(ms, w.at);
		if (m == ms->n && links && !follow(&w))
			return NULL;
	}
	return m < ms->n ? &ms->m[m] : NULL;
}

/* ---- the trial ------------------------------------------------------------------------------- */

/* Nothing of ours stays open in a child that may stay for ever: neither a lock nor the end of a
 * pipe. */
static void try_it(const char *path)
{
	struct stat st;
	char c;

	(void)close_range(0, ~0U, 0);
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		(void)!read(fd, &c, 1); /* that it comes back is all that counts */
	_exit(0);
}

static bool ends_in_time(pid_t child)
{
	AUTO_FD int end = pidfd_open(child, 0);
	struct pollfd p[] = { { .fd = end, .events = POLLIN },
		              { .fd = stop_fd(), .events = POLLIN } };
	int64_t until = env_mono_ms(&env_system) + DEADLINE_MS, left = DEADLINE_MS;

	while (left > 0 && p[1].revents == 0) {
		(void)poll(p, COUNT(p), (int)(end < 0 && left > 50 ? 50 : left));
		if (waitpid(child, NULL, WNOHANG) != 0)
			return true;
		left = until - env_mono_ms(&env_system);
	}
	(void)kill(child, SIGKILL);
	return false;
}

static bool does_not_answer(const char *path, const struct reach_mount *m, struct err *e)
{
	return err_set(e, ERR_TRANSIENT,
	               "cannot access '%s': the file system at '%s' (%s) does not answer within "
	               "%d seconds",
	               path, m->point, m->kind, DEADLINE_MS / 1000);
}

static bool answers(const char *path, struct reach_mount *m, struct err *e)
{
	if (m->hung)
		return does_not_answer(path, m, e);
	pid_t child = fork();
	if (child < 0)
		return err_sys(e, errno, "cannot access '%s'", path);
	if (child == 0)
		try_it(path);
	if (ends_in_time(child))
		return true;
	m->hung = true;
	return does_not_answer(path, m, e);
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* One of the few globals of this program: what is mounted, and what of it was found to hang. */
static struct {
	pthread_mutex_t lock;
	int64_t read_at_ms; /* 0: never */
	struct reach_mounts mounts;
} seen = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void read_mounts(void)
{
	AUTO_BUF struct buf text = BUF_INIT(MOUNTINFO_MAX);
	struct reach_mounts now = { .n = 0 };
	char piece[16384];
	AUTO_FD int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);

	for (ssize_t n; fd >= 0 && (n = read(fd, piece, sizeof(piece))) > 0;)
		buf_add(&text, piece, (size_t)n);
	if (text.len > 0 && buf_ok(&text))
		parse(text.data, &now);
	for (size_t i = 0; i < now.n; i++) {
		size_t before = index_of(&seen.mounts, now.m[i].point);
		now.m[i].hung = before < seen.mounts.n && seen.mounts.m[before].hung;
	}
	mounts_clear(&seen.mounts);
	seen.mounts = now;
}

static bool reach(const char *path, struct err *e)
{
	int64_t now = env_mono_ms(&env_system);

	if (seen.read_at_ms == 0 || now - seen.read_at_ms >= REMEMBER_MS) {
		read_mounts();
		seen.read_at_ms = now;
	}
	if (seen.mounts.n == 0)
		return true;
	struct reach_mount *m = find(&seen.mounts, path, true);
	return m == NULL || answers(path, m, e);
}

bool fs_reach(const char *path, struct err *e)
{
	(void)pthread_mutex_lock(&seen.lock);
	bool ok = reach(path, e);
	(void)pthread_mutex_unlock(&seen.lock);
	return ok;
}

void fs_reach_forget(void)
{
	(void)pthread_mutex_lock(&seen.lock);
	seen.read_at_ms = 0;
	(void)pthread_mutex_unlock(&seen.lock);
}

bool fs_reach_find(char *mountinfo, const char *path, bool links, struct buf *point)
{
	struct reach_mounts ms = { .n = 0 };

	parse(mountinfo, &ms);
	const struct reach_mount *m = find(&ms, path, links);
	if (m != NULL)
		buf_str(point, m->point);
	mounts_clear(&ms);
	return m != NULL;
}
