/* SPDX-License-Identifier: MIT */
/* Into the sinks: check, prepare, prove at the registry, record, commit, read back. */
#include <stdlib.h>

#include "azure/login.h"
#include "base/env.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "config/job.h"
#include "sink/sink.h"
#include "step.h"

/* replicas lag differently: one acceptance may be the quickest one's */
#define PROBES_IN_A_ROW 3
#define PROBE_FIRST_MS  250
#define PROBE_CAP_MS    5000

void rotation_leave_out(struct rotation *r, size_t i, struct err *why)
{
	struct seen *s = &r->o.seen[i];

	if (s->sink != NULL)
		s->spec->ops->abort(s->sink);
	r->give.prepared[i] = false;
	r->littered = r->littered || r->o.state.unfinished;
	(void)err_in(why, "sink '%s'", s->spec->name);
	s->broken = true;
	s->why = *why;
	r->o.views[i].readable = false;
	rotation_note_worst(r, s->spec, why);
}

/* Whether a temporary could be removed no sink tells: where one was made the next run sweeps. */
void rotation_abort_sinks(struct rotation *r)
{
	for (size_t i = 0; r->give.prepared != NULL && i < r->o.n_seen; i++) {
		r->littered = r->littered || r->give.prepared[i];
		if (r->o.seen[i].sink != NULL)
			r->o.seen[i].spec->ops->abort(r->o.seen[i].sink);
	}
}

/* A run that was killed may have left temporaries, with a password in them, or an update of
 * another program that was displaced. */
bool rotation_sweep_sinks(struct rotation *r, struct err *e)
{
	if (is_dry(r) || (!r->o.state.unfinished && !r->o.state.lost))
		return true;
	for (size_t i = 0; i < r->o.n_seen; i++) {
		struct seen *s = &r->o.seen[i];
		struct err why = ERR_INIT;
		if (s->sink == NULL || s->spec->ops->sweep == NULL ||
		    s->spec->ops->sweep(s->sink, &r->o.who, &why))
			continue;
		(void)err_in(&why, "sink '%s'", s->spec->name);
		rotation_note_worst(r, s->spec, &why);
		r->littered = true;
	}
	observe_sinks(&r->o);
	r->o.state.unfinished = r->littered;
	r->o.dirty = true;
	return rotation_save(r, e);
}

/* ---- check ----------------------------------------------------------------------------------- */

static bool takes_delivery(const struct rotation *r, size_t i)
{
	if (r->o.seen[i].broken) /* one that could not be opened is */
		return false;
	if (r->plan.action == PLAN_FOLLOW)
		return rotation_follow_takes(r, i);
	return r->plan.action != PLAN_HEAL || r->o.seen[i].stale ||
	       r->o.views[i].holds != r->plan.slot;
}

/* A heal copies what the sink that is ahead holds. */
static void load_from_source(struct rotation *r)
{
	const struct slot_memory *m = &r->o.state.slot[r->plan.slot];

	credential_clear(&r->give.fresh);
	r->give.fresh = (struct credential){ .server = mem_dup(r->o.who.server),
		                             .username = mem_dup(r->o.who.username),
		                             .password = secret_dup(r->o.seen[r->plan.source].held),
		                             .expires_us = m->expires_us,
		                             .slot = (int)r->plan.slot + 1,
		                             .provider = mem_dup(r->o.state.registry),
		                             .created = m->created };
	r->give.slot = r->plan.slot;
	r->give.created = m->created;
}

enum progress step_check(struct rotation *r, struct http *h, struct err *e)
{
	bool broke = false;

	(void)h;
	(void)e;
	for (size_t i = 0; i < r->o.n_seen && !r->plan.discard; i++) {
		struct seen *s = &r->o.seen[i];
		struct err why = ERR_INIT;
		if (!takes_delivery(r, i))
			continue;
		if (s->spec->ops->check(s->sink, &r->o.who, &why)) {
			if (why.text[0] != '\0')
				log_msg(LEVEL_INFO, r->job->name, "sink '%s': %s", s->spec->name,
				        why.text);
			continue;
		}
		rotation_leave_out(r, i, &why);
		broke = true;
	}
	/* Without it another decision may be right: the rule looks again. Ends, because each
	 * round leaves out at least one. */
	if (broke)
		return rotation_go_to(r, STEP_DECIDE);
	if (is_dry(r))
		return rotation_go_to(r, STEP_END);
	if (r->plan.action == PLAN_CREATE)
		return rotation_go_to(r, STEP_CREATE);
	if (r->plan.action == PLAN_ROTATE)
		return rotation_go_to(r, STEP_TRY_SINKS);
	if (r->plan.action == PLAN_FOLLOW)
		rotation_load_followed(r);
	else
		load_from_source(r);
	return rotation_go_to(r, STEP_PREPARE);
}

