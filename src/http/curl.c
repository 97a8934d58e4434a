/* SPDX-License-Identifier: MIT */
/* The only user of libcurl, with curl_request.c. */
#include <stdio.h>
#include <stdlib.h>

#include "base/env.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/openssl.h"
#include "curl.h"

#define BODY_MAX_DEFAULT   (4 * 1024 * 1024) /* a list page of a large subscription is 150 kB */
#define TIMEOUT_MS_DEFAULT 60000
#define POLL_MS            1000 /* at most: libcurl knows when its next time-out is */

/*
 * gnutls comes along with libcurl, for protocols that nobody speaks here, and sets itself up as
 * it is loaded: a twentieth of the CPU time of a request, and a tenth of the memory. This is its
 * own way of being told not to (GNUTLS_SKIP_GLOBAL_INIT).
 */
/* NOLINT(bugprone-reserved-identifier): the name is gnutls's */
int _gnutls_global_init_skip(void);
int _gnutls_global_init_skip(void) /* NOLINT(bugprone-reserved-identifier) */
{
	return 1;
}

void http_setup(void)
{
	openssl_setup();
	/* libcurl copies headers and bodies and frees them as they are; with our allocator they
	 * are wiped first. */
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, mem_wiping_malloc, mem_wiping_free,
	                         mem_wiping_realloc, mem_wiping_strdup,
	                         mem_wiping_calloc) != CURLE_OK)
		mem_exhausted();
}

static size_t on_header(char *line, size_t size, size_t n, void *ctx)
{
	struct curl_call *x = ctx;

	if (x->body_began)
		return size * n; /* trailers: nothing of ours is ever in them */
	x->flood = !http_headers_line(&x->headers, line, size * n);
	x->headers_over = size * n > 0 && (line[0] == '\r' || line[0] == '\n');
	return x->flood ? 0 : size * n;
}

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
	struct curl_call *x = ctx;

	x->body_began = true;
	buf_add(&x->headers.rs->body, data, size * n);
	x->over = !buf_ok(&x->headers.rs->body);
	return x->over ? 0 : size * n;
}

/* ---- what came of it ------------------------------------------------------------------------- */

/* Nothing a retry fixes: what the operator has to set right. The rest is taken for the network's
 * mood. */
static const struct {
	CURLcode rc;
	enum err_kind kind;
	const char *advice;
} failures[] = {
	{ CURLE_PEER_FAILED_VERIFICATION, ERR_CONFIG,
	  "; if it is signed by an authority of your own, name that in [http] ca_file" },
	{ CURLE_SSL_CACERT_BADFILE, ERR_CONFIG, "; check [http] ca_file" },
	{ CURLE_SSL_CERTPROBLEM, ERR_CONFIG, "" },
	{ CURLE_SSL_ISSUER_ERROR, ERR_CONFIG, "" },
	{ CURLE_SSL_INVALIDCERTSTATUS, ERR_CONFIG, "" },
	{ CURLE_SSL_PINNEDPUBKEYNOTMATCH, ERR_CONFIG, "" },
	/* https it was: the answer is not HTTP */
	{ CURLE_UNSUPPORTED_PROTOCOL, ERR_REMOTE, "" },
	{ CURLE_URL_MALFORMAT, ERR_CONFIG, "" },
	{ CURLE_NOT_BUILT_IN, ERR_CONFIG, "" },
	{ CURLE_UNKNOWN_OPTION, ERR_CONFIG, "; this libcurl is older than 7.85" },
	{ CURLE_COULDNT_RESOLVE_PROXY, ERR_TRANSIENT, "; check the proxy" },
	{ CURLE_WEIRD_SERVER_REPLY, ERR_REMOTE, "" },
};

/* Failures of the way there, before a request is written. */
static const CURLcode before_request[] = {
	CURLE_URL_MALFORMAT,
	CURLE_COULDNT_RESOLVE_PROXY,
	CURLE_COULDNT_RESOLVE_HOST,
	CURLE_COULDNT_CONNECT,
	CURLE_SSL_CONNECT_ERROR,
	CURLE_PEER_FAILED_VERIFICATION,
	CURLE_SSL_CACERT_BADFILE,
	CURLE_SSL_CERTPROBLEM,
	CURLE_SSL_ISSUER_ERROR,
	CURLE_SSL_INVALIDCERTSTATUS,
	CURLE_PROXY,
};

