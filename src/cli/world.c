/* SPDX-License-Identifier: MIT */
#include "cli/world.h"

#include <stdlib.h>

#include "azure/arms.h"
#include "azure/registry_book.h"
#include "azure/registry_gate.h"
#include "base/env.h"
#include "base/mem.h"
#include "cli/lent.h"
#include "config/job.h"
#include "rotate/former.h"
#include "sink/sink.h"

struct cli_world {
	const struct config *config;
	struct store *store;
	struct world world;
};

static struct arm *arm_for(void *ctx, const struct job *job)
{
	const struct cli_world *w = ctx;

	return arms_get(config_lent(w->config)->arms, &job->azure);
}

struct cli_world *cli_world_new(const struct config *config)
{
	struct cli_world *w = mem_new(sizeof(*w));

	w->config = config;
	w->store = lent_store(config);
	w->world = (struct world){ .env = &env_system,
		                   .store = w->store,
		                   .arm = arm_for,
		                   .ctx = w,
		                   .registries = registry_gates_new(&env_system),
		                   .book = registry_book_new(),
		                   .former = former_new(w->store, config_has, config) };
	return w;
}

void cli_world_free(struct cli_world *w)
{
	if (w == NULL)
		return;
	store_close(w->store);
	registry_gates_free(w->world.registries);
	registry_book_free(w->world.book);
	former_free(w->world.former);
	free(w);
}

void cli_world_free_ptr(struct cli_world **w)
{
	cli_world_free(*w);
	*w = NULL;
}

const struct world *cli_world(const struct cli_world *w)
{
	return &w->world;
}

bool cli_world_http(const struct cli_world *w, struct http **out, struct err *e)
{
	return lent_http(w->config, out, e);
}
