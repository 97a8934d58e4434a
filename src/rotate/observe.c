/* SPDX-License-Identifier: MIT */
#include "rotate/observe.h"

#include <stdlib.h>
#include <strings.h>

#include "azure/auth.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/secret.h"
#include "config/job.h"
#include "sink/sink.h"

#define PLACE_MAX    8192
#define MARGIN_MAX_S 300 /* more than the clocks of the service's replicas can differ */
/* between two readings in whole seconds so much less may have passed; `grace` is promised whole */
#define CLOCK_GRAIN_S 1

/* ---- sinks ----------------------------------------------------------------------------------- */

static void break_sink(struct seen *s, const struct err *why)
{
	s->broken = true;
	s->why = *why;
}

static void open_sinks(struct observation *o)
{
	const struct job *job = o->job;

	o->n_seen = job->n_sinks;
	o->seen = mem_array(o->n_seen, sizeof(*o->seen));
	for (size_t i = 0; i < o->n_seen; i++) {
		struct seen *s = &o->seen[i];
		struct err why = ERR_INIT;
		s->spec = &job->sinks[i];
		if (!s->spec->ops->open(s->spec->spec, job->lent, &s->sink, &why)) {
			(void)err_in(&why, "sink '%s'", s->spec->name);
			break_sink(s, &why);
		}
		s->unread = s->broken;
	}
}

static void name_places(struct observation *o)
{
	for (size_t i = 0; i < o->n_seen; i++) {
		AUTO_BUF struct buf place = BUF_INIT(PLACE_MAX);
		o->seen[i].spec->ops->identity(o->seen[i].spec->spec, o->who.server, &place);
		free(o->seen[i].place);
		o->seen[i].place = mem_dup(buf_cstr(&place));
	}
}

/* A print that is not known is all zero, which no password's is. */
static enum acr_slot match(const struct observation *o, const struct secret *held)
{
	struct fingerprint print;

	if (held == NULL)
		return ACR_NO_SLOT;
	crypto_fingerprint(held, &print);
	for (int i = 0; i < ACR_SLOT__COUNT; i++)
		if (fingerprint_equal(&print, &o->state.slot[i].print))
			return (enum acr_slot)i;
	return ACR_NO_SLOT;
}

/* Of a generation that is still the one in the ledger. */
static bool may_hold(const struct observation *o, const struct sink_memory *m, enum acr_slot slot)
{
	return m->may_hold[slot] != 0 && m->may_hold[slot] == o->state.slot[slot].created;
}

bool observe_counts(const struct observation *o, const struct sink_memory *m)
{
	return may_hold(o, m, ACR_SLOT_1) || may_hold(o, m, ACR_SLOT_2);
}

bool observe_hidden(const struct observation *o, const struct sink_memory *m, enum acr_slot slot)
{
	for (size_t i = 0; i < o->n_seen; i++)
		if (strcmp(o->seen[i].spec->name, m->name) == 0 &&
		    strcmp(o->seen[i].place, m->place) == 0)
			return !o->seen[i].unread && o->views[i].holds != slot &&
			       may_hold(o, m, slot);
	return false;
}

static void add_view(struct observation *o, enum acr_slot holds)
{
	o->views[o->n_views++] = (struct sink_view){ .holds = holds, .readable = false };
}

static void set_may_hold(struct observation *o, struct sink_memory *m, enum acr_slot slot,
                         int64_t created)
{
	if (m->may_hold[slot] == created)
		return;
	m->may_hold[slot] = created;
	o->dirty = true;
}

/* What was read settles what a killed delivery had left open, where what is not seen is not
 * there. */
static void remember(struct observation *o, const struct seen *s, enum acr_slot holds)
{
	struct sink_memory *m = state_sink(&o->state, s->spec->name, s->place);

	for (int i = 0; i < ACR_SLOT__COUNT; i++) {
		enum acr_slot slot = (enum acr_slot)i;
		if (slot == holds)
			set_may_hold(o, m, slot, o->state.slot[slot].created);
		else if (s->spec->ops->evidence || !may_hold(o, m, slot))
			set_may_hold(o, m, slot, 0);
	}
}

/* What it may hold beside what is known of view i. */
static void view_more(struct observation *o, const struct sink_memory *m, enum acr_slot known)
{
	for (int i = 0; i < ACR_SLOT__COUNT; i++)
		if ((enum acr_slot)i != known && may_hold(o, m, (enum acr_slot)i))
			add_view(o, (enum acr_slot)i);
}

bool observe_in_job(const struct observation *o, const struct sink_memory *m)
{
	for (size_t i = 0; i < o->n_seen; i++)
		if (strcmp(o->seen[i].spec->name, m->name) == 0 &&
		    strcmp(o->seen[i].place, m->place) == 0)
			return true;
	return false;
}

