/* SPDX-License-Identifier: MIT */
/* `acrotate check --systemd-dropin`: what the sandboxed service must be allowed to write for the jobs there are. */
#include <limits.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "check.h"
#include "config/job.h"
#include "sink/sink.h"

struct paths { char **item; size_t n, cap; bool users, programs, bus; };

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

/* The directory of the real file: that is where the new one is made. */
static void add_directory(struct paths *p, const char *file)
{
	char *real = realpath(file, NULL);
	char *dir = real != NULL ? real : mem_dup(file);

	*strrchr(dir, '/') = '\0';
	add_path(p, dir[0] != '\0' ? dir : "/");
	free(dir);
}

static const char *text_key(const struct sink_spec *s, const char *name)
{
	const struct key *row = keys_find(s->ops->keys, s->ops->n_keys, name);

	return row == NULL ? NULL : *(char *const *)(const void *)((const char *)s->spec + row->offset);
}

static void add_job(struct paths *p, const struct job *job)
{
	for (size_t i = 0; i < job->n_sinks; i++) {
		const struct sink_spec *s = &job->sinks[i];
		p->users = p->users || text_key(s, "user") != NULL;
		p->programs = p->programs || strcmp(s->ops->type, "helper") == 0 || s->on_change != NULL;
		p->bus = p->bus || strcmp(s->ops->type, "libsecret") == 0;
		if (s->ops->local && text_key(s, "path") != NULL)
			add_directory(p, text_key(s, "path"));
	}
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
	if (run->metrics_file != NULL)
		add_directory(&p, run->metrics_file);
	add_path(&p, run->state_dir);
	qsort(p.item, p.n, sizeof(*p.item), by_name);
	buf_str(out, "# Written by 'acrotate check --systemd-dropin': /etc/systemd/system/acrotate.service.d/paths.conf\n[Service]\n");
	for (size_t i = 0; i < p.n; i++)
		put_path(p.item[i], out);
	if (p.users)
		buf_str(out, "# For sinks with 'user':\nCapabilityBoundingSet=CAP_SETUID CAP_SETGID\n");
	if (p.programs)
		buf_str(out, "# Hooks and helpers run in this sandbox, too: what they need beside is theirs to be added.\n");
	if (p.bus)
		buf_str(out, "# A libsecret sink belongs to a user's session: see the user's service, acrotate.service below systemd/user.\n");
}
