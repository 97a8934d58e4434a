/* SPDX-License-Identifier: MIT */
/*
 * A client for single secrets of a key vault: the newest version is read, a new version is written.
 * There is no compare-and-swap: each write makes a version, whoever wrote the one before. The
 * access token is asked for the cloud's vault audience and sent to the host of the vault alone;
 * what a refusal says about tokens is told, never followed. Each request borrows an HTTP client
 * from the lender; a struct keyvault belongs to one thread at a time.
 */
#ifndef AZURE_KEYVAULT_H
#define AZURE_KEYVAULT_H

#include "base/base.h"

struct arm;
struct azure_spec;
struct buf;
struct env;
struct err;
struct http_lender;
struct json;
struct keyvault;

#define KEYVAULT_VALUE_MAX ((size_t)25 * 1024) /* the service's own */
#define KEYVAULT_TAGS_MAX  15
#define KEYVAULT_TEXT_MAX  256 /* of a tag's name or value */

/* ---- keyvault_name.c: without the network ---------------------------------------------------- */

/* The URL of a vault that is given by its name, or by its URL: https://contoso.vault.azure.net,
 * without a trailing slash. ERR_CONFIG if it cannot be one, or is of another cloud than `azure`
 * says; a custom cloud has no names. Caller frees. */
MUST_USE bool keyvault_url(const struct azure_spec *azure, const char *vault, char **out,
                           struct err *e);
/* Letters, digits and hyphens, at most 127? */
bool keyvault_secret_name_ok(const char *name);
/* Appends what is the same for all ways to write a vault and a secret: "contoso/web-pull". */
void keyvault_place(const char *vault, const char *name, struct buf *out);

/* ---- keyvault.c ------------------------------------------------------------------------------ */

/* All arguments are borrowed, except `url`, from keyvault_url(). Makes no request. */
struct keyvault *keyvault_new(struct arm *arm, struct http_lender *lender, const struct env *env,
                              const char *url);
void keyvault_free(struct keyvault *k);
/* "contoso.vault.azure.net" */
const char *keyvault_host(const struct keyvault *k);

/*
 * From now on, and until keyvault_open_fence(), all requests have the same access token, which
 * lives for at least life_s if its source provides such tokens, and is never renewed: a 401 is
 * final. No request can act after *expires (by the service's clock).
 */
MUST_USE bool keyvault_fence(struct keyvault *k, int64_t life_s, int64_t *expires, struct err *e);
void keyvault_open_fence(struct keyvault *k);

/* The newest version of a secret, as the service tells it. Its value is in `j`. */
struct keyvault_secret {
	struct json *j; /* NULL: there is none */
};
void keyvault_secret_clear(struct keyvault_secret *s);
#define AUTO_KEYVAULT_SECRET AUTO(keyvault_secret_clear)
MUST_USE bool keyvault_secret_read(const struct buf *body, struct keyvault_secret *out,
                                   struct err *e);
const char *keyvault_value(const struct keyvault_secret *s); /* NULL if there is none */
/* The first one, for json_next(); NULL if there are none. */
const struct json *keyvault_tags(const struct keyvault_secret *s);
/* NULL if absent */
const char *keyvault_tag(const struct keyvault_secret *s, const char *name);

/*
 * True with an answer; a secret that does not exist is one. Errors, with the command that fixes it
 * if there is one:
 *   AUTH 401 · DENIED 403 · DECISION 400, a disabled secret, a deleted one that can be
 *   recovered · MISSING no such vault · LOCAL too large · TRANSIENT other 409, 408, 429, 5xx,
 *   network · REMOTE anything else
 */
MUST_USE bool keyvault_get(struct keyvault *k, const char *name, struct keyvault_secret *out,
                           struct err *e);
/* body: JSON. It may be sent twice, if a reply was lost: then there is one version more. */
MUST_USE bool keyvault_put(struct keyvault *k, const char *name, const struct buf *body,
                           struct keyvault_secret *out, struct err *e);

/* For `check`: may we write it? Changes nothing: asks to update a version that cannot exist. */
MUST_USE bool keyvault_may_write(struct keyvault *k, const char *name, struct err *e);
/* For a secret that was not found: ERR_DECISION if it was deleted and can be recovered. Succeeds
 * if the vault does not tell. */
MUST_USE bool keyvault_may_create(struct keyvault *k, const char *name, struct err *e);

#endif
