/* SPDX-License-Identifier: MIT */
/*
 * One exchange. send() is true whenever a response arrived, whatever its status; callers judge
 * status. On false: e->kind (ERR_TRANSIENT, or ERR_CONFIG / ERR_REMOTE for what no retry fixes:
 * TLS trust, a malformed reply) and e->not_acted (the request provably never reached the
 * service). Implementations: curl (real), retry (wraps another), and tests/fakes/fake_http.c (a
 * script). One struct http belongs to one thread at a time.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/base.h"
#include "base/buf.h"

struct env;
struct err;
struct secret;

enum http_method { HTTP_GET, HTTP_PUT, HTTP_PATCH, HTTP_POST, HTTP_DELETE };

#define HTTP_HEADERS_MAX 4
struct http_request {
	enum http_method method;
	const char *url; /* https; http only where `plain_ok` */
	/* IMDS and loopback identity endpoints: http allowed, never through a proxy */
	bool plain_ok;
	const char *content_type;    /* with body */
	const struct buf *body;      /* or NULL */
	const struct secret *bearer; /* at most one of bearer / basic */
	const char *basic_user;
	const struct secret *basic_password;
	const char *header[HTTP_HEADERS_MAX]; /* "Metadata: true"; never a secret */
	/* name of one header whose value is a secret, or NULL */
	const char *secret_header;
	const struct secret *secret_value;
	/* never sent twice: fresh connection, no reuse, no retry */
	bool once;
	bool fresh; /* fresh connection: another replica may answer */
	/* "host:port" where this goes, though the URL's host is the name its certificate must
	 * have */
	const char *connect_to;
	/* PEM of the authorities trusted for this request, and no others; or NULL */
	const struct buf *trust;
	/* PEM: who we are to the other side's TLS; both or neither */
	const struct secret *client_certificate, *client_key;
	bool direct; /* never through a proxy */
	/* a probe: http_retry passes it through, whatever comes back */
	bool no_retry;
	int64_t timeout_ms; /* 0: the client's own */
};

struct http_response {
	int status;
	struct buf body; /* bounded, wiped */
	char *location;  /* Location, or NULL */
	/* Azure-AsyncOperation (or Operation-Location), or NULL */
	char *operation;
	/* WWW-Authenticate, all values joined by ", ", or NULL */
	char *challenge;
	char *content_type;
	/* retry-after-ms, x-ms-retry-after-ms, Retry-After (seconds or a date); -1 when absent */
	int64_t retry_after_ms;
	int64_t date;        /* seconds since 1970 from Date, 0 when absent */
	char request_id[64]; /* x-ms-request-id, for messages; "" when absent */
};
void http_response_clear(struct http_response *r);
#define AUTO_RESPONSE AUTO(http_response_clear)

/*
 * Reading a response's headers, one line at a time: what curl.c and the fakes share. False when
 * the service sends more than any honest one does; the exchange is then abandoned.
 */
/* Azure's signed polling URLs are 3 kB, twice in a response */
#define HTTP_HEADER_BYTES_MAX (64 * 1024)
#define HTTP_HEADER_LINES_MAX 128
struct http_headers {
	struct http_response *rs;
	size_t bytes, lines;
	/* which of the three forms of Retry-After has been seen */
	int retry_rank;
	int64_t retry_at; /* Retry-After as a date, 0 when it was not */
};
MUST_USE bool http_headers_line(struct http_headers *h, const char *line, size_t n);
/* after the last; now: seconds since 1970, local */
void http_headers_end(struct http_headers *h, int64_t now);

/* Scheme, host and port of an absolute URL; false for anything but http(s), and for a user name
 * in it. The host is lower-cased. */
struct http_origin {
	bool tls;
	int port;
	char host[256];
};
MUST_USE bool http_origin(const char *url, struct http_origin *out);
bool http_origin_equal(const struct http_origin *a, const struct http_origin *b);
bool http_origin_is_loopback(const struct http_origin *o);

struct http {
	bool (*send)(struct http *h, const struct http_request *rq, struct http_response *rs,
	             struct err *e);
	void (*close)(struct http *h);
};
MUST_USE bool http_send(struct http *h, const struct http_request *rq, struct http_response *rs,
                        struct err *e);
void http_close(struct http *h); /* NULL is fine */
void http_close_ptr(struct http **h);
#define AUTO_HTTP AUTO(http_close_ptr)

/* Strings are borrowed for the life of the client. proxy: NULL takes it from the environment, ""
 * means none. */
struct http_options {
	const char *ca_file, *proxy, *no_proxy, *user_agent;
	bool ca_only; /* trust ca_file alone, not the system's as well */
	/* the system's authorities (trust.h); both NULL: where libcurl expects them */
	const char *system_file, *system_dir;
	int64_t timeout_ms; /* one exchange; 0: 60 s */
	size_t max_body;    /* 0: 4 MiB */
};
/* once, before threads: curl_global_init with the wiping allocator */
void http_setup(void);
MUST_USE bool http_curl_open(const struct http_options *o, struct http **out, struct err *e);

/*
 * Retry as azcore does it: 408, 429, 500, 502, 503, 504 and transport errors; (2^try - 1) * 800
 * ms with a jitter of 0.8 to 1.3, capped at a minute, or what the service asks for. Never for
 * `once`, but after a reply that proves it did not act (429, 409 are the caller's).
 */
struct retry_policy {
	int tries;
	int64_t first_ms, cap_ms, budget_ms;
};
extern const struct retry_policy retry_default; /* 4 tries */
/* The pure part, for those who put a job aside instead of sleeping: true and *delay_ms when try
 * number `tried` (1..) may be followed by another. `e` is NULL when a response arrived. */
bool retry_next(const struct retry_policy *p, const struct env *env, int tried,
                const struct http_request *rq, const struct http_response *rs, const struct err *e,
                int64_t *delay_ms);
/* Sleeping in place: for commands of one request. Owns `inner`. */
struct http *http_retry_open(struct http *inner, const struct env *env,
                             const struct retry_policy *p);

#endif
