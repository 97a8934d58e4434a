/* SPDX-License-Identifier: MIT */
/* A workload that brings a token of a federated issuer, which Entra ID takes for an assertion. */
#include "azure/federated.h"
#include "azure/token_proxy.h"
#include "base/err.h"
#include "base/secret.h"

/* tenant_id and client_id may come from variables the issuer's own tools set. */
static const char *or_of_source(const char *value, const char *variable, const char *other)
{
	const char *there = auth_or_env(value, variable);

	return there != NULL || other == NULL ? there : auth_env(other);
}

static bool workload_present(const struct azure_spec *s, struct http *h, struct buf *missing)
{
	AUTO_BUF struct buf lacks = BUF_INIT(1024);
	const struct federated_source *source = federated_find(s, &lacks);
	const char *tenant = or_of_source(s->tenant_id, "AZURE_TENANT_ID",
	                                  source != NULL ? source->tenant_variable : NULL);
	const char *client = or_of_source(s->client_id, "AZURE_CLIENT_ID",
	                                  source != NULL ? source->client_variable : NULL);

	(void)h;
	/* A file that the configuration names is meant to be used: what is then missing is an
	 * error, not a reason to walk on. */
	if (s->federated_token_file != NULL || (source != NULL && tenant != NULL && client != NULL))
		return true;
	buf_str(missing, buf_cstr(&lacks));
	if (tenant == NULL || client == NULL)
		buf_fmt(missing, "%sno%s%s", lacks.len > 0 ? ", " : "",
		        tenant != NULL ? "" : " AZURE_TENANT_ID",
		        client != NULL ? "" : " AZURE_CLIENT_ID");
	return false;
}

static bool workload_fetch(const struct azure_spec *s, const struct cloud *c, struct http *h,
                           const struct env *env, struct secret **token, int64_t *expires,
                           struct err *e)
{
	AUTO_BUF struct buf lacks = BUF_INIT(1024);
	const struct federated_source *source = federated_find(s, &lacks);
	AUTO_TOKEN_PROXY struct token_proxy proxy = { 0 };
	AUTO_SECRET struct secret *assertion = NULL;
	struct entra_client who;

	if (source == NULL)
		return err_set(e, ERR_CONFIG, "no federated token (%s)", buf_cstr(&lacks));
	if (!entra_client_of(or_of_source(s->tenant_id, "AZURE_TENANT_ID", source->tenant_variable),
	                     or_of_source(s->client_id, "AZURE_CLIENT_ID", source->client_variable),
	                     &who, e) ||
	    !token_proxy_find(&proxy, e) || !source->read(s, h, &assertion, e))
		return false;
	who.base = proxy.base;
	who.connect_to = proxy.connect_to;
	who.trust = proxy.trust.len > 0 ? &proxy.trust : NULL;
	return entra_assert(c, &who, assertion, h, env, token, expires, e);
}

const struct auth_ops auth_workload = { .method = "workload-identity",
	                                .credential = "WorkloadIdentityCredential",
	                                .set = "prod",
	                                .present = workload_present,
	                                .fetch = workload_fetch };
