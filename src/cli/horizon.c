/* SPDX-License-Identifier: MIT */
#include "cli/horizon.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/env.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/lent.h"
#include "config/job.h"
#include "rotate/observe.h"
#include "sink/sink.h"

#define RUN_EVERY_S 3600 /* the timer's */
/* writes at once, and then so many a second: Azure's limit per subscription and region */
#define ARM_BURST 200
#define ARM_PER_S 10
/* of one job: a lifetime of seconds over a year would go on for ever */
#define STEPS_MAX 1000000

struct horizon {
	const struct horizon_request *rq;
	int64_t from;
	uint32_t *per_run; /* rotations of each hourly run */
	size_t n_runs;
	int64_t rotations, jobs, expired, refused;
	int64_t overlap; /* shortest, seconds; -1: no second rotation yet */
	char *overlap_job;
	enum err_kind worst;
};

/* ---- one job --------------------------------------------------------------------------------- */

enum complaint { COMPLAINT_EXPIRED, COMPLAINT_REFUSED, COMPLAINT__COUNT };

struct play {
	struct horizon *h;
	const struct job *job;
	struct plan_input in;
	struct sink_view sink; /* all sinks follow the first rotation together */
	int64_t deployed;      /* when the expiry of what is deployed will be; 0: nothing is */
	/* times that it came to this, and the first */
	struct {
		int64_t n, first;
	} complaints[COMPLAINT__COUNT];
};

static void rotate(struct play *p, enum acr_slot slot)
{
	struct slot_view *new = &p->in.slot[slot], *old = &p->in.slot[acr_other(slot)];
	struct horizon *h = p->h;
	int64_t now = p->in.now;

	if (p->deployed > now && (h->overlap < 0 || p->deployed - now < h->overlap)) {
		h->overlap = p->deployed - now;
		free(h->overlap_job);
		h->overlap_job = mem_dup(p->job->name);
	}
	*new = (struct slot_view){ .present = true,
		                   .ours = true,
		                   .delivered = true,
		                   .created = now * STR_TICKS_PER_S,
		                   .expires = now + p->job->policy.lifetime };
	if (old->left == 0)
		old->left = now;
	p->sink = (struct sink_view){ .holds = slot, .readable = true };
	p->in.sinks = &p->sink;
	p->in.n_sinks = 1;
	p->in.force = p->in.hook_owed = false;
	p->in.next_generate = 0;
	p->deployed = new->expires;
	h->rotations++;
	h->per_run[(now - h->from) / RUN_EVERY_S]++;
}

static void complain(struct play *p, enum complaint what, int64_t *count)
{
	if (p->complaints[what].n++ == 0) {
		p->complaints[what].first = p->in.now;
		(*count)++; /* jobs */
	}
	p->h->worst = err_worse(p->h->worst, ERR_DECISION);
}

/* One line, however often: a lifetime of minutes over a year is thousands of times. */
static void say(const struct play *p)
{
	static const char *const texts[] = {
		[COMPLAINT_EXPIRED] = "what is deployed would expire before the next rotation",
		[COMPLAINT_REFUSED] = "would be refused",
	};

	for (size_t i = 0; i < COUNT(texts); i++) {
		char first[STR_TIME_MAX];
		str_from_time(p->complaints[i].first, first);
		if (p->complaints[i].n > 1)
			log_msg(LEVEL_WARN, p->job->name, "%s, %lld times, first at %s", texts[i],
			        (long long)p->complaints[i].n, first);
		else if (p->complaints[i].n == 1)
			log_msg(LEVEL_WARN, p->job->name, "%s at %s", texts[i], first);
	}
}

/* The first hourly run at or after t. */
static int64_t run_at(const struct horizon *h, int64_t t)
{
	return h->from + (t - h->from + RUN_EVERY_S - 1) / RUN_EVERY_S * RUN_EVERY_S;
}

static void play(struct play *p)
{
	int64_t end = p->h->from + p->h->rq->seconds;

	for (int steps = 0; p->in.now < end && steps < STEPS_MAX; steps++) {
		struct plan plan = plan_decide(&p->in);
		int64_t next = plan.when;
		if (p->deployed != 0 && p->in.now >= p->deployed) {
			complain(p, COMPLAINT_EXPIRED, &p->h->expired);
			p->deployed = 0;
		}
		if (plan.action == PLAN_ROTATE) {
			rotate(p, plan.slot);
			continue;
		}
		/* Sinks that lag are healed at once, and a token that is missing is created:
		 * neither costs a generate here. */
		if (plan.action == PLAN_REFUSE && plan.why != WHY_NO_SINK) {
			complain(p, COMPLAINT_REFUSED, &p->h->refused);
			return;
		}
		if (plan.action != PLAN_KEEP && plan.action != PLAN_WAIT &&
		    plan.action != PLAN_VERIFY) {
			rotate(p, plan.action == PLAN_HEAL ? acr_other(plan.slot) : ACR_SLOT_1);
			continue;
		}
		if (plan.action == PLAN_VERIFY)
			p->in.verify_due = false;
		else if (next == 0)
			return; /* waits for something that no time brings */
		else
			p->in.now = run_at(p->h, next > p->in.now ? next : p->in.now + 1);
	}
}

static bool generates_nothing(const struct job *job)
{
	return job->source != NULL || !job->enabled;
}

