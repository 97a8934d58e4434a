/* SPDX-License-Identifier: MIT */
#include "http/http.h"

#include <assert.h>
#include <stdlib.h>
#include <strings.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"

#define HTTP_URL_MAX      (16 * 1024) /* Azure Resource Manager's own limit */
#define CHALLENGE_MAX     (8 * 1024)
#define RETRY_AFTER_S_MAX (365 * 86400LL)

void http_response_clear(struct http_response *r)
{
	buf_free(&r->body);
	free(r->location);
	free(r->operation);
	free(r->challenge);
	free(r->content_type);
	free(r->etag);
	*r = (struct http_response){ .retry_after_ms = -1 };
}

void http_response_again(struct http_response *r)
{
	bool unsettled = r->unsettled;

	http_response_clear(r);
	r->unsettled = unsettled;
}

bool http_not_acted(const struct http_response *r)
{
	return r->status >= 400 && r->status < 500 && r->status != 408 && !r->unsettled;
}

void http_close(struct http *h)
{
	if (h != NULL)
		h->close(h);
}

void http_close_ptr(struct http **h)
{
	http_close(*h);
	*h = NULL;
}

/* ---- URLs ------------------------------------------------------------------------------------ */

/* The length of "name" or "[v6]" at the start of s; 0 when there is none. */
static size_t host_len(const char *s)
{
	size_t n = 0;

	if (*s == '[') {
		n = strspn(s + 1, "0123456789abcdefABCDEF:.");
		return n > 0 && s[n + 1] == ']' ? n + 2 : 0;
	}
	while (str_is_name(s[n]))
		n++;
	return n;
}

static bool read_port(const char *digits, size_t n, int *port)
{
	char text[6] = "";
	int64_t value;

	if (n == 0 || n >= sizeof(text))
		return false;
	memcpy(text, digits, n);
	if (!str_int(text, 1, 65535, &value))
		return false;
	*port = (int)value;
	return true;
}

bool http_origin(const char *url, struct http_origin *out)
{
	struct http_origin o = { .tls = strncasecmp(url, "https://", 8) == 0 };
	const char *host = url + (o.tls ? 8 : 7);
	size_t n;

	if (!o.tls && strncasecmp(url, "http://", 7) != 0)
		return false;
	n = host_len(host);
	if (n == 0 || n >= sizeof(o.host))
		return false;
	for (size_t i = 0; i < n; i++)
		o.host[i] = (char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] + 32 : host[i]);
	o.port = o.tls ? 443 : 80;
	host += n;
	if (*host == ':') {
		n = strspn(host + 1, "0123456789");
		if (!read_port(host + 1, n, &o.port))
			return false;
		host += n + 1;
	}
	if (*host && strchr("/?#", *host) == NULL)
		return false;
	*out = o;
	return true;
}

bool http_origin_equal(const struct http_origin *a, const struct http_origin *b)
{
	return a->tls == b->tls && a->port == b->port && strcmp(a->host, b->host) == 0;
}

bool http_origin_is_loopback(const struct http_origin *o)
{
	size_t digits = strspn(o->host, "0123456789.");

	return strcmp(o->host, "localhost") == 0 || strcmp(o->host, "[::1]") == 0 ||
	       (strncmp(o->host, "127.", 4) == 0 && o->host[digits] == '\0');
}

/* ---- what may be sent ------------------------------------------------------------------------ */

static bool is_one_line(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || (unsigned char)*s >= 0x7f)
			return false;
	return true;
}

static bool url_is_clean(const char *url)
{
	return strlen(url) <= HTTP_URL_MAX && is_one_line(url) && strchr(url, ' ') == NULL;
}

/* Whoever builds a request from outside data has one door that no header or URL can be smuggled
 * through. */
static bool check_request(const struct http_request *rq, struct err *e)
{
	struct http_origin to;

	assert(!(rq->bearer != NULL && rq->basic_user != NULL));
	if (!url_is_clean(rq->url) || !http_origin(rq->url, &to))
		return err_set(e, ERR_CONFIG,
		               "not a usable URL (https, no user name, no spaces): '%.100s'",
		               rq->url);
	if (!to.tls && !rq->plain_ok)
		return err_set(e, ERR_CONFIG, "refusing plain http to '%s': https is required",
		               to.host);
	if (rq->basic_user != NULL &&
	    (!is_one_line(rq->basic_user) || strchr(rq->basic_user, ':') != NULL))
		return err_set(
			e, ERR_CONFIG,
			"not a usable user name for '%s': it has a colon or a control character",
			to.host);
	for (size_t i = 0; i < COUNT(rq->header); i++)
		if (rq->header[i] != NULL && !is_one_line(rq->header[i]))
			return err_set(e, ERR_CONFIG,
			               "a request header for '%s' has a control character",
			               to.host);
	return true;
}

