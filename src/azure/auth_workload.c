/* SPDX-License-Identifier: MIT */
/* A workload with a token of a federated issuer, such as a Kubernetes cluster, which Entra ID takes for an assertion. */
#include "azure/entra.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/secret.h"

static bool workload_present(const struct azure_spec *s, struct http *h, struct buf *missing)
{
	(void)h;
	if (s->federated_token_file != NULL)
		return true;
	bool tenant = auth_or_env(s->tenant_id, "AZURE_TENANT_ID") != NULL;
	bool client = auth_or_env(s->client_id, "AZURE_CLIENT_ID") != NULL;
	bool file = auth_or_env(NULL, "AZURE_FEDERATED_TOKEN_FILE") != NULL;
	if (tenant && client && file)
		return true;
	buf_fmt(missing, "no%s%s%s", tenant ? "" : " AZURE_TENANT_ID", client ? "" : " AZURE_CLIENT_ID",
	        file ? "" : " federated_token_file or AZURE_FEDERATED_TOKEN_FILE");
	return false;
}

static bool workload_fetch(const struct azure_spec *s, const struct cloud *c, struct http *h, const struct env *env,
                           struct secret **token, int64_t *expires, struct err *e)
{
	const char *file = auth_or_env(s->federated_token_file, "AZURE_FEDERATED_TOKEN_FILE");
	AUTO_SECRET struct secret *assertion = NULL;
	struct entra_client who;

	if (file == NULL)
		return err_set(e, ERR_CONFIG, "no federated token: set federated_token_file in [azure], or AZURE_FEDERATED_TOKEN_FILE");
	/* Read at each request: the kubelet replaces it long before it expires. */
	return entra_client(s, &who, e) && fs_read_secret(file, true, &assertion, e) &&
	       entra_assert(c, &who, assertion, h, env, token, expires, e);
}

const struct auth_ops auth_workload = { .method = "workload-identity", .present = workload_present, .fetch = workload_fetch };