/* ---- prepare --------------------------------------------------------------------------------- */

enum progress step_prepare(struct rotation *r, struct http *h, struct err *e)
{
	size_t ready = 0;

	(void)h;
	/* From here on a temporary file with a password may stand beside a sink. Behind a
	 * generate the intent has said so. */
	if (!r->o.state.unfinished) {
		r->o.state.unfinished = r->o.dirty = true;
		if (!rotation_save(r, e))
			return FAILED;
	}
	for (size_t i = 0; i < r->o.n_seen; i++) {
		struct seen *s = &r->o.seen[i];
		struct err why = ERR_INIT;
		if (!takes_delivery(r, i))
			continue;
		if (s->spec->ops->prepare(s->sink, &r->give.fresh, &why)) {
			r->give.prepared[i] = true;
			ready++;
		} else {
			rotation_leave_out(r, i, &why);
		}
	}
	if (ready == 0) {
		*e = r->worst;
		r->out.told = e->kind != ERR_NONE;
		if (e->kind == ERR_NONE)
			(void)err_set(e, ERR_LOCAL, "no sink could take the new password");
		return FAILED;
	}
	r->give.probe_from = env_mono_ms(r->w->env);
	r->give.probe_until = r->give.probe_from + r->job->policy.verify_timeout * 1000;
	r->give.read_again_at = r->give.probe_from + ROTATION_READ_EVERY_MS;
	r->give.accepted = r->give.probes = 0;
	r->give.host = 0;
	rotation_find_hosts(r);
	/* The registry has accepted it a moment ago; of further hosts nobody knows. */
	if (r->plan.action == PLAN_HEAL && r->give.hosts.n == 1)
		return rotation_go_to(r, STEP_MARK);
	return rotation_go_to(r, STEP_PROBE);
}

/* ---- prove ----------------------------------------------------------------------------------- */

static enum progress probe_again(struct rotation *r, int64_t now, const struct err *why,
                                 struct err *e)
{
	int64_t ms = PROBE_FIRST_MS << (r->give.probes < 5 ? r->give.probes : 5);
	char after[STR_DURATION_MAX];

	r->give.probes++;
	r->give.accepted = 0;
	ms = (ms < PROBE_CAP_MS ? ms : PROBE_CAP_MS) + env_random(r->w->env, 100);
	if (why != NULL && why->retry_after_known && why->retry_after_ms > ms)
		ms = why->retry_after_ms;
	/* What could not be asked counts for nothing, as long as there is time to deliver it. */
	if (why != NULL && why->throttled && ms < rotation_fence_left_ms(r))
		r->give.probe_until += ms;
	if (now + ms <= r->give.probe_until)
		return rotation_wait_then(r, ms,
		                          now >= r->give.read_again_at ? STEP_CONFIRM : STEP_PROBE);
	str_from_duration((now - r->give.probe_from) / 1000, 2, after);
	if (why != NULL) {
		*e = *why;
		(void)err_in(e, "the new password could not be proven at '%s' for %s",
		             r->give.hosts.list[r->give.host].name, after);
	} else {
		(void)err_set(e, ERR_TRANSIENT,
		              "'%s' did not accept the new password for %s: nothing was changed",
		              r->give.hosts.list[r->give.host].name, after);
	}
	return FAILED;
}

/* All that are missing; but where the registry has refused it, one, until it knows it: a registry
 * that takes a minute to learn is not asked three times as often. */
static int proofs_at_once(const struct rotation *r)
{
	return r->give.probes > 0 && r->give.accepted == 0 ? 1 : PROBES_IN_A_ROW - r->give.accepted;
}

enum progress step_probe(struct rotation *r, struct http *h, struct err *e)
{
	const struct policy *policy = &r->job->policy;
	enum login_answer answer;
	int64_t now = env_mono_ms(r->w->env);

	if (policy->verify_wait != 0) {
		int64_t left = r->give.probe_from + policy->verify_wait * 1000 - now;
		r->out.accepted_after_ms = -1;
		return left > 0 ? rotation_wait_then(r, left, STEP_PROBE)
		                : rotation_go_to(r, STEP_CONFIRM);
	}
	while (r->give.host < r->give.hosts.n) {
		struct err why = ERR_INIT;
		int n = proofs_at_once(r);
		if (!login_prove(rotation_host_login(r), h, &r->give.fresh, n, &answer, &why)) {
			now = env_mono_ms(r->w->env);
			if (why.kind == ERR_TRANSIENT)
				return probe_again(r, now, &why, e);
			*e = why;
			return FAILED;
		}
		now = env_mono_ms(r->w->env);
		if (answer == LOGIN_REJECTED)
			return probe_again(r, now, NULL, e);
		r->give.accepted += n;
		if (r->give.accepted == PROBES_IN_A_ROW) {
			r->give.host++;
			r->give.accepted = 0;
		}
	}
	r->out.accepted_after_ms = now - r->give.probe_from;
	r->o.state.accepted_after_ms = r->out.accepted_after_ms;
	r->ask.verified = r->ask.verified || r->plan.action == PLAN_FOLLOW;
	return rotation_go_to(r, STEP_CONFIRM);
}

