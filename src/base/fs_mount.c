/* SPDX-License-Identifier: MIT */
/* Mount points, here and in the processes that have a file mounted: nothing can be renamed over
 * one. */
#include "base/fs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/fs_mount.h"
#include "base/mem.h"

#define MOUNTINFO_MAX  (16u * 1024 * 1024) /* a node with thousands of containers has a few MB */
#define NAMESPACES_MAX 65536

/* One line of mountinfo, unescaped in place. */
struct mount {
	long id, parent;
	const char *dev, *root, *point;
};
struct mounts {
	struct mount *m;
	size_t n, cap;
};

void fs_mount_unescape(char *s)
{
	char *to = s;

	for (const char *p = s; *p != '\0';) {
		if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && isdigit((unsigned char)p[2]) &&
		    isdigit((unsigned char)p[3])) {
			*to++ = (char)((p[1] - '0') * 64 + (p[2] - '0') * 8 + (p[3] - '0'));
			p += 4;
		} else {
			*to++ = *p++;
		}
	}
	*to = '\0';
}

/* Cuts `line` at spaces: "36 35 98:0 /root /point options ...". */
static bool parse_line(char *line, struct mount *out)
{
	char *field[5], *save = NULL;

	for (size_t i = 0; i < COUNT(field); i++) {
		field[i] = strtok_r(i == 0 ? line : NULL, " ", &save);
		if (field[i] == NULL)
			return false;
	}
	if (field[4][0] != '/')
		return false;
	fs_mount_unescape(field[3]);
	fs_mount_unescape(field[4]);
	*out = (struct mount){ .id = strtol(field[0], NULL, 10),
		               .parent = strtol(field[1], NULL, 10),
		               .dev = field[2],
		               .root = field[3],
		               .point = field[4] };
	return true;
}

static void parse(char *text, struct mounts *out)
{
	char *save = NULL;
	struct mount m;

	for (char *line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		if (!parse_line(line, &m))
			continue;
		out->m = mem_grow(out->m, &out->cap, out->n + 1, sizeof(m));
		out->m[out->n++] = m;
	}
}

/* What of `path` lies below `dir`: "" for itself, "/x/y" below, NULL beside. */
static const char *below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (n == 1)
		return path[1] == '\0' ? "" : path;
	return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0') ? path + n : NULL;
}

/* Where a file is inside its file system, the same seen from every mount of it. */
struct spot {
	char *dev, *path;
};

static void spot_clear(struct spot *s)
{
	free(s->dev);
	free(s->path);
}

static struct spot spot_in(const struct mount *m, const char *rest)
{
	return (struct spot){
		.dev = mem_dup(m->dev),
		.path = mem_fmt("%s%s", strcmp(m->root, "/") == 0 && *rest != '\0' ? "" : m->root,
		                rest)
	};
}

static const struct mount *mount_by_id(const struct mounts *ms, long id)
{
	for (size_t i = 0; i < ms->n; i++)
		if (ms->m[i].id == id)
			return &ms->m[i];
	return NULL;
}

/* The mount that `path` lies in: the longest point, the last of equal ones, which covers the
 * others. */
static const struct mount *mount_of(const struct mounts *ms, const char *path)
{
	const struct mount *best = NULL;

	for (size_t i = 0; i < ms->n; i++)
		if (below(path, ms->m[i].point) != NULL &&
		    (best == NULL || strlen(ms->m[i].point) >= strlen(best->point)))
			best = &ms->m[i];
	return best;
}

static bool is_spot(const struct spot *s, const struct mount *m, const char *rest)
{
	size_t n = strcmp(m->root, "/") == 0 && *rest != '\0' ? 0 : strlen(m->root);

	return strcmp(s->dev, m->dev) == 0 && strncmp(s->path, m->root, n) == 0 &&
	       strcmp(s->path + n, rest) == 0;
}

/* The mount whose source, or whose place, is this file; NULL for none. */
static const struct mount *mount_on(const struct mounts *ms, const struct spot *file)
{
	const char *name = strrchr(file->path, '/');

	for (size_t i = 0; i < ms->n; i++) {
		const struct mount *m = &ms->m[i];
		if (is_spot(file, m, ""))
			return m;
		const char *last = strrchr(m->point, '/');
		/* Looking for the parent is slow where there are thousands, and nearly none has
		 * the name. */
		if (name == NULL || last == NULL || strcmp(name, last) != 0)
			continue;
		const struct mount *parent = mount_by_id(ms, m->parent);
		const char *rest = parent != NULL ? below(m->point, parent->point) : NULL;
		if (rest != NULL && is_spot(file, parent, rest))
			return m;
	}
	return NULL;
}

static bool read_mounts(const char *proc, struct buf *text)
{
	char chunk[16384];
	FILE *f = fopen(proc, "re");

	if (f == NULL)
		return false;
	for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f)) > 0;)
		buf_add(text, chunk, n);
	(void)fclose(f); /* opened to read */
	return text->len > 0 && buf_ok(text);
}

static bool refuse(const char *path, const struct mount *m, const char *who, struct err *e)
{
	return err_set(e, ERR_CONFIG,
	               "'%s' is mounted as '%s' %s: replaced, its readers there would keep the old "
	               "content; mount "
	               "its directory instead, or say 'in_place = yes' (not atomic)",
	               path, m->point, who);
}

