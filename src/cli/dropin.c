/* SPDX-License-Identifier: MIT */
/* `acrotate check --systemd-dropin`: what the sandboxed service must be allowed to write for the
 * jobs there are. */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/show.h"
#include "base/str.h"
#include "check.h"
#include "config/job.h"
#include "sink/sink.h"

/* others: what is written belongs to somebody else than root. */
struct paths {
	char **item;
	size_t n, cap;
	bool users, others, programs, bus, temporary;
};

static void free_paths(struct paths *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->item[i]);
	free(p->item);
}

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static void add_path(struct paths *p, const char *path)
{
	p->temporary = p->temporary || is_below(path, "/tmp") || is_below(path, "/var/tmp");
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->item[i], path) == 0)
			return;
	p->item = mem_grow(p->item, &p->cap, p->n + 1, sizeof(*p->item));
	p->item[p->n++] = mem_dup(path);
}

static void add_directory_of(struct paths *p, const char *file)
{
	AUTO_FREE char *dir = mem_dup(file);

	*strrchr(dir, '/') = '\0';
	add_path(p, dir[0] != '\0' ? dir : "/");
}

static bool is_roots(const struct stat *st)
{
	return st->st_uid == 0 && st->st_gid == 0;
}

/* The file, if there is one, and its directory. */
static bool all_roots(const struct fs_target *at)
{
	struct stat dir, file;

	return fstat(at->dir, &dir) == 0 && is_roots(&dir) &&
	       (fstatat(at->dir, at->name, &file, AT_SYMLINK_NOFOLLOW) != 0 || is_roots(&file));
}

/* Where a path leads, as the kernel says it of the directory that was opened: that is where the
 * new file is made. One that is not there yet is named as it was configured, but for a user's:
 * what will stand there is for him to say. file NULL: it is in the state's directory, which is
 * always among them. */
static bool add_place(struct paths *p, const struct fs_target *at, const char *file, bool users,
                      const struct err *why, bool *roots)
{
	AUTO_FREE char *path = at->dir >= 0 ? fs_target_path(at) : NULL;

	if (path == NULL && (users || why->kind == ERR_CONFIG))
		return false;
	*roots = at->dir < 0 || all_roots(at);
	if (path != NULL || file != NULL)
		add_directory_of(p, path != NULL ? path : file);
	return true;
}

static const char *text_key(const struct sink_spec *s, const char *name)
{
	const struct key *row = keys_find(s->ops->keys, s->ops->n_keys, name);

	return row == NULL ? NULL
	                   : *(char *const *)(const void *)((const char *)s->spec + row->offset);
}

/* A full stop at the end, for a backslash there would take the next line along. */
static void leave_out(const char *job, const char *sink, const struct err *why, struct buf *out)
{
	AUTO_FREE char *line =
		mem_fmt("# left out: job '%s', sink '%s': %s.", job, sink, why->text);

	show_line(line);
	buf_fmt(out, "%s\n", line);
}

static void add_sink(struct paths *p, const struct job *job, const struct sink_spec *s,
                     struct buf *out)
{
	const char *user = text_key(s, "user"), *owner = text_key(s, "owner");
	AUTO_TARGET struct fs_target at = { .dir = -1 };
	struct err why = ERR_INIT;
	bool roots;

	p->users = p->users || user != NULL;
	p->programs = p->programs || strcmp(s->ops->type, "helper") == 0 || s->on_change != NULL;
	p->bus = p->bus || strcmp(s->ops->type, "libsecret") == 0;
	if (s->ops->directory == NULL)
		return;
	if (!s->ops->directory(s->spec, &at, &why))
		at.dir = -1;
	if (!add_place(p, &at, text_key(s, "path"), user != NULL, &why, &roots)) {
		leave_out(job->name, s->name, &why, out);
		return;
	}
	/* With 'user' the rights are that user's, whosesoever the file is. */
	p->others = p->others ||
	            (user == NULL && (!roots || (owner != NULL && strcmp(owner, "root") != 0 &&
	                                         strcmp(owner, "root:root") != 0)));
}

