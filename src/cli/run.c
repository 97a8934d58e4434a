/* SPDX-License-Identifier: MIT */
#include "cli/run.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/env.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/secret.h"
#include "base/spawner.h"
#include "base/stop.h"
#include "cli/world.h"
#include "client.h"
#include "config/job.h"
#include "confine.h"
#include "http/http.h"
#include "progress.h"
#include "quiet.h"
#include "report.h"
#include "rotate/last_run.h"
#include "rotate/metrics.h"
#include "rotate/observe.h"
#include "rotate/status.h"
#include "sink/sink.h"
#include "tell.h"

/* rotations in memory at once; each waits for replication without a thread */
#define OPEN_MAX_TASKS 4096
#define WAIT_FIRST_MS  2000
#define WAIT_CAP_MS    30000
#define STOP_MS        1700 /* from a signal to the end, wherever the run is */

struct run {
	const struct run_request *rq;
	struct cli_world *world;
	struct report *report;
	struct progress *progress;
	struct tell *tell;        /* NULL: nothing is done */
	size_t *due, n_due, next; /* places in rq->jobs */
	int64_t began;            /* by the local clock */
	int64_t wait_until_ms;
	struct metrics *metrics; /* NULL: no metrics_file, or nothing is done */
	/* the sandbox of this run, as far as it is known; NULL: nobody needs one yet */
	struct confine *confine;
	struct err no_sandbox; /* why there is none */
	bool confined;
	bool writes;                   /* some sink will be written, as far as is known */
	_Atomic(struct http *) opened; /* one that no thread has taken yet */
};

struct run_task {
	size_t at;
	struct job *job;
	struct rotation *rotation;
	int attempts;
	enum progress_state state;
};

static volatile sig_atomic_t stop_signal;
static atomic_bool stopped; /* by a signal handler */

static void on_signal(int signal)
{
	const struct itimerval last = { .it_value = { .tv_sec = STOP_MS / 1000,
		                                      .tv_usec = STOP_MS % 1000 * 1000 } };

	stop_signal = signal;
	stopped = true;
	stop_now();
	(void)setitimer(ITIMER_REAL, &last, NULL);
}

/* A step that does not end is left where it is, as by a power cut, which is just as safe. */
static void on_late(int signal)
{
	static const char text[] = "acrotate: ended by a signal in the middle of a step that would "
				   "not end: the next run goes on\n";

	(void)signal;
	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	_exit(75);
}

/* Between two steps every job can be left; the next run goes on. A second signal ends the
 * program at once, which is just as safe. */
static void catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };

	const struct sigaction late = { .sa_handler = on_late };
	sigset_t ours;

	stop_setup();
	(void)sigaction(SIGALRM, &late, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigemptyset(&ours);
	(void)sigaddset(&ours, SIGALRM);
	(void)sigprocmask(SIG_UNBLOCK, &ours, NULL); /* whoever started us may have kept it back */
	(void)signal(SIGPIPE, SIG_IGN);
}

/* ---- which jobs have work to do? ------------------------------------------------------------- */

static unsigned flags_of(const struct run_request *rq)
{
	return (rq->dry_run ? ROTATE_DRY_RUN : 0u) | (rq->force ? ROTATE_FORCE : 0u) | rq->revoke;
}

static void measure(const struct run *run, size_t at, const char *name, const struct job_status *is)
{
	if (run->metrics != NULL)
		metrics_put(run->metrics, run->rq->jobs[at], name, is);
}

static void measure_rotation(const struct run *run, const struct run_task *t)
{
	struct job_status is;

	/* One that another run holds is looked at when the file is written. */
	if (!rotation_status(t->rotation, &is))
		return;
	status_set_run(&is, run->began, run->began);
	measure(run, t->at, t->job->name, &is);
}

/* Its file has a mistake, or it and another job have one token or sink. */
static void unusable(struct run *run, size_t at, const struct err *e)
{
	const char *name = config_name(run->rq->config, run->rq->jobs[at]);

	report_job(run->report, at, name, NULL, e);
	measure(run, at, name, NULL);
}

