/* SPDX-License-Identifier: MIT */
#include "rotate/rotation.h"

#include <assert.h>
#include <stdlib.h>

#include "azure/login.h"
#include "azure/registry_gate.h"
#include "base/env.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "rotate/former.h"
#include "rotate/status.h"
#include "step.h"

#define TRIES_MAX      4 /* some seven seconds at most between two of them */
#define RETRY_FIRST_MS 800

int64_t rotation_now(const struct rotation *r)
{
	return env_now(r->w->env) + (r->arm == NULL ? 0 : arm_clock_offset(r->arm));
}

enum progress rotation_go_to(struct rotation *r, enum step next)
{
	r->next = next;
	return NEXT;
}

enum progress rotation_wait_then(struct rotation *r, int64_t ms, enum step next)
{
	r->next = next;
	r->again_ms = ms < 0 ? 0 : ms;
	return AGAIN;
}

static bool save(struct rotation *r, enum store_safety safety, struct err *e)
{
	if (!r->o.dirty || is_dry(r))
		return true;
	if (r->o.state.lost != LOST_NOT && !store_set_aside(r->w->store, r->job->name, e))
		return false;
	if (!state_save(r->w->store, r->job->name, &r->o.state, safety, e))
		return false;
	r->o.state.lost = LOST_NOT;
	r->o.dirty = false;
	r->saved_for_now = safety == STORE_DURABLE_FOR_NOW;
	return true;
}

bool rotation_save(struct rotation *r, struct err *e)
{
	return save(r, STORE_DURABLE, e);
}

bool rotation_save_for_now(struct rotation *r, struct err *e)
{
	return save(r, STORE_DURABLE_FOR_NOW, e);
}

void rotation_note_worst(struct rotation *r, const struct sink_spec *spec, const struct err *e)
{
	bool optional = spec != NULL && spec->optional;

	/* Transient failures are told by whoever knows how long they have lasted. */
	if ((r->flags & ROTATE_ASK) == 0)
		log_msg(err_is_transient(e->kind) ? LEVEL_INFO
		        : optional                ? LEVEL_WARN
		                                  : LEVEL_ERROR,
		        r->job->name, "%s", e->text);
	if (optional)
		return;
	if (r->worst.kind == ERR_NONE || err_worse(r->worst.kind, e->kind) != r->worst.kind)
		r->worst = *e;
}

struct login *rotation_login(struct rotation *r)
{
	if (r->login == NULL) {
		r->login = login_new(r->o.who.server);
		login_through(r->login, registry_gate_of(r->w->registries, r->o.who.server));
	}
	return r->login;
}

enum progress rotation_poll_again(struct rotation *r, enum step poll, const char *what,
                                  struct err *e)
{
	int64_t now = env_mono_ms(r->w->env);

	if (r->gen.await_until == 0)
		r->gen.await_until = now + r->job->policy.verify_timeout * 1000;
	if (now + r->gen.operation.delay_ms <= r->gen.await_until)
		return rotation_wait_then(r, r->gen.operation.delay_ms, poll);
	(void)err_set(e, ERR_TRANSIENT,
	              "Azure has not finished %s within verify_timeout: the next run goes on",
	              what);
	return FAILED;
}

/* ---- beginning and end ----------------------------------------------------------------------- */

static enum progress step_lock(struct rotation *r, struct http *h, struct err *e)
{
	(void)h;
	if (is_dry(r))
		return rotation_go_to(r, STEP_LOOK);
	if (!store_lock(r->w->store, r->job->name, &r->lock, e))
		return FAILED;
	return rotation_go_to(r, STEP_LOOK);
}

/* What another record tells of a request that may be under way. */
static bool heed_former(struct rotation *r, struct err *e)
{
	struct state *s = &r->o.state;

	if (r->o.followed != NULL || (!s->missing && s->lost == LOST_NOT))
		return true;
	if (!former_taint(r->w->former, r->w->store, r->job, !is_dry(r), s, e))
		return false;
	r->o.dirty = r->o.dirty || s->slot[0].intent || s->slot[1].intent;
	return true;
}

