/* SPDX-License-Identifier: MIT */
/* The only user of libcurl. Every option is set on every request, and every setting is checked:
 * a setopt that fails quietly (a build without a protocol, an option of another version) would
 * leave a default that is not ours. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/crypto.h"
#include "base/env.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/openssl.h"
#include "base/secret.h"
#include "http/http.h"
#include "http/trust.h"

#define BODY_MAX_DEFAULT   (4 * 1024 * 1024) /* a list page of a large subscription is 150 kB */
#define HEADER_VALUE_MAX   (96 * 1024)       /* a secret in base64 and its header's name */
#define TIMEOUT_MS_DEFAULT 60000
#define CONNECT_TIMEOUT_MS 10000

struct curl_http {
	struct http base;
	struct http_options o;
	CURL *easy;
	struct trust trust;
	char words[CURL_ERROR_SIZE];
};

/* One exchange under way. */
struct curl_exchange {
	struct http_headers headers;
	/* more headers, more body than any honest service sends */
	bool flood, over;
	bool headers_over; /* the blank line has been seen */
	bool body_began;
};

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
	struct curl_exchange *x = ctx;

	if (x->body_began)
		return size * n; /* trailers: nothing of ours is ever in them */
	x->flood = !http_headers_line(&x->headers, line, size * n);
	x->headers_over = size * n > 0 && (line[0] == '\r' || line[0] == '\n');
	return x->flood ? 0 : size * n;
}

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
	struct curl_exchange *x = ctx;

	x->body_began = true;
	buf_add(&x->headers.rs->body, data, size * n);
	x->over = !buf_ok(&x->headers.rs->body);
	return x->over ? 0 : size * n;
}

/* ---- one request's options ------------------------------------------------------------------- */

/* The first refusal ends the request; the rest of the table is then skipped. */
struct curl_options {
	CURL *easy;
	CURLcode rc;
};

static void set_long(struct curl_options *s, CURLoption o, long value)
{
	if (s->rc == CURLE_OK)
		s->rc = curl_easy_setopt(s->easy, o, value);
}

static void set_ptr(struct curl_options *s, CURLoption o, const void *value)
{
	if (s->rc == CURLE_OK)
		s->rc = curl_easy_setopt(s->easy, o, value);
}

