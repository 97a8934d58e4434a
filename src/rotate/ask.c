/* SPDX-License-Identifier: MIT */
/* What is asked of the service before anything changes: registry, token, does the registry
 * accept what is deployed. */
#include <assert.h>
#include <stdlib.h>

#include "azure/login.h"
#include "azure/registry_book.h"
#include "base/env.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "step.h"

#define LOOK_EVERY_S 60
/* A reading is believed for so long before a generate: no longer than that itself takes, in which
 * nobody reads either. On one host the model (tests/flow) kills nothing with a reading of any age,
 * as long as what the sinks show is tried right before; this is for somebody else's password that
 * no sink of ours shows. */
#define READING_BEARS_MS 1000
#define BOOK_WAIT_MS     50 /* while another job asks what this one wants to know */
#define CLOCK_REPORTED_S 300
#define CLOCK_REFUSED_S  86400
/* Two nodes may create one token at once, see create.c: for a moment after its creation nobody
 * generates, until the others' must have come. */
#define RIVALS_S 6
/* should one come later still: the next run looks whether what it delivered works */
#define YOUNG_S 600

static bool subscription_of(struct rotation *r, const char **out, struct err *e)
{
	*out = arm_subscription(rotation_job_arm(r));
	return *out != NULL ||
	       err_set(e, ERR_CONFIG,
	               "no subscription: set 'subscription' in [azure], or AZURE_SUBSCRIPTION_ID");
}

static bool fill_ref(struct rotation *r, struct err *e)
{
	const char *subscription;

	if (r->ref.token != NULL)
		return true;
	if (!subscription_of(r, &subscription, e))
		return false;
	const char *group =
		r->job->resource_group != NULL ? r->job->resource_group : r->o.state.group;
	r->ref = (struct acr_ref){ .subscription = mem_dup(subscription),
		                   .group = mem_dup(group),
		                   .registry = acr_registry_name(r->job->registry),
		                   .token = mem_dup(r->job->token) };
	return true;
}

/* Who wrote a login server means that one: another registry's password, or an entry under a name
 * that nobody asks for, would be no success. */
static bool is_meant(const struct rotation *r, const struct acr_registry *found, struct err *e)
{
	AUTO_FREE char *server = acr_server_asked(r->job->registry, found->login_server);

	return server != NULL || err_set(e, ERR_CONFIG,
	                                 "'registry' says '%s', but the login server of registry "
	                                 "'%s' is '%s': write that, "
	                                 "or the name alone",
	                                 r->job->registry, found->name, found->login_server);
}

/* All that it is looked up by. */
static char *key_of_registry(const struct rotation *r, const char *subscription)
{
	const struct azure_spec *a = &r->job->azure;
	const char *cloud = a->resource_manager != NULL ? a->resource_manager : a->cloud;
	const char *group = r->job->resource_group;

	return mem_fmt("%s\n%s\n%s\n%s", cloud != NULL ? cloud : "", subscription,
	               group != NULL ? group : "", r->job->registry);
}

/* Once a run: a job that is new to it waits for the one that asks. */
static enum progress find_once(struct rotation *r, struct http *h, const char *subscription,
                               struct acr_registry *found, struct err *e)
{
	struct registry_book *book = r->w->book;
	AUTO_FREE char *key = key_of_registry(r, subscription);
	enum book_says says = registry_book_look(book, key, false, found);

	if (says == BOOK_ASK) {
		enum progress turn = rotation_line_up(r, rotation_errand(r), STEP_FIND, e);
		if (turn != NEXT)
			return turn;
		says = registry_book_look(book, key, true, found);
	}
	if (says == BOOK_WAIT)
		return rotation_wait_then(r, BOOK_WAIT_MS, STEP_FIND);
	if (says == BOOK_KNOWS)
		return NEXT;
	bool ok = acr_find_registry(rotation_job_arm(r), h, subscription, r->job->resource_group,
	                            r->job->registry, found, e);
	registry_book_put(book, key, ok ? found : NULL);
	return ok ? NEXT : FAILED;
}

enum progress step_find(struct rotation *r, struct http *h, struct err *e)
{
	struct acr_registry found = { 0 };
	const char *subscription;
	AUTO_FREE char *name = acr_registry_name(r->job->registry);

	if (!subscription_of(r, &subscription, e))
		return FAILED;
	enum progress turn = find_once(r, h, subscription, &found, e);
	if (turn != NEXT)
		return turn;
	bool meant = is_meant(r, &found, e);
	AUTO_FREE char *id = acr_registry_id(subscription, found.group, name);
	if (meant)
		observe_server(&r->o, found.login_server, found.group, id);
	acr_registry_clear(&found);
	if (!meant)
		return FAILED;
	acr_ref_clear(&r->ref);
	for (size_t i = 0; i < r->o.n_seen; i++)
		if (r->o.seen[i].broken)
			rotation_note_worst(r, r->o.seen[i].spec, &r->o.seen[i].why);
	if (!rotation_sweep_sinks(r, e))
		return FAILED;
	return rotation_go_to(r, r->ask.refound ? STEP_READ : STEP_DECIDE);
}

