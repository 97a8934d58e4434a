/* SPDX-License-Identifier: MIT */
/* The real client against a real server on loopback, with TLS. */
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/secret.h"
#include "check.h"
#include "emulator/pki.h"
#include "fakes/tls_server.h"
#include "http/http.h"

#define OK                 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define AS_LONG_AS_IT_GOES "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"

static char *dir, *ca_file;
static struct pki *pki;

static int group_open(void **state)
{
	(void)state;
	static const char *const variables[] = { "http_proxy", "https_proxy", "HTTPS_PROXY",
		                                 "all_proxy",  "ALL_PROXY",   "no_proxy",
		                                 "NO_PROXY" };
	struct err e = ERR_INIT;

	for (size_t i = 0; i < COUNT(variables); i++)
		unsetenv(variables[i]);
	http_setup();
	dir = scratch_make();
	CHECK(pki_open(dir, "", &pki, &e), "%s", e.text);
	ca_file = mem_fmt("%s/ca.pem", dir);
	return 0;
}

static int group_close(void **state)
{
	(void)state;
	pki_free(pki);
	free(ca_file);
	scratch_remove(dir);
	return 0;
}

struct rig {
	struct tls_server *server;
	struct http *http;
	char url[64];
};

static void rig_open(struct rig *r, enum pki_server certificate, const struct tls_line *lines,
                     size_t n, const struct http_options *o)
{
	struct err e = ERR_INIT;

	r->server = tls_server_start(pki_certificate(pki, certificate), pki_key(pki, certificate),
	                             lines, n);
	(void)snprintf(r->url, sizeof(r->url), "https://localhost:%d/path?q=1",
	               tls_server_port(r->server));
	CHECK(http_curl_open(o, &r->http, &e), "%s", e.text);
}

static void rig_close(struct rig *r)
{
	http_close(r->http);
	tls_server_stop(r->server);
}

/* Sends and gives the kind of failure. */
static enum err_kind get(struct rig *r, struct http_request rq, struct http_response *rs,
                         struct err *e)
{
	*e = (struct err)ERR_INIT;
	rq.url = rq.url != NULL ? rq.url : r->url;
	return http_send(r->http, &rq, rs, e) ? ERR_NONE : e->kind;
}

/* clang-format off */
#define TRUSTING &(struct http_options){ .ca_file = ca_file }
/* clang-format on */

static void a_whole_exchange(void **state)
{
	(void)state;
	static const struct tls_line lines[] = {
		{ "HTTP/1.1 103 Early Hints\r\nLocation: https://no/\r\n\r\nHTTP/1.1 201 "
		  "Created\r\nContent-Length: 4\r\nContent-Type: application/json\r\n"
		  "Azure-AsyncOperation: https://op/\r\nRetry-After: 10\r\nx-ms-request-id: "
		  "r-1\r\nDate: Fri, 19 Jan 2024 07:05:10 GMT\r\n"
		  "WWW-Authenticate: Basic realm=\"a\"\r\nwww-authenticate: Bearer "
		  "realm=\"b\"\r\n\r\nbody",
		  .close = false },
	};
	struct rig r;
	AUTO_BUF struct buf body = BUF_INIT(100);
	AUTO_SECRET struct secret *token = secret_new("tok.en", 6);
	AUTO_RESPONSE struct http_response rs = { 0 };
	struct err e;

	rig_open(&r, PKI_GOOD, lines, COUNT(lines), TRUSTING);
	buf_str(&body, "{\"x\":1}");
	assert_int_equal(get(&r,
	                     (struct http_request){ .method = HTTP_PUT,
	                                            .body = &body,
	                                            .content_type = "application/json",
	                                            .bearer = token,
	                                            .header = { "A: 1", "B: 2" } },
	                     &rs, &e),
	                 ERR_NONE);
	assert_int_equal(rs.status, 201);
	assert_string_equal(buf_cstr(&rs.body), "body");
	assert_null(rs.location);
	assert_string_equal(rs.operation, "https://op/");
	assert_string_equal(rs.content_type, "application/json");
	assert_string_equal(rs.challenge, "Basic realm=\"a\", Bearer realm=\"b\"");
	assert_string_equal(rs.request_id, "r-1");
	assert_true(rs.retry_after_ms == 10000 && rs.date == 1705647910);
	const char *sent = tls_server_request(r.server, 0);
	static const char *const wanted[] = { "PUT /path?q=1 HTTP/1.1\r\n",
		                              "\r\nAuthorization: Bearer tok.en\r\n",
		                              "\r\nA: 1\r\n",
		                              "\r\nB: 2\r\n",
		                              "\r\nContent-Type: application/json\r\n",
		                              "\r\nContent-Length: 7\r\n",
		                              "\r\n\r\n{\"x\":1}",
		                              "\r\nUser-Agent: acrotate/",
		                              "\r\nAccept: application/json\r\n" };
	for (size_t i = 0; i < COUNT(wanted); i++)
		CHECK(strstr(sent, wanted[i]), "'%s' in '%s'", wanted[i], sent);
	CHECK(!strcasestr(sent, "Expect:") && !strcasestr(sent, "Accept-Encoding"), "%s", sent);
	rig_close(&r);
}