/* Of one that is copied it is not known whether Azure granted more than was asked for. */
static bool is_ours_still(const struct rotation *r, const struct acr_password *seen)
{
	bool healing = r->plan.action == PLAN_HEAL;
	struct acr_password ours = { .present = true,
		                     .created = r->give.created,
		                     .expires_us =
		                             healing ? seen->expires_us : r->give.granted_us };

	return acr_same_generation(seen, &ours);
}

/* Read once more: a request that was believed dead may have acted late, or somebody else may
 * have been here. */
enum progress step_confirm(struct rotation *r, struct http *h, struct err *e)
{
	struct acr_token token;
	enum acr_slot slot = r->give.slot;

	if (r->plan.action == PLAN_FOLLOW)
		return rotation_follow_confirm(r, e);
	if (r->o.followed != NULL) /* it copies what a sink has, and no Azure is asked */
		return rotation_go_to(r, STEP_MARK);
	if (!acr_get_token(rotation_arm(r), h, &r->ref, &token, e))
		return FAILED;
	if (!is_ours_still(r, &token.slot[slot]) || !token.enabled) {
		rotation_abort_sinks(r);
		memset(r->give.prepared, 0, r->o.n_seen * sizeof(*r->give.prepared));
		observe_token(&r->o, &token, rotation_now(r));
		if (++r->gen.lost_replies <= 2)
			return rotation_go_to(r, STEP_DECIDE);
		(void)err_set(e, ERR_TRANSIENT,
		              "a foreign generate replaced %s while it was being proven",
		              acr_slot_name(slot));
		return FAILED;
	}
	r->give.read_again_at = env_mono_ms(r->w->env) + ROTATION_READ_EVERY_MS;
	bool proven = r->give.host == r->give.hosts.n || r->job->policy.verify_wait != 0;
	return rotation_go_to(r, proven ? STEP_MARK : STEP_PROBE);
}

/* ---- deliver --------------------------------------------------------------------------------- */

/* A sink never gets a password that ends before the one it holds, unless that one works no more,
 * or is to die. Somebody may have put it there since this rotation began. */
static bool ends_before(const struct rotation *r, size_t i)
{
	if (r->o.followed != NULL)
		return r->plan.action == PLAN_FOLLOW && rotation_follow_ends_before(r, i);
	struct plan_input in = observe_input(&r->o, rotation_now(r), false);

	return plan_ends_before(&in, r->o.views[i].holds, r->give.slot,
	                        r->give.fresh.expires_us / 1000000);
}

/* What the sinks hold right before they are written decides what they let go, and whether they
 * are written at all. */
static void look_before_write(struct rotation *r)
{
	observe_sinks(&r->o);
	for (size_t i = 0; i < r->o.n_seen; i++) {
		struct err why = ERR_INIT;
		if (!r->give.prepared[i])
			continue;
		if (r->o.seen[i].unread) {
			why = r->o.seen[i].why;
			rotation_leave_out(r, i, &why);
		} else if (ends_before(r, i)) {
			(void)err_set(&why, ERR_TRANSIENT,
			              "it holds a password that lives longer than the new one: it "
			              "is not written");
			rotation_leave_out(r, i, &why);
		}
	}
}

/* When nothing that this delivery sends can act any more; of a sink without tokens it is not known,
 * but nobody waits for it longer than that. */
static int64_t busy_end(const struct rotation *r)
{
	int64_t until = rotation_now(r) + r->job->policy.verify_timeout;

	if (until < r->busy.until)
		until = r->busy.until;
	until += STATE_TOKEN_GRACE_S;
	return r->gen.fence != NULL && r->gen.dead_at > until ? r->gen.dead_at : until;
}

/* Durable before the first sink changes: what is in the slot, and that from now on a consumer
 * may hold it. */