/* What the job needs, for the sandbox. A failure is everybody's, when it is entered. */
static void gather(struct run *run, const struct job *job)
{
	struct err *why = &run->no_sandbox;

	if (run->rq->dry_run || run->confined || why->kind != ERR_NONE)
		return;
	if (run->confine == NULL && !confine_new(run->rq->config, &run->confine, why))
		return;
	if (!confine_allow(run->confine, job, why))
		log_msg(LEVEL_DEBUG, job->name, "%s", why->text);
}

/* Gives up all rights but those that were gathered; false when that failed, and the jobs at
 * these places of rq->jobs were told. */
static bool enter_sandbox(struct run *run, const size_t *places, size_t n)
{
	struct err *why = &run->no_sandbox;

	if (run->confined || (run->confine == NULL && why->kind == ERR_NONE))
		return true;
	run->confined = why->kind == ERR_NONE && confine_enter(run->confine, run->writes, why);
	for (size_t i = 0; i < n && !run->confined; i++)
		unusable(run, places[i], why);
	return run->confined;
}

static void warn_of_rival(struct config *c, size_t i)
{
	const char *rival = config_refused_rival(c, i);

	if (rival != NULL)
		log_msg(LEVEL_WARN, config_name(c, i),
		        "job '%s' wants the same token or entry, and is refused: remove its file, "
		        "if it is a copy",
		        rival);
}

/* Reads every job once: mistakes and rivals are found before anything runs. Jobs are read again
 * when they start, so that ten thousand cost no memory. */
static void sort_out(struct run *run)
{
	const struct run_request *rq = run->rq;
	AUTO_FREE size_t *usable = mem_array(rq->n_jobs, sizeof(*usable));
	size_t n = 0;
	run->due = mem_array(rq->n_jobs, sizeof(*run->due));
	for (size_t at = 0; at < rq->n_jobs; at++) {
		AUTO_JOB struct job *job = NULL;
		struct err e = ERR_INIT;
		if (!config_job(rq->config, rq->jobs[at], &job, &e)) {
			unusable(run, at, &e);
			continue;
		}
		config_claim(rq->config, rq->jobs[at], job);
		usable[n++] = at;
	}
	for (size_t i = 0; i < n; i++) {
		size_t at = usable[i];
		AUTO_JOB struct job *job = NULL;
		struct err e = ERR_INIT;
		bool writes;
		if (!config_unclaimed(rq->config, rq->jobs[at], &e) ||
		    !config_job(rq->config, rq->jobs[at], &job, &e)) {
			unusable(run, at, &e);
			continue;
		}
		warn_of_rival(rq->config, rq->jobs[at]);
		if (!quiet_report(rq, at, job, cli_world(run->world)->store, run->report,
		                  run->metrics, &writes)) {
			run->writes = run->writes || writes;
			run->due[run->n_due++] = at;
			gather(run, job);
		}
	}
}

/* ---- the pool's tasks ------------------------------------------------------------------------ */

static void *thread_open(void *ctx)
{
	struct run *run = ctx;

	return client_new(run->world, atomic_exchange(&run->opened, NULL));
}

static struct rotation *new_rotation(const struct run *run, const struct job *job)
{
	return rotation_new(cli_world(run->world), job, flags_of(run->rq),
	                    config_run(run->rq->config)->patience);
}

static void *start(void *ctx)
{
	struct run *run = ctx;
	const struct run_request *rq = run->rq;

	while (run->next < run->n_due) {
		size_t at = run->due[run->next++];
		struct job *job;
		struct err e = ERR_INIT;
		if (!config_job(rq->config, rq->jobs[at], &job, &e)) {
			unusable(run, at, &e);
			continue;
		}
		struct run_task *t = mem_new(sizeof(*t));
		*t = (struct run_task){ .at = at, .job = job, .rotation = new_rotation(run, job) };
		return t;
	}
	return NULL;
}

static void task_free(struct run_task *t)
{
	rotation_free(t->rotation);
	job_free(t->job);
	free(t);
}