static void methods(void **state)
{
	(void)state;
	static const struct tls_line lines[] = {
		{ .reply = OK }, { .reply = OK }, { .reply = OK }, { .reply = OK }, { .reply = OK }
	};
	static const struct {
		enum http_method method;
		bool body;
		const char *sent[3];
	} row[] = {
		{ HTTP_GET, false, { "GET /" } },
		{ HTTP_DELETE, false, { "DELETE /" } },
		{ HTTP_PATCH, true, { "PATCH /", "Content-Length: 1\r\n" } },
		{ HTTP_POST, false, { "POST /", "Content-Length: 0\r\n" } },
		{ HTTP_POST, true, { "POST /", "Content-Length: 1\r\n", "\r\n\r\n!" } },
	};
	struct rig r;
	AUTO_BUF struct buf body = BUF_INIT(100);

	rig_open(&r, PKI_GOOD, lines, COUNT(lines), TRUSTING);
	buf_str(&body, "!");
	for (size_t i = 0; i < COUNT(row); i++) {
		AUTO_RESPONSE struct http_response rs = { 0 };
		struct err e;

		CHECK(get(&r,
		          (struct http_request){ .method = row[i].method,
		                                 .body = row[i].body ? &body : NULL },
		          &rs, &e) == ERR_NONE,
		      "%s", e.text);
		const char *sent = tls_server_request(r.server, i);
		for (size_t k = 0; k < COUNT(row[i].sent) && row[i].sent[k] != NULL; k++)
			CHECK(strstr(sent, row[i].sent[k]), "%zu: '%s' in '%s'", i, row[i].sent[k],
			      sent);
		CHECK(row[i].body || !strstr(sent, "Content-Type"), "%s", sent);
		CHECK(row[i].method != HTTP_GET || !strstr(sent, "Content-Length"), "%s", sent);
	}
	assert_int_equal(tls_server_connections(r.server), 1);
	rig_close(&r);
}

static void secrets_in_headers(void **state)
{
	(void)state;
	static const struct tls_line lines[] = { { .reply = OK }, { .reply = OK } };
	struct rig r;
	AUTO_SECRET struct secret *password = secret_new("pass:\"word", 10),
				  *broken = secret_new("a\r\nX: y", 7);
	AUTO_RESPONSE struct http_response rs = { 0 }, again = { 0 };
	struct err e;

	rig_open(&r, PKI_GOOD, lines, COUNT(lines), TRUSTING);
	assert_int_equal(
		get(&r,
	            (struct http_request){ .basic_user = "web-pull", .basic_password = password },
	            &rs, &e),
		ERR_NONE);
	assert_non_null(strstr(tls_server_request(r.server, 0),
	                       "\r\nAuthorization: Basic d2ViLXB1bGw6cGFzczoid29yZA==\r\n"));
	assert_int_equal(get(&r,
	                     (struct http_request){ .secret_header = "X-IDENTITY-HEADER",
	                                            .secret_value = password },
	                     &again, &e),
	                 ERR_NONE);
	assert_non_null(
		strstr(tls_server_request(r.server, 1), "\r\nX-IDENTITY-HEADER: pass:\"word\r\n"));
	assert_int_equal(get(&r,
	                     (struct http_request){ .secret_header = "X", .secret_value = broken },
	                     &again, &e),
	                 ERR_CONFIG);
	assert_true(e.not_acted);
	assert_int_equal(get(&r, (struct http_request){ .bearer = broken }, &again, &e),
	                 ERR_CONFIG);
	assert_int_equal(tls_server_requests(r.server), 2);
	rig_close(&r);
}

/*
 * The fault of libcurl that could cut consumers off: a connection it kept dies without an
 * answer, and it sends the request again, POST too. Shown first as it is, so that this test
 * cannot pass by accident.
 */
