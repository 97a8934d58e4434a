/* SPDX-License-Identifier: MIT */
/* `acrotate check`: every finding at once, each with what fixes it. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "ask_jobs.h"
#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/show.h"
#include "check.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/with_jobs.h"
#include "cli/world.h"
#include "config/job.h"
#include "rotate/observe.h"
#include "rotate/rotation.h"
#include "terminal.h"

#define OUTPUT_MAX (64u * 1024 * 1024)

/* What Azure says is asked once for each identity at each registry. */
struct check_place {
	struct check_place *next;
	const struct arm *arm;
	struct acr_ref ref; /* without a token */
	struct azure_facts facts;
};

struct check {
	struct config *config;
	const size_t *jobs;
	size_t n;
	struct cli_world *world;
	pthread_mutex_t mutex;
	struct runs runs; /* what starts us */
	bool problems;    /* only these are shown */
	struct check_place *places;
	struct check_doors doors;
	struct findings host, azure, *of_job;
};

/* The identity is told once, whatever the number of registries. */
static bool told(const struct check *k, const struct arm *arm)
{
	for (const struct check_place *p = k->places; p != NULL; p = p->next)
		if (p->arm == arm)
			return true;
	return false;
}

static bool same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcasecmp(a, b) == 0;
}

static const struct azure_facts *facts_of(struct check *k, const struct job *job,
                                          const struct observation *o, struct http *h)
{
	const struct world *w = cli_world(k->world);
	struct arm *arm = w->arm(w->ctx, job);
	const char *subscription = arm_subscription(arm),
		   *group = job->resource_group != NULL ? job->resource_group : o->state.group;
	struct acr_ref ref = { .subscription = mem_dup(subscription),
		               .group = mem_dup(group),
		               .registry = acr_registry_name(job->registry) };
	struct check_place *p = k->places;

	while (p != NULL && !(p->arm == arm && same(p->ref.registry, ref.registry) &&
	                      same(p->ref.group, ref.group)))
		p = p->next;
	if (p != NULL) {
		acr_ref_clear(&ref);
		return &p->facts;
	}
	p = mem_new(sizeof(*p));
	*p = (struct check_place){ .next = k->places, .arm = arm, .ref = ref };
	check_azure_ask(arm, h, &p->ref, &p->facts);
	if (!told(k, arm)) {
		check_identity(&p->facts, k->config, job, &k->azure);
		if (p->facts.known)
			check_clock(arm_clock_offset(arm), &k->azure);
	}
	k->places = p;
	return &p->facts;
}

/* What stops everything else of a job. */
static void not_asked(struct findings *f, const struct job *job, const struct rotation *r,
                      const struct err *e)
{
	if (job == NULL)
		findings_fix(findings_problem(f, "configuration", e),
		             "acrotate keys    # every key; see acrotate.conf(5)");
	else if (r == NULL)
		findings_fix(findings_problem(f, "network", e), "# see [http] in acrotate.conf(5)");
	else
		findings_fix(findings_problem(f, "state", e),
		             "acrotate status %s    # can it be read there?", job->name);
}

static void check_record(const struct check *k, size_t at, const struct job *job,
                         const struct observation *o, struct findings *f)
{
	const char *rival = config_refused_rival(k->config, k->jobs[at]);

	if (rival != NULL)
		findings_fix(
			findings_warning(f, "configuration",
		                         "job '%s' wants the same token or entry, and is refused",
		                         rival),
			"enabled = no    # into [job] of that one, or another token or path");
	if (o->state.lost && job->source != NULL)
		findings_fix(findings_warning(f, "state",
		                              "cannot be used (another machine's, or damaged): the "
		                              "next run looks at the source and the sinks anew"),
		             "acrotate run %s", job->name);
	else if (o->state.lost)
		findings_fix(findings_warning(f, "state",
		                              "cannot be used (another machine's, or damaged): "
		                              "what this job generated is taken for a foreign one"),
		             "acrotate adopt %s    # if the sinks hold its passwords; see 'moving' "
		             "in acrotate(7)",
		             job->name);
}

/* Of a job that rotates. */
static void check_azure(struct check *k, const struct job *job, const struct rotation *r,
                        struct http *h, const struct err *why, struct findings *f)
{
	const struct observation *o = rotation_observation(r);
	const struct azure_facts *a = facts_of(k, job, o, h);
	const struct world *w = cli_world(k->world);
	int64_t now = env_now(&env_system) + arm_clock_offset(w->arm(w->ctx, job));

	check_token(a, k->config, job, o, now, why, f);
	if (check_doors(&k->doors, job, o, h, f))
		check_login(o, why, f);
	check_registry(a, f);
	check_permissions(a, job, o, f);
}

static void asked(void *ctx, size_t at, const struct job *job, const struct rotation *r,
                  struct http *h, const struct err *e)
{
	struct check *k = ctx;
	struct findings *f = &k->of_job[at];
	const struct observation *o = r == NULL ? NULL : rotation_observation(r);
	struct err none = ERR_INIT;

