/* SPDX-License-Identifier: MIT */
#include "rotate/observe.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "azure/auth.h"
#include "base/mem.h"
#include "base/secret.h"
#include "config/job.h"
#include "observe_parts.h"
#include "rotate/plan_follow.h"
#include "sink/sink.h"

#define MARGIN_MAX_S 300 /* more than the clocks of the service's replicas can differ */
/* between two readings in whole seconds so much less may have passed; `grace` is promised whole */
#define CLOCK_GRAIN_S 1

/* ---- the decision ---------------------------------------------------------------------------- */

static bool is_permitted(const struct policy *p, enum acr_slot slot, int64_t created)
{
	for (size_t i = 0; i < p->n_may_replace; i++)
		if (p->may_replace[i].slot == slot && p->may_replace[i].created == created)
			return true;
	return false;
}

bool observe_foreign(const struct observation *o, enum acr_slot slot, struct acr_password *out)
{
	bool ours;

	*out = observe_slot(o, slot, &ours);
	return out->present && !ours && !is_permitted(&o->job->policy, slot, out->created);
}

/* Nothing but plain numbers, for those that are not bounded. */
static int64_t until(int64_t t, int64_t now)
{
	const int64_t long_time = 100 * INT64_C(366) * 86400;

	return t < now + long_time ? t : now + long_time;
}

/* Gone by Azure's answers alone, and not for long enough to believe it. */
static bool is_lacking(const struct observation *o, const struct slot_memory *m, int64_t now)
{
	return m->created != 0 && m->gone && m->foreign_created == 0 && m->absent_since != 0 &&
	       now < m->absent_since + o->job->policy.grace + CLOCK_GRAIN_S;
}

static struct slot_view view_slot(const struct observation *o, enum acr_slot slot, int64_t now)
{
	const struct slot_memory *m = &o->state.slot[slot];
	const struct policy *policy = &o->job->policy;
	bool ours;
	struct acr_password p = observe_slot(o, slot, &ours);
	int64_t expires = p.expires_us / 1000000;

	return (struct slot_view){
		.present = p.present,
		.lacking = is_lacking(o, m, now),
		.believed_at = m->absent_since + policy->grace + CLOCK_GRAIN_S,
		.ours = ours && p.present,
		.delivered = m->delivered,
		.permitted = is_permitted(policy, slot, p.created),
		.refused = o->doubted[slot] || o->dead[slot] || (o->missing[slot] && !p.present),
		.dead = o->dead[slot],
		.doomed = m->revoke != 0,
		.lost = ours && p.present && !fingerprint_is_set(&m->print),
		.intent = m->intent,
		/* or a clock was set back */
		.abandoned = m->abandoned != 0 && m->abandoned < now ? m->abandoned : now,
		.dead_at = until(state_intent_dies(m), now),
		.created = p.created,
		.expires = o->alive[slot] && expires <= now ? now + 1 : expires,
		.doubted_until = o->state.rejected_at + (policy->verify_timeout > OBSERVE_DOUBT_S
		                                                 ? policy->verify_timeout
		                                                 : OBSERVE_DOUBT_S),
		.left = m->left,
	};
}

/* Has `every` passed since `last`? A time in the future is of a clock that was wrong. */
static bool passed(int64_t last, int64_t every, int64_t now)
{
	return last > now || now - last >= every;
}

static bool verify_due(const struct observation *o, int64_t now)
{
	return o->job->policy.verify_wait == 0 &&
	       passed(o->state.last_verified, o->job->policy.verify_every, now);
}

bool observe_hook_owed(const struct observation *o)
{
	return state_hook_owed(&o->state);
}

struct plan_input observe_input(const struct observation *o, int64_t now, bool force)
{
	const struct policy *p = &o->job->policy;
	int64_t margin = p->lifetime / 10;
	return (struct plan_input){
		.now = now,
		.lifetime = p->lifetime,
		.renew_before = p->renew_before,
		.grace = p->grace + CLOCK_GRAIN_S,
		.offset = p->offset,
		.margin = margin < MARGIN_MAX_S ? margin : MARGIN_MAX_S,
		.next_generate = o->state.next_generate,
		.exclusive = p->exclusive,
		.until_expiry = p->grace_expiry,
		.create = p->create,
		.force = force,
		.verify_due = verify_due(o, now),
		.asked = o->asked,
		.enabled = !o->state.disabled,
		.known = o->state.slot[0].created != 0 || o->state.slot[1].created != 0,
		.hook_owed = observe_hook_owed(o),
		.revoke_now = o->state.revoke_now,
		.slot = { view_slot(o, ACR_SLOT_1, now), view_slot(o, ACR_SLOT_2, now) },
		.sinks = o->views,
		.n_sinks = o->n_views,
	};
}

/* A sink whose form was changed is written anew, though it holds what is deployed. */
static bool has_stale(const struct observation *o, const struct plan *p)
{
	for (size_t i = 0; i < o->n_seen; i++)
		if (o->seen[i].stale && !o->seen[i].broken &&
		    o->views[i].holds == o->views[p->source].holds)
			return true;
	return false;
}

static struct plan or_renew(const struct observation *o, struct plan p)
{
	if ((p.action == PLAN_KEEP || p.action == PLAN_VERIFY) && p.active && has_stale(o, &p)) {
		p.action = PLAN_HEAL;
		p.why = WHY_LAGGING;
	}
	return p;
}

struct plan observe_plan(const struct observation *o, const struct plan_input *in)
{
	return or_renew(o, plan_decide(in));
}

