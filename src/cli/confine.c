/* SPDX-License-Identifier: MIT */
#include "confine.h"

#include <stdlib.h>
#include <unistd.h>

#include "azure/auth.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/sandbox.h"
#include "base/spawner.h"
#include "config/argv.h"
#include "config/job.h"
#include "findings.h"
#include "sink/sink.h"

/* ---- where it may write --------------------------------------------------------------------------------------------------------- */

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* a directory: nothing can be lost */
}

static bool allow_sinks(struct sandbox *s, const struct job *job, struct err *e)
{
	for (size_t i = 0; i < job->n_sinks; i++) {
		const struct sink_spec *sink = &job->sinks[i];
		AUTO(close_fd) int dir = -1;
		struct err why = ERR_INIT;
		if (sink->ops->directory == NULL)
			continue;
		/* A directory that cannot be opened is the sink's failure, which it reports itself: nothing can be written there anyway. */
		if (!sink->ops->directory(sink->spec, &dir, &why))
			log_msg(LEVEL_DEBUG, job->name, "sandbox: sink '%s' is left out: %s", sink->name, why.text);
		else if (!sandbox_allow(s, dir, sink->name, e))
			return err_in(e, "job '%s'", job->name);
	}
	return true;
}

static bool allow_directory_of(struct sandbox *s, const char *file, struct err *e)
{
	AUTO(close_fd) int dir = -1;

	return fs_directory(file, false, &dir, e) && sandbox_allow(s, dir, file, e);
}

/* The state's is made when it is missing, which the first job would do. */
static bool allow_own(struct sandbox *s, const struct run_spec *run, struct err *e)
{
	AUTO_FREE char *in_state = mem_fmt("%s/x", run->state_dir);
	struct err why = ERR_INIT;

	if (!fs_make_dir(run->state_dir, e) || !allow_directory_of(s, in_state, e))
		return false;
	if (run->metrics_file != NULL && !allow_directory_of(s, run->metrics_file, &why))
		log_msg(LEVEL_DEBUG, NULL, "sandbox: metrics_file is left out: %s", why.text);
	return true;
}

/* ---- what it may have started ---------------------------------------------------------------------------------------------------- */

static void allow_hook(struct spawner_rules *r, const char *command)
{
	AUTO_ARGV char **argv = NULL;
	struct err ignored = ERR_INIT; /* the hook says it when its time comes */

	if (command != NULL && argv_split(command, &argv, &ignored))
		spawner_allow(r, argv, false);
}

static void allow_program(struct spawner_rules *r, const char *name, char *const *words)
{
	AUTO_FREE char *path = NULL;
	struct err ignored = ERR_INIT; /* who needs it says that it is missing */

	if (!process_find(name, &path, &ignored))
		return;
	char *argv[4] = { path };
	for (size_t i = 0; words[i] != NULL && i + 2 < COUNT(argv); i++)
		argv[i + 1] = words[i];
	spawner_allow(r, argv, true);
}

/* By default az is no identity, unless the environment says so. */
static bool may_ask_az(const struct job *job)
{
	return auth_is_default(&job->azure) ? getenv("AZURE_TOKEN_CREDENTIALS") != NULL : strcmp(job->azure.auth, "azure-cli") == 0;
}

static void allow_programs(struct spawner_rules *r, const struct job *job)
{
	char account[] = "account", token[] = "get-access-token";

	allow_hook(r, job->on_change);
	for (size_t i = 0; i < job->n_sinks; i++) {
		const struct sink_spec *sink = &job->sinks[i];
		allow_hook(r, sink->on_change);
		if (sink->ops->program != NULL)
			allow_program(r, sink->ops->program(sink->spec), (char *[]){ NULL });
	}
	if (may_ask_az(job))
		allow_program(r, "az", (char *[]){ account, token, NULL });
}

/* ---- all of it ------------------------------------------------------------------------------------------------------------------- */

static bool enter(struct config *c, const size_t *jobs, size_t n, struct sandbox *s, struct spawner_rules *r, struct err *e)
{
	if (!allow_own(s, config_run(c), e))
		return false;
	for (size_t i = 0; i < n; i++) {
		AUTO_JOB struct job *job = NULL;
		struct err ignored = ERR_INIT; /* it was readable a moment ago: the rotation meets it */
		if (!config_job(c, jobs[i], &job, &ignored))
			continue;
		if (!allow_sinks(s, job, e))
			return false;
		allow_programs(r, job);
	}
	fs_mount_look();
	/* Where no job names a program there is nothing to start, and the sandbox itself lets nothing be. */
	return (r->n == 0 || spawner_start(r, e)) && sandbox_enter(s, e);
}

bool confine(struct config *c, const size_t *jobs, size_t n, struct err *e)
{
	AUTO_SANDBOX struct sandbox *s = NULL;
	AUTO(spawner_rules_clear) struct spawner_rules rules = { .n = 0 };

	if (!config_run(c)->sandbox)
		return true;
	bool ok = sandbox_new(&s, e) && (sandbox_missing(s) != NULL || enter(c, jobs, n, s, &rules, e));
	if (!ok)
		return err_in(e, "no sandbox (say 'sandbox = no' in [run] to run without one)");
	if (sandbox_missing(s) != NULL)
		log_msg(LEVEL_INFO, NULL, "this machine has no Landlock (%s): the run is not sandboxed", sandbox_missing(s));
	else
		log_msg(LEVEL_DEBUG, NULL, "in the sandbox, Landlock version %d", sandbox_abi(s));
	return true;
}

void check_sandbox(const struct config *c, struct findings *f)
{
	AUTO_SANDBOX struct sandbox *s = NULL;
	struct err e = ERR_INIT;

	if (!config_run(c)->sandbox)
		(void)found_ok(f, "sandbox", "switched off: sandbox = no");
	else if (!sandbox_new(&s, &e))
		found_mend(found_problem(f, "sandbox", &e), "sandbox = no    # into [run] of %s", config_path(c));
	else if (sandbox_missing(s) != NULL)
		(void)found_ok(f, "sandbox", "not on this machine: no Landlock (%s)", sandbox_missing(s));
	else
		(void)found_ok(f, "sandbox", "Landlock version %d: a run writes to its sinks, state and metrics only", sandbox_abi(s));
}