static void add_metrics(struct paths *p, const char *file, struct buf *out)
{
	AUTO_TARGET struct fs_target at = { .dir = -1 };
	struct err why = ERR_INIT;
	bool roots = true;

	if (!fs_target_open(file, FS_WAY_HERE, &at, &why))
		at.dir = -1;
	if (!add_place(p, &at, file, false, &why, &roots))
		buf_fmt(out, "# left out: metrics_file: %s.\n", why.text);
	p->others = p->others || !roots;
}

static void add_job(struct paths *p, const struct job *job, struct buf *out)
{
	for (size_t i = 0; i < job->n_sinks; i++)
		add_sink(p, job, &job->sinks[i], out);
	p->programs = p->programs || job->on_change != NULL;
}

static bool put_path(const char *path, struct buf *out, struct err *e)
{
	AUTO_BUF struct buf word = BUF_INIT(2 * PATH_MAX);

	if (!show_unit_path(path, &word, e))
		return false;
	buf_fmt(out, "ReadWritePaths=\"-%s\"\n", buf_cstr(&word));
	return true;
}

/* What the unit leaves to the jobs; see packaging/systemd/acrotate.service. */
static void put_needs(const struct paths *p, struct buf *out)
{
	if (p->others)
		buf_str(out, "# Files that are not root's keep their owner, mode, ACL and "
		             "attributes, and a lease asks who is writing them:\n"
		             "CapabilityBoundingSet=CAP_CHOWN CAP_FOWNER CAP_DAC_OVERRIDE "
		             "CAP_LEASE\nSystemCallFilter=@chown\n");
	if (p->users)
		buf_str(out, "# Sinks with 'user' are read and written with that user's rights:\n"
		             "CapabilityBoundingSet=CAP_SETUID "
		             "CAP_SETGID\nSystemCallFilter=@setuid setfsuid setfsgid @chown\n");
	if (p->temporary)
		buf_str(out, "# A sink is in the common temporary directory:\nPrivateTmp=no\n");
	if (p->programs)
		buf_str(out, "# Hooks and helpers run in this sandbox, too. One that writes files "
		             "or needs rights is best a service of its own:\n"
		             "# on_change = /usr/bin/systemctl start --no-block NAME.service; else "
		             "add here what it needs.\n");
	if (p->bus)
		buf_str(out, "# A libsecret sink belongs to a user's session: it is for the jobs "
		             "of that user, below ~/.config/acrotate, and for\n"
		             "# 'systemctl --user enable --now acrotate.timer', which has no use "
		             "for this drop-in.\n");
}

bool dropin_text(struct config *c, const size_t *jobs, size_t n, struct buf *out, struct err *e)
{
	AUTO(free_paths) struct paths p = { 0 };
	const struct run_spec *run = config_run(c);
	bool ok = true;

	buf_str(out, "# Written by 'acrotate check --systemd-dropin' for "
	             "/etc/systemd/system/acrotate.service.d/paths.conf\n");
	for (size_t i = 0; i < n; i++) {
		AUTO_JOB struct job *job = NULL;
		struct err why = ERR_INIT;
		if (config_job(c, jobs[i], &job, &why))
			add_job(&p, job, out);
		else
			buf_fmt(out, "# left out: %s.\n", why.text);
	}
	if (run->metrics_file != NULL)
		add_metrics(&p, run->metrics_file, out);
	if (!config_state_shared(run))
		add_path(&p, run->state_dir);
	if (p.n > 0)
		qsort(p.item, p.n, sizeof(*p.item), str_compare);
	buf_str(out, "[Service]\n");
	for (size_t i = 0; i < p.n; i++)
		ok = put_path(p.item[i], out, e) && ok;
	put_needs(&p, out);
	return ok;
}
