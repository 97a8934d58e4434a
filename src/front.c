/* SPDX-License-Identifier: MIT */
/*
 * The program on the PATH. A cron agent must cost nothing when nothing is to
 * be done, and linking libcurl alone costs 260 system calls and 5 ms. So this
 * one knows configuration, state and file-like sinks. It ends here when every
 * job of a plain `acrotate run` is well; for everything else, and at the first
 * doubt, it replaces itself by a program that looks again from the beginning
 * and does the work: acrotate-lean for `run` and `token`, which are to be
 * quick, and acrotate-net for the rest. They differ by libsecret, whose
 * libraries take as long to load as the requests of a rotation; where a job
 * needs it, the one becomes the other. All are made of the same sources.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/str.h"
#include "config/job.h"
#include "rotate/metrics.h"
#include "rotate/observe.h"
#include "rotate/status.h"
#include "sink/sink.h"

#define WHOLE "acrotate-net"
#define LEAN  "acrotate-lean"

/* The arguments of a plain run: [-c FILE] [--wait TIME] [JOB...]. */
struct plain {
	const char *config;
	char **jobs;
	size_t n_jobs;
};

/* False: an option or command for the whole program. Jobs are moved to the front of argv + 2,
 * which is ours to change. */
static bool parse_plain(int argc, char **argv, char **jobs, struct plain *out)
{
	int64_t ignored; /* with nothing to do there is nothing to wait for */

	*out = (struct plain){ .jobs = jobs };
	if (argc < 2 || strcmp(argv[1], "run") != 0)
		return false;
	for (int i = 2; i < argc; i++) {
		bool named = strcmp(argv[i], "-c") == 0 || strcmp(argv[i], "--config") == 0;
		if (named && i + 1 < argc)
			out->config = argv[++i];
		else if (strncmp(argv[i], "--config=", 9) == 0)
			out->config = argv[i] + 9;
		else if (strcmp(argv[i], "--wait") == 0 && i + 1 < argc &&
		         str_duration(argv[i + 1], &ignored))
			i++;
		else if (argv[i][0] == '-')
			return false;
		else
			jobs[out->n_jobs++] = argv[i];
	}
	return true;
}

/* What the jobs are looked at for. m: NULL without a metrics_file. */
struct look {
	struct config *config;
	struct state_store store;
	int64_t now;
	struct metrics *m;
	bool keyring;
};

static void measure(const struct look *l, size_t i, const struct observation *o)
{
	struct job_status is;

	if (l->m == NULL)
		return;
	status_of(o, l->now, &is);
	metrics_put(l->m, i, o->job->name, &is);
}

static bool has_keyring(const struct job *job)
{
	for (size_t i = 0; i < job->n_sinks; i++)
		if (strcmp(job->sinks[i].ops->type, "libsecret") == 0)
			return true;
	return false;
}

static bool job_is_well(struct look *l, size_t i)
{
	struct config *c = l->config;
	AUTO_JOB struct job *job = NULL;
	struct observation o;
	struct err e = ERR_INIT;

	if (!config_job(c, i, &job, &e) || !config_claim(c, i, job, &e) ||
	    !observe_open(&l->store, job, &o, &e))
		return false;
	bool well = false;
	if (o.who.server != NULL) {
		struct plan p = observe_decide(&o, l->now, false);
		well = observe_quiet(&o, &p, l->now);
	}
	if (well)
		measure(l, i, &o);
	l->keyring = !well && has_keyring(job);
	observe_close(&o);
	return well;
}

static bool write_metrics(const struct look *l, int64_t since_ms)
{
	const struct metrics_run run = { .at = l->now,
		                         .duration_ms = env_mono_ms(&env_system) - since_ms,
		                         .status = 0 };
	struct err ignored = ERR_INIT; /* the whole program meets it again */

	if (l->m == NULL)
		return true;
	metrics_fill(l->m, l->config, &l->store, l->now);
	return metrics_write(l->m, config_run(l->config)->metrics_file, &run, &ignored);
}

/* Any error is left to the next program, which will meet it again and report it. *keyring: that
 * is to be the one with libsecret. */
static bool all_is_well(const struct plain *args, bool *keyring)
{
	struct look l = { .now = env_now(&env_system) };
	int64_t began_ms = env_mono_ms(&env_system);
	struct err e = ERR_INIT;
	size_t *jobs = NULL, n = 0;

	if (!config_open(args->config, &l.config, &e))
		return false;
	bool well = config_select(l.config, args->jobs, args->n_jobs, &jobs, &n, &e);
	if (well)
		state_store_init(config_run(l.config)->state_dir, &l.store);
	if (well && config_run(l.config)->metrics_file != NULL)
		l.m = metrics_new(config_count(l.config));
	for (size_t i = 0; well && i < n; i++)
		well = job_is_well(&l, jobs[i]);
	well = well && write_metrics(&l, began_ms);
	*keyring = l.keyring;
	metrics_free(l.m);
	free(jobs);
	config_close(l.config);
	return well;
}

/* Beside this program (an uninstalled build), or in ../libexec/acrotate. */
static void become(const char *program, char **argv)
{
	static const char *const places[] = { "", "../libexec/acrotate/" };
	char self[4096], path[4096 + 64];

	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n <= 0)
		return;
	self[n] = '\0';
	char *slash = strrchr(self, '/');
	slash[1] = '\0';
	for (size_t i = 0; i < COUNT(places); i++) {
		(void)snprintf(path, sizeof(path), "%s%s%s", self, places[i], program);
		(void)execv(path, argv);
	}
}

int main(int argc, char **argv)
{
	struct plain args;
	bool run = argc > 1 && strcmp(argv[1], "run") == 0,
	     token = argc > 1 && strcmp(argv[1], "token") == 0, keyring = false;
	char **jobs = calloc((size_t)argc + 1, sizeof(*jobs));

	if (jobs == NULL)
		return 71;
	/* The others set themselves up. */
	if (parse_plain(argc, argv, jobs, &args) && !isatty(STDOUT_FILENO)) {
		secret_setup();
		if (all_is_well(&args, &keyring))
			return 0;
	}
	free(jobs);
	const char *next = (run || token) && !keyring ? LEAN : WHOLE;
	become(next, argv);
	(void)fprintf(stderr,
	              "acrotate: cannot start '%s', which belongs beside this program or in "
	              "../libexec/acrotate: %s\n",
	              next, strerror(errno));
	return 78;
}