static enum progress step_look(struct rotation *r, struct http *h, struct err *e)
{
	(void)h;
	if (!observe_open(r->w->store, r->job, &r->o, e))
		return FAILED;
	r->opened = true;
	if (r->o.followed != NULL && (r->flags & ROTATE_REVOKE) != 0) {
		(void)err_set(e, ERR_DECISION,
		              "it follows %s and generates nothing: revoke where that is rotated",
		              r->o.state.follows);
		return FAILED;
	}
	if (rotation_gives_way(r, e))
		return FAILED;
	r->done.hook_was_owed = observe_hook_owed(&r->o);
	if (r->o.state.lost != LOST_NOT && !is_dry(r))
		rotation_tell_lost(r);
	if (!heed_former(r, e))
		return FAILED;
	r->give.prepared = mem_array(r->o.n_seen, sizeof(*r->give.prepared));
	for (size_t i = 0; i < r->o.n_seen; i++)
		if (r->o.seen[i].broken)
			rotation_note_worst(r, r->o.seen[i].spec, &r->o.seen[i].why);
	if (r->o.who.server == NULL)
		return rotation_go_to(r, STEP_FIND);
	if (!rotation_sweep_sinks(r, e))
		return FAILED;
	if (observe_hook_owed(&r->o) && !is_dry(r) && (r->flags & ROTATE_REVOKE) == 0)
		return rotation_go_to(r, STEP_HOOKS);
	return rotation_go_to(r, STEP_DECIDE);
}

#define TO(step) (UINT32_C(1) << STEP_##step)

/* repeatable: asking once more cannot change what the first request did. to: the steps that may
 * come next; the driver asserts it. */
static const struct {
	const char *name;
	enum progress (*run)(struct rotation *r, struct http *h, struct err *e);
	bool repeatable;
	uint32_t to;
} steps[STEP__COUNT] = {
	[STEP_LOCK] = { "lock", step_lock, false, TO(LOOK) },
	[STEP_LOOK] = { "look", step_look, false, TO(FIND) | TO(HOOKS) | TO(DECIDE) },
	[STEP_FIND] = { "find registry", step_find, true, TO(FIND) | TO(READ) | TO(DECIDE) },
	[STEP_READ] = { "read token", step_read, true,
	                TO(READ) | TO(FIND) | TO(RESUME) | TO(DECIDE) },
	[STEP_RESUME] = { "ask how the last request goes", step_resume, true,
	                  TO(RESUME) | TO(READ) | TO(DECIDE) },
	[STEP_DECIDE] = { "decide", step_decide, false,
	                  TO(READ) | TO(VERIFY) | TO(TRY_OTHERS) | TO(TRY_LACKING) | TO(CHECK) |
	                          TO(FINISH) | TO(END) },
	[STEP_VERIFY] = { "verify", step_verify, true, TO(VERIFY) | TO(READ) | TO(DECIDE) },
	[STEP_TRY_OTHERS] = { "try passwords found", step_try_others, true,
	                      TO(TRY_OTHERS) | TO(DECIDE) },
	[STEP_TRY_LACKING] = { "try passwords that Azure lacks", step_try_lacking, true,
	                       TO(DECIDE) },
	[STEP_CREATE] = { "prepare token", step_create, true, TO(CREATE) | TO(PUT) | TO(READ) },
	[STEP_PUT] = { "create token", step_put, false, TO(CREATE) | TO(CREATED) | TO(READ) },
	[STEP_CREATED] = { "await token", step_created, false, TO(CREATED) | TO(READ) },
	[STEP_CHECK] = { "check sinks", step_check, false,
	                 TO(DECIDE) | TO(CREATE) | TO(TRY_SINKS) | TO(PREPARE) | TO(END) },
	[STEP_TRY_SINKS] = { "try sinks", step_try_sinks, false, TO(DOORS) | TO(DECIDE) },
	[STEP_DOORS] = { "ask the doors", step_doors, true, TO(DOORS) | TO(TOKENS) },
	/* From here to the end of the rotation nothing renews an access token. */
	[STEP_TOKENS] = { "fetch access tokens", step_tokens, true, TO(TRY_HELD) | TO(DECIDE) },
	[STEP_TRY_HELD] = { "try passwords held", step_try_held, true,
	                    TO(READ_AGAIN) | TO(DECIDE) },
	[STEP_READ_AGAIN] = { "read token again", step_read_again, true,
	                      TO(INTEND) | TO(TRY_HELD) | TO(DECIDE) },
	[STEP_INTEND] = { "save intent", step_intend, false, TO(TOUCH) },
	[STEP_TOUCH] = { "touch sinks", step_touch, false, TO(GENERATE) | TO(DECIDE) },
	[STEP_GENERATE] = { "generate", step_generate, false,
	                    TO(RECORD) | TO(AWAIT) | TO(READ) | TO(DOORS) },
	[STEP_AWAIT] = { "await password", step_await, true, TO(AWAIT) | TO(RECORD) | TO(READ) },
	[STEP_RECORD] = { "record", step_record, false, TO(PREPARE) | TO(DECIDE) },
	[STEP_PREPARE] = { "prepare sinks", step_prepare, false, TO(PROBE) | TO(MARK) },
	[STEP_PROBE] = { "probe", step_probe, false, TO(PROBE) | TO(CONFIRM) },
	[STEP_CONFIRM] = { "confirm", step_confirm, true, TO(PROBE) | TO(MARK) | TO(DECIDE) },
	[STEP_MARK] = { "record delivery", step_mark, false, TO(COMMIT) },
	[STEP_COMMIT] = { "commit sinks", step_commit, false, TO(FINISH) },
	[STEP_FINISH] = { "finish", step_finish, false, TO(DECIDE) | TO(HOOKS) | TO(END) },
	[STEP_HOOKS] = { "hooks", step_hooks, false, TO(DECIDE) },
	[STEP_END] = { "end", NULL, false, 0 },
};