/* Times are reckoned by the service; but a local clock that is a day off makes every certificate
 * and log line a lie. */
static bool check_clock(const struct rotation *r, struct err *e)
{
	int64_t off = arm_clock_offset(r->arm);

	if (off > CLOCK_REPORTED_S || off < -CLOCK_REPORTED_S)
		log_msg(LEVEL_WARN, r->job->name,
		        "the local clock is %lld minutes %s Azure's: times are reckoned by Azure's",
		        (long long)(off < 0 ? -off : off) / 60, off < 0 ? "ahead of" : "behind");
	if (off < CLOCK_REFUSED_S && off > -CLOCK_REFUSED_S)
		return true;
	return err_set(e, ERR_LOCAL, "the local clock is %lld hours %s the service's: set it first",
	               (long long)(off < 0 ? -off : off) / 3600, off < 0 ? "ahead of" : "behind");
}

/* For how much longer somebody else's PUT may come. */
static int64_t rivals_ms(struct rotation *r, const struct acr_token *token)
{
	int64_t age = rotation_now(r) - token->created;

	if (!r->job->policy.create || token->created == 0 || age < -YOUNG_S || age > YOUNG_S)
		return 0;
	r->ask.young = true;
	return age < RIVALS_S && !is_dry(r) ? (age < 0 ? RIVALS_S : RIVALS_S - age) * 1000 : 0;
}

/* Whoever sent what is recorded as under way is dead or has given up: this run holds the lock, or
 * has itself. The life of the request is counted from here, by the service's clock, which is
 * known now. Where there is no lock it may be paused: state_intent_dies() knows. */
static void take_over_intents(struct rotation *r)
{
	for (int i = 0; i < ACR_SLOT__COUNT; i++) {
		struct slot_memory *m = &r->o.state.slot[i];
		if (!m->intent)
			continue;
		r->ask.tainted = true;
		if (m->abandoned == 0)
			state_abandon_intent(m, rotation_now(r));
	}
}

bool rotation_read_token(struct rotation *r, struct arm *arm, struct http *h, struct err *e)
{
	int64_t now = env_mono_ms(r->w->env);
	bool got = acr_get_token(arm, h, &r->ref, &r->ask.answer, e);

	r->ask.read_at = got ? now : 0;
	return got;
}

enum progress step_read(struct rotation *r, struct http *h, struct err *e)
{
	const struct acr_token *token = &r->ask.answer;
	bool guessed_group = r->job->resource_group == NULL;
	int64_t rivals = 0;
	enum progress turn = rotation_line_up(r, rotation_errand(r), STEP_READ, e);

	if (turn != NEXT)
		return turn;
	if (!fill_ref(r, e))
		return FAILED;
	rotation_knock_ahead(r, h);
	bool got = rotation_read_token(r, rotation_job_arm(r), h, e);
	rotation_knocked(r);
	if (got) {
		if (!check_clock(r, e))
			return FAILED;
		observe_token(&r->o, token, rotation_now(r));
		rivals = rivals_ms(r, token);
	} else if (e->kind != ERR_MISSING) {
		return FAILED;
	} else if (strcmp(e->code, "ResourceNotFound") != 0) {
		/* The registry moved to another resource group: what was remembered is looked up
		 * again, once. */
		if (!guessed_group || r->ask.refound)
			return FAILED;
		r->ask.refound = true;
		return rotation_go_to(r, STEP_FIND);
	} else {
		observe_token(&r->o, NULL, rotation_now(r));
	}
	r->o.state.last_inspected = rotation_now(r);
	r->o.dirty = true;
	take_over_intents(r);
	if (rotation_remembers_operation(r))
		return rotation_go_to(r, STEP_RESUME);
	return rivals > 0 ? rotation_wait_then(r, rivals, STEP_READ)
	                  : rotation_go_to(r, STEP_DECIDE);
}

/* ---- does the registry accept what is deployed? ---------------------------------------------- */

static enum progress accepted(struct rotation *r)
{
	int64_t now = rotation_now(r);

	r->o.state.last_verified = now;
	r->o.state.rejected_at = 0;
	r->o.state.disabled = false; /* else it would have been refused */
	r->o.dirty = true;
	r->ask.verified = true;
	return rotation_go_to(r, STEP_DECIDE);
}

static enum progress ask_again(struct rotation *r, int64_t in_s)
{
	return rotation_wait_then(r, (in_s < LOOK_EVERY_S ? in_s : LOOK_EVERY_S) * 1000,
	                          STEP_VERIFY);
}

