/* SPDX-License-Identifier: MIT */
/* `acrotate check --systemd-dropin`: what the sandboxed service must be allowed to write for the
 * jobs there are. */
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/mem.h"
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

static void add_path(struct paths *p, const char *path)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->item[i], path) == 0)
			return;
	p->item = mem_grow(p->item, &p->cap, p->n + 1, sizeof(*p->item));
	p->item[p->n++] = mem_dup(path);
}

static bool of_root(const char *path)
{
	struct stat st;

	return stat(path, &st) != 0 || (st.st_uid == 0 && st.st_gid == 0);
}

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* The directory of the real file: that is where the new one is made. True: both are root's. */
static bool add_directory(struct paths *p, const char *file)
{
	char *real = realpath(file, NULL);
	char *dir = real != NULL ? real : mem_dup(file);

	*strrchr(dir, '/') = '\0';
	const char *path = dir[0] != '\0' ? dir : "/";
	add_path(p, path);
	p->temporary = p->temporary || is_below(path, "/tmp") || is_below(path, "/var/tmp");
	bool roots = of_root(file) && of_root(path);
	free(dir);
	return roots;
}

static const char *text_key(const struct sink_spec *s, const char *name)
{
	const struct key *row = keys_find(s->ops->keys, s->ops->n_keys, name);

	return row == NULL ? NULL
	                   : *(char *const *)(const void *)((const char *)s->spec + row->offset);
}

static void add_sink(struct paths *p, const struct sink_spec *s)
{
	const char *user = text_key(s, "user"), *owner = text_key(s, "owner");

	p->users = p->users || user != NULL;
	p->programs = p->programs || strcmp(s->ops->type, "helper") == 0 || s->on_change != NULL;
	p->bus = p->bus || strcmp(s->ops->type, "libsecret") == 0;
	if (!s->ops->local || text_key(s, "path") == NULL)
		return;
	bool roots = add_directory(p, text_key(s, "path"));
	/* With 'user' the rights are that user's, whosesoever the file is. */
	p->others = p->others ||
	            (user == NULL && (!roots || (owner != NULL && strcmp(owner, "root") != 0 &&
	                                         strcmp(owner, "root:root") != 0)));
}

static void add_job(struct paths *p, const struct job *job)
{
	for (size_t i = 0; i < job->n_sinks; i++)
		add_sink(p, &job->sinks[i]);
	p->programs = p->programs || job->on_change != NULL;
}

/* Quoted for systemd: specifiers, quotes and backslashes. */
static void put_path(const char *path, struct buf *out)
{
	buf_str(out, "ReadWritePaths=\"-");
	for (const char *c = path; *c != '\0'; c++) {
		if (*c == '%' || *c == '\\' || *c == '"')
			buf_char(out, *c == '%' ? '%' : '\\');
		buf_char(out, *c);
	}
	buf_str(out, "\"\n");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
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

void dropin_text(struct config *c, const size_t *jobs, size_t n, struct buf *out)
{
	AUTO(free_paths) struct paths p = { 0 };
	const struct run_spec *run = config_run(c);

	for (size_t i = 0; i < n; i++) {
		AUTO_JOB struct job *job = NULL;
		struct err e = ERR_INIT;
		if (config_job(c, jobs[i], &job, &e))
			add_job(&p, job);
		else
			buf_fmt(out, "# left out: %s\n", e.text);
	}
	if (run->metrics_file != NULL && !add_directory(&p, run->metrics_file))
		p.others = true;
	add_path(&p, run->state_dir);
	qsort(p.item, p.n, sizeof(*p.item), by_name);
	buf_str(out, "# Written by 'acrotate check --systemd-dropin' for "
	             "/etc/systemd/system/acrotate.service.d/paths.conf\n[Service]\n");
	for (size_t i = 0; i < p.n; i++)
		put_path(p.item[i], out);
	put_needs(&p, out);
}