const char *rotation_at(const struct rotation *r)
{
	return steps[r->next].name;
}

bool rotation_throttled(const struct rotation *r)
{
	return r->line.throttled_since != 0 || rotation_line(r) != NULL;
}

bool rotation_replicating(const struct rotation *r)
{
	return r->next == STEP_PROBE || r->next == STEP_CONFIRM;
}

struct rotation *rotation_new(const struct world *w, const struct job *job, unsigned flags,
                              int64_t patience)
{
	struct rotation *r = mem_new(sizeof(*r));

	*r = (struct rotation){ .w = w,
		                .job = job,
		                .flags = flags,
		                .patience = patience,
		                .lock = LOCK_INIT,
		                .next = STEP_LOCK };
	return r;
}

void rotation_free(struct rotation *r)
{
	if (r == NULL)
		return;
	rotation_abort_sinks(r);
	rotation_drop_fence(r);
	if (r->saved_for_now)
		store_saved_enough(r->w->store, r->job->name);
	if (r->opened)
		observe_close(&r->o);
	arm_free(r->arm);
	lock_drop(&r->lock);
	acr_ref_clear(&r->ref);
	hosts_clear(&r->give.hosts);
	login_free(r->login);
	credential_clear(&r->give.fresh);
	acr_generated_clear(&r->gen.reply);
	arm_operation_clear(&r->gen.operation);
	free(r->create.scope_map);
	free(r->gen.tried);
	free(r->give.prepared);
	free(r);
}

const struct outcome *rotation_outcome(const struct rotation *r)
{
	return &r->out;
}

const struct observation *rotation_observation(const struct rotation *r)
{
	return r->opened ? &r->o : NULL;
}

bool rotation_status(const struct rotation *r, struct job_status *out)
{
	if (!r->opened)
		return false;
	status_of(&r->o, rotation_now(r), out);
	return true;
}

