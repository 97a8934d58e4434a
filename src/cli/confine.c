/* SPDX-License-Identifier: MIT */
#include "confine.h"

#include <stdlib.h>

#include "azure/auth.h"
#include "base/err.h"
#include "base/fd.h"
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

/* ---- where it may write ---------------------------------------------------------------------- */

static bool allow_sinks(struct sandbox *s, const struct job *job, struct err *e)
{
	for (size_t i = 0; i < job->n_sinks; i++) {
		const struct sink_spec *sink = &job->sinks[i];
		AUTO_TARGET struct fs_target at = { .dir = -1 };
		struct err why = ERR_INIT;
		if (sink->ops->directory == NULL)
			continue;
		/* One that cannot be opened, or is not the user's, is the sink's failure, which
		 * it reports itself: nothing may be written there. */
		if (!sink->ops->directory(sink->spec, &at, &why))
			log_msg(LEVEL_DEBUG, job->name, "sandbox: sink '%s' is left out: %s",
			        sink->name, why.text);
		else if (!(sink->ops->tree ? sandbox_allow_tree : sandbox_allow)(s, at.dir,
		                                                                 sink->name, e))
			return err_in(e, "job '%s'", job->name);
	}
	return true;
}

static bool allow_metrics(struct sandbox *s, const char *file, struct err *e)
{
	AUTO_TARGET struct fs_target at = { .dir = -1 };

	return fs_target_open(file, FS_WAY_HERE, &at, e) && sandbox_allow(s, at.dir, file, e);
}

/* Where records are elsewhere, only the times of runs and what was told are kept here, if there is
 * a place for them. */
static void beside_shared_state(const struct run_spec *run, struct fs_target *out)
{
	AUTO_FREE char *in = mem_fmt("%s/x", run->state_dir);
	struct err why = ERR_INIT;

	if (!fs_target_open(in, FS_WAY_HERE, out, &why))
		log_msg(LEVEL_DEBUG, NULL, "sandbox: state_dir is left out: %s", why.text);
}

/* The state's is made when it is missing, which the first job would do. Who can write there can
 * make a password in use look free: that is said, and not refused, because a volume of a container
 * is like that and nobody else is in there. But nobody's link leads it elsewhere. */
static bool own_state(const struct run_spec *run, struct fs_target *out, struct err *e)
{
	AUTO_FREE char *in = mem_fmt("%s/x", run->state_dir);
	struct err why = ERR_INIT;

	if (config_state_shared(run)) {
		beside_shared_state(run, out);
		return true;
	}
	if (!fs_make_dir(run->state_dir, e))
		return false;
	if (fs_directory_ours(run->state_dir, out, &why))
		return true;
	log_msg(LEVEL_WARN, NULL, "state_dir: %s", why.text);
	return fs_target_open(in, FS_WAY_HERE, out, e) || err_in(e, "state_dir");
}

static bool allow_own(struct sandbox *s, const struct run_spec *run, const struct fs_target *state,
                      struct err *e)
{
	struct err why = ERR_INIT;

	if (state->dir >= 0 && !sandbox_allow(s, state->dir, run->state_dir, e))
		return false;
	if (run->metrics_file != NULL && !allow_metrics(s, run->metrics_file, &why))
		log_msg(LEVEL_DEBUG, NULL, "sandbox: metrics_file is left out: %s", why.text);
	return true;
}

/* ---- what it may have started ---------------------------------------------------------------- */

static void allow_hook(struct spawner_rules *r, const char *command)
{
	AUTO_ARGV char **argv = NULL;
	struct err ignored = ERR_INIT; /* the hook says it when its time comes */

	if (command != NULL && argv_split(command, &argv, &ignored))
		spawner_allow(r, argv, false);
}

static void allow_program(struct spawner_rules *r, char *path, char *const *words)
{
	char *argv[4] = { path };
	for (size_t i = 0; words[i] != NULL && i + 2 < COUNT(argv); i++)
		argv[i + 1] = words[i];
	spawner_allow(r, argv, true);
}

/* By default az is no identity, unless the environment says so. */
static bool may_ask_az(const struct job *job)
{
	return auth_is_default(&job->azure) ? getenv("AZURE_TOKEN_CREDENTIALS") != NULL
	                                    : strcmp(job->azure.auth, "azure-cli") == 0;
}