static void once_is_once(void **state)
{
	(void)state;
	static const struct tls_line lines[] = { { .reply = OK },
		                                 { .reply = NULL },
		                                 { .reply = OK },
		                                 { .reply = OK },
		                                 { .reply = NULL } };
	struct rig r;
	AUTO_RESPONSE struct http_response a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };
	struct err e;

	rig_open(&r, PKI_GOOD, lines, COUNT(lines), TRUSTING);
	assert_int_equal(get(&r, (struct http_request){ 0 }, &a, &e), ERR_NONE);
	assert_int_equal(get(&r, (struct http_request){ .method = HTTP_POST }, &b, &e), ERR_NONE);
	assert_int_equal(tls_server_requests(r.server), 3); /* two of them the one POST */
	assert_int_equal(get(&r, (struct http_request){ 0 }, &c, &e), ERR_NONE);
	assert_int_equal(tls_server_connections(r.server), 2);
	assert_int_equal(
		get(&r, (struct http_request){ .method = HTTP_POST, .once = true }, &d, &e),
		ERR_TRANSIENT);
	assert_false(e.not_acted);
	assert_int_equal(tls_server_requests(r.server), 5);
	assert_int_equal(tls_server_connections(r.server), 3);
	assert_non_null(strstr(tls_server_request(r.server, 4), "POST /path?q=1 HTTP/1.1\r\n"));
	rig_close(&r);
}

static void fresh_connections(void **state)
{
	(void)state;
	static const struct tls_line lines[] = {
		{ .reply = OK }, { .reply = OK }, { .reply = OK }, { .reply = OK }
	};
	struct rig r;
	struct err e;

	rig_open(&r, PKI_GOOD, lines, COUNT(lines), TRUSTING);
	for (size_t i = 0; i < 4; i++) {
		AUTO_RESPONSE struct http_response rs = { 0 };

		assert_int_equal(get(&r, (struct http_request){ .fresh = i < 3 }, &rs, &e),
		                 ERR_NONE);
		assert_int_equal(tls_server_connections(r.server), i + 1);
	}
	rig_close(&r);
}

/* Whichever of the three comes first is kept waiting, and the others come meanwhile. */
static void side_by_side(void **state)
{
	(void)state;
	static const struct tls_line lines[] = {
		{ .reply = OK, .wait_ms = 2000 }, { .reply = OK }, { .reply = OK }, { .reply = OK }
	};
	struct rig r;
	struct http_pending *p[3];
	AUTO_RESPONSE struct http_response rs = { 0 };
	struct err e = ERR_INIT;

	rig_open(&r, PKI_GOOD, lines, COUNT(lines), TRUSTING);
	assert_true(http_goes_on(r.http));
	const struct http_request fresh = { .method = HTTP_GET, .url = r.url, .fresh = true };
	for (size_t i = 0; i < COUNT(p); i++)
		p[i] = http_begin(r.http, &fresh);
	for (size_t i = 0; i < COUNT(p); i++) {
		AUTO_RESPONSE struct http_response one = { 0 };
		CHECK(http_finish(p[i], &one, &e) && one.status == 200 &&
		              strcmp(buf_cstr(&one.body), "ok") == 0,
		      "%zu: %s", i, e.text);
		CHECK(i > 0 || tls_server_requests(r.server) >= 2, "one after the other");
	}
	assert_int_equal(tls_server_connections(r.server), 3);
	/* One that is left alone is in nobody's way. */
	http_abandon(http_begin(r.http, &fresh));
	assert_int_equal(get(&r, (struct http_request){ .method = HTTP_GET }, &rs, &e), ERR_NONE);
	rig_close(&r);
}

static void a_failure_is_one_s_own(void **state)
{
	(void)state;
	static const struct tls_line lines[] = { { .reply = OK }, { .reply = OK } };
	struct rig r;
	AUTO_RESPONSE struct http_response rs = { 0 };
	struct err e = ERR_INIT;

	rig_open(&r, PKI_GOOD, lines, COUNT(lines), TRUSTING);
	const struct http_request nobody = { .url = "https://localhost:1/", .fresh = true },
				  plain = { .url = "http://localhost/" };
	struct http_pending *bad = http_begin(r.http, &nobody), *worse = http_begin(r.http, &plain);
	assert_int_equal(get(&r, (struct http_request){ .method = HTTP_GET }, &rs, &e), ERR_NONE);
	assert_false(http_finish(bad, &rs, &e));
	assert_true(e.kind == ERR_TRANSIENT && e.not_acted);
	assert_false(http_finish(worse, &rs, &e));
	assert_true(e.kind == ERR_CONFIG && e.not_acted);
	rig_close(&r);
}