/* A sink that is no longer in the job still has its readers, until what it last got has expired
 * or somebody says `forget`. */
static void view_removed(struct observation *o)
{
	for (size_t i = 0; i < o->state.n_sinks; i++) {
		const struct sink_memory *m = &o->state.sinks[i];
		if (observe_in_job(o, m))
			continue;
		view_more(o, m, ACR_NO_SLOT);
		if (!observe_counts(o, m)) {
			state_drop_sink(&o->state, i--);
			o->dirty = true;
		}
	}
}

/* A sink that cannot be read: what it last got counts, and what it was being given. Nothing
 * remembered is no proof that it is empty. */
static void view_unread(struct observation *o, size_t i)
{
	const struct sink_memory *m =
		state_sink(&o->state, o->seen[i].spec->name, o->seen[i].place);
	struct sink_view *v = &o->views[i];

	v->holds = may_hold(o, m, ACR_SLOT_1)   ? ACR_SLOT_1
	           : may_hold(o, m, ACR_SLOT_2) ? ACR_SLOT_2
	                                        : ACR_NO_SLOT;
	v->other = v->holds == ACR_NO_SLOT;
	view_more(o, m, v->holds);
}

static void build_views(struct observation *o)
{
	free(o->views);
	/* Two for a sink that may hold either, beside those of the job. */
	o->views = mem_array(o->n_seen + 2 * (o->state.n_sinks + o->n_seen) + 1, sizeof(*o->views));
	o->n_views = o->n_seen;
	for (size_t i = 0; i < o->n_seen; i++) {
		const struct seen *s = &o->seen[i];
		struct sink_view *v = &o->views[i];
		v->readable = !s->broken;
		if (s->unread) {
			view_unread(o, i);
			continue;
		}
		v->holds = match(o, s->held);
		v->other = s->held != NULL && v->holds == ACR_NO_SLOT;
		v->rejected = s->refused >= 2;
		remember(o, s, v->holds);
		view_more(o, state_sink(&o->state, s->spec->name, s->place), v->holds);
	}
	view_removed(o);
}

static bool held_anywhere(const struct observation *o, int slot)
{
	for (size_t i = 0; i < o->n_views; i++)
		if ((int)o->views[i].holds == slot)
			return true;
	return false;
}

static void clear_left(struct observation *o)
{
	for (int i = 0; i < ACR_SLOT__COUNT; i++) {
		if (o->state.slot[i].left == 0 || !held_anywhere(o, i))
			continue;
		o->state.slot[i].left = 0;
		o->dirty = true;
	}
}

static bool is_known(void *ctx, const struct secret *s)
{
	return match(ctx, s) != ACR_NO_SLOT;
}

/* Not in the form that it is to have: perhaps in that of before. What cannot be searched holds
 * nothing, as was read. */
static void search(struct observation *o, struct seen *s)
{
	const struct sink_known known = { .is = is_known, .ctx = o };
	struct err ignored = ERR_INIT;

	s->stale = false;
	if (s->held == NULL && s->spec->ops->find != NULL &&
	    s->spec->ops->find(s->sink, &o->who, &known, &s->held, &ignored))
		s->stale = s->held != NULL;
}

/* What is in a sink counts as held, whoever reads it: a client that was not named may. */
static void judge(struct seen *s)
{
	s->shadow = (struct err)ERR_INIT;
	s->shadowed = s->held != NULL && s->spec->ops->taken != NULL &&
	              !s->spec->ops->taken(s->sink, &s->shadow);
	if (s->shadowed)
		(void)err_in(&s->shadow, "sink '%s'", s->spec->name);
}

void observe_sinks(struct observation *o)
{
	for (size_t i = 0; i < o->n_seen; i++) {
		struct seen *s = &o->seen[i];
		struct secret *held = NULL;
		struct err why = ERR_INIT;
		if (s->sink == NULL)
			continue;
		if (!s->spec->ops->read_current(s->sink, &o->who, &held, &why)) {
			(void)err_in(&why, "sink '%s'", s->spec->name);
			break_sink(s, &why);
			s->unread = true;
			secret_free(take(&s->held));
		} else {
			secret_free(s->held);
			s->held = held;
			search(o, s);
		}
		judge(s);
	}
	build_views(o);
	clear_left(o);
}

void observe_giving(struct observation *o, size_t i, enum acr_slot slot)
{
	struct seen *s = &o->seen[i];

	s->before = match(o, s->held);
	set_may_hold(o, state_sink(&o->state, s->spec->name, s->place), slot,
	             o->state.slot[slot].created);
}

