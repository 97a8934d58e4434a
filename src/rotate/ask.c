/* SPDX-License-Identifier: MIT */
/* What is asked of the service before anything changes: registry, token, does the registry accept what is deployed. */
#include <stdlib.h>

#include "azure/login.h"
#include "base/env.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "rotation.h"

#define SECOND_REFUSAL_S  60              /* a registry may need as long to learn a password */
#define CLOCK_REPORTED_S  300
#define CLOCK_REFUSED_S   86400
#define CREATING_POLL_MS  2000

static struct arm *arm_of(struct rotation *r)
{
	if (r->arm == NULL)
		r->arm = r->w->arm(r->w->ctx, r->job);
	return r->arm;
}

static bool subscription_of(struct rotation *r, const char **out, struct err *e)
{
	*out = arm_subscription(arm_of(r));
	return *out != NULL || err_set(e, ERR_CONFIG, "no subscription: set 'subscription' in [azure], or AZURE_SUBSCRIPTION_ID");
}

static bool fill_ref(struct rotation *r, struct err *e)
{
	const char *subscription;

	if (r->ref.token != NULL)
		return true;
	if (!subscription_of(r, &subscription, e))
		return false;
	const char *group = r->job->resource_group != NULL ? r->job->resource_group : r->o.state.group;
	r->ref = (struct acr_ref){ .subscription = mem_dup(subscription), .group = mem_dup(group),
	                           .registry = acr_registry_name(r->job->registry), .token = mem_dup(r->job->token) };
	return true;
}

enum progress step_find(struct rotation *r, struct http *h, struct err *e)
{
	struct acr_registry found = { 0 };
	const char *subscription;
	AUTO_FREE char *name = acr_registry_name(r->job->registry);

	if (!subscription_of(r, &subscription, e) ||
	    !acr_find_registry(arm_of(r), h, subscription, r->job->resource_group, name, &found, e))
		return FAILED;
	observe_server(&r->o, found.login_server, found.group);
	acr_registry_clear(&found);
	acr_ref_clear(&r->ref);
	for (size_t i = 0; i < r->o.n_seen; i++)
		if (r->o.seen[i].broken)
			note_worst(r, r->o.seen[i].spec, &r->o.seen[i].why);
	if (!sweep_sinks(r, e))
		return FAILED;
	return go_to(r, r->refound ? STEP_READ : STEP_DECIDE);
}

/* Times are reckoned by the service; but a local clock that is a day off makes every certificate and log line a lie. */
static bool check_clock(const struct rotation *r, struct err *e)
{
	int64_t off = arm_clock_offset(r->arm);

	if (off > CLOCK_REPORTED_S || off < -CLOCK_REPORTED_S)
		log_msg(LEVEL_WARN, r->job->name, "the local clock is %lld minutes %s Azure's: times are reckoned by Azure's",
		        (long long)(off < 0 ? -off : off) / 60, off < 0 ? "ahead of" : "behind");
	if (off < CLOCK_REFUSED_S && off > -CLOCK_REFUSED_S)
		return true;
	return err_set(e, ERR_LOCAL, "the local clock is %lld hours %s the service's: set it first",
	               (long long)(off < 0 ? -off : off) / 3600, off < 0 ? "ahead of" : "behind");
}

enum progress step_read(struct rotation *r, struct http *h, struct err *e)
{
	struct acr_token token;
	bool guessed_group = r->job->resource_group == NULL;

	if (!fill_ref(r, e))
		return FAILED;
	if (acr_get_token(arm_of(r), h, &r->ref, &token, e)) {
		if (!check_clock(r, e))
			return FAILED;
		observe_token(&r->o, &token, rotation_now(r));
	} else if (e->kind != ERR_MISSING) {
		return FAILED;
	} else if (strcmp(e->code, "ResourceNotFound") != 0) {
		/* The registry moved to another resource group: what was remembered is looked up again, once. */
		if (!guessed_group || r->refound)
			return FAILED;
		r->refound = true;
		return go_to(r, STEP_FIND);
	} else {
		observe_token(&r->o, NULL, rotation_now(r));
	}
	r->o.state.last_inspected = rotation_now(r);
	r->o.dirty = true;
	return go_to(r, STEP_DECIDE);
}

/* ---- does the registry accept what is deployed? ----------------------------------------------------------------------------- */

static enum progress accepted(struct rotation *r)
{
	int64_t now = rotation_now(r);

	r->o.state.last_verified = now;
	r->o.state.rejected_at = 0;
	r->o.dirty = true;
	r->verified = true;
	return go_to(r, STEP_DECIDE);
}

/* Once is no proof: it may not have learned of the password yet. Twice, a minute apart, is. */
static enum progress rejected(struct rotation *r, enum acr_slot slot, struct err *e)
{
	struct state *s = &r->o.state;
	int64_t now = rotation_now(r);

	if (s->rejected_at == 0 || s->rejected_at > now) {
		s->rejected_at = now;
		r->o.dirty = true;
		if (!save_state(r, e))
			return FAILED;
	}
	if (r->o.asked == TOKEN_NOT_ASKED)
		return go_to(r, STEP_READ);
	if (is_dry(r))
		return go_to(r, STEP_DECIDE);
	int64_t left = s->rejected_at + SECOND_REFUSAL_S - now;
	if (left > 0)
		return wait_then(r, left * 1000, STEP_VERIFY);
	r->o.dead[slot] = true;
	return go_to(r, STEP_DECIDE);
}