	(void)pthread_mutex_lock(&k->mutex);
	f->job = show_line_of(config_name(k->config, k->jobs[at]));
	if (job == NULL || r == NULL || o == NULL) {
		not_asked(f, job, r, e);
	} else {
		check_record(k, at, job, o, f);
		if (job->source == NULL)
			check_azure(k, job, r, h, rotation_outcome(r)->told ? &none : e, f);
		else
			check_follow(job, o, env_now(&env_system),
			             check_doors(&k->doors, job, o, h, f) ? h : NULL, f);
		check_sinks(job, o, f);
		check_hooks(job, f);
		check_runs_of(job, &k->runs, config_run(k->config), env_now(&env_system), f);
	}
	(void)pthread_mutex_unlock(&k->mutex);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void json(const struct check *k, struct buf *out)
{
	bool first = true;

	buf_str(out, "[\n");
	findings_json(&k->host, k->problems, &first, out);
	findings_json(&k->azure, k->problems, &first, out);
	for (size_t i = 0; i < k->n; i++)
		findings_json(&k->of_job[i], k->problems, &first, out);
	buf_str(out, "\n]\n");
}

static size_t count(const struct check *k, enum finding_level level)
{
	size_t n = findings_count(&k->host, level) + findings_count(&k->azure, level);

	for (size_t i = 0; i < k->n; i++)
		n += findings_count(&k->of_job[i], level);
	return n;
}

static void add_count(const struct check *k, enum finding_level level, const char *one,
                      const char *many, const char *behind, struct buf *out)
{
	size_t n = count(k, level);

	buf_fmt(out, "%zu %s%s", n, n == 1 ? one : many, behind);
}

static void text(const struct check *k, bool color, struct buf *out)
{
	findings_text(&k->host, color, k->problems, out);
	findings_text(&k->azure, color, k->problems, out);
	for (size_t i = 0; i < k->n; i++)
		findings_text(&k->of_job[i], color, k->problems, out);
	add_count(k, FINDING_PROBLEM, "problem", "problems", ", ", out);
	add_count(k, FINDING_WARNING, "warning", "warnings", ", ", out);
	add_count(k, FINDING_UNKNOWN, "unknown", "unknown", "\n", out);
}

static int finish(struct check *k, bool as_json)
{
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX);
	enum err_kind worst = findings_worst(&k->azure, findings_worst(&k->host, ERR_NONE));

	for (size_t i = 0; i < k->n; i++)
		worst = findings_worst(&k->of_job[i], worst);
	if (as_json)
		json(k, &out);
	else
		text(k, terminal_color(), &out);
	bool printed = fwrite(buf_cstr(&out), 1, out.len, stdout) == out.len && fflush(stdout) == 0;
	return printed || worst != ERR_NONE ? err_exit_code(worst) : err_exit_code(ERR_LOCAL);
}

static void clear(struct check *k)
{
	for (struct check_place *p = k->places, *next; p != NULL; p = next) {
		next = p->next;
		check_azure_facts_clear(&p->facts);
		acr_ref_clear(&p->ref);
		free(p);
	}
	for (size_t i = 0; i < k->n; i++)
		findings_clear(&k->of_job[i]);
	free(k->of_job);
	check_doors_clear(&k->doors);
	findings_clear(&k->host);
	runs_clear(&k->runs);
	findings_clear(&k->azure);
}

static int check(const struct options *o, struct config *config, const size_t *jobs, size_t n)
{
	AUTO_WORLD struct cli_world *world = cli_world_new(config);
	struct check k = { .config = config,
		           .jobs = jobs,
		           .n = n,
		           .world = world,
		           .problems = o->problems,
		           .mutex = PTHREAD_MUTEX_INITIALIZER,
		           .of_job = mem_array(n, sizeof(*k.of_job)) };
	const struct ask_jobs a = { .config = config,
		                    .jobs = jobs,
		                    .n_jobs = n,
		                    .world = world,
		                    .done = asked,
		                    .ctx = &k };

	runs_look_here(o->config != NULL ? o->config : getenv("ACROTATE_CONFIG"), &k.runs);
	check_host(config, &k.host);
	check_runs(&k.runs, config_run(k.config), &k.host);
	check_told(config, &k.runs, &k.host);
	check_systemd(config, jobs, n, &k.host);
	ask_jobs(&a);
	if (!secret_locked())
		findings_fix(findings_warning(&k.host, "memory",
		                              "cannot be locked: secrets may be swapped to disk"),
		             "ulimit -l 65536    # or LimitMEMLOCK=64M");
	int status = finish(&k, o->json);
	clear(&k);
	return status;
}

static int dropin(const struct options *o, struct config *config, const size_t *jobs, size_t n)
{
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX);
	struct err e = ERR_INIT;

	(void)o;
	bool whole = dropin_text(config, jobs, n, &out, &e);
	if (!whole)
		log_err(NULL, &e);
	bool printed = fwrite(buf_cstr(&out), 1, out.len, stdout) == out.len && fflush(stdout) == 0;
	return !whole ? err_exit_code(e.kind) : printed ? 0 : err_exit_code(ERR_LOCAL);
}

int cmd_check(const struct options *o)
{
	return with_jobs(o, o->systemd_dropin ? dropin : check);
}