void observe_given(struct observation *o, size_t i, enum acr_slot slot, bool kept)
{
	const struct seen *s = &o->seen[i];
	struct sink_memory *m = state_sink(&o->state, s->spec->name, s->place);

	/* What failed has delivered nothing, but let go of nothing either. */
	if (!kept && s->before != slot)
		set_may_hold(o, m, slot, 0);
	else if (kept && s->before == acr_other(slot))
		set_may_hold(o, m, s->before, 0);
	build_views(o);
}

/* ---- the ledger ------------------------------------------------------------------------------ */

static bool all_read(const struct observation *o)
{
	for (size_t i = 0; i < o->n_seen; i++)
		if (o->seen[i].unread)
			return false;
	return true;
}

static bool wants_stamp(const struct observation *o, int slot)
{
	const struct slot_memory *m = &o->state.slot[slot];

	return m->delivered && !m->gone && m->left == 0 && !held_anywhere(o, slot);
}

void observe_stamp(struct observation *o, int64_t now)
{
	for (int i = 0; i < ACR_SLOT__COUNT; i++) {
		if (!wants_stamp(o, i) || !all_read(o))
			continue;
		o->state.slot[i].left = now;
		o->dirty = true;
	}
}

static bool asked_by_us(const struct slot_memory *m, int64_t expires_us)
{
	return expires_us != 0 && (expires_us == m->asked_us || expires_us == m->asked_before_us);
}

/* The service may say the times of one generation more or less precisely from one answer to the
 * next. */
static bool is_recorded(const struct slot_memory *m, const struct acr_password *seen)
{
	const struct acr_password known = { .present = m->created != 0,
		                            .created = m->created,
		                            .expires_us = m->expires_us };

	return known.present && (seen->created == m->created || acr_same_generation(&known, seen));
}

static void take_slot(struct slot_memory *m, const struct acr_password *seen)
{
	m->foreign_created = m->foreign_expires_us = 0;
	if (!seen->present) {
		m->gone = m->created != 0;
		return;
	}
	if (is_recorded(m, seen)) {
		m->gone = false;
		return;
	}
	if (asked_by_us(m, seen->expires_us)) {
		/* A generate of ours whose answer never came: nobody has that password. */
		m->created = seen->created;
		m->expires_us = seen->expires_us;
		m->print = (struct fingerprint){ 0 };
		m->delivered = m->gone = false;
		m->left = 0;
		if (seen->expires_us == m->asked_us)
			state_settle_intent(m);
		return;
	}
	m->gone = m->created != 0;
	m->foreign_created = seen->created;
	m->foreign_expires_us = seen->expires_us;
}

void observe_alive(struct observation *o, enum acr_slot slot)
{
	struct slot_memory *m = &o->state.slot[slot];

	o->alive[slot] = true;
	m->gone = false;
	m->foreign_created = m->foreign_expires_us = 0;
	/* One of the two is wrong: the very next run looks again. */
	o->state.last_inspected = o->state.last_verified = 0;
	o->dirty = true;
}

void observe_token(struct observation *o, const struct acr_token *token, int64_t now)
{
	struct slot_memory before[ACR_SLOT__COUNT];

	memcpy(before, o->state.slot, sizeof(before));
	o->asked = token == NULL ? TOKEN_MISSING : TOKEN_READ;
	o->read_at = now;
	for (int i = 0; token != NULL && i < ACR_SLOT__COUNT; i++) {
		take_slot(&o->state.slot[i], &token->slot[i]);
		/* The registry has contradicted this in this run. */
		if (o->alive[i])
			observe_alive(o, (enum acr_slot)i);
		if (!token->slot[i].present || token->slot[i].created != o->state.slot[i].revoke)
			o->state.slot[i].revoke = 0;
	}
	/* With the token everything that was generated for it went. */
	for (int i = 0; token == NULL && i < ACR_SLOT__COUNT; i++) {
		o->state.slot[i].revoke = 0;
		o->state.slot[i].gone = o->state.slot[i].created != 0;
	}
	if (token != NULL && o->state.disabled == token->enabled) {
		o->state.disabled = !token->enabled;
		o->state.rejected_at = 0; /* a disabled token is refused for that reason */
		o->dirty = true;
	}
	o->dirty = o->dirty || memcmp(before, o->state.slot, sizeof(before)) != 0;
	build_views(o);
	observe_stamp(o, now);
}

struct acr_password observe_slot(const struct observation *o, enum acr_slot slot, bool *ours)
{
	const struct slot_memory *m = &o->state.slot[slot];

	*ours = m->foreign_created == 0;
	if (!*ours)
		return (struct acr_password){ .present = true,
			                      .created = m->foreign_created,
			                      .expires_us = m->foreign_expires_us };
	return (struct acr_password){ .present = m->created != 0 && !m->gone,
		                      .created = m->created,
		                      .expires_us = m->expires_us };
}

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