enum progress step_mark(struct rotation *r, struct http *h, struct err *e)
{
	(void)h;
	/* Of what is copied nothing was fetched for all of it yet. */
	if (rotation_is_busy(r, e))
		return FAILED;
	if (store_is_shared(r->w->store) && !r->busy.fenced)
		(void)rotation_fence_sinks(r); /* who was left out is told, and not written */
	rotation_mark_busy(r, busy_end(r));
	look_before_write(r);
	if (r->plan.action == PLAN_FOLLOW)
		rotation_follow_mark(r);
	/* `left` is 0: cleared when it was recorded, and of one that a sink holds */
	r->o.state.slot[r->give.slot].delivered = true;
	for (size_t i = 0; i < r->o.n_seen; i++) {
		if (!r->give.prepared[i])
			continue;
		observe_giving(&r->o, i, r->give.slot);
		struct sink_memory *s =
			state_sink(&r->o.state, r->o.seen[i].spec->name, r->o.seen[i].place);
		s->hook_owed = s->hook_owed || r->o.seen[i].spec->on_change != NULL;
	}
	if (r->job->on_change != NULL)
		r->o.state.job_hook_owed = true;
	r->o.dirty = true;
	return rotation_save_for_now(r, e) ? rotation_go_to(r, STEP_COMMIT) : FAILED;
}

static void commit_those(struct rotation *r, bool atomic)
{
	for (size_t i = 0; i < r->o.n_seen; i++) {
		struct seen *s = &r->o.seen[i];
		struct err why = ERR_INIT;
		if (r->give.prepared[i] && s->spec->ops->atomic == atomic &&
		    !s->spec->ops->commit(s->sink, &why)) {
			s->failed = true;
			s->wrote_nothing = why.not_acted;
			rotation_leave_out(r, i, &why);
		}
	}
}

/* What stands in the sinks now is what counts, not what commit said. */
static void read_back(struct rotation *r)
{
	observe_sinks(&r->o);
	for (size_t i = 0; i < r->o.n_seen; i++) {
		struct seen *s = &r->o.seen[i];
		struct err why = ERR_INIT;
		if (secret_equal(s->held, r->give.fresh.password)) {
			if (r->give.prepared[i])
				observe_given(&r->o, i, r->give.slot, true);
			r->give.delivered = r->give.delivered || r->give.prepared[i];
			r->give.prepared[i] = false;
			continue;
		}
		if (s->failed && (s->wrote_nothing || !s->unread))
			observe_given(&r->o, i, r->give.slot, false);
		if (!r->give.prepared[i])
			continue;
		if (s->unread)
			why = s->why;
		else
			(void)err_set(&why, ERR_LOCAL,
			              "it was overwritten by another program: the next run "
			              "delivers again");
		rotation_leave_out(r, i, &why);
	}
	observe_build_views(&r->o);
}

enum progress step_commit(struct rotation *r, struct http *h, struct err *e)
{
	(void)h;
	commit_those(r, false);
	commit_those(r, true);
	read_back(r);
	if (!r->give.delivered) {
		struct err ignored = ERR_INIT;
		/* What a sink refused it does not have: the next run is to know. */
		(void)rotation_save(r, &ignored);
		*e = r->worst;
		r->out.told = e->kind != ERR_NONE;
		if (e->kind == ERR_NONE)
			(void)err_set(e, ERR_LOCAL, "no sink took the new password");
		return FAILED;
	}
	r->out.changed = true;
	r->out.did = r->plan.action;
	r->done.why = r->plan.why;
	r->out.delivered = true;
	r->done.rotated = r->done.rotated || r->plan.action == PLAN_ROTATE;
	r->done.healed = r->done.healed || r->plan.action == PLAN_HEAL;
	r->done.followed = r->done.followed || r->plan.action == PLAN_FOLLOW;
	return rotation_go_to(r, STEP_FINISH);
}

enum progress step_finish(struct rotation *r, struct http *h, struct err *e)
{
	int64_t now = rotation_now(r);
	struct state *s = &r->o.state;

	(void)h;
	if (r->give.delivered) {
		s->failures = s->next_generate = s->rejected_at = 0;
		/* Behind a lost answer, or beside others who make the token, the very next run
		 * looks whether what was delivered works. */
		s->last_verified =
			r->ask.young || r->gen.lost_replies > 0 || r->ask.tainted ? 0 : now;
		s->last_inspected = now;
		r->give.generated = r->give.delivered = false;
		observe_stamp(&r->o, now);
		r->o.dirty = true;
		/* After a heal something may still be due; after a rotation this counts what
		 * became of it. Saved with what comes of that: a run killed until then was
		 * killed behind the commit, and the next one sees the same in the sinks and says
		 * the same. */
		if (!observe_hook_owed(&r->o))
			return rotation_go_to(r, STEP_DECIDE);
		return rotation_save(r, e) ? rotation_go_to(r, STEP_HOOKS) : FAILED;
	}
	return rotation_go_to(r, STEP_END);
}