static void set_safety(struct curl_options *s, const struct http_request *rq)
{
	set_ptr(s, CURLOPT_PROTOCOLS_STR, rq->plain_ok ? "http,https" : "https");
	set_ptr(s, CURLOPT_REDIR_PROTOCOLS_STR, "https");
	set_ptr(s, CURLOPT_DEFAULT_PROTOCOL, "https");
	set_long(s, CURLOPT_FOLLOWLOCATION, 0);
	set_long(s, CURLOPT_MAXREDIRS, 0);
	set_long(s, CURLOPT_DISALLOW_USERNAME_IN_URL, 1);
	set_long(s, CURLOPT_NETRC, CURL_NETRC_IGNORED);
	set_long(s, CURLOPT_UNRESTRICTED_AUTH, 0);
	set_long(s, CURLOPT_NOSIGNAL, 1);
	set_long(s, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	set_long(s, CURLOPT_SSL_VERIFYPEER, 1);
	set_long(s, CURLOPT_SSL_VERIFYHOST, 2);
	set_long(s, CURLOPT_HEADEROPT, CURLHEADER_SEPARATE);
	set_long(s, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1);
	set_ptr(s, CURLOPT_ACCEPT_ENCODING, NULL);
	set_long(s, CURLOPT_VERBOSE, 0);
}

static void set_trust(struct curl_options *s, const struct curl_http *c,
                      const struct http_request *rq)
{
	if (rq->trust != NULL && s->rc == CURLE_OK) {
		struct curl_blob pem = { .data = rq->trust->data,
			                 .len = rq->trust->len,
			                 .flags = CURL_BLOB_NOCOPY };

		s->rc = curl_easy_setopt(s->easy, CURLOPT_CAINFO_BLOB, &pem);
		set_ptr(s, CURLOPT_CAPATH, NULL);
		return;
	}
	set_ptr(s, CURLOPT_CAINFO, c->trust.file);
	set_ptr(s, CURLOPT_CAPATH, c->trust.dir);
	set_ptr(s, CURLOPT_PROXY_CAINFO, c->trust.file);
	set_ptr(s, CURLOPT_PROXY_CAPATH, c->trust.dir);
}

static void set_blob(struct curl_options *s, CURLoption o, const struct secret *pem)
{
	struct curl_blob blob = { .flags = CURL_BLOB_NOCOPY };

	if (pem == NULL || s->rc != CURLE_OK)
		return;
	/* libcurl reads only, but does not say so. */
	memcpy(&blob.data, &(const char *){ secret_peek(pem) }, sizeof(blob.data));
	blob.len = secret_len(pem);
	s->rc = curl_easy_setopt(s->easy, o, &blob);
}

static void set_client(struct curl_options *s, const struct http_request *rq)
{
	set_blob(s, CURLOPT_SSLCERT_BLOB, rq->client_certificate);
	set_blob(s, CURLOPT_SSLKEY_BLOB, rq->client_key);
	set_ptr(s, CURLOPT_SSLCERTTYPE, "PEM");
	set_ptr(s, CURLOPT_SSLKEYTYPE, "PEM");
}

static void set_times(struct curl_options *s, int64_t timeout_ms)
{
	set_long(s, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	set_long(s, CURLOPT_CONNECTTIMEOUT_MS,
	         timeout_ms < CONNECT_TIMEOUT_MS ? (long)timeout_ms : CONNECT_TIMEOUT_MS);
	set_long(s, CURLOPT_LOW_SPEED_LIMIT, 1);
	set_long(s, CURLOPT_LOW_SPEED_TIME, timeout_ms > 60000 ? (long)(timeout_ms / 2000) : 30);
	set_long(s, CURLOPT_TCP_KEEPALIVE, 1);
	set_long(s, CURLOPT_MAXLIFETIME_CONN, 300);
}

/*
 * libcurl sends a request again, unasked and whatever its method, when a connection it kept
 * turns out dead. Only a connection of its own keeps a request that must not act twice from
 * that; HTTP/1.1 keeps it from being refused and repeated within one.
 */
static void set_connection(struct curl_options *s, const struct http_request *rq)
{
	bool own = rq->once || rq->fresh;

	set_long(s, CURLOPT_FRESH_CONNECT, own);
	set_long(s, CURLOPT_FORBID_REUSE, own);
	set_long(s, CURLOPT_HTTP_VERSION,
	         rq->once ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS);
}

static void set_proxy(struct curl_options *s, const struct curl_http *c,
                      const struct http_request *rq)
{
	struct http_origin to;

	/* A proxy in front of a machine's own identity endpoint would be given the identity. */
	if (rq->plain_ok || rq->direct ||
	    (http_origin(rq->url, &to) && http_origin_is_loopback(&to))) {
		set_ptr(s, CURLOPT_PROXY, "");
		return;
	}
	if (c->o.proxy != NULL)
		set_ptr(s, CURLOPT_PROXY, c->o.proxy);
	if (c->o.no_proxy != NULL)
		set_ptr(s, CURLOPT_NOPROXY, c->o.no_proxy);
	/* By name and password. Not by Kerberos, which a cron job has no ticket for. */
	set_long(s, CURLOPT_PROXYAUTH, (long)(CURLAUTH_BASIC | CURLAUTH_DIGEST | CURLAUTH_NTLM));
	set_long(s, CURLOPT_SOCKS5_AUTH, (long)CURLAUTH_BASIC);
	set_long(s, CURLOPT_PROXY_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
}

static void set_method(struct curl_options *s, const struct http_request *rq)
{
	static const char *const names[] = { [HTTP_GET] = "GET",
		                             [HTTP_PUT] = "PUT",
		                             [HTTP_PATCH] = "PATCH",
		                             [HTTP_POST] = "POST",
		                             [HTTP_DELETE] = "DELETE" };

	if (rq->method == HTTP_GET) {
		set_long(s, CURLOPT_HTTPGET, 1);
		return;
	}
	if (rq->body != NULL || rq->method != HTTP_DELETE) {
		set_long(s, CURLOPT_POST, 1);
		/* not copied */
		set_ptr(s, CURLOPT_POSTFIELDS, rq->body != NULL ? buf_cstr(rq->body) : "");
		if (s->rc == CURLE_OK)
			s->rc = curl_easy_setopt(
				s->easy, CURLOPT_POSTFIELDSIZE_LARGE,
				(curl_off_t)(rq->body != NULL ? rq->body->len : 0));
	}
	if (rq->method != HTTP_POST)
		set_ptr(s, CURLOPT_CUSTOMREQUEST, names[rq->method]);
}

/* ---- request headers ------------------------------------------------------------------------- */

static void add_line(struct curl_slist **list, const struct buf *line)
{
	struct curl_slist *grown = buf_ok(line) ? curl_slist_append(*list, buf_cstr(line)) : NULL;

	if (grown == NULL)
		mem_exhausted();
	*list = grown;
}

static void add_header(struct curl_slist **list, const char *line)
{
	AUTO_BUF struct buf b = BUF_INIT(HEADER_VALUE_MAX);

	buf_str(&b, line);
	add_line(list, &b);
}

static void add_secret_header(struct curl_slist **list, const char *name, const char *scheme,
                              const struct secret *value)
{
	AUTO_BUF struct buf b = BUF_INIT(HEADER_VALUE_MAX);

	buf_fmt(&b, "%s: %s", name, scheme);
	buf_add(&b, secret_peek(value), secret_len(value));
	add_line(list, &b);
}

static void add_basic(struct curl_slist **list, const char *user, const struct secret *password)
{
	AUTO_BUF struct buf plain = BUF_INIT(HEADER_VALUE_MAX),
			    line = BUF_INIT(2 * HEADER_VALUE_MAX);

	buf_fmt(&plain, "%s:", user);
	buf_add(&plain, secret_peek(password), secret_len(password));
	buf_str(&line, "Authorization: Basic ");
	crypto_base64(buf_cstr(&plain), plain.len, false, &line);
	add_line(list, &line);
}

/* A line break in a secret (a file saved by hand) would end the header and begin another. */
static bool is_header_safe(const struct secret *s)
{
	const char *p = secret_peek(s);

	for (size_t i = 0; i < secret_len(s); i++)
		if ((unsigned char)p[i] < 0x20 || p[i] == 0x7f)
			return false;
	return true;
}

static struct curl_slist *make_headers(const struct http_request *rq)
{
	struct curl_slist *list = NULL;
	AUTO_BUF struct buf type = BUF_INIT(HEADER_VALUE_MAX);

	add_header(&list, "Accept: application/json");
	add_header(&list, "Expect:");
	buf_fmt(&type, "Content-Type:%s%s", rq->body != NULL ? " " : "",
	        rq->body == NULL           ? ""
	        : rq->content_type != NULL ? rq->content_type
	                                   : "application/json");
	add_line(&list, &type);
	for (size_t i = 0; i < COUNT(rq->header); i++)
		if (rq->header[i] != NULL)
			add_header(&list, rq->header[i]);
	if (rq->bearer != NULL)
		add_secret_header(&list, "Authorization", "Bearer ", rq->bearer);
	if (rq->basic_user != NULL)
		add_basic(&list, rq->basic_user, rq->basic_password);
	if (rq->secret_header != NULL)
		add_secret_header(&list, rq->secret_header, "", rq->secret_value);
	return list;
}

/* "::host:port": whatever the URL names, this host and port. */
static struct curl_slist *make_connect_to(const struct http_request *rq)
{
	AUTO_BUF struct buf line = BUF_INIT(1024);
	struct curl_slist *list = NULL;

	if (rq->connect_to != NULL) {
		buf_fmt(&line, "::%s", rq->connect_to);
		add_line(&list, &line);
	}
	return list;
}

static void free_headers(struct curl_slist **list)
{
	curl_slist_free_all(*list); /* through the wiping allocator */
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
static bool never_sent(struct curl_http *c, CURLcode rc, const struct http_request *rq)
{
	long written = -1, connect_code = 0;
	curl_off_t ready_us = 0;

	if (curl_easy_getinfo(c->easy, CURLINFO_REQUEST_SIZE, &written) == CURLE_OK && written == 0)
		return true;
	if (!rq->once && !rq->fresh)
		return false;
	for (size_t i = 0; i < COUNT(before_request); i++)
		if (before_request[i] == rc)
			return true;
	if (curl_easy_getinfo(c->easy, CURLINFO_HTTP_CONNECTCODE, &connect_code) == CURLE_OK &&
	    connect_code >= 300)
		return true;
	return curl_easy_getinfo(c->easy, CURLINFO_PRETRANSFER_TIME_T, &ready_us) == CURLE_OK &&
	       ready_us == 0;
}

static const char *host_of(const struct http_request *rq, struct http_origin *o)
{
	return http_origin(rq->url, o) ? o->host : "?";
}

static bool failed(struct curl_http *c, CURLcode rc, const struct curl_exchange *x,
                   const struct http_request *rq, struct err *e)
{
	const char *words = c->words[0] ? c->words : curl_easy_strerror(rc), *advice = "";
	enum err_kind kind = ERR_TRANSIENT;
	bool not_acted = never_sent(c, rc, rq);
	struct http_origin to;
	long proxy_said = 0;

	if (x->flood || x->over) {
		(void)err_set(e, ERR_REMOTE,
		              "the answer of '%s' is larger than anything expected of it (%s)",
		              host_of(rq, &to), x->flood ? "headers" : "body");
		return false;
	}
	for (size_t i = 0; i < COUNT(failures); i++)
		if (failures[i].rc == rc) {
			kind = failures[i].kind;
			/* It speaks of our own authorities. */
			advice = rq->trust != NULL ? "" : failures[i].advice;
		}
	if (curl_easy_getinfo(c->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_said) == CURLE_OK &&
	    proxy_said == 407) {
		kind = ERR_CONFIG;
		advice =
			"; the proxy wants a login: http://USER:PASSWORD@HOST:PORT in [http] proxy";
	}
	(void)err_set(e, kind, "cannot reach '%s': %s%s", host_of(rq, &to), words, advice);
	e->not_acted = not_acted;
	return false;
}

static void set_all(struct curl_options *s, struct curl_http *c, const struct http_request *rq,
                    struct curl_exchange *x)
{
	set_safety(s, rq);
	set_trust(s, c, rq);
	set_client(s, rq);
	set_times(s, rq->timeout_ms ? rq->timeout_ms : c->o.timeout_ms);
	set_connection(s, rq);
	set_proxy(s, c, rq);
	set_ptr(s, CURLOPT_ERRORBUFFER, c->words);
	set_ptr(s, CURLOPT_USERAGENT, c->o.user_agent);
	set_ptr(s, CURLOPT_URL, rq->url);
	set_method(s, rq);
	set_ptr(s, CURLOPT_HEADERDATA, x);
	set_ptr(s, CURLOPT_WRITEDATA, x);
	if (s->rc == CURLE_OK)
		s->rc = curl_easy_setopt(s->easy, CURLOPT_HEADERFUNCTION, on_header);
	if (s->rc == CURLE_OK)
		s->rc = curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, on_body);
}

/*
 * With the system's directory first, and where that does not suffice, with its bundle, for good.
 * An exchange ends here only before anything of it is sent: the other side has not shown yet who
 * it is.
 */
static CURLcode perform(struct curl_http *c, struct curl_options *s, const struct http_request *rq,
                        struct err *e)
{
	CURLcode rc = curl_easy_perform(c->easy);
	long why = 0;

	if (rc != CURLE_PEER_FAILED_VERIFICATION || rq->trust != NULL)
		return rc;
	/* 0, or libcurl's initial 1, where the chain is in order and the name is not the host's. */
	if (curl_easy_getinfo(c->easy, CURLINFO_SSL_VERIFYRESULT, &why) != CURLE_OK || why <= 1 ||
	    !trust_widen(&c->trust, e))
		return rc;
	c->words[0] = '\0';
	set_trust(s, c, rq);
	return s->rc == CURLE_OK ? curl_easy_perform(c->easy) : s->rc;
}

static bool curl_send(struct http *h, const struct http_request *rq, struct http_response *rs,
                      struct err *e)
{
	struct curl_http *c = (struct curl_http *)h;
	struct curl_exchange x = { .headers.rs = rs };
	struct curl_options s = { .easy = c->easy };
	AUTO(free_headers) struct curl_slist *headers = NULL, *connect_to = make_connect_to(rq);
	long status = 0;

	if ((rq->bearer != NULL && !is_header_safe(rq->bearer)) ||
	    (rq->secret_header != NULL && !is_header_safe(rq->secret_value))) {
		(void)err_set(e, ERR_CONFIG,
		              "a secret for a request header has a line break or another control "
		              "character in it");
		e->not_acted = true;
		return false;
	}
	curl_easy_reset(c->easy); /* keeps connections and sessions */
	c->words[0] = '\0';
	set_all(&s, c, rq, &x);
	headers = make_headers(rq);
	set_ptr(&s, CURLOPT_HTTPHEADER, headers);
	set_ptr(&s, CURLOPT_CONNECT_TO, connect_to);
	rs->body.max = c->o.max_body;
	if (s.rc == CURLE_OK)
		s.rc = perform(c, &s, rq, e);
	/* What the handle keeps must not outlive this call. */
	curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(c->easy, CURLOPT_CONNECT_TO, NULL);
	curl_easy_setopt(c->easy, CURLOPT_CAINFO_BLOB, NULL);
	curl_easy_setopt(c->easy, CURLOPT_SSLCERT_BLOB, NULL);
	curl_easy_setopt(c->easy, CURLOPT_SSLKEY_BLOB, NULL);
	curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, NULL);
	if (s.rc == CURLE_OK)
		s.rc = curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	/* A connection that ends within the headers is no failure to libcurl. */
	if (s.rc == CURLE_OK && !x.headers_over)
		s.rc = CURLE_PARTIAL_FILE;
	if (s.rc != CURLE_OK)
		return failed(c, s.rc, &x, rq, e);
	http_headers_end(&x.headers, env_now(&env_system));
	rs->status = (int)status;
	return true;
}

/* ---- opening --------------------------------------------------------------------------------- */

static void curl_close(struct http *h)
{
	struct curl_http *c = (struct curl_http *)h;

	curl_easy_cleanup(c->easy);
	trust_close(&c->trust);
	free(c);
}

static bool open_trust(struct curl_http *c, struct err *e)
{
	char *file = NULL, *dir = NULL;

	if (c->o.system_file != NULL || c->o.system_dir != NULL)
		return trust_open(&c->o, c->o.system_file, c->o.system_dir, &c->trust, e);
	if (curl_easy_getinfo(c->easy, CURLINFO_CAINFO, &file) != CURLE_OK)
		file = NULL;
	if (curl_easy_getinfo(c->easy, CURLINFO_CAPATH, &dir) != CURLE_OK)
		dir = NULL;
	return trust_open(&c->o, file, dir, &c->trust, e);
}

bool http_curl_open(const struct http_options *o, struct http **out, struct err *e)
{
	struct curl_http *c = mem_new(sizeof(*c));
	AUTO_HTTP struct http *h = &c->base;

	c->base = (struct http){ .send = curl_send, .close = curl_close };
	c->o = *o;
	c->trust.fd = -1;
	if (c->o.timeout_ms == 0)
		c->o.timeout_ms = TIMEOUT_MS_DEFAULT;
	if (c->o.max_body == 0)
		c->o.max_body = BODY_MAX_DEFAULT;
	if (c->o.user_agent == NULL)
		c->o.user_agent = "acrotate/" VERSION;
	c->easy = curl_easy_init();
	if (c->easy == NULL)
		mem_exhausted();
	if (!open_trust(c, e))
		return false;
	*out = take(&h);
	return true;
}
