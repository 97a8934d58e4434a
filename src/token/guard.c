/* SPDX-License-Identifier: MIT */
/* A token that a job of this machine rotates: its lock is taken, what its sinks or their readers
 * hold is not killed unasked, and what is asked of Azure stands in its record until it is over. */

#include "token/guard.h"

#include <stdlib.h>
#include <strings.h>

#include "azure/acr.h"
#include "azure/arm.h"
#include "base/env.h"
#include "base/err.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/lent.h"
#include "config/job.h"
#include "http/http.h"
#include "rotate/former.h"
#include "rotate/others.h"
#include "token/ask.h"
#include "token/context.h"
#include "token/guard_left.h"
#include "token/guard_record.h"
#include "token/guard_use.h"
#include "token/http.h"
#include "token/place.h"

/* of the one access token for a request beside other rotators, if its source has such */
#define FENCE_LIFE_S 600

struct guard_job {
	struct job *job;
	struct lock lock;
	struct guard_record record;
};
struct token_guard {
	struct token_run *run;
	struct store *store; /* NULL: not needed yet */
	struct guard_job *job;
	size_t n, cap;
	struct guard_lefts lefts;
	struct former *former;
	struct acr_registry found; /* once it was asked for */
};

static int64_t now_of(const struct token_guard *g)
{
	return env_now(g->run->w->env) + arm_clock_offset(g->run->arm);
}

/* ---- the jobs on the token ------------------------------------------------------------------- */

/* A host without a domain, an emulator's "localhost:8443", tells nothing of the registry. */
static bool is_on_token(const struct job *j, const struct token_run *r)
{
	AUTO_FREE char *registry = acr_registry_name(j->registry);
	bool told = strchr(j->registry, ':') == NULL || strchr(j->registry, '.') != NULL;

	return strcasecmp(j->token, r->args->name) == 0 &&
	       (!told || strcasecmp(registry, r->registry) == 0);
}

static void open_store(struct token_guard *g)
{
	if (g->store != NULL)
		return;
	g->store = lent_store(g->run->config);
	g->former = former_new(g->store, config_has, g->run->config);
}

static bool add_job(struct token_guard *g, struct job **job, struct err *e)
{
	struct lock lock = LOCK_INIT;

	open_store(g);
	if (!store_lock(g->store, (*job)->name, &lock, e))
		return err_in(e, "job '%s' rotates this token", (*job)->name);
	g->job = mem_grow(g->job, &g->cap, g->n + 1, sizeof(*g->job));
	struct guard_job *j = &g->job[g->n++];
	*j = (struct guard_job){ .job = take(job), .lock = lock };
	j->record.job = j->job;
	j->record.store = g->store;
	j->record.former = g->former;
	return true;
}

static bool find_jobs(struct token_guard *g, bool kills, struct err *e)
{
	const struct token_run *r = g->run;

	for (size_t i = 0; i < config_count(r->config); i++) {
		AUTO_JOB struct job *j = NULL;
		struct err unread = ERR_INIT;
		if (config_job(r->config, i, &j, &unread)) {
			if (is_on_token(j, r) && !add_job(g, &j, e))
				return false;
		} else if (kills && !r->args->force) {
			/* It may be on this token: who wants to go on has to say so. */
			*e = unread;
			return err_in(e,
			              "cannot tell whether job '%s' uses this token "
			              "(--force goes on)",
			              config_name(r->config, i));
		}
	}
	return true;
}

bool token_guard_open(struct token_run *r, bool kills, struct token_guard **out, struct err *e)
{
	AUTO_GUARD struct token_guard *g = mem_new(sizeof(*g));

	g->run = r;
	if (!find_jobs(g, kills, e) || !token_find_registry(r, e))
		return false;
	*out = take(&g);
	return true;
}

void token_guard_close(struct token_guard **g)
{
	for (size_t i = 0; *g != NULL && i < (*g)->n; i++) {
		struct guard_job *j = &(*g)->job[i];
		guard_record_close(&j->record);
		job_free(j->job);
		lock_drop(&j->lock);
	}
	if (*g != NULL) {
		guard_left_clear(&(*g)->lefts);
		former_free((*g)->former);
		store_close((*g)->store);
		acr_registry_clear(&(*g)->found);
		mem_free_ptr(&(*g)->job);
	}
	mem_free_ptr(g);
}

/* ---- judging --------------------------------------------------------------------------------- */

/* Grace and the life of requests are reckoned by Azure's clock. That it refuses to show the token
 * is an answer, too. */
static bool learn_clock(const struct token_guard *g, struct err *e)
{
	struct token_run *r = g->run;
	AUTO_RESPONSE struct http_response rs = { 0 };

	if (arm_clock_known(r->arm))
		return true;
	AUTO_FREE char *path = token_place_path(r->place, "tokens", r->args->name);
	return token_get(r, path, &rs, e) || arm_clock_known(r->arm);
}

