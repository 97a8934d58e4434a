/* SPDX-License-Identifier: MIT */
/* One request, as libcurl is told of it. Every option is set on every request, and every setting is
 * checked: a setopt that fails quietly (a build without a protocol, an option of another version)
 * would leave a default that is not ours. */
#include "base/crypto.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "curl.h"

#define HEADER_VALUE_MAX   (96 * 1024) /* a secret in base64 and its header's name */
#define CONNECT_TIMEOUT_MS 10000

/* ---- options --------------------------------------------------------------------------------- */

static void set_long(struct curl_options *s, CURLoption o, long value)
{
	if (s->rc == CURLE_OK)
		s->rc = curl_easy_setopt(s->easy, o, value);
}
static void set_safety(struct curl_options *s, const struct http_request *rq)
{
	curl_set_ptr(s, CURLOPT_PROTOCOLS_STR, rq->plain_ok ? "http,https" : "https");
	curl_set_ptr(s, CURLOPT_REDIR_PROTOCOLS_STR, "https");
	curl_set_ptr(s, CURLOPT_DEFAULT_PROTOCOL, "https");
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
	curl_set_ptr(s, CURLOPT_ACCEPT_ENCODING, NULL);
	set_long(s, CURLOPT_VERBOSE, 0);
}

void curl_request_trust(struct curl_options *s, const struct curl_http *c,
                        const struct http_request *rq)
{
	if (rq->trust != NULL && s->rc == CURLE_OK) {
		struct curl_blob pem = { .data = rq->trust->data,
			                 .len = rq->trust->len,
			                 .flags = CURL_BLOB_NOCOPY };

		s->rc = curl_easy_setopt(s->easy, CURLOPT_CAINFO_BLOB, &pem);
		curl_set_ptr(s, CURLOPT_CAPATH, NULL);
		return;
	}
	curl_set_ptr(s, CURLOPT_CAINFO, c->trust.file);
	curl_set_ptr(s, CURLOPT_CAPATH, c->trust.dir);
	curl_set_ptr(s, CURLOPT_PROXY_CAINFO, c->trust.file);
	curl_set_ptr(s, CURLOPT_PROXY_CAPATH, c->trust.dir);
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
	curl_set_ptr(s, CURLOPT_SSLCERTTYPE, "PEM");
	curl_set_ptr(s, CURLOPT_SSLKEYTYPE, "PEM");
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
	set_long(s, CURLOPT_FORBID_REUSE, (own && !rq->stays) || rq->last);
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
		curl_set_ptr(s, CURLOPT_PROXY, "");
		return;
	}
	if (c->o.proxy != NULL)
		curl_set_ptr(s, CURLOPT_PROXY, c->o.proxy);
	if (c->o.no_proxy != NULL)
		curl_set_ptr(s, CURLOPT_NOPROXY, c->o.no_proxy);
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
		curl_set_ptr(s, CURLOPT_POSTFIELDS, rq->body != NULL ? buf_cstr(rq->body) : "");
		if (s->rc == CURLE_OK)
			s->rc = curl_easy_setopt(
				s->easy, CURLOPT_POSTFIELDSIZE_LARGE,
				(curl_off_t)(rq->body != NULL ? rq->body->len : 0));
	}
	if (rq->method != HTTP_POST)
		curl_set_ptr(s, CURLOPT_CUSTOMREQUEST, names[rq->method]);
}
void curl_request_set(struct curl_options *s, const struct curl_http *c,
                      const struct http_request *rq)
{
	set_safety(s, rq);
	curl_request_trust(s, c, rq);
	set_client(s, rq);
	set_times(s, rq->timeout_ms ? rq->timeout_ms : c->o.timeout_ms);
	set_connection(s, rq);
	set_proxy(s, c, rq);
	curl_set_ptr(s, CURLOPT_USERAGENT, c->o.user_agent);
	curl_set_ptr(s, CURLOPT_URL, rq->url);
	set_method(s, rq);
}

/* ---- headers --------------------------------------------------------------------------------- */

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

bool curl_request_ok(const struct http_request *rq, struct err *e)
{
	if ((rq->bearer == NULL || is_header_safe(rq->bearer)) &&
	    (rq->secret_header == NULL || is_header_safe(rq->secret_value)))
		return true;
	(void)err_set(e, ERR_CONFIG,
	              "a secret for a request header has a line break or another control "
	              "character in it");
	e->not_acted = true;
	return false;
}

struct curl_slist *curl_request_headers(const struct http_request *rq)
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
struct curl_slist *curl_request_connect_to(const struct http_request *rq)
{
	AUTO_BUF struct buf line = BUF_INIT(1024);
	struct curl_slist *list = NULL;

	if (rq->connect_to != NULL) {
		buf_fmt(&line, "::%s", rq->connect_to);
		add_line(&list, &line);
	}
	return list;
}
