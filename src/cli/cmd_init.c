/* SPDX-License-Identifier: MIT */
#include "cli/cmd_init.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/show.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "config/job.h"

#define TEXT_MAX 65536
#define JOB_MODE 0640 /* no secret is in it, but who can write it can run programs as us */

char *cmd_init_job_name(const char *registry, const char *token)
{
	AUTO_BUF struct buf name = BUF_INIT(256);

	for (const char *c = token; *c != '\0'; c++) {
		if (*c == '%' && c[1] != '\0')
			c++;
		else if (name.len > 0 || strchr("-._", *c) == NULL)
			buf_char(&name, *c);
	}
	return mem_dup(name.len > 0 ? buf_cstr(&name) : registry);
}

static void init_sinks(const struct options *o, const char *docker, const char *file,
                       struct buf *out)
{
	if (docker != NULL || (file == NULL && !o->libsecret))
		buf_fmt(out,
		        "\n# The entry of the registry in a Docker or Podman file.\n[sink "
		        "docker]\ntype = docker\npath = %s\n",
		        docker != NULL ? docker : "%h/.docker/config.json");
	if (file != NULL)
		buf_fmt(out,
		        "\n# {password} or {auth}, and {username} {server} {expires} {slot}. More "
		        "than a line: template_file = PATH\n"
		        "[sink file]\ntype = file\npath = %s\ncontent = {password}\n#mode = "
		        "0640\n#owner = root:www-data\n",
		        file);
	if (o->libsecret)
		buf_str(out, "\n[sink keyring]\ntype = libsecret\n");
}

/* What follows the type behind a colon: one value, or several with slashes between them. Of a path
 * the slashes are its own. */
static const struct source_form {
	const char *type, *form;
	const char *keys[2]; /* in their order; one: all of it */
} sources[] = {
	{ "file", "PATH", { "path" } },
	{ "docker", "PATH", { "path" } },
	{ "store", NULL, { NULL } },
	{ "helper", "PROGRAM", { "program" } },
	{ "libsecret", NULL, { NULL } },
	{ "kubernetes", "NAMESPACE/SECRET", { "namespace", "secret" } },
	{ "keyvault", "VAULT/SECRET", { "vault", "secret" } },
};

static const struct source_form *source_of(const char *text)
{
	size_t n = strcspn(text, ":");

	for (size_t i = 0; i < COUNT(sources); i++)
		if (strlen(sources[i].type) == n && strncmp(sources[i].type, text, n) == 0)
			return &sources[i];
	return NULL;
}

bool cmd_init_source(const char *text, struct buf *out, struct err *e)
{
	const struct source_form *s = source_of(text);
	const char *value = strchr(text, ':');

	if (s == NULL)
		return err_set(e, ERR_USAGE,
		               "'--follow' takes TYPE:PLACE, like kubernetes:NAMESPACE/SECRET or "
		               "file:PATH, not '%s'",
		               text);
	const char *slash = value != NULL && s->keys[1] != NULL ? strrchr(value, '/') : NULL;
	if ((value == NULL) != (s->form == NULL) || (slash == NULL && s->keys[1] != NULL))
		return err_set(e, ERR_USAGE, "'--follow' takes %s%s%s, not '%s'", s->type,
		               s->form != NULL ? ":" : "", s->form != NULL ? s->form : "", text);
	buf_fmt(out,
	        "\n# What is followed: the place that a rotator delivers to.\n[source]\ntype = "
	        "%s\n",
	        s->type);
	if (slash != NULL)
		buf_fmt(out, "%s = %.*s\n%s = %s\n", s->keys[0], (int)(slash - value - 1),
		        value + 1, s->keys[1], slash + 1);
	else if (value != NULL)
		buf_fmt(out, "%s = %s\n", s->keys[0], value + 1);
	return true;
}

static void rotator_keys(struct buf *out)
{
	buf_str(out, "#lifetime = 90d\n"
	             "#renew_before = 30d\n"
	             "# Create the token when it does not exist, with these rights.\n"
	             "#create = yes\n"
	             "#repository = samples/web content/read metadata/read\n");
}

static void follower_keys(struct buf *out)
{
	buf_str(out, "# As the rotator has it: with less than half of it left a newer password is "
	             "late.\n"
	             "#renew_before = 30d\n");
}