/* Sinks are named by login server, which a job that never ran does not know. */
static bool learn_server(struct token_guard *g, struct observation *o, struct err *e)
{
	const struct token_run *r = g->run;
	const struct token_place *p = r->place;

	if (o->who.server != NULL)
		return true;
	if (g->found.login_server == NULL &&
	    !acr_find_registry(r->arm, token_http_base(r->http), p->subscription, p->group,
	                       r->registry, &g->found, e))
		return err_in(e, "cannot tell which login server its sinks are for");
	AUTO_FREE char *id = acr_registry_id(p->subscription, g->found.group, r->registry);
	observe_server(o, g->found.login_server, g->found.group, id);
	return true;
}

/* A password that is made now could be replaced by what a run has asked for, of which nobody saw
 * the answer. */
static bool stands(const struct guard_record *record, unsigned slots, int64_t now, struct err *e)
{
	int64_t until = guard_record_standing(record, slots, now);
	char at[STR_TIME_MAX];

	if (until == 0)
		return false;
	str_from_time(until, at);
	return !err_set(e, ERR_TRANSIENT,
	                "what it has asked for may still act %s%s: try again then, or say --force",
	                until == INT64_MAX ? "until that has ended" : "before ",
	                until == INT64_MAX ? "" : at);
}

static bool refuse_cut(const struct token_run *r, const struct job *j, bool exists, struct err *e)
{
	if (!exists)
		return err_set(e, ERR_DECISION,
		               "Azure says that token '%s' does not exist, but job '%s' has "
		               "delivered a password of it: if it was deleted, say --force",
		               r->args->name, j->name);
	if (j->source != NULL)
		return err_set(e, ERR_DECISION,
		               "this would cut off job '%s', which follows this token's password: "
		               "let its rotator generate, or say --force",
		               j->name);
	return err_set(e, ERR_DECISION,
	               "this would cut off job '%s', which delivers this token's password: "
	               "let 'acrotate run --force %s' "
	               "or 'acrotate revoke %s' do it, or say --force",
	               j->name, j->name, j->name);
}

static bool judge_job(struct token_guard *g, struct guard_record *record, unsigned slots,
                      bool exists, struct err *e)
{
	const struct token_run *r = g->run;

	if (!guard_record_open(record, e))
		return false;
	if (others_write(&record->o, now_of(g), e) || others_rotate(&record->o, now_of(g), e) ||
	    !guard_record_take_over(record, now_of(g), e))
		return false;
	if (r->args->force)
		return true;
	/* Azure may be wrong about a token that a job has delivered passwords of. */
	bool may_be_in_use = exists || !record->never_ran;
	if (may_be_in_use && !learn_server(g, &record->o, e))
		return false;
	if (may_be_in_use && (guard_in_use(r, &record->o) & slots) != 0)
		return refuse_cut(r, record->job, exists, e);
	return !stands(record, slots, now_of(g), e);
}

/* Of the jobs on the token the longest; 0: there is none. */
static int64_t longest_grace(const struct token_guard *g)
{
	int64_t longest = 0;

	for (size_t i = 0; i < g->n; i++) {
		const struct plan_input in = observe_input(&g->job[i].record.o, 0, false);
		longest = in.grace > longest ? in.grace : longest;
	}
	return longest;
}

static bool is_guarded(const void *ctx, const char *name)
{
	const struct token_guard *g = ctx;

	for (size_t i = 0; i < g->n; i++)
		if (strcmp(g->job[i].job->name, name) == 0)
			return true;
	return false;
}

/* Without a job on the token it is nobody's business what cannot be listed; and a role in a cluster
 * need not let us list. */
static bool find_left(struct token_guard *g, struct err *e)
{
	struct err why = ERR_INIT;

	open_store(g);
	if (guard_left_find(g->run, g->store, is_guarded, g, &g->lefts, &why) || g->n == 0 ||
	    why.kind == ERR_DENIED)
		return true;
	*e = why;
	return err_in(e, "cannot tell what jobs have left behind");
}

static bool judge_left(struct token_guard *g, struct guard_record *record, unsigned slots,
                       bool exists, struct err *e)
{
	const char *name = record->job->name;

	if (!guard_record_take_over(record, now_of(g), e))
		return false;
	if (exists && (guard_in_use_by_record(g->run, &record->o.state, longest_grace(g)) & slots))
		return err_set(e, ERR_DECISION,
		               "this would cut off who has what job '%s' delivered, of which only "
		               "the record is left: say 'acrotate forget %s' if nobody uses it, "
		               "or --force",
		               name, name);
	return !stands(record, slots, now_of(g), e) || err_in(e, "job '%s'", name);
}

static bool judge_all_left(struct token_guard *g, unsigned slots, bool exists, struct err *e)
{
	if (g->run->args->force)
		return true;
	if (!find_left(g, e) || (g->lefts.n > 0 && !learn_clock(g, e)))
		return false;
	for (size_t i = 0; i < g->lefts.n; i++)
		if (!judge_left(g, &g->lefts.left[i].record, slots, exists, e))
			return false;
	return true;
}

