/* SPDX-License-Identifier: MIT */
/*
 * How this host proves who it is to Entra ID, and one cached access token per
 * identity, shared by all jobs and threads of a run.
 */
#ifndef AZURE_AUTH_H
#define AZURE_AUTH_H

#include "base/keys.h"

struct env;
struct err;
struct http;
struct secret;

/* The [azure] section: identity, cloud, subscription. Plain text, filled by config/ through azure_keys. */
struct azure_spec {
	char *auth;                /* default, client-secret, certificate, managed-identity, workload-identity, azure-cli */
	char *tenant_id, *client_id, *object_id, *resource_id;
	char *client_secret_file, *certificate_file, *certificate_password_file, *federated_token_file;
	char *subscription;
	char *cloud;               /* public, usgovernment, china, custom */
	char *resource_manager, *authority, *audience, *metadata;   /* of a custom cloud */
};
extern const struct key azure_keys[];
extern const size_t azure_keys_count;

/* Endpoints without a trailing slash, but for the audience, which is sent as it stands. */
struct cloud { char *authority, *resource_manager, *audience, *registry_suffix; };
MUST_USE bool cloud_resolve(const struct azure_spec *s, struct http *h, struct cloud *out, struct err *e);
void cloud_clear(struct cloud *c);

/* One method of authentication. fetch() makes one token request (one or more exchanges) and never sleeps. */
struct auth_ops {
	const char *method;
	bool (*fetch)(const struct azure_spec *s, const struct cloud *c, struct http *h, const struct env *env,
	              struct secret **token, int64_t *expires, struct err *e);
};
extern const struct auth_ops *const auth_methods[];   /* NULL-terminated; one file auth_*.c each */

#endif