/*
 * Did the request provably never reach the service? libcurl counts the bytes of requests it
 * wrote, those of a silent repetition and of a CONNECT to a proxy too. So zero is proof; and on
 * a connection of its own, where nothing is repeated, so is a failure on the way there, a proxy
 * that refused, and a time-out before the connection stood.
 */
static bool never_sent(const struct curl_call *x)
{
	const struct http_request *rq = x->rq;
	long written = -1, connect_code = 0;
	curl_off_t ready_us = 0;

	if (curl_easy_getinfo(x->easy, CURLINFO_REQUEST_SIZE, &written) == CURLE_OK && written == 0)
		return true;
	if (!rq->once && !rq->fresh)
		return false;
	for (size_t i = 0; i < COUNT(before_request); i++)
		if (before_request[i] == x->rc)
			return true;
	if (curl_easy_getinfo(x->easy, CURLINFO_HTTP_CONNECTCODE, &connect_code) == CURLE_OK &&
	    connect_code >= 300)
		return true;
	return curl_easy_getinfo(x->easy, CURLINFO_PRETRANSFER_TIME_T, &ready_us) == CURLE_OK &&
	       ready_us == 0;
}

static const char *host_of(const struct http_request *rq, struct http_origin *o)
{
	return http_origin(rq->url, o) ? o->host : "?";
}

static bool failed(const struct curl_call *x, struct err *e)
{
	const struct http_request *rq = x->rq;
	const char *words = x->words[0] ? x->words : curl_easy_strerror(x->rc), *advice = "";
	enum err_kind kind = ERR_TRANSIENT;
	bool not_acted = never_sent(x);
	struct http_origin to;
	long proxy_said = 0;

	if (x->flood || x->over) {
		(void)err_set(e, ERR_REMOTE,
		              "the answer of '%s' is larger than anything expected of it (%s)",
		              host_of(rq, &to), x->flood ? "headers" : "body");
		return false;
	}
	for (size_t i = 0; i < COUNT(failures); i++)
		if (failures[i].rc == x->rc) {
			kind = failures[i].kind;
			/* It speaks of our own authorities. */
			advice = rq->trust != NULL ? "" : failures[i].advice;
		}
	if (curl_easy_getinfo(x->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_said) == CURLE_OK &&
	    proxy_said == 407) {
		kind = ERR_CONFIG;
		advice =
			"; the proxy wants a login: http://USER:PASSWORD@HOST:PORT in [http] proxy";
	}
	(void)err_set(e, kind, "cannot reach '%s': %s%s", host_of(rq, &to), words, advice);
	if (x->rc == CURLE_COULDNT_RESOLVE_HOST)
		(void)snprintf(e->code, sizeof(e->code), "%s", HTTP_HOST_UNKNOWN);
	e->not_acted = not_acted;
	return false;
}

/* ---- calls ----------------------------------------------------------------------------------- */

static struct curl_call *take_call(struct curl_http *c)
{
	struct curl_call *x = c->idle;

	if (x != NULL) {
		c->idle = x->next;
		return x;
	}
	x = mem_new(sizeof(*x));
	x->easy = curl_easy_init();
	if (x->easy == NULL || curl_easy_setopt(x->easy, CURLOPT_SHARE, c->sessions) != CURLE_OK)
		mem_exhausted();
	return x;
}

/* What the handle keeps must not outlive the call. */
static void give_back_call(struct curl_http *c, struct curl_call *x)
{
	if (x->running)
		(void)curl_multi_remove_handle(c->multi, x->easy); /* it is in there */
	x->running = false;
	curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(x->easy, CURLOPT_CONNECT_TO, NULL);
	curl_easy_setopt(x->easy, CURLOPT_CAINFO_BLOB, NULL);
	curl_easy_setopt(x->easy, CURLOPT_SSLCERT_BLOB, NULL);
	curl_easy_setopt(x->easy, CURLOPT_SSLKEY_BLOB, NULL);
	curl_easy_setopt(x->easy, CURLOPT_POSTFIELDS, NULL);
	curl_slist_free_all(take(&x->lines)); /* through the wiping allocator */
	curl_slist_free_all(take(&x->connect_to));
	http_response_clear(&x->rs);
	x->next = c->idle;
	c->idle = x;
}

