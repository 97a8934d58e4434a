/* SPDX-License-Identifier: MIT */
#include "client.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "base/mem.h"
#include "cli/world.h"
#include "http/http.h"

#define PER_CLIENT 16  /* certificates in memory, libcurl's own, connections side by side, files */
#define PER_JOB    2   /* its lock, and what it holds until the registry has the password */
#define SPARE      256 /* sinks' clients, the spawner, the log */

struct cli_client {
	const struct cli_world *world;
	struct http *http;
};

struct cli_client *client_new(const struct cli_world *w, struct http *ready)
{
	struct cli_client *c = mem_new(sizeof(*c));

	*c = (struct cli_client){ .world = w, .http = ready };
	return c;
}

bool client_http(struct cli_client *c, struct http **out, struct err *e)
{
	if (c->http == NULL && !cli_world_http(c->world, &c->http, e))
		return false;
	*out = c->http;
	return true;
}

void client_free(void *ctx, void *client)
{
	struct cli_client *c = client;

	(void)ctx;
	http_close(c->http);
	free(c);
}

void client_make_room(size_t clients, size_t jobs)
{
	rlim_t need = SPARE + PER_CLIENT * (rlim_t)clients + PER_JOB * (rlim_t)jobs;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= need)
		return;
	limit.rlim_cur = need < limit.rlim_max ? need : limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit); /* then what lacks one says so */
}
