/* SPDX-License-Identifier: MIT */
/* A token that a job of this machine rotates: its lock is taken, and what its sinks or their
 * readers hold is not killed unasked. */

#include "token/guard.h"

#include <stdlib.h>
#include <strings.h>

#include "azure/acr.h"
#include "azure/clouds.h"
#include "base/env.h"
#include "base/err.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/lent.h"
#include "config/job.h"
#include "rotate/observe.h"
#include "sink/sink.h"
#include "token/context.h"

struct guard_held {
	struct lock lock;
};
struct token_guard {
	struct guard_held *held;
	size_t n, cap;
};

static bool is_on_token(const struct job *j, const struct token_run *r)
{
	AUTO_FREE char *registry = acr_registry_name(j->registry);

	return strcasecmp(j->token, r->args->name) == 0 && strcasecmp(registry, r->registry) == 0;
}

/* Which slots nobody may kill: what a sink holds, and what was delivered and not left for
 * `grace`, or whose consumers a hook has yet to tell of the other. Both, where it cannot be
 * told. */
static unsigned in_use(const struct observation *o, int64_t now)
{
	const struct plan_input in = observe_input(o, now, false);
	unsigned used = 0;

	for (size_t i = 0; i < o->n_views; i++) {
		const struct sink_view *v = &o->views[i];
		if (v->holds == ACR_SLOT_1 || v->other)
			used |= TOKEN_KILLS_1;
		if (v->holds == ACR_SLOT_2 || v->other)
			used |= TOKEN_KILLS_2;
	}
	for (int i = 0; i < ACR_SLOT__COUNT; i++) {
		const struct slot_memory *s = &o->state.slot[i];
		bool left = !in.hook_owed && s->left != 0 && now - s->left >= in.grace;
		bool gone = s->gone ||
		            (s->expires_us != 0 && s->expires_us / 1000000 <= now - in.margin);
		if (s->delivered && (!left || in.until_expiry) && !gone)
			used |= i == ACR_SLOT_1 ? TOKEN_KILLS_1 : TOKEN_KILLS_2;
	}
	return used;
}

/* Of a follower: what its sinks hold; of which slot that is, its source may not say. */
static unsigned in_use_by_follower(const struct observation *o)
{
	unsigned used = 0;

	for (size_t i = 0; i < o->n_views; i++) {
		enum acr_slot slot = observe_slot_of(o, o->views[i].holds);
		bool any = o->views[i].holds != ACR_NO_SLOT || o->views[i].other;
		if (slot == ACR_SLOT_1 || (any && slot == ACR_NO_SLOT))
			used |= TOKEN_KILLS_1;
		if (slot == ACR_SLOT_2 || (any && slot == ACR_NO_SLOT))
			used |= TOKEN_KILLS_2;
	}
	return used;
}

/* Sinks are named by login server; before a job's first run its own word for the registry has to
 * do. */
static char *server_of(const struct job *j)
{
	if (strchr(j->registry, '.') != NULL)
		return mem_dup(j->registry);
	return mem_fmt("%s%s", j->registry, azure_cloud_or_public(j->azure.cloud)->registry_suffix);
}

static bool cuts_off(const struct token_run *r, const struct job *j, unsigned kills, bool *out,
                     struct err *e)
{
	AUTO_STORE struct store *store = lent_store(r->config);
	struct observation o = { 0 };

	if (!observe_open(store, j, &o, e))
		return false;
	if (o.who.server == NULL) {
		AUTO_FREE char *server = server_of(j);
		observe_server(&o, server, NULL, NULL);
	}
	unsigned used =
		o.followed != NULL ? in_use_by_follower(&o) : in_use(&o, env_now(r->w->env));
	*out = (used & kills) != 0;
	observe_close(&o);
	return true;
}

static bool take_lock(struct token_guard *g, const struct token_run *r, const struct job *j,
                      struct err *e)
{
	AUTO_STORE struct store *store = lent_store(r->config);
	struct lock lock = LOCK_INIT;

	if (!store_lock(store, j->name, &lock, e))
		return err_in(e, "job '%s' rotates this token", j->name);
	g->held = mem_grow(g->held, &g->cap, g->n + 1, sizeof(*g->held));
	g->held[g->n++].lock = lock;
	return true;
}

static bool guard_job(struct token_guard *g, const struct token_run *r, const struct job *j,
                      unsigned kills, struct err *e)
{
	bool cut = false;

	if (!take_lock(g, r, j, e))
		return false;
	if (r->args->force || kills == 0)
		return true;
	if (!cuts_off(r, j, kills, &cut, e))
		return err_in(e, "job '%s' rotates this token", j->name);
	if (cut && j->source != NULL)
		return err_set(e, ERR_DECISION,
		               "this would cut off job '%s', which follows this token's password: "
		               "let its rotator generate, or say --force",
		               j->name);
	if (cut)
		return err_set(e, ERR_DECISION,
		               "this would cut off job '%s', which delivers this token's password: "
		               "let 'acrotate run --force %s' "
		               "or 'acrotate revoke %s' do it, or say --force",
		               j->name, j->name, j->name);
	return true;
}

bool token_guard_open(struct token_run *r, unsigned kills, struct token_guard **out, struct err *e)
{
	AUTO_GUARD struct token_guard *g = mem_new(sizeof(*g));

	for (size_t i = 0; i < config_count(r->config); i++) {
		AUTO_JOB struct job *j = NULL;
		struct err unread = ERR_INIT;
		if (!config_job(r->config, i, &j, &unread)) {
			/* It may be on this token: who wants to go on has to say so. */
			if (kills != 0 && !r->args->force) {
				*e = unread;
				return err_in(e,
				              "cannot tell whether job '%s' uses this token "
				              "(--force goes on)",
				              config_name(r->config, i));
			}
			continue;
		}
		if (is_on_token(j, r) && !guard_job(g, r, j, kills, e))
			return false;
	}
	*out = take(&g);
	return true;
}

void token_guard_close(struct token_guard **g)
{
	for (size_t i = 0; *g != NULL && i < (*g)->n; i++)
		lock_drop(&(*g)->held[i].lock);
	if (*g != NULL)
		mem_free_ptr(&(*g)->held);
	mem_free_ptr(g);
}