/* A fresh connection stays for one request more, which closes it; nothing else goes over it twice. */
static void the_last_one_closes(void **state)
{
	(void)state;
	static const struct tls_line lines[] = {
		{ .reply = OK }, { .reply = OK }, { .reply = OK }, { .reply = OK }, { .reply = OK }
	};
	static const struct {
		struct http_request rq;
		size_t connections;
	} rows[] = {
		{ { .fresh = true, .stays = true }, 1 },
		{ { .last = true }, 1 },
		{ { .last = true }, 2 },
		{ { .fresh = true, .stays = true }, 3 },
		{ { .fresh = true }, 4 },
	};
	struct rig r;

	rig_open(&r, PKI_GOOD, lines, COUNT(lines), TRUSTING);
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_RESPONSE struct http_response rs = { 0 };
		struct err e;
		assert_int_equal(get(&r, rows[i].rq, &rs, &e), ERR_NONE);
		CHECK(tls_server_connections(r.server) == rows[i].connections, "%zu: %zu", i,
		      tls_server_connections(r.server));
	}
	rig_close(&r);
}

static void trust(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *name; enum pki_server certificate; bool own_ca, only; const char *host; enum err_kind kind; } row[] = {
		{ "good", PKI_GOOD, true, false, "localhost", ERR_NONE },
		  { "good, own CA only", PKI_GOOD, true, true, "localhost", ERR_NONE },
		{ "without our CA", PKI_GOOD, false, false, "localhost", ERR_CONFIG },
		  { "expired", PKI_EXPIRED, true, false, "localhost", ERR_CONFIG },
		{ "another host", PKI_WRONG_HOST, true, false, "localhost", ERR_CONFIG },
		  { "another CA", PKI_UNTRUSTED, true, false, "localhost", ERR_CONFIG },
	};
	/* clang-format on */
	static const struct tls_line lines[] = { { .reply = OK } };

	for (size_t i = 0; i < COUNT(row); i++) {
		const struct http_options o = { .ca_file = row[i].own_ca ? ca_file : NULL,
			                        .ca_only = row[i].only };
		struct rig r;
		AUTO_RESPONSE struct http_response rs = { 0 };
		struct err e;

		rig_open(&r, row[i].certificate, lines, COUNT(lines), &o);
		CHECK(get(&r, (struct http_request){ .once = true }, &rs, &e) == row[i].kind,
		      "%s: %s", row[i].name, e.text);
		CHECK(row[i].kind == ERR_NONE || (e.not_acted && strstr(e.text, "ca_file") &&
		                                  tls_server_requests(r.server) == 0),
		      "%s: %s", row[i].name, e.text);
		rig_close(&r);
	}
}

/* A directory as c_rehash leaves it: our authority under the hash of its name. */
static char *make_hashed_dir(void)
{
	FILE *f = fopen(ca_file, "r");
	X509 *ca = PEM_read_X509(f, NULL, NULL, NULL);
	char *where = mem_fmt("%s/certs", dir);
	AUTO_FREE char *name = mem_fmt("%s/%08lx.0", where, X509_subject_name_hash(ca));

	assert_true(fclose(f) == 0 && mkdir(where, 0700) == 0 && symlink(ca_file, name) == 0);
	X509_free(ca);
	return where;
}

static char *make_other_ca(void)
{
	AUTO_FREE char *place = mem_fmt("%s/other", dir);
	struct pki *other = NULL;
	struct err e = ERR_INIT;

	assert_int_equal(mkdir(place, 0700), 0);
	CHECK(pki_open(place, "", &other, &e), "%s", e.text);
	pki_free(other);
	return mem_fmt("%s/ca.pem", place);
}

/* The system's authorities: looked up in the directory, and in the bundle when they are not
 * there. Two requests, each a handshake. */
