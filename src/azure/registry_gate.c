/* SPDX-License-Identifier: MIT */
#include "azure/registry_gate.h"

#include <pthread.h>
#include <stdlib.h>
#include <strings.h>

#include "base/env.h"
#include "base/err.h"
#include "base/mem.h"
#include "http/http.h"

/* The smallest documented limit is 10,000 a minute. */
#define APART_MS 6

struct registry_gate {
	struct registry_gate *next;
	struct registry_gates *all;
	char *server;
	struct gate gate;
	int64_t turned_away; /* since it closed */
};

struct registry_gates {
	const struct env *env;
	pthread_mutex_t mutex; /* of what follows */
	struct registry_gate *first;
};

struct registry_gates *registry_gates_new(const struct env *env)
{
	struct registry_gates *all = mem_new(sizeof(*all));

	all->env = env;
	(void)pthread_mutex_init(&all->mutex, NULL);
	return all;
}

void registry_gates_free(struct registry_gates *all)
{
	if (all == NULL)
		return;
	for (struct registry_gate *g = all->first, *next; g != NULL; g = next) {
		next = g->next;
		free(g->server);
		free(g);
	}
	(void)pthread_mutex_destroy(&all->mutex);
	free(all);
}

struct registry_gate *registry_gate_of(struct registry_gates *all, const char *server)
{
	if (all == NULL)
		return NULL;
	(void)pthread_mutex_lock(&all->mutex);
	struct registry_gate *g = all->first;
	while (g != NULL && strcasecmp(g->server, server) != 0)
		g = g->next;
	if (g == NULL) {
		g = mem_new(sizeof(*g));
		*g = (struct registry_gate){ .next = all->first,
			                     .all = all,
			                     .server = mem_dup(server) };
		all->first = g;
	}
	(void)pthread_mutex_unlock(&all->mutex);
	return g;
}

bool registry_gate_enter(struct registry_gate *g, struct gate_sent *sent, struct err *e)
{
	int64_t wait_ms = 0;

	if (g == NULL)
		return true;
	(void)pthread_mutex_lock(&g->all->mutex);
	bool open = gate_enter(&g->gate, NULL, GATE_READ, env_mono_ms(g->all->env), sent, &wait_ms);
	if (!open)
		wait_ms += APART_MS * g->turned_away++;
	(void)pthread_mutex_unlock(&g->all->mutex);
	if (open)
		return true;
	(void)err_set(e, ERR_TRANSIENT, "registry '%s' throttles logins for another %lld s",
	              g->server, (long long)(wait_ms + 999) / 1000);
	e->not_acted = e->throttled = true;
	e->retry_after_known = true;
	e->retry_after_ms = wait_ms;
	return false;
}

void registry_gate_leave(struct registry_gate *g, const struct gate_sent *sent,
                         const struct http_response *rs)
{
	const bool throttled = rs != NULL && rs->status == 429;

	if (g == NULL)
		return;
	const struct gate_answer a = { .sent = *sent,
		                       .throttled = throttled,
		                       .retry_after_ms = throttled ? rs->retry_after_ms : -1,
		                       .remaining = -1 };
	(void)pthread_mutex_lock(&g->all->mutex);
	gate_leave(&g->gate, GATE_READ, env_mono_ms(g->all->env), &a);
	if (!throttled && g->gate.bucket[GATE_READ].closed_until_ms == 0)
		g->turned_away = 0;
	(void)pthread_mutex_unlock(&g->all->mutex);
}
