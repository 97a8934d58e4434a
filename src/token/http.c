/* SPDX-License-Identifier: MIT */
/*
 * az's retries: three, after what may pass and after any refusal that names a time, as
 * azure-core 1.26 does it; but what may have acted is not repeated. Redirects that keep the
 * method are followed within the host. And the last refusal is kept, for its own words.
 */

#include "token/http.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "http/http.h"

#define TRIES         4
#define BACK_OFF_MS   800
#define WAIT_MAX_MS   600000 /* told to wait for longer, az does; a person would rather know */
#define REDIRECTS_MAX 5

struct token_http {
	struct http base;
	struct http *inner;    /* owned by `identity` */
	struct http *identity; /* for what is no request to the resource manager */
	const struct env *env;
	struct http_response refusal;
	char *denied;  /* the URL that has answered 401 */
	unsigned lost; /* requests whose outcome nobody has seen */
};

static const char *const methods[] = { "GET", "PUT", "PATCH", "POST", "DELETE" };

static bool passes(enum http_method m, int status)
{
	static const int any[] = { 500, 503, 504 }, idempotent[] = { 408, 429, 502 };

	for (size_t i = 0; i < COUNT(any); i++)
		if (any[i] == status)
			return true;
	if (m == HTTP_POST || m == HTTP_PATCH)
		return false;
	for (size_t i = 0; i < COUNT(idempotent); i++)
		if (idempotent[i] == status)
			return true;
	return status > 505; /* of gateways and proxies; 501 and 505 will say the same again */
}

/* A definite refusal: 408 is not one, for the service may have seen all of it. */
static bool refuses(int status)
{
	return status >= 400 && status < 500 && status != 408;
}

static bool may_repeat(const struct http_request *rq, const struct http_response *rs,
                       const struct err *e)
{
	if (rs == NULL)
		return e->kind == ERR_TRANSIENT &&
		       (e->not_acted ||
		        (!rq->once && rq->method != HTTP_POST && rq->method != HTTP_PATCH));
	if (rs->status < 400)
		return false;
	if (rs->retry_after_ms >= 0)
		return !rq->once || refuses(rs->status);
	return !rq->once && passes(rq->method, rs->status);
}

static bool delay_before(int tried, const struct http_response *rs, int64_t *ms)
{
	*ms = tried == 1 ? 0 : BACK_OFF_MS << (tried - 1);
	if (rs != NULL && rs->retry_after_ms >= 0)
		*ms = rs->retry_after_ms;
	return *ms <= WAIT_MAX_MS;
}

static void tell(const struct http_request *rq, const char *url, const struct http_response *rs)
{
	struct http_origin o;
	bool known = http_origin(url, &o);

	log_msg(LEVEL_DEBUG, NULL, "%s %s: %d%s%s", methods[rq->method], known ? o.host : "?",
	        rs == NULL ? 0 : rs->status,
	        rs != NULL && rs->request_id[0] != '\0' ? ", x-ms-request-id " : "",
	        rs == NULL ? "" : rs->request_id);
}

/* What a gateway answers says nothing of the service behind it. */
static bool may_act_yet(const struct http_request *rq, const struct http_response *rs,
                        const struct err *e)
{
	if (rq->method == HTTP_GET)
		return false;
	return rs == NULL ? !e->not_acted : rs->status >= 400 && !refuses(rs->status);
}

static bool send_patiently(struct token_http *t, const struct http_request *rq,
                           struct http_response *rs, struct err *e)
{
	for (int tried = 1;; tried++) {
		int64_t ms;
		bool answered = t->inner->send(t->inner, rq, rs, e);

		tell(rq, rq->url, answered ? rs : NULL);
		t->lost += may_act_yet(rq, answered ? rs : NULL, e);
		if (tried == TRIES || !may_repeat(rq, answered ? rs : NULL, e) ||
		    !delay_before(tried, answered ? rs : NULL, &ms))
			return answered;
		http_response_clear(rs);
		env_sleep_ms(t->env, ms);
	}
}

static bool redirects(enum http_method m, int status)
{
	return status == 307 || status == 308 || (m == HTTP_GET && status >= 300 && status <= 303);
}

/* A redirect proves that this address did nothing. The bearer goes nowhere but where it was
 * going. */
static bool send_on(struct token_http *t, const struct http_request *rq, struct http_response *rs,
                    struct err *e)
{
	AUTO_FREE char *url = mem_dup(rq->url);
	struct http_request moved = *rq;
	struct http_origin from, to;

	/* On a connection that was used before, the client would send once more by itself when
	 * it finds that one closed. */
	moved.fresh = rq->fresh || rq->method != HTTP_GET;
	for (int hop = 0;; hop++) {
		moved.url = url;
		if (!send_patiently(t, &moved, rs, e))
			return false;
		if (hop == REDIRECTS_MAX || !redirects(rq->method, rs->status) ||
		    rs->location == NULL)
			return true;
		if (!http_origin(url, &from) || !http_origin(rs->location, &to) ||
		    !http_origin_equal(&from, &to))
			return true;
		mem_free_ptr(&url);
		url = mem_dup(rs->location);
		http_response_clear(rs);
	}
}

static void copy_response(const struct http_response *from, struct http_response *to)
{
	http_response_clear(to);
	to->status = from->status;
	to->body = (struct buf)BUF_INIT(from->body.len);
	buf_add(&to->body, buf_cstr(&from->body), from->body.len);
	to->challenge = mem_dup(from->challenge);
	memcpy(to->request_id, from->request_id, sizeof(to->request_id));
}

/* No claims asked for: another token would be refused as well, and a POST that was refused is
 * not to be seen twice. */
static bool is_final_denial(const struct http_response *rs)
{
	return rs->status == 401 &&
	       (rs->challenge == NULL || strcasestr(rs->challenge, "claims=") == NULL);
}

static bool token_send(struct http *h, const struct http_request *rq, struct http_response *rs,
                       struct err *e)
{
	struct token_http *t = (struct token_http *)h;

	if (rq->bearer == NULL)
		return http_send(t->identity, rq, rs, e);
	if (t->denied != NULL && strcmp(t->denied, rq->url) == 0) {
		copy_response(&t->refusal, rs);
		return true;
	}
	if (!send_on(t, rq, rs, e))
		return false;
	/* What a poll says of a failed operation comes with a 200. Only GET: nothing it answers
	 * is a secret. */
	if (rs->status >= 300 || rq->method == HTTP_GET)
		copy_response(rs, &t->refusal);
	mem_free_ptr(&t->denied);
	t->denied = is_final_denial(rs) ? mem_dup(rq->url) : NULL;
	return true;
}

static void token_close_http(struct http *h)
{
	struct token_http *t = (struct token_http *)h;

	http_close(t->identity);
	http_response_clear(&t->refusal);
	free(t->denied);
	free(t);
}

struct token_http *token_http_open(struct http *inner, const struct env *env)
{
	struct token_http *t = mem_new(sizeof(*t));

	*t = (struct token_http){ .base = { .send = token_send, .close = token_close_http },
		                  .inner = inner,
		                  .env = env };
	t->identity = http_retry_open(inner, env, &retry_default);
	return t;
}

struct http *token_http_base(struct token_http *t)
{
	return &t->base;
}

unsigned token_http_lost(const struct token_http *t)
{
	return t->lost;
}

const struct http_response *token_http_refusal(const struct token_http *t)
{
	return t->refusal.status == 0 ? NULL : &t->refusal;
}

void token_http_close(struct token_http *t)
{
	if (t != NULL)
		token_close_http(&t->base);
}