bool http_send(struct http *h, const struct http_request *rq, struct http_response *rs,
               struct err *e)
{
	AUTO_RESPONSE struct http_response got = { .retry_after_ms = -1 };

	if (!check_request(rq, e)) {
		e->not_acted = true;
		return false;
	}
	if (!h->send(h, rq, &got, e))
		return false;
	got.unsettled = got.unsettled || rs->unsettled;
	*rs = got;
	got = (struct http_response){ .retry_after_ms = -1 };
	return true;
}

struct http_pending {
	struct http *h;
	struct http_request rq;
	void *call; /* NULL: it is sent at the end */
};

bool http_goes_on(const struct http *h)
{
	return h->begin != NULL;
}

struct http_pending *http_begin(struct http *h, const struct http_request *rq)
{
	struct http_pending *p = mem_new(sizeof(*p));
	struct err ignored = ERR_INIT; /* http_send() finds it again */

	assert(!rq->once);
	p->h = h;
	p->rq = *rq;
	if (h->begin != NULL && check_request(rq, &ignored))
		p->call = h->begin(h, &p->rq);
	return p;
}

bool http_finish(struct http_pending *p, struct http_response *rs, struct err *e)
{
	struct http_response got = { .retry_after_ms = -1 };
	bool ok = p->call != NULL ? p->h->finish(p->h, p->call, &got, e)
	                          : http_send(p->h, &p->rq, &got, e);

	free(p);
	if (ok)
		*rs = got;
	return ok;
}

void http_abandon(struct http_pending *p)
{
	if (p == NULL)
		return;
	if (p->call != NULL)
		p->h->abandon(p->h, p->call);
	free(p);
}

/* ---- response headers ------------------------------------------------------------------------ */

enum { RANK_NONE, RANK_PLAIN, RANK_MS_OWN, RANK_MS };

static void set_text(char **to, const char *value)
{
	free(*to);
	*to = mem_dup(value);
}

static void set_retry_ms(struct http_headers *h, int rank, int64_t ms)
{
	if (rank < h->retry_rank)
		return;
	h->retry_rank = rank;
	h->rs->retry_after_ms = ms;
	h->retry_at = 0;
}

static void take_retry_ms(struct http_headers *h, const char *value)
{
	int64_t ms;

	if (str_int(value, 0, RETRY_AFTER_S_MAX * 1000, &ms))
		set_retry_ms(h, RANK_MS, ms);
}

static void take_retry_ms_own(struct http_headers *h, const char *value)
{
	int64_t ms;

	if (str_int(value, 0, RETRY_AFTER_S_MAX * 1000, &ms))
		set_retry_ms(h, RANK_MS_OWN, ms);
}

static void take_retry(struct http_headers *h, const char *value)
{
	int64_t t;

	if (str_int(value, 0, RETRY_AFTER_S_MAX, &t)) {
		set_retry_ms(h, RANK_PLAIN, t * 1000);
	} else if (h->retry_rank <= RANK_PLAIN && str_http_date(value, &t)) {
		set_retry_ms(h, RANK_PLAIN, 0);
		h->retry_at = t;
	}
}

/* One answer tells of the identity's own bucket and of everybody's. */
static void take_remaining(struct http_headers *h, const char *value)
{
	int64_t n;

	if (!str_int(value, 0, INT32_MAX, &n) || (h->rs->remaining_known && n >= h->rs->remaining))
		return;
	h->rs->remaining_known = true;
	h->rs->remaining = n;
}

static void take_date(struct http_headers *h, const char *value)
{
	int64_t t;

	if (str_http_date(value, &t))
		h->rs->date = t;
}

static void take_location(struct http_headers *h, const char *value)
{
	set_text(&h->rs->location, value);
}

static void take_operation(struct http_headers *h, const char *value)
{
	set_text(&h->rs->operation, value);
}

static void take_operation_other(struct http_headers *h, const char *value)
{
	if (h->rs->operation == NULL)
		set_text(&h->rs->operation, value);
}

