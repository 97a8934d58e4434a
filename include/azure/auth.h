/* SPDX-License-Identifier: MIT */
/*
 * Authentication of this host to Entra ID, and one cached access token per identity and service,
 * shared by all jobs and threads of a run.
 */
#ifndef AZURE_AUTH_H
#define AZURE_AUTH_H

#include "base/keys.h"

struct buf;
struct env;
struct err;
struct http;
struct secret;

/* The [azure] section: identity, cloud, subscription. Plain text; config/ fills it through
 * azure_keys. */
struct azure_spec {
	/* default, client-secret, certificate, managed-identity, workload-identity, azure-cli */
	char *auth;
	char *tenant_id, *client_id, *object_id, *resource_id;
	char *client_secret_file, *certificate_file, *certificate_password_file,
		*federated_token_file;
	char *subscription;
	char *cloud; /* a name of azure/clouds.h, or custom */
	/* of a custom cloud */
	char *resource_manager, *authority, *audience, *metadata;
	char *vault_audience, *storage_audience;
};
extern const struct key azure_keys[];
extern const size_t azure_keys_count;

/* `value` if it is not NULL, else the environment's `variable`. An empty text counts as NULL.
 * Borrowed. */
const char *auth_or_env(const char *value, const char *variable);
const char *auth_env(const char *variable);
/* Does the environment or spec have what an application needs: tenant, client and, in `variable`,
 * its proof? If not, appends what is missing; `key` is the key of [azure] to name as the
 * alternative to `variable`. */
bool auth_app_present(const struct azure_spec *s, const char *variable, const char *key,
                      struct buf *missing);
/* Is auth unset or "default"? Then the methods are tried in turn, and secrets may come from the
 * environment. */
bool auth_is_default(const struct azure_spec *s);
/* Does the spec or the environment say who this host is: a method, an id, a file, an endpoint that
 * issues tokens? */
bool auth_is_named(const struct azure_spec *s);

/* The services that access tokens are for. Each has an audience of its own, and takes no token for
 * another one. */
enum auth_service { AUTH_RESOURCE_MANAGER, AUTH_VAULT, AUTH_STORAGE, AUTH_SERVICE__COUNT };

/* Endpoints have no trailing slash, except audiences, which are sent verbatim. */
struct cloud {
	char *authority, *resource_manager, *registry_suffix;
	char *audience; /* what the next token is for; at first, the resource manager */
	char *vault_audience, *storage_audience;
	/* claims (JSON) that the next token must satisfy, as requested by the service; or NULL.
	 * Borrowed; set by the caller that asks for a token. */
	const char *claims;
};
MUST_USE bool cloud_resolve(const struct azure_spec *s, struct http *h, struct cloud *out,
                            struct err *e);
void azure_cloud_clear(struct cloud *c);
/* The same cloud, to fetch tokens for another service. Borrowed from `c`. */
struct cloud azure_cloud_for(const struct cloud *c, enum auth_service service);

/*
 * One method of authentication. fetch() requests one token (in one or more exchanges) and never
 * sleeps; *expires is by the local clock. present() tells whether this host has what the method
 * needs; if not, it appends to `missing` what was looked for. Auth "default" uses the first method
 * that is present, out of the set "prod" or of what AZURE_TOKEN_CREDENTIALS names: a set, or one of
 * Microsoft's credentials.
 */
struct auth_ops {
	const char *method;     /* "client-secret", as in [azure] */
	const char *credential; /* "EnvironmentCredential", as in AZURE_TOKEN_CREDENTIALS */
	const char *set;        /* "prod" or "dev" */
	bool (*present)(const struct azure_spec *s, struct http *h, struct buf *missing);
	bool (*fetch)(const struct azure_spec *s, const struct cloud *c, struct http *h,
	              const struct env *env, struct secret **token, int64_t *expires,
	              struct err *e);
};
extern const struct auth_ops auth_secret, auth_certificate, auth_workload, auth_managed, auth_cli;
/* NULL-terminated, in the order in which they are tried; each is in its own file auth_*.c */
extern const struct auth_ops *const auth_methods[];

/*
 * The token of one identity for one service. It is fetched when first needed, kept in memory,
 * renewed five minutes before it expires (at half of a short life), and shared by all threads:
 * while one fetches, the others wait for its result. If renewing fails, the old token is used until
 * 30 seconds before it expires. A failure is remembered for 1 to 30 seconds, or as long as the
 * service asks for, so that ten thousand jobs do not each ask a service that has just refused.
 */
struct auth;
struct auth *auth_new(const struct azure_spec *s, const struct env *env); /* spec is borrowed */
void auth_free(struct auth *a);
/* *token is a copy for the caller. *serial numbers the token; pass it as `refused` in the next call
 * if the service rejected the token (0: none). */
MUST_USE bool auth_token(struct auth *a, const struct cloud *c, struct http *h, unsigned refused,
                         struct secret **token, unsigned *serial, struct err *e);
/* A token that lives for at least life_s, newly fetched if necessary; a shorter one if its source
 * issues no longer ones. *expires: seconds, local clock. */
MUST_USE bool auth_token_lasting(struct auth *a, const struct cloud *c, struct http *h,
                                 int64_t life_s, struct secret **token, int64_t *expires,
                                 struct err *e);
/* the method that got the newest token; NULL before the first */
const char *auth_method(struct auth *a);

#endif
