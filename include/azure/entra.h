/* SPDX-License-Identifier: MIT */
/*
 * Entra ID's token endpoint, and the replies of all token sources, which have the same form. Errors
 * of Entra ID are reported with its code, its trace and correlation ids, and a line of advice.
 */
#ifndef AZURE_ENTRA_H
#define AZURE_ENTRA_H

#include "azure/auth.h"
#include "base/buf.h"

struct http_response;

/* room for a certificate chain in a signed assertion, percent-encoded */
#define ENTRA_FORM_MAX (256 * 1024)

/* Append "&name=value". ERR_CONFIG for a secret with a NUL in it. */
void entra_form_add(struct buf *form, const char *name, const char *value);
MUST_USE bool entra_form_secret(struct buf *form, const char *name, const struct secret *value,
                                struct err *e);

/* The client, from the spec or the environment; ERR_CONFIG if anything is missing or malformed.
 * Borrowed. */
struct entra_client {
	const char *tenant, *id;
	/* where the request goes instead of to the authority, for a cluster's token proxy; else
	 * NULL */
	const char *base, *connect_to;
	const struct buf *trust;
};
MUST_USE bool entra_client(const struct azure_spec *s, struct entra_client *out, struct err *e);
/* The same from these values; either may be NULL, which is ERR_CONFIG. */
MUST_USE bool entra_client_of(const char *tenant, const char *id, struct entra_client *out,
                              struct err *e);
/* The token endpoint of a tenant, which is also the audience of assertions. Caller frees. */
char *entra_token_url(const struct cloud *c, const char *tenant);

/* POSTs grant_type, client id, scope, the claims of `c` if any, and `proof` (client_secret=... or
 * the assertion's two fields). */
MUST_USE bool entra_token(const struct cloud *c, const struct entra_client *who,
                          const struct buf *proof, struct http *h, const struct env *env,
                          struct secret **token, int64_t *expires, struct err *e);
/* The same with an assertion as proof: a JWT that we signed, or a token of a federated issuer. */
MUST_USE bool entra_assert(const struct cloud *c, const struct entra_client *who,
                           const struct secret *assertion, struct http *h, const struct env *env,
                           struct secret **token, int64_t *expires, struct err *e);

/* A reply with a token. expires: seconds since 1970, local clock. The ids say what the token is
 * for, according to the source. */
struct entra_answer {
	struct secret *token;
	int64_t expires;
	char *client_id, *object_id, *resource_id;
};
void entra_answer_clear(struct entra_answer *t);
#define AUTO_TOKEN_ANSWER AUTO(entra_answer_clear)
MUST_USE bool entra_answer_parse(const struct http_response *rs, int64_t now,
                                 struct entra_answer *out, struct err *e);

/* Fills e from an error reply: AUTH, or TRANSIENT for 408, 429, 5xx and temporarily_unavailable.
 * `who` is "Entra ID" or the source's name. Returns false. */
bool entra_refused(const struct http_response *rs, const char *who, int64_t now, struct err *e);

#endif
