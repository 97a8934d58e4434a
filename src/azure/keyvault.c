/* SPDX-License-Identifier: MIT */
#include "azure/keyvault.h"

#include <stdlib.h>

#include "azure/arm.h"
#include "azure/keyvault_refusal.h"
#include "base/buf.h"
#include "base/crypto.h"
#include "base/env.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/secret.h"
#include "http/http.h"
#include "http/lender.h"

#define TIMEOUT_MS 20000
#define API        "?api-version=7.4"
/* of no version: they are random */
#define NO_VERSION "00000000000000000000000000000000"

struct keyvault {
	struct arm *arm;
	struct http_lender *lender;
	const struct env *env;
	char *url;
	char host[256];
	struct secret *only; /* behind a fence: the one access token */
};

struct keyvault *keyvault_new(struct arm *arm, struct http_lender *lender, const struct env *env,
                              const char *url)
{
	struct keyvault *k = mem_new(sizeof(*k));
	struct http_origin o;

	*k = (struct keyvault){ .arm = arm, .lender = lender, .env = env, .url = mem_dup(url) };
	if (http_origin(url, &o))
		memcpy(k->host, o.host, sizeof(o.host));
	return k;
}

void keyvault_free(struct keyvault *k)
{
	if (k == NULL)
		return;
	secret_free(k->only);
	free(k->url);
	free(k);
}

const char *keyvault_host(const struct keyvault *k)
{
	return k->host;
}

/* ---- what is answered ------------------------------------------------------------------------ */

void keyvault_secret_clear(struct keyvault_secret *s)
{
	json_free(s->j);
	*s = (struct keyvault_secret){ .j = NULL };
}

bool keyvault_secret_read(const struct buf *body, struct keyvault_secret *out, struct err *e)
{
	AUTO_JSON struct json *j = NULL;
	struct err ignored = ERR_INIT; /* its words are about bytes */

	if (!json_parse(buf_cstr(body), body->len, &j, &ignored) || json_str(j, "value") == NULL ||
	    json_str(j, "id") == NULL)
		return err_set(e, ERR_REMOTE, "no secret with a value");
	*out = (struct keyvault_secret){ .j = take(&j) };
	return true;
}

const char *keyvault_value(const struct keyvault_secret *s)
{
	return json_str(s->j, "value");
}

const struct json *keyvault_tags(const struct keyvault_secret *s)
{
	const struct json *tags = json_get(s->j, "tags");

	return tags != NULL && json_type(tags) == JSON_OBJECT ? json_child(tags) : NULL;
}

/* Names of tags may have dots in them. */
const char *keyvault_tag(const struct keyvault_secret *s, const char *name)
{
	for (const struct json *m = keyvault_tags(s); m != NULL; m = json_next(m))
		if (strcmp(json_key(m), name) == 0)
			return json_type(m) == JSON_STRING ? json_text(m) : NULL;
	return NULL;
}

/* ---- the fence ------------------------------------------------------------------------------- */

void keyvault_open_fence(struct keyvault *k)
{
	secret_free(take(&k->only));
}

bool keyvault_fence(struct keyvault *k, int64_t life_s, int64_t *expires, struct err *e)
{
	struct http *h = NULL;
	struct secret *token = NULL;

	if (!http_lend(k->lender, &h, e))
		return false;
	bool ok = arm_token_lasting_for(k->arm, h, AUTH_VAULT, life_s, &token, expires, e);
	http_give_back(k->lender, h);
	if (!ok)
		return err_in(e, "key vault '%s'", k->host);
	keyvault_open_fence(k);
	k->only = token;
	return true;
}

/* ---- one request ----------------------------------------------------------------------------- */

struct keyvault_call {
	enum http_method method;
	const char *path;
	const struct buf *body;
	struct keyvault_asked asked;
};

/* Somebody else is writing the same secret just now. What was deleted stays deleted. */
static bool is_race(const struct http_response *rs)
{
	return rs->status == 409 &&
	       memmem(buf_cstr(&rs->body), rs->body.len, "ButRecoverable", 14) == NULL;
}

/* What a vault is busy with is over within seconds; a longer outage is left to the next run. */
static const struct retry_policy policy = {
	.tries = 5, .first_ms = 300, .cap_ms = 10000, .passes = is_race
};

static bool unreachable(const struct keyvault *k, struct err *e)
{
	if (strcmp(e->code, HTTP_HOST_UNKNOWN) == 0)
		return err_in(e,
		              "is there a key vault '%s'? Its name is not known (az keyvault list)",
		              k->host);
	return err_in(e, "key vault '%s'", k->host);
}

static bool send_with(struct keyvault *k, struct http *h, const struct keyvault_call *c,
                      const struct secret *token, struct http_response *rs, struct err *e)
{
	AUTO_FREE char *url = mem_fmt("%s%s" API, k->url, c->path);
	char uuid[37];

	crypto_uuid(uuid);
	AUTO_FREE char *id = mem_fmt("x-ms-client-request-id: %s", uuid);
	const struct http_request rq = { .method = c->method,
		                         .url = url,
		                         .body = c->body,
		                         .bearer = token,
		                         .content_type =
		                                 c->body != NULL ? "application/json" : NULL,
		                         .header = { id },
		                         .timeout_ms = TIMEOUT_MS };

	return http_send_retrying(h, &policy, k->env, &rq, rs, e) || unreachable(k, e);
}