static void system_trust(void **state)
{
	(void)state;
	AUTO_FREE char *certs = make_hashed_dir(), *empty = mem_fmt("%s/no-certs", dir),
		       *other = make_other_ca();
	/* clang-format off */
	const struct { const char *name; struct http_options o; enum err_kind kind; } row[] = {
		{ "in the directory", { .system_dir = certs }, ERR_NONE },
		{ "in the directory, not in the bundle",
		  { .system_dir = certs, .system_file = other }, ERR_NONE },
		{ "in the bundle", { .system_file = ca_file }, ERR_NONE },
		{ "in the bundle, not in the directory",
		  { .system_dir = empty, .system_file = ca_file }, ERR_NONE },
		{ "in the bundle, no directory",
		  { .system_dir = "/nowhere", .system_file = ca_file }, ERR_NONE },
		{ "ours, beside the directory",
		  { .ca_file = ca_file, .system_dir = empty, .system_file = other }, ERR_NONE },
		{ "the directory's, beside one of ours of the same name",
		  { .ca_file = other, .system_dir = certs, .system_file = ca_file }, ERR_NONE },
		{ "the bundle's, beside ours",
		  { .ca_file = other, .system_dir = empty, .system_file = ca_file }, ERR_NONE },
		{ "ours alone", { .ca_file = ca_file, .ca_only = true, .system_dir = empty,
		  .system_file = other }, ERR_NONE },
		{ "not ours, alone", { .ca_file = other, .ca_only = true, .system_dir = certs,
		  .system_file = ca_file }, ERR_CONFIG },
		{ "in neither", { .system_dir = empty, .system_file = other }, ERR_CONFIG },
		{ "nothing there", { .system_dir = "/nowhere", .system_file = "/nowhere/ca.pem" },
		  ERR_CONFIG },
	};
	/* clang-format on */
	static const struct tls_line lines[] = { { .reply = OK }, { .reply = OK } };

	assert_int_equal(mkdir(empty, 0700), 0);
	for (size_t i = 0; i < COUNT(row); i++) {
		struct rig r;
		struct err e;

		rig_open(&r, PKI_GOOD, lines, COUNT(lines), &row[i].o);
		for (size_t n = 1; n <= 2; n++) {
			AUTO_RESPONSE struct http_response rs = { 0 };
			enum err_kind kind =
				get(&r, (struct http_request){ .method = HTTP_POST, .once = true },
			            &rs, &e);

			CHECK(kind == row[i].kind && (kind == ERR_NONE || e.not_acted), "%s: %s",
			      row[i].name, e.text);
			CHECK(tls_server_requests(r.server) == (kind == ERR_NONE ? n : 0), "%s",
			      row[i].name);
		}
		rig_close(&r);
	}
}

/* The parsed bundle is kept: what a second connection costs is seen in bench; here, that it
 * still trusts the same. */
static void trust_is_kept(void **state)
{
	(void)state;
	static const struct tls_line lines[] = { { .reply = OK },
		                                 { .reply = OK },
		                                 { .reply = OK } };
	struct rig r;
	struct err e;

	rig_open(&r, PKI_GOOD, lines, COUNT(lines), TRUSTING);
	for (int i = 0; i < 3; i++) {
		AUTO_RESPONSE struct http_response rs = { 0 };

		assert_int_equal(get(&r, (struct http_request){ .once = true }, &rs, &e), ERR_NONE);
	}
	rig_close(&r);
}

static void bad_ca_files(void **state)
{
	(void)state;
	AUTO_FREE char *empty = mem_fmt("%s/empty.pem", dir),
		       *absent = mem_fmt("%s/absent.pem", dir);
	const char *const files[] = { empty, absent };
	FILE *f = fopen(empty, "w");

	assert_true(f != NULL && fclose(f) == 0);
	for (size_t i = 0; i < COUNT(files); i++) {
		struct http *h = NULL;
		struct err e = ERR_INIT;

		CHECK(!http_curl_open(&(struct http_options){ .ca_file = files[i] }, &h, &e), "%s",
		      files[i]);
		CHECK(e.kind == ERR_CONFIG && strstr(e.text, "ca_file") && h == NULL, "%s", e.text);
	}
}