static void play_job(struct horizon *h, const struct store *store, size_t index)
{
	AUTO_JOB struct job *job = NULL;
	struct observation o;
	struct err e = ERR_INIT;

	bool known = config_job(h->rq->config, index, &job, &e);
	if (known && generates_nothing(job))
		return;
	if (!known || !observe_open(store, job, &o, &e)) {
		log_err(config_name(h->rq->config, index), &e);
		h->worst = h->worst == ERR_NONE ? e.kind : err_worse(h->worst, e.kind);
		return;
	}
	struct play p = { .h = h, .job = job, .in = observe_input(&o, h->from, false) };
	static const struct sink_view empty = { .holds = ACR_NO_SLOT, .readable = true };
	p.in.verify_due = false;
	/* A job that never ran has no server yet and has read no sink. */
	if (o.who.server == NULL) {
		p.in.sinks = &empty;
		p.in.n_sinks = 1;
	}
	struct plan first = plan_decide(&p.in);
	if (first.active)
		p.deployed = p.in.slot[p.in.sinks[first.source].holds].expires;
	h->jobs++;
	play(&p);
	say(&p);
	observe_close(&o);
}

/* ---- all of them ----------------------------------------------------------------------------- */

struct peak {
	uint32_t most;
	size_t at;
};

/* The busiest stretch of `width` runs, in steps of as many. */
static struct peak busiest(const struct horizon *h, size_t width)
{
	struct peak best = { 0 };

	for (size_t i = 0; i < h->n_runs; i += width) {
		uint32_t sum = 0;
		for (size_t k = i; k < i + width && k < h->n_runs; k++)
			sum += h->per_run[k];
		if (sum > best.most)
			best = (struct peak){ sum, i };
	}
	return best;
}

static const char *many(int64_t rotations)
{
	return rotations == 1 ? "rotation" : "rotations";
}

static void print_text(const struct horizon *h, struct peak day, struct peak run,
                       int64_t seconds_needed)
{
	char when[STR_TIME_MAX], span[STR_DURATION_MAX];
	double days = (double)h->rq->seconds / 86400;

	str_from_duration(h->rq->seconds, 2, span);
	(void)printf("over %s: %lld %s, %lld %s, %.1f a day\n", span, (long long)h->jobs,
	             h->jobs == 1 ? "job" : "jobs", (long long)h->rotations, many(h->rotations),
	             (double)h->rotations / (days > 0 ? days : 1));
	str_from_time(h->from + (int64_t)day.at * RUN_EVERY_S, when);
	(void)printf("busiest day: %u %s, %.10s\n", day.most, many(day.most), when);
	str_from_time(h->from + (int64_t)run.at * RUN_EVERY_S, when);
	(void)printf("busiest hourly run: %u %s, %s; Azure lets %d through at once, then %d a "
	             "second: ",
	             run.most, many(run.most), when, ARM_BURST, ARM_PER_S);
	if (seconds_needed == 0)
		(void)printf("no waiting\n");
	else
		(void)printf("%lld s of waiting\n", (long long)seconds_needed);
	if (h->overlap >= 0) {
		str_from_duration(h->overlap, 2, span);
		(void)printf("shortest overlap of two working passwords: %s (%s)\n", span,
		             h->overlap_job);
	}
	(void)printf("jobs that would be refused: %lld; that would come to expire: %lld\n",
	             (long long)h->refused, (long long)h->expired);
}

static void print_json(const struct horizon *h, struct peak day, struct peak run,
                       int64_t seconds_needed)
{
	char day_at[STR_TIME_MAX], run_at_text[STR_TIME_MAX];

	str_from_time(h->from + (int64_t)day.at * RUN_EVERY_S, day_at);
	str_from_time(h->from + (int64_t)run.at * RUN_EVERY_S, run_at_text);
	(void)printf("{\"version\": 1, \"seconds\": %lld, \"jobs\": %lld, \"rotations\": %lld, "
	             "\"busiest_day\": "
	             "{\"from\": \"%s\", \"rotations\": %u}, "
	             "\"busiest_run\": {\"at\": \"%s\", \"rotations\": %u, \"seconds_of_waiting\": "
	             "%lld}, \"shortest_overlap_seconds\": ",
	             (long long)h->rq->seconds, (long long)h->jobs, (long long)h->rotations, day_at,
	             day.most, run_at_text, run.most, (long long)seconds_needed);
	if (h->overlap >= 0)
		(void)printf("%lld", (long long)h->overlap);
	else
		(void)printf("null");
	(void)printf(", \"refused\": %lld, \"expired\": %lld}\n", (long long)h->refused,
	             (long long)h->expired);
}

int cli_horizon(const struct horizon_request *rq)
{
	struct horizon h = { .rq = rq, .from = env_now(&env_system), .overlap = -1 };
	AUTO_STORE struct store *store = lent_store(rq->config);

	if (rq->seconds > HORIZON_MAX_S) {
		log_msg(LEVEL_ERROR, NULL, "a horizon is at most ten years");
		return err_exit_code(ERR_USAGE);
	}
	h.n_runs = (size_t)(rq->seconds / RUN_EVERY_S) + 2;
	h.per_run = mem_array(h.n_runs, sizeof(*h.per_run));
	for (size_t i = 0; i < rq->n_jobs; i++)
		play_job(&h, store, rq->jobs[i]);
	struct peak day = busiest(&h, 24), run = busiest(&h, 1);
	int64_t needed = run.most > ARM_BURST ? (run.most - ARM_BURST) / ARM_PER_S : 0;
	(rq->json ? print_json : print_text)(&h, day, run, needed);
	free(h.per_run);
	free(h.overlap_job);
	return fflush(stdout) != 0 ? err_exit_code(ERR_LOCAL) : err_exit_code(h.worst);
}