/*
 * Once is no proof: it may not have learned of the password yet. Twice, a minute apart, is a reason
 * to doubt, and to take the other slot if that is free. What Azure calls present, enabled and not
 * expired is dead only when it was refused for verify_timeout, each time over a fresh connection.
 */
static enum progress rejected(struct rotation *r, enum acr_slot slot, struct err *e)
{
	struct state *s = &r->o.state;
	int64_t now = rotation_now(r);

	if (s->rejected_at == 0 || s->rejected_at > now || r->ask.refusals++ == 0) {
		/* Refusals of another run say nothing of what lies between them. */
		s->rejected_at = now;
		r->o.dirty = true;
		if (!rotation_save(r, e))
			return FAILED;
	}
	if (r->o.asked == TOKEN_NOT_ASKED && r->o.followed == NULL)
		return rotation_go_to(r, STEP_READ);
	if (is_dry(r))
		return rotation_go_to(r, STEP_DECIDE);
	enum plan_death death = plan_judge_refusals(s->rejected_at, now,
	                                            r->job->policy.verify_timeout, OBSERVE_DOUBT_S);
	if (death == DEATH_NOT_YET)
		return ask_again(r, OBSERVE_DOUBT_S - (now - s->rejected_at));
	/* Doubt is a reason to take the other slot, which a follower has not. */
	if (death == DEATH_DOUBTED && r->o.followed != NULL)
		return ask_again(r, LOOK_EVERY_S);
	r->o.doubted[slot] = true;
	r->o.dead[slot] = death == DEATH_CERTAIN;
	return rotation_go_to(r, STEP_DECIDE);
}

/* One that is doubted is deployed no more, and is asked about again. The sink that showed it may
 * have been written, or lost, since. */
bool rotation_ask_about(struct rotation *r, enum acr_slot slot)
{
	for (size_t i = 0; i < r->o.n_seen; i++)
		if (r->o.seen[i].held != NULL && r->o.views[i].holds == slot) {
			r->ask.source = i;
			return true;
		}
	return false;
}

bool rotation_probe(struct rotation *r, struct http *h, size_t i, enum login_answer *answer,
                    struct err *e)
{
	const struct credential c = { .server = r->o.who.server,
		                      .username = r->o.who.username,
		                      .password = r->o.seen[i].held };

	assert(c.password != NULL);
	return login_probe(rotation_login(r), h, &c, answer, e);
}

enum progress step_verify(struct rotation *r, struct http *h, struct err *e)
{
	/* While a refused slot is waited for, rotation_ask_about() has said which. */
	if (r->plan.why != WHY_REFUSED)
		r->ask.source = r->plan.source;
	enum acr_slot slot = r->o.views[r->ask.source].holds;
	enum login_answer answer;

	assert(slot != ACR_NO_SLOT);
	if (!rotation_probe(r, h, r->ask.source, &answer, e))
		return FAILED;
	if (answer == LOGIN_REJECTED)
		return rejected(r, slot, e);
	r->o.doubted[slot] = r->o.dead[slot] = false;
	r->ask.refusals = 0;
	return accepted(r);
}

/* exclusive = yes: nobody else uses the token, so slots that no working password in a sink
 * belongs to are free. Whether the ones found there work, only the registry knows. */
enum progress step_try_others(struct rotation *r, struct http *h, struct err *e)
{
	bool once = false, twice = false;

	r->ask.others_tried = true;
	for (size_t i = 0; i < r->o.n_seen; i++) {
		struct seen *s = &r->o.seen[i];
		enum login_answer answer;
		if (!r->o.views[i].readable || !r->o.views[i].other || s->refused >= 2)
			continue;
		if (!rotation_probe(r, h, i, &answer, e))
			return FAILED;
		s->refused = answer == LOGIN_REJECTED ? s->refused + 1 : 0;
		once = once || s->refused == 1;
		twice = twice || s->refused == 2;
	}
	if (once)
		return rotation_wait_then(r, OBSERVE_DOUBT_S * 1000, STEP_TRY_OTHERS);
	if (twice)
		observe_sinks(&r->o);
	return rotation_go_to(r, STEP_DECIDE);
}

/* Sink i shows the password of a slot that Azure's answer lacks, and the registry was not asked
 * about that. */
static bool is_in_question(const struct rotation *r, const struct plan_input *in, size_t i)
{
	enum acr_slot slot = r->o.views[i].holds;

	return r->o.views[i].readable && slot != ACR_NO_SLOT && in->slot[slot].lacking &&
	       !in->slot[slot].refused;
}

bool rotation_can_try_lacking(const struct rotation *r)
{
	struct plan_input in = observe_input(&r->o, rotation_now(r), false);

	for (size_t i = 0; i < r->o.n_seen; i++)
		if (is_in_question(r, &in, i))
			return true;
	return false;
}