static void bounds(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *name; struct tls_line line; enum err_kind kind; } row[] = {
		{ "body, at the limit", { .reply = AS_LONG_AS_IT_GOES, .fill = "12345678",
		  .times = 128, .close = true }, ERR_NONE },
		{ "body, over it", { .reply = AS_LONG_AS_IT_GOES, .fill = "123456789",
		  .times = 128, .close = true }, ERR_REMOTE },
		{ "a length over it", { .reply = "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n",
		  .fill = "1234567890", .times = 200 }, ERR_REMOTE },
		{ "many headers", { .reply = "HTTP/1.1 200 OK\r\n", .fill = "X: y\r\n",
		  .times = 5000, .close = true }, ERR_REMOTE },
		{ "an endless header",
		  { .reply = "HTTP/1.1 200 OK\r\nX: ",
		  .fill = "1234567890123456789012345678901234567890123456789\r\n\t", .times = 5000,
		                         .close = true }, ERR_REMOTE },
		{ "half a body", { .reply = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf",
		  .close = true }, ERR_TRANSIENT },
		{ "half a header", { .reply = "HTTP/1.1 200 OK\r\nContent-Le", .close = true },
		  ERR_TRANSIENT },
		{ "not HTTP", { .reply = "SSH-2.0-x\r\n\r\n", .close = true }, ERR_REMOTE },
		{ "silence", { .reply = OK, .wait_ms = 4000 }, ERR_TRANSIENT },
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT(row); i++) {
		/* a busy machine shakes hands slowly */
		const struct http_options o = { .ca_file = ca_file,
			                        .max_body = 1024,
			                        .timeout_ms = 2500 };
		struct rig r;
		AUTO_RESPONSE struct http_response rs = { 0 };
		struct err e;

		rig_open(&r, PKI_GOOD, &row[i].line, 1, &o);
		enum err_kind kind =
			get(&r,
		            (struct http_request){ .once = true,
		                                   .timeout_ms = row[i].line.wait_ms ? 0 : 30000 },
		            &rs, &e);
		CHECK(kind == row[i].kind, "%s: %d %s", row[i].name, kind, e.text);
		/* On a machine so slow that the time was out before anything was sent, that is
		 * known too. */
		CHECK(kind == ERR_NONE
		              ? rs.body.len == 1024
		              : rs.status == 0 &&
		                        e.not_acted == (tls_server_requests(r.server) == 0),
		      "%s: %s", row[i].name, e.text);
		rig_close(&r);
	}
}

static void redirects_are_answers(void **state)
{
	(void)state;
	static const struct tls_line lines[] = {
		{ .reply = "HTTP/1.1 302 Found\r\nLocation: "
		           "https://evil.example/\r\nContent-Length: 0\r\n\r\n" }
	};
	struct rig r;
	AUTO_RESPONSE struct http_response rs = { 0 };
	struct err e;

	rig_open(&r, PKI_GOOD, lines, COUNT(lines), TRUSTING);
	assert_int_equal(get(&r, (struct http_request){ 0 }, &rs, &e), ERR_NONE);
	assert_int_equal(rs.status, 302);
	assert_string_equal(rs.location, "https://evil.example/");
	assert_int_equal(tls_server_requests(r.server), 1);
	rig_close(&r);
}

/* Plain http only where asked for, and the answer of a TLS server to it is not taken for one. */
static void plain(void **state)
{
	(void)state;
	static const struct tls_line lines[] = { { .reply = OK } };
	struct tls_server *s = tls_server_start(NULL, NULL, lines, COUNT(lines));
	AUTO_FREE char *url = mem_fmt("http://127.0.0.1:%d/", tls_server_port(s)),
		       *tls = mem_fmt("https://127.0.0.1:%d/", tls_server_port(s));
	AUTO_HTTP struct http *h = NULL;
	AUTO_RESPONSE struct http_response rs = { 0 };
	struct err e = ERR_INIT;

	/* A proxy of the environment would see the identity: it is not asked. */
	setenv("http_proxy", "http://127.0.0.1:1/", 1);
	setenv("https_proxy", "http://127.0.0.1:1/", 1);
	setenv("all_proxy", "http://127.0.0.1:1/", 1);
	assert_true(
		http_curl_open(&(struct http_options){ .proxy = "http://127.0.0.1:1/" }, &h, &e));
	assert_false(http_send(h, &(struct http_request){ .url = url }, &rs, &e));
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_int_equal(tls_server_connections(s), 0);
	CHECK(http_send(h, &(struct http_request){ .url = url, .plain_ok = true }, &rs, &e), "%s",
	      e.text);
	assert_int_equal(rs.status, 200);
	/* TLS to a port that never answers it: nothing was sent. */
	http_response_clear(&rs);
	assert_false(http_send(
		h, &(struct http_request){ .url = tls, .once = true, .timeout_ms = 200 }, &rs, &e));
	CHECK(e.kind == ERR_TRANSIENT && e.not_acted, "%s", e.text);
	unsetenv("http_proxy");
	unsetenv("https_proxy");
	unsetenv("all_proxy");
	tls_server_stop(s);
}

/* A cluster's token proxy: reached at one address, trusted under another name, by an authority
 * of its own. */
