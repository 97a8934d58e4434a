/* SPDX-License-Identifier: MIT */
#include "token/guard_left.h"

#include <stdlib.h>
#include <strings.h>

#include "azure/acr.h"
#include "base/err.h"
#include "base/mem.h"
#include "rotate/state.h"
#include "store/store.h"
#include "token/context.h"
#include "token/options.h"

static bool is_on_token(const struct state *s, const struct token_run *r)
{
	return s->lost == LOST_NOT && s->token != NULL &&
	       strcasecmp(s->token, r->args->name) == 0 &&
	       state_is_of_registry(s, NULL, r->registry);
}

static bool add(const struct token_run *r, const struct store *store, const char *name,
                struct guard_lefts *out, struct err *e)
{
	AUTO_STATE struct state s = { 0 };
	struct lock lock = LOCK_INIT;

	if (!state_load(store, name, &s, e))
		return false;
	if (!is_on_token(&s, r))
		return true;
	if (!store_lock(store, name, &lock, e))
		return false;
	out->left = mem_grow(out->left, &out->cap, out->n + 1, sizeof(*out->left));
	struct guard_left *l = &out->left[out->n++];
	*l = (struct guard_left){ .lock = lock };
	l->job.name = mem_dup(name);
	l->record.store = store;
	l->record.open = true;
	l->record.o.state = s;
	for (int i = 0; i < ACR_SLOT__COUNT; i++)
		l->record.o.state.slot[i].shared = store_is_shared(store);
	s = (struct state){ 0 };
	return true;
}

bool guard_left_find(const struct token_run *r, const struct store *store,
                     bool (*is_guarded)(const void *ctx, const char *name), const void *ctx,
                     struct guard_lefts *out, struct err *e)
{
	AUTO_NAMES struct store_names names = { 0 };

	if (!store_list(store, &names, e))
		return false;
	bool ok = true;
	for (size_t i = 0; ok && i < names.n; i++) {
		const char *name = names.name[i];
		struct err why = ERR_INIT;
		if (is_guarded(ctx, name) ||
		    (store_is_shared(store) && config_has(r->config, name)))
			continue;
		/* A role may list more than it may read. */
		ok = add(r, store, name, out, &why) || why.kind == ERR_DENIED;
		if (!ok)
			*e = why;
	}
	/* It moves no more. */
	for (size_t i = 0; i < out->n; i++)
		out->left[i].record.job = &out->left[i].job;
	return ok;
}

void guard_left_clear(struct guard_lefts *l)
{
	for (size_t i = 0; i < l->n; i++) {
		guard_record_close(&l->left[i].record);
		lock_drop(&l->left[i].lock);
		free(l->left[i].job.name);
	}
	free(l->left);
	*l = (struct guard_lefts){ 0 };
}