/* ---- driving --------------------------------------------------------------------------------- */

/* The one token of the rotation is not accepted any more: the next run fetches another. */
static bool fence_is_refused(const struct rotation *r, const struct err *e)
{
	return r->gen.fence != NULL && e->status == 401 && e->kind == ERR_AUTH;
}

static void end_behind_fence(const struct rotation *r, struct err *e)
{
	if (!fence_is_refused(r, e))
		return;
	e->kind = ERR_TRANSIENT;
	(void)err_in(e, "the access token of this rotation is not renewed within it, the next run "
	                "fetches another");
}

/* Puts the job aside after a transient failure of a request that may be repeated; false: it has
 * been tried often enough. */
static bool try_again(struct rotation *r, const struct err *e)
{
	if (fence_is_refused(r, e) || e->kind != ERR_TRANSIENT)
		return false;
	if (e->throttled)
		return rotation_may_wait(r, &r->line.throttled_since, e, &r->again_ms);
	r->line.throttled_since = 0;
	if ((e->retry_after_known && e->retry_after_ms > ROTATION_RETRY_AFTER_MAX_MS) ||
	    ++r->tries >= TRIES_MAX)
		return false;
	int64_t ms = RETRY_FIRST_MS * ((1 << r->tries) - 1);
	ms = ms * (800 + env_random(r->w->env, 500)) / 1000;
	r->again_ms = e->retry_after_known ? e->retry_after_ms : ms;
	return true;
}

/* Generates that lead nowhere come ever more rarely; but never so rarely that what is deployed
 * expires meanwhile, and the first few at once when nothing that is deployed works: somebody is
 * fixing it right now. */
static int64_t back_off(const struct rotation *r, int64_t failures, int64_t now)
{
	static const int64_t table[] = { 15 * 60, 60 * 60, 6 * 60 * 60, 24 * 60 * 60 };
	int64_t delay = table[failures - 1 < (int64_t)COUNT(table) ? failures - 1
	                                                           : (int64_t)COUNT(table) - 1];

	if (!r->out.active)
		return failures < 3 ? 0 : table[0];
	int64_t quarter = (r->out.expires - now) / 4;
	return delay < quarter ? delay : quarter > 0 ? quarter : 0;
}

/* In the last save of a run, so that the next one sweeps behind one that was killed before. */
static void settle(struct rotation *r)
{
	if (r->o.state.unfinished == r->littered)
		return;
	r->o.state.unfinished = r->littered;
	r->o.dirty = true;
}

/* A rotation that was forced, and that nothing but the force asked for, has to wait or is refused:
 * the job is as well as it was. */
static bool is_declined(const struct rotation *r)
{
	if ((r->flags & ROTATE_FORCE) == 0 || r->give.generated || r->worst.kind != ERR_NONE ||
	    (r->plan.action != PLAN_WAIT && r->plan.action != PLAN_REFUSE) || !r->plan.active)
		return false;
	struct plan p = observe_decide(&r->o, rotation_now(r), false);
	return p.action == PLAN_KEEP || p.action == PLAN_VERIFY;
}

/* `plan` says what `run` would meet: the hook failed last time. */
static bool hook_fails(const struct rotation *r, struct err *e)
{
	return r->opened && (r->flags & ROTATE_ASK) == 0 && observe_hook_owed(&r->o) &&
	       !err_set(e, ERR_HOOK,
	                "run an on_change hook again that failed; until it succeeds the old "
	                "password is kept");
}

/* Where another rotator has replaced the record it was decided on an old one: what looked foreign
 * is probably theirs. Any other error of this save is none beside the one there is. */
static void save_failure(struct rotation *r, struct err *e)
{
	struct err why = ERR_INIT;

	if (!save(r, STORE_ATOMIC, &why) && why.kind == ERR_CONFLICT)
		*e = why;
}