static void allow_programs(struct spawner_rules *r, const struct job *job)
{
	char account[] = "account", token[] = "get-access-token";
	AUTO_FREE char *az = NULL;
	struct err ignored = ERR_INIT; /* who needs a program says that it is missing */

	allow_hook(r, job->on_change);
	for (size_t i = 0; i < job->n_sinks; i++) {
		const struct sink_spec *sink = &job->sinks[i];
		AUTO_FREE char *program = NULL;
		allow_hook(r, sink->on_change);
		if (sink->ops->program != NULL &&
		    sink->ops->program(sink->spec, &program, &ignored))
			allow_program(r, program, (char *[]){ NULL });
	}
	if (job->source != NULL && job->source->ops->program != NULL) {
		AUTO_FREE char *program = NULL;
		if (job->source->ops->program(job->source->spec, &program, &ignored))
			allow_program(r, program, (char *[]){ NULL });
	}
	if (may_ask_az(job) && process_find("az", &az, &ignored))
		allow_program(r, az, (char *[]){ account, token, NULL });
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* sandbox NULL: there is none. */
struct confine {
	struct sandbox *sandbox;
	struct spawner_rules rules;
};

void confine_free(struct confine *f)
{
	if (f == NULL)
		return;
	sandbox_free(f->sandbox);
	spawner_rules_clear(&f->rules);
	free(f);
}

static bool refused(struct err *e)
{
	return err_in(e, "no sandbox (say 'sandbox = no' in [run] to run without one)");
}

bool confine_new(const struct config *c, struct confine **out, struct err *e)
{
	AUTO_SANDBOX struct sandbox *s = NULL;
	AUTO_TARGET struct fs_target state = { .dir = -1 };

	if (!own_state(config_run(c), &state, e))
		return false;
	if (config_run(c)->sandbox && !sandbox_new(&s, e))
		return refused(e);
	if (s != NULL && sandbox_missing(s) != NULL) {
		log_msg(LEVEL_INFO, NULL,
		        "this machine has no Landlock (%s): the run is not sandboxed",
		        sandbox_missing(s));
		sandbox_free_ptr(&s);
	}
	if (s != NULL && !allow_own(s, config_run(c), &state, e))
		return refused(e);
	struct confine *f = mem_new(sizeof(*f));
	f->sandbox = take(&s);
	if (f->sandbox != NULL)
		allow_hook(&f->rules, config_run(c)->on_failure);
	*out = f;
	return true;
}

bool confine_allow(struct confine *f, const struct job *job, struct err *e)
{
	if (f->sandbox == NULL)
		return true;
	allow_programs(&f->rules, job);
	return allow_sinks(f->sandbox, job, e) || refused(e);
}

bool confine_enter(struct confine *f, bool writes, struct err *e)
{
	struct sandbox *s = f->sandbox;

	if (s == NULL)
		return true;
	if (writes)
		fs_mount_look();
	/* Where no job names a program there is nothing to start, and the sandbox itself lets
	 * nothing be. */
	if ((f->rules.n > 0 && !spawner_start(&f->rules, e)) || !sandbox_enter(s, e))
		return refused(e);
	/* The kernel may have said only now that it has none. */
	if (sandbox_missing(s) != NULL)
		log_msg(LEVEL_INFO, NULL,
		        "this machine has no Landlock (%s): the run is not sandboxed",
		        sandbox_missing(s));
	else
		log_msg(LEVEL_DEBUG, NULL, "in the sandbox, Landlock version %d", sandbox_abi(s));
	return true;
}

void confine_check(const struct config *c, struct findings *f)
{
	AUTO_SANDBOX struct sandbox *s = NULL;
	struct err e = ERR_INIT;

	if (!config_run(c)->sandbox)
		(void)findings_ok(f, "sandbox", "switched off: sandbox = no");
	else if (!sandbox_new(&s, &e))
		findings_fix(findings_problem(f, "sandbox", &e),
		             "sandbox = no    # into [run] of %s", config_path(c));
	else if (sandbox_missing(s) != NULL)
		(void)findings_ok(f, "sandbox", "not on this machine: no Landlock (%s)",
		                  sandbox_missing(s));
	else
		(void)findings_ok(
			f, "sandbox",
			"Landlock version %d: a run writes to its sinks, state and metrics only",
			sandbox_abi(s));
}