/* ---- what is mounted where, remembered for a moment ------------------------------------------ */

/* The mounts of one namespace, and of a process in it. */
struct namespace
{
	long pid;
	ino_t id; /* 0: not for us to know */
	struct buf text;
	struct mounts mounts;
};

/*
 * Reading the mounts of every process takes a system call or more for each of them: once a run is
 * enough, unless that takes longer than a run does. A mount that is made in the minute after is
 * missed, as one that is made right after the check is anyway: the next run finds it. One of the
 * few globals of this program.
 */
static struct {
	pthread_mutex_t lock;
	int64_t read_at_ms;   /* 0: nothing is remembered */
	struct namespace *ns; /* the first is our own */
	size_t n, cap;
} seen = { .lock = PTHREAD_MUTEX_INITIALIZER };

#define REMEMBER_MS 60000

static void forget(void)
{
	for (size_t i = 0; i < seen.n; i++) {
		free(seen.ns[i].mounts.m);
		buf_free(&seen.ns[i].text);
	}
	seen.n = 0;
	seen.read_at_ms = 0;
}

static bool is_known(ino_t id)
{
	for (size_t i = 0; i < seen.n; i++)
		if (seen.ns[i].id == id)
			return true;
	return false;
}

/* In the sandbox, and of another user's processes, the namespace's number is not to be had; the
 * number of its first mount, which no other namespace has at the same time, says as much. */
static bool is_known_by_mount(const char *mountinfo)
{
	char line[32];
	FILE *f = fopen(mountinfo, "re");

	if (f == NULL)
		return true; /* gone, or not for us to read */
	/* The kernel writes as many lines as are asked for, and finding out the paths in each is
	 * what costs. */
	(void)setvbuf(f, NULL, _IONBF, 0);
	size_t n = fread(line, 1, sizeof(line) - 1, f);
	(void)fclose(f); /* opened to read */
	if (n == 0)
		return true;
	line[n] = '\0';
	long first = strtol(line, NULL, 10);
	for (size_t i = 0; i < seen.n; i++)
		if (seen.ns[i].mounts.n > 0 && seen.ns[i].mounts.m[0].id == first)
			return true;
	return false;
}

/* A mount namespace is looked at once, whoever of its processes is met first. */
static void remember(long pid)
{
	char path[64];
	struct stat st;
	struct namespace ns = { .pid = pid, .text = BUF_INIT(MOUNTINFO_MAX) };

	(void)snprintf(path, sizeof(path), "/proc/%ld/ns/mnt", pid);
	bool numbered = stat(path, &st) == 0;
	(void)snprintf(path, sizeof(path), "/proc/%ld/mountinfo", pid);
	if (seen.n == NAMESPACES_MAX || (numbered ? is_known(st.st_ino) : is_known_by_mount(path)))
		return;
	if (!read_mounts(path, &ns.text)) {
		buf_free(&ns.text);
		return; /* gone, or not for us to read */
	}
	ns.id = numbered ? st.st_ino : 0;
	parse(ns.text.data, &ns.mounts);
	seen.ns = mem_grow(seen.ns, &seen.cap, seen.n + 1, sizeof(ns));
	seen.ns[seen.n++] = ns;
}

static void look_around(void)
{
	int64_t now = env_mono_ms(&env_system);
	DIR *proc;

	if (seen.read_at_ms != 0 && now - seen.read_at_ms < REMEMBER_MS)
		return;
	forget();
	seen.read_at_ms = now;
	remember((long)getpid());
	if (seen.n == 0 || (proc = opendir("/proc")) == NULL)
		return;
	for (struct dirent *d; (d = readdir(proc)) != NULL;) {
		long pid = strtol(d->d_name, NULL, 10);
		if (pid > 0)
			remember(pid);
	}
	(void)closedir(proc); /* opened to read */
}

void fs_mount_look(void)
{
	(void)pthread_mutex_lock(&seen.lock);
	look_around();
	(void)pthread_mutex_unlock(&seen.lock);
}

void fs_mount_forget(void)
{
	(void)pthread_mutex_lock(&seen.lock);
	forget();
	(void)pthread_mutex_unlock(&seen.lock);
}

/* ---- the question ---------------------------------------------------------------------------- */

static bool check_all(const char *path, const char *real, struct err *e)
{
	char who[64];

	look_around();
	const struct mount *in = seen.n > 0 ? mount_of(&seen.ns[0].mounts, real) : NULL;
	if (in == NULL)
		return true;
	if (strcmp(in->point, real) == 0)
		return refuse(path, in, "here", e);
	AUTO(spot_clear) struct spot file = spot_in(in, below(real, in->point));
	for (size_t i = 0; i < seen.n; i++) {
		const struct mount *m = mount_on(&seen.ns[i].mounts, &file);
		(void)snprintf(who, sizeof(who), "for process %ld", seen.ns[i].pid);
		if (m != NULL)
			return refuse(path, m, i == 0 ? "here" : who, e);
	}
	return true;
}

bool fs_mount_check(const struct fs_target *t, const char *path, struct err *e)
{
	AUTO_FREE char *real = fs_target_path(t);

	/* Without /proc a mount point shows as EBUSY, later. */
	if (real == NULL)
		return true;
	(void)pthread_mutex_lock(&seen.lock);
	bool ok = check_all(path, real, e);
	(void)pthread_mutex_unlock(&seen.lock);
	return ok;
}