/* The end of a run that failed: remembers that it did, as far as that can be remembered. */
static void fail(struct rotation *r, struct err *e)
{
	int64_t now = rotation_now(r);
	struct state *s = &r->o.state;

	rotation_abort_sinks(r);
	if (r->opened)
		rotation_end_busy(r);
	bool works = !r->opened || rotation_say_deployed(r, e);
	/* What another rotator has recorded meanwhile stays. */
	if (!r->opened || is_dry(r) || e->kind == ERR_CONFLICT)
		return;
	settle(r);
	if (is_declined(r)) {
		save_failure(r, e);
		return;
	}
	if (s->failing_since == 0 || s->failing_since > now)
		s->failing_since = now;
	s->failed_runs++;
	rotation_remember(r, e);
	state_set_error(s, e->text);
	r->o.dirty = true;
	r->out.loud = !works || now - s->failing_since >= r->patience ||
	              (r->out.active && r->out.expires != 0 &&
	               r->out.expires - now < r->job->policy.renew_before / 2);
	if (r->give.generated && !r->give.delivered) {
		s->failures++;
		int64_t delay = back_off(r, s->failures, now);
		s->next_generate = delay == 0 ? 0 : now + delay;
		r->o.dirty = true;
	}
	save_failure(r, e);
}

/* What is delivered and cannot be read by those it is for is no success, though nothing is due. */
static void note_shadows(struct rotation *r)
{
	for (size_t i = 0; r->opened && i < r->o.n_seen; i++)
		if (r->o.seen[i].shadowed && !r->o.seen[i].broken)
			rotation_note_worst(r, r->o.seen[i].spec, &r->o.seen[i].shadow);
}

static bool end(struct rotation *r, struct err *e)
{
	note_shadows(r);
	if (r->opened)
		rotation_end_busy(r);
	if (r->worst.kind != ERR_NONE) {
		*e = r->worst;
		r->out.told = true;
		fail(r, e);
		return false;
	}
	if (is_dry(r))
		return !hook_fails(r, e);
	settle(r);
	if (r->o.state.failing_since != 0) {
		r->o.state.failing_since = r->o.state.failed_runs = 0;
		state_set_error(&r->o.state, NULL);
		r->o.dirty = true;
	}
	rotation_remember(r, NULL);
	if (r->o.dirty || r->out.changed) {
		r->o.state.last_success = rotation_now(r);
		r->o.dirty = true;
	}
	/* Nothing comes behind it: the next run finds what it would find after a kill just
	 * before. */
	return save(r, STORE_ATOMIC, e);
}

/* A sink or a hook that failed on the way may weigh more than what ends the run: of two failures
 * the worse one is the job's. */
static void weigh(struct rotation *r, struct err *e)
{
	if (strcmp(r->worst.text, e->text) == 0)
		r->out.told = true; /* the only sink's own words: once is enough */
	if (r->worst.kind == ERR_NONE || err_worse(r->worst.kind, e->kind) == e->kind)
		return;
	rotation_note_worst(r, NULL, e);
	*e = r->worst;
	r->out.told = true;
}

bool rotation_step(struct rotation *r, struct http *h, int64_t *again_ms, struct err *e)
{
	while (r->next != STEP_END) {
		enum step at = r->next;
		log_msg(LEVEL_DEBUG, r->job->name, "%s", steps[at].name);
		enum progress p = steps[at].run(r, h, e);
		if (p == FAILED && steps[at].repeatable && try_again(r, e)) {
			rotation_put_aside(r);
			*again_ms = r->again_ms;
			return true;
		}
		if (p == FAILED) {
			end_behind_fence(r, e);
			weigh(r, e);
			fail(r, e);
			return false;
		}
		assert((steps[at].to & UINT32_C(1) << r->next) != 0);
		r->tries = 0;
		r->line.throttled_since = 0;
		if (p == AGAIN) {
			rotation_put_aside(r);
			*again_ms = r->again_ms;
			return true;
		}
	}
	if (!end(r, e))
		return false;
	*again_ms = -1;
	return true;
}
