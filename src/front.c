/* SPDX-License-Identifier: MIT */
/*
 * The program on the PATH. A cron agent must cost nothing when nothing is to
 * be done, and linking libcurl alone costs 260 system calls and 5 ms. So this
 * one is made of the same sources, and leaves out what needs the network: for
 * that, and at the first doubt, it replaces itself by acrotate-net, which
 * looks again from the beginning and does the work. It ends here when every
 * job of a plain `acrotate run` is well, and for all that can be told from
 * configuration, state and sinks.
 *
 * Under two other names it answers docker and the kubelet, see cli/serve.h.
 *
 * What needs the network is a function here, which the linker takes in place
 * of the library's: see the end of the file.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/secret.h"
#include "base/str.h"
#include "cli/commands.h"
#include "cli/lent.h"
#include "cli/main.h"
#include "cli/options.h"
#include "cli/serve.h"
#include "cli/status_jobs.h"
#include "config/job.h"
#include "rotate/last_run.h"
#include "rotate/metrics.h"
#include "rotate/observe.h"
#include "rotate/status.h"
#include "sink/docker_files.h"
#include "sink/remote.h"
#include "sink/sink.h"

#define NET        "acrotate-net"
#define STDOUT_MAX (256 * 1024)

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
	struct store *store;
	int64_t now;
	struct metrics *m;
};

static void measure(const struct look *l, size_t i, const struct observation *o)
{
	struct job_status is;

	if (l->m == NULL)
		return;
	status_of(o, l->now, &is);
	status_set_run(&is, l->now, l->now);
	metrics_put(l->m, i, o->job->name, &is);
}

static bool job_is_well(struct look *l, size_t i)
{
	struct config *c = l->config;
	AUTO_JOB struct job *job = NULL;
	struct observation o;
	struct err e = ERR_INIT;

	if (!config_job(c, i, &job, &e))
		return false;
	config_claim(c, i, job);
	/* Reading another sink starts a program, which a job that is due would have to do again. */
	if (!job_is_local(job) || !observe_open(l->store, job, &o, &e))
		return false;
	bool well = !job->enabled;
	if (!well && o.who.server != NULL) {
		struct plan p = observe_decide(&o, l->now, false);
		well = observe_quiet(&o, &p, l->now);
	}
	if (well)
		measure(l, i, &o);
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
	metrics_fill(l->m, l->config, l->store, l->now);
	return metrics_write(l->m, config_run(l->config)->metrics_file, &run, &ignored);
}

/* One call for all jobs, or one for each that was named. */
static void leave_time(const struct look *l, const struct plain *args, const size_t *jobs, size_t n)
{
	const char *dir = config_run(l->config)->state_dir;

	if (args->n_jobs == 0)
		last_run_leave(dir, NULL, l->now);
	for (size_t i = 0; args->n_jobs > 0 && i < n; i++)
		last_run_leave(dir, config_name(l->config, jobs[i]), l->now);
}

/* Any error is left to acrotate-net, which will meet it again and report it. */
static bool all_is_well(const struct plain *args)
{
	struct look l = { .now = env_now(&env_system) };
	int64_t began_ms = env_mono_ms(&env_system);
	struct err e = ERR_INIT;
	size_t *jobs = NULL, n = 0;

	if (!config_open(args->config, &l.config, &e))
		return false;
	const struct sink_lent lent = { .docker = docker_files_new() };
	config_lend(l.config, &lent);
	bool well = !config_state_shared(config_run(l.config)) &&
	            config_select(l.config, args->jobs, args->n_jobs, &jobs, &n, &e);
	if (well)
		l.store = store_open(config_run(l.config)->state_dir, config_machine(l.config));
	config_first(l.config, state_was_there, l.store);
	if (well && config_run(l.config)->metrics_file != NULL)
		l.m = metrics_new(config_count(l.config));
	for (size_t i = 0; well && i < n; i++)
		well = job_is_well(&l, jobs[i]);
	for (size_t i = 0; well && i < n; i++)
		well = config_alone(l.config, jobs[i]);
	well = well && write_metrics(&l, began_ms);
	if (well && n > 0)
		leave_time(&l, args, jobs, n);
	docker_files_free(lent.docker);
	store_close(l.store);
	metrics_free(l.m);
	free(jobs);
	config_close(l.config);
	return well;
}