/* What is transient; and where nothing is deployed yet, at boot, an identity, its role or a
 * registry that are not there yet may come: an assignment takes minutes. */
static bool may_pass(const struct run_task *t, const struct err *e)
{
	bool coming = e->kind == ERR_AUTH || e->kind == ERR_DENIED || e->kind == ERR_MISSING;

	return err_is_transient(e->kind) || (coming && !rotation_outcome(t->rotation)->active);
}

/* --wait: tried again, from the beginning. */
static bool try_again(const struct run *run, struct run_task *t, const struct err *e, int64_t *ms)
{
	int64_t left = run->wait_until_ms - env_mono_ms(&env_system);
	int64_t delay = (int64_t)WAIT_FIRST_MS << (t->attempts < 4 ? t->attempts : 4);

	if (left <= 0 || run->rq->dry_run || !may_pass(t, e))
		return false;
	log_msg(t->attempts == 0 && !err_is_transient(e->kind) ? LEVEL_WARN : LEVEL_INFO,
	        t->job->name, "%s; tried again (--wait)", e->text);
	delay = delay < WAIT_CAP_MS ? delay : WAIT_CAP_MS;
	*ms = delay < left ? delay : left;
	t->attempts++;
	rotation_free(t->rotation);
	t->rotation = new_rotation(run, t->job);
	return true;
}

static enum progress_state waits_for(const struct rotation *r)
{
	return rotation_throttled(r)     ? PROGRESS_THROTTLED
	       : rotation_replicating(r) ? PROGRESS_REPLICATION
	                                 : PROGRESS_WAITING;
}

static bool step_with(struct cli_client *own, struct run_task *t, int64_t *again_ms, struct err *e)
{
	struct http *h;

	return client_http(own, &h, e) && rotation_step(t->rotation, h, again_ms, e);
}

static int64_t step(void *ctx, void *task, void *own)
{
	struct run *run = ctx;
	struct run_task *t = task;
	struct err e = ERR_INIT;
	int64_t again_ms = -1;

	progress_move(run->progress, &t->state, PROGRESS_WORKING, NULL, NULL);
	bool ok = step_with(own, t, &again_ms, &e);
	if ((ok && again_ms >= 0) || (!ok && try_again(run, t, &e, &again_ms))) {
		progress_move(run->progress, &t->state, waits_for(t->rotation), t->job->name,
		              rotation_at(t->rotation));
		return again_ms;
	}
	report_job(run->report, t->at, t->job->name, rotation_outcome(t->rotation), ok ? NULL : &e);
	measure_rotation(run, t);
	progress_move(run->progress, &t->state, ok ? PROGRESS_DONE : PROGRESS_FAILED, NULL, NULL);
	task_free(t);
	return -1;
}

static const void *line(void *ctx, void *task)
{
	const struct run_task *t = task;

	(void)ctx;
	return rotation_line(t->rotation);
}

static int64_t turn(void *ctx, void *task)
{
	const struct run_task *t = task;
	int64_t ms = 0;

	(void)ctx;
	return rotation_turn(t->rotation, &ms) || ms < 1 ? 0 : ms;
}

static void tick(void *ctx)
{
	struct run *run = ctx;

	progress_show(run->progress);
}

static void abandon(void *ctx, void *task)
{
	struct run *run = ctx;
	struct run_task *t = task;
	struct err e = ERR_INIT;

	(void)err_set(&e, ERR_TRANSIENT, "ended by signal %d before '%s': the next run goes on",
	              (int)stop_signal, rotation_at(t->rotation));
	report_job(run->report, t->at, t->job->name, rotation_outcome(t->rotation), &e);
	measure_rotation(run, t);
	task_free(t);
}

static const struct pool_ops run_ops = { .thread_open = thread_open,
	                                 .thread_close = client_free,
	                                 .start = start,
	                                 .step = step,
	                                 .line = line,
	                                 .turn = turn,
	                                 .tick = tick,
	                                 .abandon = abandon };