static void under_another_name(void **state)
{
	(void)state;
	static const struct tls_line lines[] = { { .reply = OK }, { .reply = OK } };
	struct rig r;
	AUTO_BUF struct buf own = BUF_INIT(100000), other = BUF_INIT(100000);
	AUTO_RESPONSE struct http_response rs = { 0 };
	struct err e;

	/* This client trusts nobody of ours: only the request's own authority counts. */
	rig_open(&r, PKI_GOOD, lines, COUNT(lines), &(struct http_options){ .proxy = "" });
	CHECK(fs_read(ca_file, 100000, &own, NULL, &e), "%s", e.text);
	buf_str(&other, pki_certificate(pki, PKI_UNTRUSTED));
	AUTO_FREE char *url =
		mem_fmt("https://login.microsoftonline.com:%d/x", tls_server_port(r.server));
	AUTO_FREE char *to = mem_fmt("127.0.0.1:%d", tls_server_port(r.server));
	struct http_request rq = { .url = url, .connect_to = to, .trust = &own };
	CHECK(get(&r, rq, &rs, &e) == ERR_NONE, "%s", e.text);
	AUTO_FREE char *host =
		mem_fmt("\r\nHost: login.microsoftonline.com:%d\r\n", tls_server_port(r.server));
	CHECK(strstr(tls_server_request(r.server, 0), host), "%s", tls_server_request(r.server, 0));
	rq.trust = &other;
	CHECK(get(&r, rq, &rs, &e) == ERR_CONFIG && e.not_acted, "%s", e.text);
	/* Neither is left behind for the next request. */
	CHECK(get(&r, (struct http_request){ 0 }, &rs, &e) == ERR_CONFIG, "%s", e.text);
	assert_int_equal(tls_server_requests(r.server), 1);
	rig_close(&r);
}

/* An API server inside a cluster is never asked through a proxy; and what is no certificate is no
 * network failure. */
static void directly_and_as_somebody(void **state)
{
	(void)state;
	static const struct tls_line lines[] = { { .reply = OK }, { .reply = OK } };
	struct rig r;
	AUTO_BUF struct buf own = BUF_INIT(100000);
	AUTO_RESPONSE struct http_response rs = { 0 };
	AUTO_SECRET struct secret *pem = secret_new("no PEM", 6);
	struct err e;

	rig_open(&r, PKI_GOOD, lines, COUNT(lines),
	         &(struct http_options){ .proxy = "http://127.0.0.1:1" });
	CHECK(fs_read(ca_file, 100000, &own, NULL, &e), "%s", e.text);
	AUTO_FREE char *url =
		mem_fmt("https://login.microsoftonline.com:%d/x", tls_server_port(r.server));
	AUTO_FREE char *to = mem_fmt("127.0.0.1:%d", tls_server_port(r.server));
	struct http_request rq = { .url = url, .connect_to = to, .trust = &own, .direct = true };
	CHECK(get(&r, rq, &rs, &e) == ERR_NONE, "%s", e.text);
	rq.client_certificate = rq.client_key = pem;
	CHECK(get(&r, rq, &rs, &e) == ERR_CONFIG && e.not_acted, "%s", e.text);
	CHECK(strstr(e.text, "no PEM") == NULL && strstr(e.text, "ca_file") == NULL, "%s", e.text);
	rq.client_certificate = rq.client_key = NULL;
	rq.direct = false;
	CHECK(get(&r, rq, &rs, &e) == ERR_TRANSIENT, "by way of the proxy: %s", e.text);
	assert_int_equal(tls_server_requests(r.server), 1);
	rig_close(&r);
}

static void nobody_there(void **state)
{
	(void)state;
	AUTO_HTTP struct http *h = NULL;
	AUTO_RESPONSE struct http_response rs = { 0 };
	struct err e = ERR_INIT;

	assert_true(http_curl_open(&(struct http_options){ .proxy = "" }, &h, &e));
	assert_false(http_send(
		h, &(struct http_request){ .method = HTTP_POST, .url = "https://127.0.0.1:1/" },
		&rs, &e));
	CHECK(e.kind == ERR_TRANSIENT && e.not_acted && strstr(e.text, "127.0.0.1"), "%s", e.text);
}