/* ---- what needs the network ------------------------------------------------------------------ */

static int become(char *const *argv)
{
	AUTO_FREE char *net = own_program(NET);

	if (net != NULL)
		(void)execv(net, argv);
	(void)fprintf(stderr,
	              "acrotate: cannot start '" NET
	              "', which belongs beside this program or in ../libexec/acrotate: %s\n",
	              net != NULL ? strerror(errno) : "it is not there");
	return err_exit_code(ERR_CONFIG);
}

struct lent *lent_new(struct config *c, char *const *argv)
{
	struct lent *l = mem_new(sizeof(*l));

	*l = (struct lent){ .config = c, .sinks = { .argv = argv, .docker = docker_files_new() } };
	config_lend(c, &l->sinks);
	return l;
}

void lent_free(struct lent *l)
{
	if (l == NULL)
		return;
	config_lend(l->config, NULL);
	docker_files_free(l->sinks.docker);
	free(l);
}

void lent_free_ptr(struct lent **l)
{
	lent_free(*l);
}

/* Shared records are not read from here. */
struct store *lent_store(const struct config *c)
{
	if (config_state_shared(config_run(c)))
		_exit(become(config_lent(c)->argv));
	return store_open(config_run(c)->state_dir, config_machine(c));
}

/* What was printed so far is forgotten: it is still in the buffer that main() gave stdout. */
static bool open_in_net(const void *spec, const struct sink_lent *lent, struct sink **out,
                        struct err *e)
{
	(void)spec;
	(void)out;
	if (lent != NULL && lent->argv != NULL)
		_exit(become(lent->argv));
	return err_set(e, ERR_CONFIG, "this program reaches no cluster and no vault");
}

const struct sink_ops sink_kubernetes = {
	.type = "kubernetes",
	.keys = remote_kubernetes_keys,
	.n_keys = COUNT(remote_kubernetes_keys),
	.spec_size = sizeof(struct kubernetes_spec),
	.validate = remote_kubernetes_validate,
	.identity = remote_kubernetes_identity,
	.shared = true,
	.open = open_in_net,
};

const struct sink_ops sink_keyvault = {
	.type = "keyvault",
	.keys = remote_keyvault_keys,
	.n_keys = COUNT(remote_keyvault_keys),
	.spec_size = sizeof(struct keyvault_spec),
	.validate = remote_keyvault_validate,
	.fits = remote_keyvault_fits,
	.identity = remote_keyvault_identity,
	.shared = true,
	.open = open_in_net,
};

int cmd_run(const struct options *o)
{
	return become(o->argv);
}

int cmd_revoke(const struct options *o)
{
	return become(o->argv);
}

int cmd_plan_asking(const struct options *o, const struct run_request *rq)
{
	(void)rq; /* it is made again */
	return become(o->argv);
}

int cmd_init(const struct options *o)
{
	return become(o->argv);
}

int cmd_check(const struct options *o)
{
	return become(o->argv);
}

int cmd_token(const struct options *o)
{
	return become(o->argv);
}

void status_ask(struct status_jobs *st)
{
	exit(become(st->o->argv));
}

int main(int argc, char **argv)
{
	static char out[STDOUT_MAX]; /* stdout's until exit() has written it */
	struct plain args;
	int served = serve_as(argc, argv);

	if (served >= 0)
		return served;
	/* Its words are az's, and none of ours to look at. */
	if (argc > 1 && strcmp(argv[1], "token") == 0)
		return become(argv);
	AUTO_FREE char **jobs = mem_array((size_t)argc + 1, sizeof(*jobs));
	secret_setup();
	if (parse_plain(argc, argv, jobs, &args)) {
		bool well = !isatty(STDOUT_FILENO) && all_is_well(&args);
		return well ? 0 : become(argv);
	}
	/* Whole until the end, or until another program begins anew. */
	if (setvbuf(stdout, out, _IOFBF, sizeof(out)) != 0)
		return become(argv);
	return cli_main(argc, argv);
}