enum progress step_verify(struct rotation *r, struct http *h, struct err *e)
{
	size_t source = r->plan.source;
	enum acr_slot slot = r->o.views[source].holds == HOLD_SLOT_1 ? ACR_SLOT_1 : ACR_SLOT_2;
	struct credential c = { .server = r->o.who.server, .username = r->o.who.username, .password = r->o.seen[source].held };
	enum login_answer answer;

	if (!login_probe(rotation_login(r), h, &c, &answer, e))
		return FAILED;
	return answer == LOGIN_ACCEPTED ? accepted(r) : rejected(r, slot, e);
}

/* exclusive = yes: nobody else uses the token, so slots that no working password in a sink belongs to are free. Whether the ones found
 * there work, only the registry knows. */
enum progress step_try_others(struct rotation *r, struct http *h, struct err *e)
{
	bool once = false, twice = false;

	r->tried_others = true;
	for (size_t i = 0; i < r->o.n_seen; i++) {
		struct seen *s = &r->o.seen[i];
		struct credential c = { .server = r->o.who.server, .username = r->o.who.username, .password = s->held };
		enum login_answer answer;
		if (!r->o.views[i].readable || r->o.views[i].holds != HOLD_OTHER || s->refused >= 2)
			continue;
		if (!login_probe(rotation_login(r), h, &c, &answer, e))
			return FAILED;
		s->refused = answer == LOGIN_REJECTED ? s->refused + 1 : 0;
		once = once || s->refused == 1;
		twice = twice || s->refused == 2;
	}
	if (once)
		return wait_then(r, SECOND_REFUSAL_S * 1000, STEP_TRY_OTHERS);
	if (twice)
		observe_sinks(&r->o);
	return go_to(r, STEP_DECIDE);
}

/* ---- a token that does not exist yet ---------------------------------------------------------------------------------------- */

/* Actions of `repository = NAME ACTION...` and `gateway = NAME ACTION...` lines, as the service names them. */
static bool add_actions(const struct key_list *list, const char *prefix, char ***actions, size_t *n, size_t *cap, struct err *e)
{
	for (size_t i = 0; i < list->n; i++) {
		AUTO_FREE char *line = mem_dup(list->item[i]);
		char *rest = line, *name = strsep(&rest, " \t"), *action;
		size_t before = *n;
		while (rest != NULL && (action = strsep(&rest, " \t")) != NULL) {
			if (*action == '\0')
				continue;
			*actions = mem_grow(*actions, cap, *n + 1, sizeof(**actions));
			(*actions)[(*n)++] = mem_fmt("%s/%s/%s", prefix, name, action);
		}
		if (*n == before)
			return err_set(e, ERR_CONFIG, "'%s' names no action", list->item[i]);
	}
	return true;
}

static bool own_scope_map(struct rotation *r, struct http *h, char **id, struct err *e)
{
	AUTO_FREE char *name = mem_fmt("%s-scope-map", r->job->token);
	char **actions = NULL;
	size_t n = 0, cap = 0;

	bool ok = add_actions(&r->job->repository, "repositories", &actions, &n, &cap, e) &&
	          add_actions(&r->job->gateway, "gateway", &actions, &n, &cap, e) &&
	          acr_put_scope_map(r->arm, h, &r->ref, name, (const char *const *)actions, n, id, e);
	for (size_t i = 0; i < n; i++)
		free(actions[i]);
	free(actions);
	return ok;
}

static bool scope_map_id(struct rotation *r, struct http *h, char **id, struct err *e)
{
	const char *name = r->job->scope_map;

	if (name == NULL)
		return own_scope_map(r, h, id, e);
	*id = name[0] == '/' ? mem_dup(name)
	                     : mem_fmt("/subscriptions/%s/resourceGroups/%s/providers/Microsoft.ContainerRegistry/registries/%s/scopeMaps/%s",
	                               r->ref.subscription, r->ref.group, r->ref.registry, name);
	return true;
}

enum progress step_create(struct rotation *r, struct http *h, struct err *e)
{
	AUTO_FREE char *map = NULL;
	struct acr_token token;

	if (!fill_ref(r, e) || !scope_map_id(r, h, &map, e))
		return FAILED;
	/* A PUT of a token that exists wipes its passwords: another creator may have been quicker. */
	if (acr_get_token(r->arm, h, &r->ref, &token, e))
		return go_to(r, STEP_READ);
	if (e->kind != ERR_MISSING)
		return FAILED;
	arm_operation_clear(&r->operation);
	if (!acr_put_token(r->arm, h, &r->ref, map, &r->operation, e))
		return FAILED;
	r->created_now = true;
	r->out.did = PLAN_CREATE;
	r->out.changed = true;
	return r->operation.poll_url == NULL ? go_to(r, STEP_READ) : poll_again(r, STEP_CREATED, "creating the token", e);
}

enum progress step_created(struct rotation *r, struct http *h, struct err *e)
{
	AUTO_RESPONSE struct http_response result = { 0 };
	bool done;

	if (!arm_operation_poll(r->arm, h, &r->operation, &done, &result, e))
		return FAILED;
	if (!done)
		return poll_again(r, STEP_CREATED, "creating the token", e);
	r->await_until = 0;
	return go_to(r, STEP_READ);
}
