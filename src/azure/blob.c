/* SPDX-License-Identifier: MIT */
#include "azure/blob.h"

#include <stdlib.h>

#include "azure/arm.h"
#include "azure/whoami.h"
#include "azure/xml.h"
#include "base/crypto.h"
#include "base/env.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "blob_refusal.h"
#include "http/lender.h"

#define TIMEOUT_MS 20000
#define URL_MAX    8192
#define VERSION_MS "x-ms-version: 2021-12-02"
#define PAGES_MAX  1000 /* of up to 5,000 blobs */
#define NO_VERSION "\"0x0\""

/* A busy partition is back within seconds; a longer outage is left to the next run. */
static const struct retry_policy policy = { .tries = 5, .first_ms = 300, .cap_ms = 5000 };

struct blob {
	const struct blob_place *place;
	struct arm *arm;
	struct http_lender *lender;
	const struct env *env;
};

struct blob *blob_new(const struct blob_place *place, struct arm *arm, struct http_lender *lender,
                      const struct env *env)
{
	struct blob *b = mem_new(sizeof(*b));

	*b = (struct blob){ .place = place, .arm = arm, .lender = lender, .env = env };
	return b;
}

void blob_free(struct blob *b)
{
	free(b);
}

/* ---- one request ----------------------------------------------------------------------------- */

struct blob_call {
	enum http_method method;
	const char *name;  /* NULL: the container */
	const char *query; /* "?..." or "" */
	const char *condition;
	const struct buf *body;
	const char *verb; /* for messages */
};

static bool exchange(struct blob *b, struct http *h, const struct blob_call *c, const char *url,
                     const struct secret *token, struct http_response *rs, struct err *e)
{
	char uuid[37];

	crypto_uuid(uuid);
	AUTO_FREE char *id = mem_fmt("x-ms-client-request-id: %s", uuid);
	const struct http_request rq = {
		.method = c->method,
		.url = url,
		.content_type = c->body != NULL ? "text/plain; charset=utf-8" : NULL,
		.body = c->body,
		.bearer = token,
		.header = { VERSION_MS, id, c->condition,
		            c->body != NULL ? "x-ms-blob-type: BlockBlob" : NULL },
		.timeout_ms = TIMEOUT_MS,
	};

	return http_send_retrying(h, &policy, b->env, &rq, rs, e) ||
	       err_in(e, "storage account '%s'", b->place->account);
}

static bool refused(struct blob *b, const struct blob_call *c, const struct secret *token,
                    const struct http_response *rs, struct err *e)
{
	AUTO_WHOAMI struct whoami who = { .method = NULL };

	whoami_read(token, env_now(b->env), &who);
	const struct blob_asked q = { .place = b->place,
		                      .name = c->name,
		                      .verb = c->verb,
		                      .object = who.object_id,
		                      .skew = rs->date != 0 ? rs->date - env_now(b->env) : 0 };
	return blob_refused(&q, rs, e);
}

/* Answers that are no refusals. */
static bool is_answer(const struct blob_call *c, const struct http_response *rs,
                      enum blob_answer *out)
{
	static const struct {
		int status;
		const char *code;
		enum blob_answer is;
	} rows[] = {
		{ 200, NULL, BLOB_DONE },
		{ 201, NULL, BLOB_DONE },
		{ 202, NULL, BLOB_DONE },
		{ 404, "BlobNotFound", BLOB_ABSENT },
		{ 409, "BlobAlreadyExists", BLOB_STALE },
		{ 412, "ConditionNotMet", BLOB_STALE },
		{ 412, "TargetConditionNotMet", BLOB_STALE },
	};

	/* A portal that wants a login answers 200 to everything: its page is no record. */
	if (rs->request_id[0] == '\0')
		return false;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (rows[i].status != rs->status ||
		    (rows[i].code != NULL && strcmp(rows[i].code, rs->code) != 0))
			continue;
		/* What was to be replaced is not there: its version has changed. */
		*out = rows[i].is == BLOB_ABSENT && c->method == HTTP_PUT ? BLOB_STALE : rows[i].is;
		return true;
	}
	return false;
}

