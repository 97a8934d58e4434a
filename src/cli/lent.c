/* SPDX-License-Identifier: MIT */
#include "cli/lent.h"

#include <stdlib.h>

#include "azure/arms.h"
#include "azure/blob_place.h"
#include "base/env.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/job.h"
#include "debug_http.h"
#include "http/http.h"
#include "http/lender.h"
#include "kube/kube.h"
#include "sink/docker_files.h"
#include "store/store.h"

bool lent_http(const struct config *c, struct http **out, struct err *e)
{
	const struct http_spec *spec = config_http(c);
	const struct http_options options = {
		.ca_file = spec->ca_file,
		.ca_only = spec->ca_only,
		.proxy = spec->proxy,
		.no_proxy = spec->no_proxy,
		.user_agent = "acrotate/" VERSION,
		.timeout_ms = spec->timeout * 1000,
	};

	if (!http_curl_open(&options, out, e))
		return false;
	if (log_max() >= LEVEL_DEBUG)
		*out = debug_http_open(*out);
	return true;
}

struct store *lent_store(const struct config *c)
{
	const char *namespace = config_state_namespace(config_run(c));
	const struct sink_lent *lent = config_lent(c);
	struct blob_place place;

	if (namespace != NULL)
		return store_kubernetes_open(lent->kube, namespace);
	if (config_state_blob(config_run(c), &place))
		return store_blob_open(&place, arms_get(lent->arms, config_azure(c)), lent->lender,
		                       lent->env);
	return store_open(config_run(c)->state_dir, config_machine(c));
}

static bool open_client(void *ctx, struct http **out, struct err *e)
{
	return lent_http(ctx, out, e);
}

struct lent *lent_new(struct config *c, char *const *argv)
{
	struct lent *l = mem_new(sizeof(*l));

	l->config = c;
	l->lender = http_lender_new(open_client, c);
	l->sinks.argv = argv;
	l->sinks.docker = docker_files_new();
	l->sinks.kube = kube_new(config_kube(c), l->lender, &env_system);
	l->sinks.arms = arms_new(&env_system);
	l->sinks.lender = l->lender;
	l->sinks.env = &env_system;
	config_lend(c, &l->sinks);
	return l;
}

void lent_free(struct lent *l)
{
	if (l == NULL)
		return;
	config_lend(l->config, NULL);
	kube_free(l->sinks.kube);
	docker_files_free(l->sinks.docker);
	arms_free(l->sinks.arms);
	http_lender_free(l->lender);
	free(l);
}

void lent_free_ptr(struct lent **l)
{
	lent_free(*l);
}