static void run_due(struct run *run)
{
	int64_t workers = config_run(run->rq->config)->workers;
	struct http *h = NULL;
	struct err e = ERR_INIT;

	/* What is wrong with the CA file or proxy concerns every job. */
	if (!cli_world_http(run->world, &h, &e)) {
		for (size_t i = 0; i < run->n_due; i++)
			report_job(run->report, run->due[i],
			           config_name(run->rq->config, run->rq->jobs[run->due[i]]), NULL,
			           &e);
		return;
	}
	atomic_store(&run->opened, h);
	if (!run->rq->dry_run)
		store_tidy(cli_world(run->world)->store, env_now(&env_system));
	struct pool pool = { .workers = (int)((size_t)workers < run->n_due ? workers
		                                                           : (int64_t)run->n_due),
		             .max_open = OPEN_MAX_TASKS,
		             .ops = &run_ops,
		             .ctx = run,
		             .env = &env_system };
	client_make_room((size_t)pool.workers,
	                 run->n_due < pool.max_open ? run->n_due : pool.max_open);
	run->progress = progress_new(run->n_due, run->report);
	pool_run(&pool, &stopped);
	progress_free(run->progress);
	while (run->next < run->n_due) {
		size_t at = run->due[run->next++];
		(void)err_set(&e, ERR_TRANSIENT,
		              "ended by signal %d before it began: the next run takes it up",
		              (int)stop_signal);
		report_job(run->report, at, config_name(run->rq->config, run->rq->jobs[at]), NULL,
		           &e);
	}
	if (!secret_locked())
		log_msg(LEVEL_WARN, NULL,
		        "could not lock all secrets in memory: raise RLIMIT_MEMLOCK "
		        "(LimitMEMLOCK=)");
}

/* Of all jobs there are, whatever this run was asked for, and also when it failed. */
static int write_metrics(struct run *run, int64_t began_ms, int status)
{
	struct config *c = run->rq->config;
	const struct metrics_run about = { .at = env_now(&env_system),
		                           .duration_ms = env_mono_ms(&env_system) - began_ms,
		                           .status = status };
	struct err e = ERR_INIT;

	if (run->metrics == NULL)
		return status;
	metrics_fill(run->metrics, c, cli_world(run->world)->store, about.at);
	if (!metrics_write(run->metrics, config_run(c)->metrics_file, &about, &e)) {
		log_err(NULL, &e);
		status = status == 0 ? err_exit_code(e.kind) : status;
	}
	metrics_free(run->metrics);
	return status;
}

static void leave_time(const struct run *run)
{
	const struct run_request *rq = run->rq;
	const struct run_spec *spec = config_run(rq->config);
	bool each = !rq->all || config_state_shared(spec);

	if (rq->dry_run)
		return;
	if (rq->all)
		last_run_leave(spec->state_dir, NULL, run->began);
	for (size_t i = 0; each && i < rq->n_jobs; i++)
		(rq->all ? last_run_meet : last_run_leave)(
			spec->state_dir, config_name(rq->config, rq->jobs[i]), run->began);
}

int cli_run(const struct run_request *rq)
{
	int64_t began_ms = env_mono_ms(&env_system);
	AUTO_WORLD struct cli_world *world = cli_world_new(rq->config);
	struct run run = { .rq = rq,
		           .world = world,
		           .report = report_new(rq),
		           .began = env_now(&env_system),
		           .wait_until_ms = began_ms + rq->wait_s * 1000 };

	catch_signals();
	config_first(rq->config, state_was_there, cli_world(world)->store);
	if (config_run(rq->config)->metrics_file != NULL && !rq->dry_run)
		run.metrics = metrics_new(config_count(rq->config));
	if (!rq->dry_run)
		run.tell = tell_begin(rq->config, run.began,
		                      rq->chatty || rq->force || rq->revoke != 0);
	sort_out(&run);
	if (run.n_due > 0 && enter_sandbox(&run, run.due, run.n_due))
		run_due(&run);
	free(run.due);
	confine_free(run.confine);
	int status = write_metrics(&run, began_ms, report_end(run.report));
	leave_time(&run);
	if (run.tell != NULL)
		tell_end(run.tell, status);
	spawner_stop();
	return status;
}