static void proxies(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct { const char *name, *from_env, *option, *no_proxy; struct tls_line line; enum err_kind kind; const char *says; bool asked; } row[] = {
		{ "wants a login", NULL, "http://127.0.0.1:%d", NULL,
		  { .reply = "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"p\"\r\n"
		  "Content-Length: 0\r\n\r\n" }, ERR_CONFIG, "USER:PASSWORD", true },
		{ "gets a login", NULL, "http://u:p%%40@127.0.0.1:%d", NULL,
		  { .reply = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n" }, ERR_TRANSIENT,
		  "192.0.2.1", true },
		{ "forbids", "http://127.0.0.1:%d", NULL, NULL,
		  { .reply = "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n" }, ERR_TRANSIENT, "",
		  true },
		{ "hangs up", NULL, "http://127.0.0.1:%d", NULL, { .reply = NULL }, ERR_TRANSIENT,
		  "", true },
		{ "not for this host", NULL, "http://127.0.0.1:%d", "192.0.2.0/24",
		  { .reply = NULL }, ERR_TRANSIENT, "", false },
		{ "none, in spite of the environment", "http://127.0.0.1:%d", "", NULL,
		  { .reply = NULL }, ERR_TRANSIENT, "", false },
		{ "a tunnel to the wrong house", NULL, "http://127.0.0.1:%d", NULL,
		  { .reply = "HTTP/1.1 200 Connected\r\n\r\n", .tunnel = true },
		  ERR_CONFIG, "", true },
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT(row); i++) {
		struct tls_server *s = tls_server_start(pki_certificate(pki, PKI_GOOD),
		                                        pki_key(pki, PKI_GOOD), &row[i].line, 1);
		/* Only a tunnel speaks TLS; the others answer in plain text. */
		struct tls_server *p =
			row[i].line.tunnel ? s : tls_server_start(NULL, NULL, &row[i].line, 1);
		char text[100] = "";
		const char *form = row[i].from_env ? row[i].from_env : row[i].option;
		struct http_options o = { .ca_file = ca_file, .no_proxy = row[i].no_proxy };
		AUTO_HTTP struct http *h = NULL;
		AUTO_RESPONSE struct http_response rs = { 0 };
		AUTO_SECRET struct secret *token = secret_new("TOKEN", 5);
		struct err e = ERR_INIT;

		const char *percent = strstr(form, "%d");
		(void)snprintf(text, sizeof(text), "%.*s%d", (int)(percent - form), form,
		               tls_server_port(p));
		char *doubled = strstr(text, "%%");
		if (doubled != NULL)
			memmove(doubled, doubled + 1, strlen(doubled));
		if (row[i].from_env)
			setenv("https_proxy", text, 1);
		o.proxy = row[i].option == NULL ? NULL : row[i].option[0] == '\0' ? "" : text;
		CHECK(http_curl_open(&o, &h, &e), "%s", e.text);
		CHECK(!http_send(h,
		                 &(struct http_request){ .method = HTTP_POST,
		                                         .url = "https://192.0.2.1/x",
		                                         .once = true,
		                                         .bearer = token,
		                                         .timeout_ms = row[i].asked ? 0 : 200 },
		                 &rs, &e),
		      "%s", row[i].name);
		unsetenv("https_proxy");
		CHECK(e.kind == row[i].kind && strstr(e.text, row[i].says), "%s: %d %s",
		      row[i].name, e.kind, e.text);
		CHECK(e.not_acted, "%s: %s", row[i].name, e.text);
		CHECK((tls_server_requests(p) > 0) == row[i].asked, "%s", row[i].name);
		const char *sent = tls_server_request(p, 0);
		CHECK(!row[i].asked || strncmp(sent, "CONNECT 192.0.2.1:443 ", 22) == 0, "%s: %s",
		      row[i].name, sent);
		CHECK(!strstr(sent, "TOKEN") && !strstr(sent, "Authorization: Bearer"), "%s: %s",
		      row[i].name, sent);
		tls_server_stop(s);
		if (p != s)
			tls_server_stop(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_exchange),
		cmocka_unit_test(methods),
		cmocka_unit_test(secrets_in_headers),
		cmocka_unit_test(once_is_once),
		cmocka_unit_test(fresh_connections),
		cmocka_unit_test(trust),
		cmocka_unit_test(side_by_side),
		cmocka_unit_test(a_failure_is_one_s_own),
		cmocka_unit_test(the_last_one_closes),
		cmocka_unit_test(system_trust),
		cmocka_unit_test(trust_is_kept),
		cmocka_unit_test(bad_ca_files),
		cmocka_unit_test(bounds),
		cmocka_unit_test(redirects_are_answers),
		cmocka_unit_test(plain),
		cmocka_unit_test(under_another_name),
		cmocka_unit_test(directly_and_as_somebody),
		cmocka_unit_test(nobody_there),
		cmocka_unit_test(proxies),
	};
	return cmocka_run_group_tests(tests, group_open, group_close);
}