bool token_guard_judge(struct token_guard *g, unsigned slots, bool exists, struct err *e)
{
	if (slots == 0)
		return true;
	if (g->n > 0 && !learn_clock(g, e))
		return false;
	for (size_t i = 0; i < g->n; i++)
		if (!judge_job(g, &g->job[i].record, slots, exists, e))
			return e->kind == ERR_DECISION ? false
			                               : err_in(e, "job '%s' rotates this token",
			                                        g->job[i].job->name);
	return judge_all_left(g, slots, exists, e);
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* A follower asks for nothing that this could replace. */
static bool rotates(const struct guard_job *j)
{
	return j->job->source == NULL;
}

static bool any_rotates(const struct token_guard *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (rotates(&g->job[i]))
			return true;
	return false;
}

/* Where no lock keeps other rotators out they may wait for nothing but the end of what the request
 * is signed with. */
static bool make_fence(const struct token_guard *g, struct arm **out, int64_t *dead_at,
                       struct err *e)
{
	const struct token_run *r = g->run;
	int64_t expires;

	*out = NULL;
	*dead_at = 0;
	if (!store_is_shared(g->store))
		return true;
	for (size_t i = 0; i < g->n; i++)
		if (!store_ready(g->store, g->job[i].job->name,
		                 g->job[i].record.o.state.version != NULL, FENCE_LIFE_S, e))
			return false;
	if (!arm_fence(r->arm, token_http_base(r->http), FENCE_LIFE_S, out, &expires, e))
		return false;
	*dead_at = expires + STATE_TOKEN_GRACE_S;
	return true;
}

static void say_later(const struct token_guard *g, const struct guard_job *j, unsigned slots,
                      bool failed)
{
	int64_t until = guard_record_standing(&j->record, slots, now_of(g));
	char at[STR_TIME_MAX];

	str_from_time(until, at);
	AUTO_FREE char *text =
		mem_fmt("Job '%s': %s not generated before %s, because this request may still act.",
	                j->job->name,
	                slots == TOKEN_KILLS_1   ? "password1 is"
	                : slots == TOKEN_KILLS_2 ? "password2 is"
	                                         : "its passwords are",
	                until == INT64_MAX ? "it has ended" : at);
	token_tell(g->run, failed, text);
}

/* The record says more than is true, and time ends that. */
static void say_unsaved(const struct token_guard *g, const struct guard_job *j, bool failed,
                        const struct err *why)
{
	AUTO_FREE char *text = mem_fmt("Job '%s': that the request is over could not be recorded, "
	                               "the job waits for it as if it were not: %s",
	                               j->job->name, why->text);

	token_tell(g->run, failed, text);
}

static void withdraw(const struct token_guard *g, bool failed)
{
	for (size_t i = 0; i < g->n; i++) {
		struct err why = ERR_INIT;
		if (!guard_record_withdraw(&g->job[i].record, &why))
			say_unsaved(g, &g->job[i], failed, &why);
	}
}

static void abandon(const struct token_guard *g, unsigned slots, bool failed)
{
	for (size_t i = 0; i < g->n; i++) {
		if (!rotates(&g->job[i]))
			continue;
		guard_record_abandon(&g->job[i].record, now_of(g));
		say_later(g, &g->job[i], slots, failed);
	}
}

static bool intend(const struct token_guard *g, unsigned slots, int64_t dead_at, struct err *e)
{
	for (size_t i = 0; i < g->n; i++) {
		if (!rotates(&g->job[i]) ||
		    guard_record_intend(&g->job[i].record, slots, now_of(g), dead_at, e))
			continue;
		withdraw(g, true);
		return err_in(e, "job '%s' rotates this token", g->job[i].job->name);
	}
	return true;
}

static void running(void *ctx, const struct arm_operation *op)
{
	const struct token_guard *g = ctx;

	for (size_t i = 0; i < g->n; i++)
		if (rotates(&g->job[i]))
			guard_record_running(&g->job[i].record, op);
}

bool token_guard_ask(struct token_guard *g, unsigned slots, const struct token_request *rq,
                     struct http_response *out, struct err *e)
{
	struct token_run *r = g->run;
	struct token_request guarded = *rq;
	struct arm *fence;
	int64_t dead_at;

	if (slots == 0 || !any_rotates(g))
		return token_ask(r, rq, out, e);
	if (!make_fence(g, &fence, &dead_at, e))
		return false;
	if (!intend(g, slots, dead_at, e)) {
		arm_free(fence);
		return false;
	}
	guarded.through = fence;
	guarded.running = running;
	guarded.ctx = g;
	unsigned lost = token_http_lost(r->http);
	bool ok = token_ask(r, &guarded, out, e);
	if (token_http_lost(r->http) == lost && (ok || e->not_acted))
		withdraw(g, !ok);
	else
		abandon(g, slots, !ok);
	arm_free(fence);
	return ok;
}