static void set_all(struct curl_options *s, const struct curl_http *c, struct curl_call *x)
{
	curl_request_set(s, c, x->rq);
	curl_set_ptr(s, CURLOPT_ERRORBUFFER, x->words);
	curl_set_ptr(s, CURLOPT_PRIVATE, x);
	curl_set_ptr(s, CURLOPT_HEADERDATA, x);
	curl_set_ptr(s, CURLOPT_WRITEDATA, x);
	curl_set_ptr(s, CURLOPT_HTTPHEADER, x->lines);
	curl_set_ptr(s, CURLOPT_CONNECT_TO, x->connect_to);
	if (s->rc == CURLE_OK)
		s->rc = curl_easy_setopt(s->easy, CURLOPT_HEADERFUNCTION, on_header);
	if (s->rc == CURLE_OK)
		s->rc = curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, on_body);
}

static void take_messages(struct curl_http *c)
{
	int left;

	for (CURLMsg *m; (m = curl_multi_info_read(c->multi, &left)) != NULL;) {
		struct curl_call *x = NULL;
		CURL *easy = m->easy_handle;
		CURLcode rc = m->data.result;
		if (m->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&x) != CURLE_OK)
			continue;
		x->rc = rc;
		x->running = false;
		(void)curl_multi_remove_handle(c->multi, easy); /* `m` goes with it */
	}
}

static void run(struct curl_http *c, struct curl_call *x)
{
	int running;

	x->running = curl_multi_add_handle(c->multi, x->easy) == CURLM_OK;
	x->rc = x->running ? CURLE_OK : CURLE_FAILED_INIT;
	(void)curl_multi_perform(c->multi, &running); /* what fails shows in the messages */
}

static void await(struct curl_http *c, const struct curl_call *x)
{
	int running;

	take_messages(c);
	while (x->running) {
		if (curl_multi_poll(c->multi, NULL, 0, POLL_MS, NULL) != CURLM_OK ||
		    curl_multi_perform(c->multi, &running) != CURLM_OK)
			mem_exhausted(); /* no other way for them to fail */
		take_messages(c);
	}
}

/*
 * With the system's directory first, and where that does not suffice, with its bundle, for good.
 * An exchange ends here only before anything of it is sent: the other side has not shown yet who
 * it is.
 */
static void await_trusted(struct curl_http *c, struct curl_call *x)
{
	struct curl_options s = { .easy = x->easy };
	struct err ignored = ERR_INIT; /* the failure that there is says more */
	long why = 0;

	await(c, x);
	if (x->rc != CURLE_PEER_FAILED_VERIFICATION || x->rq->trust != NULL)
		return;
	/* 0, or libcurl's initial 1, where the chain is in order and the name is not the host's. */
	if (curl_easy_getinfo(x->easy, CURLINFO_SSL_VERIFYRESULT, &why) != CURLE_OK || why <= 1 ||
	    !trust_widen(&c->trust, &ignored))
		return;
	x->words[0] = '\0';
	curl_request_trust(&s, c, x->rq);
	if (s.rc == CURLE_OK) {
		run(c, x);
		await(c, x);
	} else {
		x->rc = s.rc;
	}
}

static void *curl_begin(struct http *h, const struct http_request *rq)
{
	struct curl_http *c = (struct curl_http *)h;
	struct curl_call *x = take_call(c);
	struct curl_options s = { .easy = x->easy };

	x->rq = rq;
	x->why = (struct err)ERR_INIT;
	x->ok = curl_request_ok(rq, &x->why);
	x->flood = x->over = x->headers_over = x->body_began = false;
	x->rs = (struct http_response){ .retry_after_ms = -1, .body = BUF_INIT(c->o.max_body) };
	x->headers = (struct http_headers){ .rs = &x->rs };
	x->words[0] = '\0';
	if (!x->ok)
		return x;
	curl_easy_reset(x->easy); /* keeps the sessions */
	x->lines = curl_request_headers(rq);
	x->connect_to = curl_request_connect_to(rq);
	set_all(&s, c, x);
	x->rc = s.rc;
	if (s.rc == CURLE_OK)
		run(c, x);
	return x;
}

