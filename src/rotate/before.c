/* SPDX-License-Identifier: MIT */
/* Before the call that cannot be undone: what has to work behind it, and can be tried without the
 * new password, is tried first. What fails here burns no slot. */
#include "azure/acr.h"
#include "azure/login.h"
#include "azure/registry_gate.h"
#include "base/env.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/job.h"
#include "sink/sink.h"
#include "step.h"

#define OPEN_FOR_MS 60000 /* a door that was open then is not asked again */

/* ---- sinks that a look does not tell whether they would take a password ---------------------- */

static bool try_sink(struct rotation *r, size_t i)
{
	struct seen *s = &r->o.seen[i];
	struct sink_memory *m = state_sink(&r->o.state, s->spec->name, s->place);
	struct err why = ERR_INIT;

	if (s->broken || s->spec->ops->trial == NULL || m->tried)
		return true;
	if (!s->spec->ops->trial(s->sink, &r->o.who, &why)) {
		rotation_leave_out(r, i, &why);
		return false;
	}
	if (why.text[0] != '\0')
		log_msg(LEVEL_INFO, r->job->name, "sink '%s': %s", s->spec->name, why.text);
	m->tried = true;
	r->o.dirty = true;
	return true;
}

/* Once in the life of a sink, and again behind a delivery that it failed to take. What is learned
 * is saved with the intent; lost with a run that is killed, it is learned again. */
enum progress step_try_sinks(struct rotation *r, struct http *h, struct err *e)
{
	bool all = true;

	(void)h;
	(void)e;
	for (size_t i = 0; i < r->o.n_seen && !r->plan.discard; i++)
		all = try_sink(r, i) && all;
	/* Without one of them another decision may be right. */
	return rotation_go_to(r, all ? STEP_DOORS : STEP_DECIDE);
}

/* ---- the doors of the registry --------------------------------------------------------------- */

/* Nobody gets what is generated to be thrown away; and revoke --now kills before anything else,
 * whoever may be able to take the new one. */
static bool has_to_be_accepted(const struct rotation *r)
{
	return r->job->policy.verify_wait == 0 && !r->plan.discard &&
	       !(r->plan.why == WHY_REVOKED && r->o.state.revoke_now);
}

static enum progress is_shut(const struct rotation *r, struct err *e)
{
	AUTO_FREE char *registry = acr_registry_name(r->job->registry);
	const char *host = r->give.hosts.list[r->give.host].name;

	if (e->kind == ERR_DENIED)
		(void)err_set(
			e, ERR_DENIED,
			"no password was generated: registry '%s' refuses this host (403), by "
			"a network rule of its own or a proxy: az acr network-rule add --name "
			"%s --ip-address ADDRESS",
			host, registry);
	else if (r->give.host > 0)
		(void)err_in(e, "no password was generated, for 'verify_at' or a sink's 'key' "
		                "wants it accepted there");
	else
		(void)err_in(e, "no password was generated: it could not be proven here");
	return FAILED;
}

/* As it looks before the token is read, and as long as nobody has asked yet. */
void rotation_knock_ahead(struct rotation *r, struct http *h)
{
	if (r->plan.action == PLAN_ROTATE && r->o.who.server != NULL && !is_dry(r) &&
	    r->gen.knocked_at == 0 && !r->gen.doors_open && has_to_be_accepted(r))
		login_knock_begin(rotation_login(r), h);
}

void rotation_knocked(struct rotation *r)
{
	if (r->login != NULL && login_knock_end(r->login))
		r->gen.knocked_at = env_mono_ms(r->w->env);
}

/* An anonymous question at each host that will have to accept the new password. What is learned,
 * where to log in, the proof would have to ask for anyway. */
enum progress step_doors(struct rotation *r, struct http *h, struct err *e)
{
	int64_t now = env_mono_ms(r->w->env);
	bool fresh = r->gen.doors_open && now - r->gen.doors_at < OPEN_FOR_MS;
	enum progress turn = rotation_line_up(r, ERRAND_ROTATE, STEP_DOORS, e);

	/* The last place to wait for others: from here on tokens and intents have their time. */
	if (turn != NEXT)
		return turn;
	if (fresh || !has_to_be_accepted(r))
		return rotation_go_to(r, STEP_TOKENS);
	r->gen.doors_open = false;
	rotation_find_hosts(r);
	/* The first may have been asked already, while the token was read. */
	bool ahead = r->gen.knocked_at != 0 && now - r->gen.knocked_at < OPEN_FOR_MS;
	r->gen.knocked_at = 0;
	for (r->give.host = ahead ? 1 : 0; r->give.host < r->give.hosts.n; r->give.host++)
		if (!login_knock(rotation_host_login(r), h, e))
			return is_shut(r, e);
	r->gen.doors_open = true;
	r->gen.doors_at = now;
	return rotation_go_to(r, STEP_TOKENS);
}

void rotation_find_hosts(struct rotation *r)
{
	if (r->give.hosts.list == NULL)
		hosts_find(r->job, &r->o, &r->give.hosts);
}

struct login *rotation_host_login(struct rotation *r)
{
	const char *name = r->give.hosts.list[r->give.host].name;

	if (r->give.host == 0)
		return rotation_login(r);
	struct login *l = hosts_login(&r->give.hosts, r->give.host);
	login_through(l, registry_gate_of(r->w->registries, name));
	return l;
}