static bool print_known(const struct fingerprint *p)
{
	static const struct fingerprint none;

	return memcmp(p, &none, sizeof(none)) != 0;
}

/* Nothing but plain numbers, for those that are not bounded. */
static int64_t until(int64_t t, int64_t now)
{
	const int64_t long_time = 100 * INT64_C(366) * 86400;

	return t < now + long_time ? t : now + long_time;
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
		.ours = ours && p.present,
		.delivered = m->delivered,
		.permitted = is_permitted(policy, slot, p.created),
		.refused = o->doubted[slot] || o->dead[slot],
		.dead = o->dead[slot],
		.doomed = m->revoke != 0,
		.lost = ours && p.present && !print_known(&m->print),
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
	for (size_t i = 0; i < o->state.n_sinks; i++)
		if (o->state.sinks[i].hook_owed)
			return true;
	return o->state.job_hook_owed;
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

bool observe_learn(struct observation *o, enum acr_slot slot, const struct secret *held)
{
	struct slot_memory *m = &o->state.slot[slot];

	if (m->foreign_created != 0 || m->created == 0 || m->gone || print_known(&m->print))
		return false;
	crypto_fingerprint(held, &m->print);
	m->delivered = true;
	m->left = 0;
	o->dirty = true;
	observe_sinks(o);
	return true;
}

struct plan observe_plan(const struct observation *o, const struct plan_input *in)
{
	struct plan p = plan_decide(in);

	if ((p.action == PLAN_KEEP || p.action == PLAN_VERIFY) && p.active && has_stale(o, &p)) {
		p.action = PLAN_HEAL;
		p.why = WHY_LAGGING;
	}
	return p;
}

struct plan observe_decide(const struct observation *o, int64_t now, bool force)
{
	struct plan_input in = observe_input(o, now, force);

	return observe_plan(o, &in);
}

bool observe_wants_service(const struct observation *o, int64_t now)
{
	/* Somebody enables it again, and nothing but Azure knows when. */
	if (o->state.disabled)
		return true;
	for (int i = 0; i < ACR_SLOT__COUNT; i++)
		if (wants_stamp(o, i) && all_read(o))
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
	       o->who.server != NULL && o->state.failing_since == 0 && all_read(o) &&
	       !observe_shadowed(o) && !observe_hook_owed(o) && !observe_wants_service(o, now) &&
	       !(p->foreign_ahead && passed(o->state.last_warned, 86400, now));
}

/* ---- whose record it is ---------------------------------------------------------------------- */

/* The part of "/subscriptions/S/resourceGroups/G/providers/P/registries/R" behind `before`. */
static bool has_part(const char *id, const char *before, const char *want)
{
	const char *at = strcasestr(id, before);
	size_t n = strlen(want);

	return at != NULL && strncasecmp(at + strlen(before), want, n) == 0 &&
	       (at[strlen(before) + n] == '/' || at[strlen(before) + n] == '\0');
}

/* A registry keeps its name for life, which nobody else can have; its group may change. Of a
 * record that knows only the login server, the name is the first part of that. */
static bool is_of_registry(const struct state *s, const struct job *job)
{
	const char *subscription = auth_or_env(job->azure.subscription, "AZURE_SUBSCRIPTION_ID");
	AUTO_FREE char *name = acr_registry_name(job->registry);

	if (s->registry != NULL)
		return has_part(s->registry, "/registries/", name) &&
		       (subscription == NULL ||
		        has_part(s->registry, "/subscriptions/", subscription));
	if (s->login_server == NULL)
		return true;
	AUTO_FREE char *server = acr_registry_name(s->login_server);
	return strcasecmp(server, name) == 0;
}

static void check_subject(struct observation *o)
{
	struct state *s = &o->state;

	if (s->token != NULL && strcasecmp(s->token, o->job->token) != 0)
		state_lose(s, LOST_TOKEN);
	else if (!is_of_registry(s, o->job))
		state_lose(s, LOST_REGISTRY);
	/* Said in every record from the next save on. */
	free(s->job);
	free(s->token);
	s->job = mem_dup(o->job->name);
	s->token = mem_dup(o->job->token);
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
	o->who.username = mem_dup(job->token);
	open_sinks(o);
	/* Where the job names another server than is remembered, the service is asked again. */
	if (o->state.login_server != NULL)
		o->who.server = acr_server_asked(job->registry, o->state.login_server);
	if (o->who.server == NULL)
		return true;
	name_places(o);
	observe_sinks(o);
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
	name_places(o);
	observe_sinks(o);
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
	free(o->seen);
	free(o->views);
	credential_clear(&o->who);
	state_clear(&o->state);
	*o = (struct observation){ 0 };
}