/* At most twice: a 401 proves that nothing was done, and may only mean that the token was revoked
 * or the clock is off. */
static bool send_with(struct blob *b, struct http *h, const struct blob_call *c, const char *url,
                      enum blob_answer *answer, struct http_response *rs, struct err *e)
{
	unsigned serial = 0;

	for (int round = 0;; round++) {
		AUTO_SECRET struct secret *token = NULL;

		http_response_again(rs);
		if (!arm_token_for(b->arm, h, AUTH_STORAGE, serial, &token, &serial, e) ||
		    !exchange(b, h, c, url, token, rs, e))
			return false;
		if (is_answer(c, rs, answer))
			return true;
		if (rs->status != 401 || round > 0)
			return refused(b, c, token, rs, e);
	}
}

static bool send(struct blob *b, const struct blob_call *c, enum blob_answer *answer,
                 struct http_response *rs, struct err *e)
{
	AUTO_FREE char *url = mem_fmt("%s%s%s%s%s", b->place->url, c->name != NULL ? "/" : "",
	                              c->name != NULL ? b->place->prefix : "",
	                              c->name != NULL ? c->name : "", c->query);
	struct http *h = NULL;

	if (!http_lend(b->lender, &h, e))
		return false;
	bool ok = send_with(b, h, c, url, answer, rs, e);
	http_give_back(b->lender, h);
	return ok;
}

bool blob_ready(struct blob *b, int64_t life_s, struct err *e)
{
	AUTO_SECRET struct secret *token = NULL;
	struct http *h = NULL;
	int64_t ignored;

	if (!http_lend(b->lender, &h, e))
		return false;
	bool ok = arm_token_lasting_for(b->arm, h, AUTH_STORAGE, life_s, &token, &ignored, e);
	http_give_back(b->lender, h);
	return ok;
}

/* ---- one blob -------------------------------------------------------------------------------- */

/* As it is sent back: no line of ours can be smuggled through it. */
static bool version_of(const struct blob *b, const struct http_response *rs, char **out,
                       struct err *e)
{
	if (rs->etag == NULL || rs->etag[0] != '"')
		return err_set(e, ERR_REMOTE,
		               "the answer of '%s' is not understood: a blob without an ETag",
		               b->place->host);
	free(*out);
	*out = mem_dup(rs->etag);
	return true;
}

bool blob_get(struct blob *b, const char *name, enum blob_answer *answer, struct buf *text,
              char **version, struct err *e)
{
	AUTO_RESPONSE struct http_response rs = { 0 };
	const struct blob_call c = {
		.method = HTTP_GET, .name = name, .query = "", .verb = "read"
	};

	if (!send(b, &c, answer, &rs, e))
		return false;
	if (*answer != BLOB_DONE)
		return true;
	buf_add(text, buf_cstr(&rs.body), rs.body.len);
	if (!buf_ok(text))
		return err_set(e, ERR_LOCAL, "blob '%s%s' is larger than %zu bytes",
		               b->place->prefix, name, text->max);
	*version = NULL;
	return version_of(b, &rs, version, e);
}

bool blob_put(struct blob *b, const char *name, const struct buf *text, enum blob_answer *answer,
              char **version, struct err *e)
{
	AUTO_RESPONSE struct http_response rs = { 0 };
	AUTO_FREE char *condition =
		*version != NULL ? mem_fmt("If-Match: %s", *version) : mem_dup("If-None-Match: *");
	const struct blob_call c = { .method = HTTP_PUT,
		                     .name = name,
		                     .query = "",
		                     .condition = condition,
		                     .body = text,
		                     .verb = "write" };

	return send(b, &c, answer, &rs, e) &&
	       (*answer != BLOB_DONE || version_of(b, &rs, version, e));
}

