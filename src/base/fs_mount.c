/* SPDX-License-Identifier: MIT */
#include "base/fs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#define MOUNTINFO_MAX (16u * 1024 * 1024)  /* a node with thousands of containers has a few MB */
#define NAMESPACES_MAX 65536

/* One line of mountinfo, unescaped in place. */
struct mount { long id, parent; const char *dev, *root, *point; };
struct mounts { struct mount *m; size_t n, cap; };

/* "\040" to a space, in place. */
static void unescape(char *s)
{
	char *to = s;

	for (const char *p = s; *p != '\0';) {
		if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && isdigit((unsigned char)p[2]) && isdigit((unsigned char)p[3])) {
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
	unescape(field[3]);
	unescape(field[4]);
	*out = (struct mount){ .id = strtol(field[0], NULL, 10), .parent = strtol(field[1], NULL, 10), .dev = field[2],
	                       .root = field[3], .point = field[4] };
	return true;
}

static void parse(char *text, struct mounts *out)
{
	char *save = NULL;
	struct mount m;

	for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
		if (!parse_line(line, &m))
			continue;
		out->m = mem_grow(out->m, &out->cap, out->n + 1, sizeof(m));
		out->m[out->n++] = m;
	}
}

static void mounts_clear(struct mounts *ms)
{
	free(ms->m);
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
struct spot { char *dev, *path; };

static void spot_clear(struct spot *s)
{
	free(s->dev);
	free(s->path);
}

static struct spot spot_in(const struct mount *m, const char *rest)
{
	return (struct spot){ .dev = mem_dup(m->dev), .path = mem_fmt("%s%s", strcmp(m->root, "/") == 0 && *rest != '\0' ? "" : m->root,
	                                                              rest) };
}

static const struct mount *mount_by_id(const struct mounts *ms, long id)
{
	for (size_t i = 0; i < ms->n; i++)
		if (ms->m[i].id == id)
			return &ms->m[i];
	return NULL;
}

/* The mount that `path` lies in: the longest point, the last of equal ones, which covers the others. */
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
	struct spot other = spot_in(m, rest);
	bool same = strcmp(other.dev, s->dev) == 0 && strcmp(other.path, s->path) == 0;

	spot_clear(&other);
	return same;
}

/* The mount whose source, or whose place, is this file; NULL for none. */
static const struct mount *mount_on(const struct mounts *ms, const struct spot *file)
{
	for (size_t i = 0; i < ms->n; i++) {
		const struct mount *m = &ms->m[i], *parent = mount_by_id(ms, m->parent);
		if (is_spot(file, m, ""))
			return m;
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

/* A line that concerns the file has its name in it, unless it is one of those that are escaped. */
static bool may_name(const struct buf *text, const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	return strpbrk(path, " \t\n\\#") != NULL || memmem(buf_cstr(text), text->len, name, strlen(name)) != NULL;
}

static bool refuse(const char *path, const struct mount *m, const char *who, struct err *e)
{
	return err_set(e, ERR_CONFIG, "'%s' is mounted as '%s' %s: replaced, its readers there would keep the old content; mount "
	               "its directory instead, or say 'in_place = yes' (not atomic)", path, m->point, who);
}

static bool check_one(const char *path, const struct spot *file, long pid, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(MOUNTINFO_MAX);
	AUTO(mounts_clear) struct mounts ms = { .n = 0 };
	char proc[64], who[64];

	(void)snprintf(proc, sizeof(proc), "/proc/%ld/mountinfo", pid);
	if (!read_mounts(proc, &text) || !may_name(&text, file->path))
		return true; /* gone, or not for us to read */
	parse(text.data, &ms);
	const struct mount *m = mount_on(&ms, file);
	(void)snprintf(who, sizeof(who), "for process %ld", pid);
	return m == NULL || refuse(path, m, who, e);
}

struct seen { ino_t *ns; size_t n, cap; };

static void seen_clear(struct seen *s)
{
	free(s->ns);
}

/* A mount namespace is looked at once, whoever of its processes is met first. */
static bool is_new(struct seen *s, long pid)
{
	char link[64];
	struct stat st;

	(void)snprintf(link, sizeof(link), "/proc/%ld/ns/mnt", pid);
	if (stat(link, &st) != 0)
		return false;
	for (size_t i = 0; i < s->n; i++)
		if (s->ns[i] == st.st_ino)
			return false;
	if (s->n == NAMESPACES_MAX)
		return false;
	s->ns = mem_grow(s->ns, &s->cap, s->n + 1, sizeof(*s->ns));
	s->ns[s->n++] = st.st_ino;
	return true;
}

static bool check_others(const char *path, const struct spot *file, struct err *e)
{
	AUTO(seen_clear) struct seen seen = { .n = 0 };
	DIR *proc = opendir("/proc");
	bool ok = true;

	if (proc == NULL)
		return true;
	(void)is_new(&seen, (long)getpid());
	for (struct dirent *d; ok && (d = readdir(proc)) != NULL;) {
		long pid = strtol(d->d_name, NULL, 10);
		if (pid > 0 && is_new(&seen, pid))
			ok = check_one(path, file, pid, e);
	}
	(void)closedir(proc); /* opened to read */
	return ok;
}

bool fs_mount_check(const char *path, struct err *e)
{
	AUTO_FREE char *real = realpath(path, NULL);
	AUTO_BUF struct buf text = BUF_INIT(MOUNTINFO_MAX);
	AUTO(mounts_clear) struct mounts ms = { .n = 0 };

	if (real == NULL && (errno == ENOENT || errno == ENOTDIR))
		return true;
	if (real == NULL)
		return err_sys(e, errno, "cannot look at '%s'", path);
	if (!read_mounts("/proc/self/mountinfo", &text))
		return true; /* no /proc: a mount point shows as EBUSY then */
	parse(text.data, &ms);
	const struct mount *in = mount_of(&ms, real);
	if (in == NULL)
		return true;
	if (strcmp(in->point, real) == 0)
		return refuse(path, in, "here", e);
	AUTO(spot_clear) struct spot file = spot_in(in, below(real, in->point));
	const struct mount *m = mount_on(&ms, &file);
	return m != NULL ? refuse(path, m, "here", e) : check_others(path, &file, e);
}