struct plan observe_follow_plan(const struct observation *o, const struct follow_input *in)
{
	return or_renew(o, plan_follow_decide(in));
}

struct plan observe_decide(const struct observation *o, int64_t now, bool force)
{
	if (o->followed != NULL) {
		struct follow_input f = observe_follow_input(o, now, force);
		return observe_follow_plan(o, &f);
	}
	struct plan_input in = observe_input(o, now, force);

	return observe_plan(o, &in);
}

bool observe_wants_service(const struct observation *o, int64_t now)
{
	if (o->followed != NULL)
		return false;
	/* Somebody enables it again, and nothing but Azure knows when. */
	if (o->state.disabled)
		return true;
	for (int i = 0; i < ACR_SLOT__COUNT; i++)
		if (observe_wants_stamp(o, i) && observe_all_read(o))
			return true;
	return passed(o->state.last_inspected, o->job->policy.inspect_every, now);
}

bool observe_shadowed(const struct observation *o)
{
	for (size_t i = 0; i < o->n_seen; i++)
		if (o->seen[i].shadowed && !o->seen[i].spec->optional)
			return true;
	return false;
}

bool observe_quiet(const struct observation *o, const struct plan *p, int64_t now)
{
	for (int i = 0; i < ACR_SLOT__COUNT; i++)
		if (o->state.slot[i].intent || o->state.slot[i].revoke != 0)
			return false;
	return p->action == PLAN_KEEP && !o->dirty && !o->state.lost && !o->state.unfinished &&
	       o->who.server != NULL && o->state.failing_since == 0 && observe_all_read(o) &&
	       !observe_shadowed(o) && !observe_hook_owed(o) && !observe_wants_service(o, now) &&
	       !(p->foreign_ahead && passed(o->state.last_warned, 86400, now));
}

/* ---- whose record it is ---------------------------------------------------------------------- */

bool observe_is_of_registry(const struct state *s, const struct job *job)
{
	if (job->source != NULL)
		return s->login_server == NULL || strcasecmp(s->login_server, job->registry) == 0;
	const char *subscription = auth_or_env(job->azure.subscription, "AZURE_SUBSCRIPTION_ID");
	AUTO_FREE char *name = acr_registry_name(job->registry);

	return state_is_of_registry(s, subscription, name);
}

static void check_subject(struct observation *o)
{
	struct state *s = &o->state;

	/* What counts as ours, and what a slot is, is not the same for both. */
	bool follower = s->follows != NULL, written = s->token != NULL || s->login_server != NULL;
	if (written && follower != (o->job->source != NULL))
		state_lose(s, LOST_ROLE);
	else if (s->token != NULL && strcasecmp(s->token, o->job->token) != 0)
		state_lose(s, LOST_TOKEN);
	else if (!observe_is_of_registry(s, o->job))
		state_lose(s, LOST_REGISTRY);
	/* Said in every record from the next save on. */
	free(s->job);
	free(s->token);
	s->job = mem_dup(o->job->name);
	s->token = mem_dup(o->job->token);
}

/* Nobody has to be asked where to log in: the job says it. */
static void set_server(struct observation *o)
{
	if (o->state.login_server != NULL)
		return;
	o->state.login_server = acr_server_asked(o->job->registry, o->job->registry);
	for (char *p = o->state.login_server; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	o->dirty = true;
}

/* ---- opening --------------------------------------------------------------------------------- */

bool observe_open(const struct store *store, const struct job *job, struct observation *o,
                  struct err *e)
{
	struct state state;

	if (!state_load(store, job->name, &state, e))
		return false;
	*o = (struct observation){ .job = job, .store = store, .state = state };
	check_subject(o);
	for (int i = 0; i < ACR_SLOT__COUNT; i++)
		o->state.slot[i].shared = store_is_shared(store);
	o->who.username = mem_dup(job->token);
	observe_open_sinks(o);
	observe_open_source(o);
	if (o->followed != NULL)
		set_server(o);
	/* Where the job names another server than is remembered, the service is asked again. */
	if (o->state.login_server != NULL)
		o->who.server = acr_server_asked(job->registry, o->state.login_server);
	if (o->who.server == NULL)
		return true;
	observe_name_places(o);
	observe_sinks(o);
	observe_note_unseen(o);
	if (o->followed != NULL)
		observe_source(o);
	return true;
}

void observe_server(struct observation *o, const char *server, const char *group, const char *id)
{
	char *new_server = mem_dup(server), *new_group = mem_dup(group), *new_id = mem_dup(id);

	free(o->state.login_server);
	free(o->state.group);
	free(o->state.registry);
	free(o->who.server);
	o->state.registry = new_id;
	o->state.login_server = new_server;
	o->state.group = new_group;
	o->who.server = acr_server_asked(o->job->registry, server);
	if (o->who.server == NULL)
		o->who.server = mem_dup(server);
	o->dirty = true;
	observe_name_places(o);
	observe_sinks(o);
	observe_note_unseen(o);
}

void observe_close(struct observation *o)
{
	for (size_t i = 0; i < o->n_seen; i++) {
		struct seen *s = &o->seen[i];
		if (s->sink != NULL)
			s->spec->ops->close(s->sink);
		secret_free(s->held);
		free(s->place);
	}
	observe_close_source(o);
	free(o->seen);
	free(o->views);
	credential_clear(&o->who);
	state_clear(&o->state);
	*o = (struct observation){ 0 };
}