void cmd_init_text(const struct options *o, const char *docker, const char *file,
                   const char *source, struct buf *out)
{
	buf_fmt(out,
	        "# Written by 'acrotate init'. Keys and their defaults: acrotate keys, "
	        "acrotate.conf(5).\n"
	        "[job]\nregistry = %s\ntoken = %s\n",
	        o->args[0], o->args[1]);
	if (source == NULL)
		rotator_keys(out);
	else
		follower_keys(out);
	buf_str(out, "# Runs after the sinks have a new password; without a shell.\n"
	             "#on_change = /usr/bin/systemctl try-reload-or-restart web.service\n");
	buf_str(out, source != NULL ? source : "");
	init_sinks(o, docker, file, out);
}

/* Of an option: relative to where the user stands; a percent sign in it is one. */
static bool sink_path(const char *path, char **out, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(2 * PATH_MAX);
	char here[PATH_MAX];

	if (path == NULL)
		return true;
	if (path[0] != '/') {
		if (getcwd(here, sizeof(here)) == NULL)
			return err_sys(e, errno, "cannot find '%s'", path);
		buf_fmt(&text, "%s/", here);
	}
	buf_str(&text, path);
	AUTO_BUF struct buf doubled = BUF_INIT(4 * PATH_MAX);
	for (const char *c = buf_cstr(&text); *c != '\0'; c++) {
		buf_char(&doubled, *c);
		if (*c == '%')
			buf_char(&doubled, '%');
	}
	*out = mem_dup(buf_cstr(&doubled));
	return true;
}

/* Would the new job stand in the way of another? Broken ones have nothing to say. */
static bool check_others(struct config *c, size_t i, const struct job *job, struct err *e)
{
	config_claim(c, i, job);
	return config_unclaimed(c, i, e);
}

static bool write_job(struct config *c, const char *name, const char *text, struct err *e)
{
	AUTO_FREE char *path = mem_fmt("%s/%s.conf", config_jobs_dir(c), name);
	AUTO_JOB struct job *job = NULL;
	size_t i;

	if (access(path, F_OK) == 0)
		return err_set(e, ERR_DECISION, "'%s' exists: edit it, or remove it first", path);
	if (!config_try(c, name, text, &i, &job, e) || !check_others(c, i, job, e))
		return false;
	return fs_make_dir(config_jobs_dir(c), e) &&
	       fs_replace(path, text, strlen(text), JOB_MODE, e);
}

static bool init(const struct options *o, char **name, char **dir, struct err *e)
{
	AUTO_FREE char *docker = NULL;
	AUTO_FREE char *file = NULL;
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX), source = BUF_INIT(TEXT_MAX);
	struct config *c = NULL;

	if (o->follow != NULL && !cmd_init_source(o->follow, &source, e))
		return false;
	if (!sink_path(o->docker, &docker, e) || !sink_path(o->file, &file, e) ||
	    !config_open(o->config, &c, e))
		return false;
	*name = cmd_init_job_name(o->args[0], o->args[1]);
	*dir = mem_dup(config_jobs_dir(c));
	cmd_init_text(o, docker, file, o->follow != NULL ? buf_cstr(&source) : NULL, &text);
	bool ok = write_job(c, *name, buf_cstr(&text), e);
	config_close(c);
	return ok;
}

/* Another command of this program, for the new job. */
static int then(const char *command, const struct options *o, char *name)
{
	char *args[] = { name };
	struct options next = { .config = o->config,
		                .json = o->json,
		                .verbose = o->verbose,
		                .debug = o->debug,
		                .log_format = o->log_format,
		                .args = args,
		                .n_args = 1 };

	for (const struct command *c = commands; c->name != NULL; c++)
		if (strcmp(c->name, command) == 0)
			return c->run(&next);
	return 0;
}

int cmd_init(const struct options *o)
{
	AUTO_FREE char *name = NULL;
	AUTO_FREE char *dir = NULL;
	struct err e = ERR_INIT;

	if (!init(o, &name, &dir, &e)) {
		log_err(name, &e);
		return err_exit_code(e.kind);
	}
	if (!o->json) {
		AUTO_FREE char *shown = show_line_of(dir);
		(void)printf("wrote '%s/%s.conf'\n", shown, name);
	}
	(void)fflush(stdout);
	int checked = then("check", o, name);
	int planned = then("plan", o, name);
	return checked != 0 ? checked : planned;
}