/* What works is there, and a sink that holds it gets nothing that ends before it. */
enum progress step_try_lacking(struct rotation *r, struct http *h, struct err *e)
{
	struct plan_input in = observe_input(&r->o, rotation_now(r), false);

	for (size_t i = 0; i < r->o.n_seen; i++) {
		enum acr_slot slot = r->o.views[i].holds;
		enum login_answer answer;
		if (!is_in_question(r, &in, i))
			continue;
		if (!rotation_probe(r, h, i, &answer, e))
			return FAILED;
		if (answer == LOGIN_ACCEPTED)
			observe_alive(&r->o, slot);
		else
			r->o.missing[slot] = true;
	}
	return rotation_go_to(r, STEP_DECIDE);
}

/* ---- before the call that cannot be undone --------------------------------------------------- */

static bool is_tried(const struct rotation *r, const struct secret *held)
{
	struct fingerprint print;

	crypto_fingerprint(held, &print);
	for (size_t i = 0; i < r->gen.n_tried; i++)
		if (fingerprint_equal(&print, &r->gen.tried[i]))
			return true;
	return false;
}

/* Without a registry to ask, and for a revoke, which is to kill, nothing is tried; nor where
 * may_replace names the very generation that it gives up. */
static bool needs_trying(const struct rotation *r)
{
	struct plan_input in = observe_input(&r->o, rotation_now(r), false);

	return r->job->policy.verify_wait == 0 && r->plan.why != WHY_REVOKED &&
	       !in.slot[r->plan.slot].permitted;
}

/* Where nothing is tried the reading is all there is, and beside other rotators it tells what their
 * requests have done since. */
bool rotation_read_lately(const struct rotation *r)
{
	return r->ask.read_at != 0 && needs_trying(r) && !store_is_shared(r->w->store) &&
	       env_mono_ms(r->w->env) - r->ask.read_at < READING_BEARS_MS;
}

bool rotation_all_tried(const struct rotation *r)
{
	for (size_t i = 0; needs_trying(r) && i < r->o.n_seen; i++)
		if (r->o.seen[i].held != NULL && !is_tried(r, r->o.seen[i].held))
			return false;
	return true;
}

static void note_tried(struct rotation *r, const struct secret *held)
{
	r->gen.tried = mem_grow(r->gen.tried, &r->gen.tried_cap, r->gen.n_tried + 1,
	                        sizeof(*r->gen.tried));
	crypto_fingerprint(held, &r->gen.tried[r->gen.n_tried++]);
}

/* What the password of sink i says of the slots, now that the registry accepts it. */
static enum plan_tried_as take_accepted(struct rotation *r, size_t i)
{
	struct plan_input in = observe_input(&r->o, rotation_now(r), false);
	struct plan_tried t = plan_judge_accepted(&in, r->plan.slot, r->o.views[i].holds);

	if (t.as == TRIED_ALIVE)
		observe_alive(&r->o, t.slot);
	if (t.as == TRIED_LEARNT)
		observe_learn(&r->o, t.slot, r->o.seen[i].held);
	return t.as;
}

static enum progress works_unexplained(const struct rotation *r, const struct sink_spec *spec,
                                       struct err *e)
{
	rotation_refuse_unexplained(r, spec, e);
	return FAILED;
}

/*
 * Each distinct password that a sink shows is tried right before a generate: one that works must
 * be the other slot's, whatever the record and Azure's answer say. So a record that was lost,
 * restored or mistaken, an answer that is stale, and a second job on the token do no harm.
 */
enum progress step_try_held(struct rotation *r, struct http *h, struct err *e)
{
	int64_t now = env_mono_ms(r->w->env);

	/* What was the other slot's may be this one's. */
	if (now - r->gen.tried_at > LOOK_EVERY_S * 1000 || r->gen.tried_for != r->plan.slot)
		r->gen.n_tried = 0;
	r->gen.tried_for = r->plan.slot;
	r->gen.tried_at = r->gen.n_tried == 0 ? now : r->gen.tried_at;
	for (size_t i = 0; needs_trying(r) && i < r->o.n_seen; i++) {
		const struct seen *s = &r->o.seen[i];
		enum login_answer answer;
		if (s->held == NULL || is_tried(r, s->held))
			continue;
		if (!rotation_probe(r, h, i, &answer, e))
			return FAILED;
		enum plan_tried_as as = TRIED_OTHER;
		if (answer == LOGIN_ACCEPTED)
			as = take_accepted(r, i);
		if (as == TRIED_UNEXPLAINED)
			return works_unexplained(r, s->spec, e);
		if (as != TRIED_OTHER)
			return rotation_go_to(r, STEP_DECIDE);
		note_tried(r, s->held);
	}
	return rotation_go_to(r, STEP_READ_AGAIN);
}
