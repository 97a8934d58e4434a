/* SPDX-License-Identifier: MIT */
#include "cli/world.h"

#include <pthread.h>
#include <stdlib.h>

#include "azure/arm.h"
#include "base/env.h"
#include "base/mem.h"
#include "cli/lent.h"
#include "config/job.h"

struct world_identity {
	struct world_identity *next;
	char *name; /* arm_identity() */
	struct azure_spec spec;
	struct arm *arm;
};

struct cli_world {
	const struct config *config;
	struct store *store;
	struct world world;
	pthread_mutex_t mutex;
	struct world_identity *identities;
};

/* Every member of a struct azure_spec is text with a row in azure_keys. */
static void copy_spec(const struct azure_spec *from, struct azure_spec *to)
{
	for (size_t i = 0; i < azure_keys_count; i++) {
		const char *const *a = (const void *)((const char *)from + azure_keys[i].offset);
		char **b = (void *)((char *)to + azure_keys[i].offset);
		*b = mem_dup(*a);
	}
}

/* The job's own copy of the specification goes with the job; the arm stays for the run, with its
 * cached token. */
static struct arm *arm_for(void *ctx, const struct job *job)
{
	struct cli_world *w = ctx;
	AUTO_FREE char *name = arm_identity(&job->azure);

	(void)pthread_mutex_lock(&w->mutex);
	struct world_identity *id = w->identities;
	while (id != NULL && strcmp(id->name, name) != 0)
		id = id->next;
	if (id == NULL) {
		id = mem_new(sizeof(*id));
		id->next = w->identities;
		id->name = take(&name);
		copy_spec(&job->azure, &id->spec);
		id->arm = arm_new(&id->spec, w->world.env);
		w->identities = id;
	}
	(void)pthread_mutex_unlock(&w->mutex);
	return id->arm;
}

struct cli_world *cli_world_new(const struct config *config)
{
	struct cli_world *w = mem_new(sizeof(*w));

	w->config = config;
	w->store = lent_store(config);
	(void)pthread_mutex_init(&w->mutex, NULL);
	w->world =
		(struct world){ .env = &env_system, .store = w->store, .arm = arm_for, .ctx = w };
	return w;
}

void cli_world_free(struct cli_world *w)
{
	if (w == NULL)
		return;
	for (struct world_identity *id = w->identities, *next; id != NULL; id = next) {
		next = id->next;
		arm_free(id->arm);
		keys_release(azure_keys, azure_keys_count, &id->spec);
		free(id->name);
		free(id);
	}
	store_close(w->store);
	(void)pthread_mutex_destroy(&w->mutex);
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

void cli_world_http_close(void *ctx, void *http)
{
	(void)ctx;
	http_close(http);
}