/* A 401 may mean that the token was revoked, or the clock is off: once another one is fetched. */
static bool send_renewing(struct keyvault *k, struct http *h, const struct keyvault_call *c,
                          struct http_response *rs, struct err *e)
{
	unsigned serial = 0;

	for (int round = 0; round < 2; round++) {
		AUTO_SECRET struct secret *token = NULL;

		http_response_again(rs);
		if (!arm_token_for(k->arm, h, AUTH_VAULT, serial, &token, &serial, e)) {
			e->not_acted = !rs->unsettled;
			return err_in(e, "key vault '%s'", k->host);
		}
		if (!send_with(k, h, c, token, rs, e))
			return false;
		if (rs->status != 401)
			return true;
	}
	return true;
}

static bool send(struct keyvault *k, struct keyvault_call *c, struct http_response *rs,
                 struct err *e)
{
	struct http *h = NULL;

	c->asked.host = k->host;
	c->asked.fenced = k->only != NULL;
	if (!http_lend(k->lender, &h, e))
		return false;
	bool ok = k->only != NULL ? send_with(k, h, c, k->only, rs, e)
	                          : send_renewing(k, h, c, rs, e);
	http_give_back(k->lender, h);
	c->asked.skew = ok && rs->date != 0 ? rs->date - env_now(k->env) : 0;
	return ok;
}

/* ---- verbs ----------------------------------------------------------------------------------- */

static bool read_secret(const struct keyvault *k, const char *name, const struct http_response *rs,
                        struct keyvault_secret *out, struct err *e)
{
	struct keyvault_secret s;

	if (!keyvault_secret_read(&rs->body, &s, e))
		return err_in(e, "the answer of key vault '%s' for secret '%s' is not understood",
		              k->host, name);
	keyvault_secret_clear(out);
	*out = s;
	return true;
}

/* Is it the secret that does not exist, and not the vault? */
static bool is_absent(const struct http_response *rs)
{
	AUTO_JSON struct json *j = NULL;
	struct err ignored = ERR_INIT;

	if (rs->status != 404 || !json_parse(buf_cstr(&rs->body), rs->body.len, &j, &ignored))
		return false;
	const char *code = json_str(j, "error.code");
	return code != NULL && strcmp(code, "SecretNotFound") == 0;
}

bool keyvault_get(struct keyvault *k, const char *name, struct keyvault_secret *out, struct err *e)
{
	AUTO_RESPONSE struct http_response rs = { 0 };
	AUTO_FREE char *path = mem_fmt("/secrets/%s", name);
	struct keyvault_call c = { .method = HTTP_GET,
		                   .path = path,
		                   .asked = { .name = name, .verb = "read" } };

	if (!send(k, &c, &rs, e))
		return false;
	if (is_absent(&rs)) {
		keyvault_secret_clear(out);
		return true;
	}
	return rs.status == 200 ? read_secret(k, name, &rs, out, e)
	                        : keyvault_refused(&c.asked, &rs, e);
}

bool keyvault_put(struct keyvault *k, const char *name, const struct buf *body,
                  struct keyvault_secret *out, struct err *e)
{
	AUTO_RESPONSE struct http_response rs = { 0 };
	AUTO_FREE char *path = mem_fmt("/secrets/%s", name);
	struct keyvault_call c = { .method = HTTP_PUT,
		                   .path = path,
		                   .body = body,
		                   .asked = { .name = name, .verb = "write" } };

	if (!send(k, &c, &rs, e))
		return false;
	return rs.status == 200 ? read_secret(k, name, &rs, out, e)
	                        : keyvault_refused(&c.asked, &rs, e);
}

/* Who may not write is told so before it is found that there is no such version. */
bool keyvault_may_write(struct keyvault *k, const char *name, struct err *e)
{
	AUTO_RESPONSE struct http_response rs = { 0 };
	AUTO_BUF struct buf body = BUF_INIT(64);
	AUTO_FREE char *path = mem_fmt("/secrets/%s/" NO_VERSION, name);
	struct keyvault_call c = { .method = HTTP_PATCH,
		                   .path = path,
		                   .body = &body,
		                   .asked = { .name = name, .verb = "write" } };

	buf_str(&body, "{\"attributes\":{}}");
	if (!send(k, &c, &rs, e))
		return false;
	return rs.status == 404 || rs.status == 400 || keyvault_refused(&c.asked, &rs, e);
}

bool keyvault_may_create(struct keyvault *k, const char *name, struct err *e)
{
	AUTO_RESPONSE struct http_response rs = { 0 };
	AUTO_FREE char *path = mem_fmt("/deletedsecrets/%s", name);
	struct keyvault_call c = { .method = HTTP_GET,
		                   .path = path,
		                   .asked = { .name = name, .verb = "read" } };

	if (!send(k, &c, &rs, e))
		return false;
	/* Who may not look among the deleted ones, and a vault that keeps none, tell nothing. */
	return rs.status != 200 || keyvault_deleted(&c.asked, e);
}
