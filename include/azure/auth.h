/* SPDX-License-Identifier: MIT */
/*
 * How this host proves who it is to Entra ID, and one cached access token per
 * identity, shared by all jobs and threads of a run.
 */
#ifndef AZURE_AUTH_H
#define AZURE_AUTH_H

#include "base/keys.h"

struct buf;
struct env;
struct err;
struct http;
struct secret;

/* The [azure] section: identity, cloud, subscription. Plain text, filled by config/ through
 * azure_keys. */
struct azure_spec {
	/* default, client-secret, certificate, managed-identity, workload-identity, azure-cli */
	char *auth;
	char *tenant_id, *client_id, *object_id, *resource_id;
	char *client_secret_file, *certificate_file, *certificate_password_file,
		*federated_token_file;
	char *subscription;
	char *cloud; /* public, usgovernment, china, custom */
	char *resource_manager, *authority, *audience, *metadata; /* of a custom cloud */
};
extern const struct key azure_keys[];
extern const size_t azure_keys_count;

/* `value`, else the environment's `variable` if it is set and not empty, else NULL. Borrowed. */
const char *auth_or_env(const char *value, const char *variable);
const char *auth_env(const char *variable);
/* Does an application have what it proves itself with, in the environment? `key` is the one of
 * [azure] that does as well as `variable`. */
bool auth_app_present(const struct azure_spec *s, const char *variable, const char *key,
                      struct buf *missing);
/* auth is unset or "default": the methods are tried in turn, and secrets may come from the
 * environment. */
bool auth_is_default(const struct azure_spec *s);
/* Something in it, or in the environment, says who this host is to be: a method, an id, a file,
 * an endpoint that gives out tokens. */
bool auth_is_named(const struct azure_spec *s);

/* Endpoints without a trailing slash, but for the audience, which is sent as it stands. */
struct cloud {
	char *authority, *resource_manager, *audience, *registry_suffix;
	/* JSON that the next token is to satisfy, as the service has asked for; or NULL. Borrowed,
	 * set by who asks for a token. */
	const char *claims;
};
MUST_USE bool cloud_resolve(const struct azure_spec *s, struct http *h, struct cloud *out,
                            struct err *e);
void azure_cloud_clear(struct cloud *c);

/*
 * One method of authentication. fetch() makes one token request (one or more exchanges) and
 * never sleeps; *expires is by the local clock. present() tells whether this host has what the
 * method needs, so that `default` can walk on; if not it appends to `missing` what was looked
 * for. The walk goes through the `prod` set, or what AZURE_TOKEN_CREDENTIALS names: a set, or
 * one of Microsoft's credentials.
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
/* NULL-terminated, in the order of the walk; one file auth_*.c each */
extern const struct auth_ops *const auth_methods[];

/*
 * The token of one identity. It is fetched when first asked for, kept in memory until five
 * minutes before it expires, and shared by all threads: while one fetches, the others wait for
 * its result. A failure is remembered for a moment, so that ten thousand jobs do not each ask a
 * service that has just refused.
 */
struct auth;
struct auth *auth_new(const struct azure_spec *s, const struct env *env); /* spec is borrowed */
void auth_free(struct auth *a);
/* *token is a copy for the caller. *serial numbers the token; pass it back as `refused` when the
 * service would not have it (0: none). */
MUST_USE bool auth_token(struct auth *a, const struct cloud *c, struct http *h, unsigned refused,
                         struct secret **token, unsigned *serial, struct err *e);
/* One that lives for life_s at least, if need be a new one; a shorter one where its source gives
 * no longer. *expires: seconds, local clock. */
MUST_USE bool auth_token_lasting(struct auth *a, const struct cloud *c, struct http *h,
                                 int64_t life_s, struct secret **token, int64_t *expires,
                                 struct err *e);
/* the method of the newest token; NULL before the first */
const char *auth_method(struct auth *a);

#endif
