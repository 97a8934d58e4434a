/* SPDX-License-Identifier: MIT */
/*
 * Entra ID's token endpoint, and the answers of every source of tokens, which
 * all look alike. What Entra refuses is told with its own code, its trace and
 * correlation id, and a line of advice.
 */
#ifndef AZURE_ENTRA_H
#define AZURE_ENTRA_H

#include "azure/auth.h"
#include "base/buf.h"

struct http_response;

/* a certificate chain in a signed assertion, percent-encoded */
#define ENTRA_FORM_MAX (256 * 1024)

/* Appends "&name=value". A secret with a NUL in it is ERR_CONFIG. */
void entra_form_add(struct buf *form, const char *name, const char *value);
MUST_USE bool entra_form_secret(struct buf *form, const char *name, const struct secret *value,
                                struct err *e);

/* Who asks, from the spec or the environment; ERR_CONFIG for what is missing or malformed.
 * Borrowed. */
struct entra_client {
	const char *tenant, *id;
	/* Where the request goes instead of the authority, for a cluster's token proxy; else
	 * NULL. */
	const char *base, *connect_to;
	const struct buf *trust;
};
MUST_USE bool entra_client(const struct azure_spec *s, struct entra_client *out, struct err *e);
/* either may be NULL */
MUST_USE bool entra_client_of(const char *tenant, const char *id, struct entra_client *out,
                              struct err *e);
/* The token endpoint of a tenant, which is also the audience of an assertion. Caller frees. */
char *entra_token_url(const struct cloud *c, const char *tenant);

/* POSTs grant_type, client id, scope, the claims of `c` if there are any, and `proof`
 * (client_secret=... or the assertion's two fields). */
MUST_USE bool entra_token(const struct cloud *c, const struct entra_client *who,
                          const struct buf *proof, struct http *h, const struct env *env,
                          struct secret **token, int64_t *expires, struct err *e);
/* The same with an assertion: a signed JWT of ours, or a token of a federated issuer. */
MUST_USE bool entra_assert(const struct cloud *c, const struct entra_client *who,
                           const struct secret *assertion, struct http *h, const struct env *env,
                           struct secret **token, int64_t *expires, struct err *e);

/* An answer with a token. expires: seconds since 1970 by the local clock. The ids are what the
 * source says the token is for. */
struct entra_answer {
	struct secret *token;
	int64_t expires;
	char *client_id, *object_id, *resource_id;
};
void entra_answer_clear(struct entra_answer *t);
#define AUTO_TOKEN_ANSWER AUTO(entra_answer_clear)
MUST_USE bool entra_answer_parse(const struct http_response *rs, int64_t now,
                                 struct entra_answer *out, struct err *e);

/* A refusal: AUTH, or TRANSIENT for 408, 429, 5xx and temporarily_unavailable; `who` is "Entra
 * ID" or the source's name. Returns false. */
bool entra_refused(const struct http_response *rs, const char *who, int64_t now, struct err *e);

#endif