static void take_content_type(struct http_headers *h, const char *value)
{
	set_text(&h->rs->content_type, value);
}

static void take_challenge(struct http_headers *h, const char *value)
{
	char *old = h->rs->challenge;

	if (old != NULL && strlen(old) + strlen(value) > CHALLENGE_MAX)
		return;
	h->rs->challenge = old != NULL ? mem_fmt("%s, %s", old, value) : mem_dup(value);
	free(old);
}

static void take_etag(struct http_headers *h, const char *value)
{
	set_text(&h->rs->etag, value);
}

/* It is printed in messages: a service's idea of an id is taken only as far as it looks like
 * one. */
static void take_id(char *to, size_t max, const char *value)
{
	size_t n =
		strspn(value, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._:");

	if (n >= max)
		n = max - 1;
	memcpy(to, value, n);
	to[n] = '\0';
}

static void take_request_id(struct http_headers *h, const char *value)
{
	take_id(h->rs->request_id, sizeof(h->rs->request_id), value);
}

static void take_code(struct http_headers *h, const char *value)
{
	take_id(h->rs->code, sizeof(h->rs->code), value);
}

static void take_request_id_other(struct http_headers *h, const char *value)
{
	if (!h->rs->request_id[0])
		take_request_id(h, value);
}

#define REMAINING "x-ms-ratelimit-remaining-subscription-"
static const struct {
	const char *name;
	void (*take)(struct http_headers *h, const char *value);
} known_headers[] = {
	{ "location", take_location },
	{ "azure-asyncoperation", take_operation },
	{ "operation-location", take_operation_other },
	{ "www-authenticate", take_challenge },
	{ "content-type", take_content_type },
	{ "retry-after-ms", take_retry_ms },
	{ "x-ms-retry-after-ms", take_retry_ms_own },
	{ "retry-after", take_retry },
	{ REMAINING "reads", take_remaining },
	{ REMAINING "writes", take_remaining },
	{ REMAINING "deletes", take_remaining },
	{ REMAINING "global-reads", take_remaining },
	{ REMAINING "global-writes", take_remaining },
	{ REMAINING "global-deletes", take_remaining },
	{ "date", take_date },
	{ "x-ms-request-id", take_request_id },
	{ "x-ms-correlation-request-id", take_request_id_other },
	{ "etag", take_etag },
	{ "x-ms-error-code", take_code },
};

/* An interim response (100, 103) or a proxy's answer came first: what it said does not count. */
static void start_over(struct http_headers *h)
{
	struct http_response *rs = h->rs;
	size_t max = rs->body.max;

	http_response_clear(rs);
	rs->body.max = max;
	*h = (struct http_headers){ .rs = rs, .bytes = h->bytes, .lines = h->lines };
}

bool http_headers_line(struct http_headers *h, const char *line, size_t n)
{
	const char *colon = memchr(line, ':', n), *value, *end = line + n;
	AUTO_FREE char *text = NULL;

	h->bytes += n;
	h->lines++;
	if (h->bytes > HTTP_HEADER_BYTES_MAX || h->lines > HTTP_HEADER_LINES_MAX)
		return false;
	if (n >= 5 && strncasecmp(line, "HTTP/", 5) == 0)
		start_over(h);
	if (colon == NULL)
		return true;
	for (value = colon + 1; value < end && str_is_space(*value);)
		value++;
	while (end > value && str_is_space(end[-1]))
		end--;
	text = mem_dup_n(value, (size_t)(end - value));
	for (size_t i = 0; i < COUNT(known_headers); i++)
		if (strlen(known_headers[i].name) == (size_t)(colon - line) &&
		    strncasecmp(known_headers[i].name, line, (size_t)(colon - line)) == 0)
			known_headers[i].take(h, text);
	return true;
}

void http_headers_end(struct http_headers *h, int64_t now)
{
	int64_t from = h->rs->date ? h->rs->date : now;

	if (h->retry_at == 0)
		return;
	/* A date is reckoned from the sender's own clock where it says what that shows. */
	h->rs->retry_after_ms = h->retry_at > from ? (h->retry_at - from) * 1000 : 0;
	if (h->rs->retry_after_ms > RETRY_AFTER_S_MAX * 1000)
		h->rs->retry_after_ms = RETRY_AFTER_S_MAX * 1000;
}