static bool answered(struct curl_http *c, struct curl_call *x, struct err *e)
{
	long status = 0;

	if (!x->ok) {
		*e = x->why;
		return false;
	}
	await_trusted(c, x);
	if (x->rc == CURLE_OK)
		x->rc = curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
	/* A connection that ends within the headers is no failure to libcurl. */
	if (x->rc == CURLE_OK && !x->headers_over)
		x->rc = CURLE_PARTIAL_FILE;
	if (x->rc != CURLE_OK)
		return failed(x, e);
	http_headers_end(&x->headers, env_now(&env_system));
	x->rs.status = (int)status;
	return true;
}

static bool curl_finish(struct http *h, void *call, struct http_response *rs, struct err *e)
{
	struct curl_http *c = (struct curl_http *)h;
	struct curl_call *x = call;
	bool ok = answered(c, x, e);

	if (ok) {
		*rs = x->rs;
		x->rs = (struct http_response){ .retry_after_ms = -1 };
	}
	give_back_call(c, x);
	return ok;
}

static void curl_abandon(struct http *h, void *call)
{
	give_back_call((struct curl_http *)h, call);
}

static bool curl_send(struct http *h, const struct http_request *rq, struct http_response *rs,
                      struct err *e)
{
	return curl_finish(h, curl_begin(h, rq), rs, e);
}

/* ---- opening --------------------------------------------------------------------------------- */

static void curl_close(struct http *h)
{
	struct curl_http *c = (struct curl_http *)h;

	for (struct curl_call *x = c->idle, *next; x != NULL; x = next) {
		next = x->next;
		curl_easy_cleanup(x->easy);
		free(x);
	}
	(void)curl_multi_cleanup(c->multi); /* no handle is in it */
	(void)curl_share_cleanup(c->sessions);
	trust_close(&c->trust);
	free(c);
}

static bool open_trust(struct curl_http *c, struct err *e)
{
	char *file = NULL, *dir = NULL;

	if (c->o.system_file != NULL || c->o.system_dir != NULL)
		return trust_open(&c->o, c->o.system_file, c->o.system_dir, &c->trust, e);
	struct curl_call *x = take_call(c);
	if (curl_easy_getinfo(x->easy, CURLINFO_CAINFO, &file) != CURLE_OK)
		file = NULL;
	if (curl_easy_getinfo(x->easy, CURLINFO_CAPATH, &dir) != CURLE_OK)
		dir = NULL;
	bool ok = trust_open(&c->o, file, dir, &c->trust, e);
	give_back_call(c, x);
	return ok;
}

/* A connection is one exchange's at a time: a fresh one is to be nobody else's. */
static void open_multi(struct curl_http *c)
{
	c->multi = curl_multi_init();
	c->sessions = curl_share_init();
	if (c->multi == NULL || c->sessions == NULL ||
	    curl_multi_setopt(c->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING) != CURLM_OK ||
	    curl_share_setopt(c->sessions, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) !=
	            CURLSHE_OK)
		mem_exhausted();
}

bool http_curl_open(const struct http_options *o, struct http **out, struct err *e)
{
	struct curl_http *c = mem_new(sizeof(*c));
	AUTO_HTTP struct http *h = &c->base;

	c->base = (struct http){ .send = curl_send,
		                 .begin = curl_begin,
		                 .finish = curl_finish,
		                 .abandon = curl_abandon,
		                 .close = curl_close };
	c->o = *o;
	c->trust.fd = -1;
	if (c->o.timeout_ms == 0)
		c->o.timeout_ms = TIMEOUT_MS_DEFAULT;
	if (c->o.max_body == 0)
		c->o.max_body = BODY_MAX_DEFAULT;
	if (c->o.user_agent == NULL)
		c->o.user_agent = "acrotate/" VERSION;
	open_multi(c);
	if (!open_trust(c, e))
		return false;
	*out = take(&h);
	return true;
}