bool blob_delete(struct blob *b, const char *name, const char *version, enum blob_answer *answer,
                 struct err *e)
{
	AUTO_RESPONSE struct http_response rs = { 0 };
	AUTO_FREE char *condition = mem_fmt("If-Match: %s", version);
	const struct blob_call c = { .method = HTTP_DELETE,
		                     .name = name,
		                     .query = "",
		                     .condition = condition,
		                     .verb = "delete" };

	return send(b, &c, answer, &rs, e);
}

/* ---- lists ----------------------------------------------------------------------------------- */

static bool take_element(void *ctx, const char *path, const char *text, struct err *e)
{
	struct blob_page *p = ctx;
	size_t n = strlen(p->prefix);

	if (strcmp(path, "EnumerationResults/NextMarker") == 0 && *text != '\0') {
		free(p->next);
		p->next = mem_dup(text);
	}
	if (strcmp(path, "EnumerationResults/Blobs/Blob/Name") != 0 ||
	    strncmp(text, p->prefix, n) != 0 || strchr(text + n, '/') != NULL)
		return true;
	return p->each(p->ctx, text + n, e);
}

static bool check_root(void *ctx, const char *path, const char *text, struct err *e)
{
	(void)text;
	(void)e;
	*(bool *)ctx = *(bool *)ctx || str_starts(path, "EnumerationResults");
	return true;
}

bool blob_page_read(struct blob_page *p, const char *xml, size_t n, struct err *e)
{
	bool is_list = false;

	return xml_read(xml, n, check_root, &is_list, e) &&
	       (is_list || err_set(e, ERR_REMOTE, "it is not a list of blobs")) &&
	       xml_read(xml, n, take_element, p, e);
}

static bool list_page(struct blob *b, struct blob_page *p, struct err *e)
{
	AUTO_BUF struct buf query = BUF_INIT(URL_MAX);
	AUTO_RESPONSE struct http_response rs = { 0 };
	AUTO_FREE char *from = take(&p->next);
	enum blob_answer answer;

	buf_str(&query, "?restype=container&comp=list&delimiter=%2F");
	if (*p->prefix != '\0') {
		buf_str(&query, "&prefix=");
		buf_form(&query, p->prefix);
	}
	if (from != NULL) {
		buf_str(&query, "&marker=");
		buf_form(&query, from);
	}
	if (!buf_ok(&query))
		return err_set(e, ERR_REMOTE, "it continues with more than a URL can hold");
	const struct blob_call c = { .method = HTTP_GET,
		                     .query = buf_cstr(&query),
		                     .verb = "list the blobs of" };
	if (!send(b, &c, &answer, &rs, e))
		return false;
	if (answer != BLOB_DONE)
		return err_set(e, ERR_REMOTE, "it is not a list of blobs");
	return blob_page_read(p, buf_cstr(&rs.body), rs.body.len, e);
}

bool blob_list(struct blob *b, blob_each_fn *each, void *ctx, struct err *e)
{
	struct blob_page p = { .prefix = b->place->prefix, .each = each, .ctx = ctx };
	bool ok = true;

	for (int i = 0; ok && (i == 0 || p.next != NULL); i++)
		ok = i < PAGES_MAX
		             ? list_page(b, &p, e)
		             : err_set(e, ERR_REMOTE, "it does not end after %d pages", PAGES_MAX);
	free(p.next);
	return ok || err_in(e, "the list of container '%s'", b->place->container);
}

/* ---- rights ---------------------------------------------------------------------------------- */

bool blob_may(struct blob *b, const char *name, struct err *e)
{
	AUTO_BUF struct buf nothing = BUF_INIT(1);
	AUTO_RESPONSE struct http_response seen = { 0 }, written = { 0 };
	const struct blob_call get = {
		.method = HTTP_GET, .name = name, .query = "", .verb = "read"
	};
	const struct blob_call put = { .method = HTTP_PUT,
		                       .name = name,
		                       .query = "",
		                       .condition = "If-Match: " NO_VERSION,
		                       .body = &nothing,
		                       .verb = "write" };
	enum blob_answer answer;

	return send(b, &get, &answer, &seen, e) && send(b, &put, &answer, &written, e);
}
