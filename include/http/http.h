/* SPDX-License-Identifier: MIT */
/*
 * One HTTP exchange. send() returns true whenever a response arrived, whatever its status, which
 * the caller must judge. On false, e->kind is ERR_TRANSIENT, or ERR_CONFIG or ERR_REMOTE for what
 * no retry fixes (TLS trust, a malformed reply), and e->not_acted says that the request provably
 * never reached the service. Implementations: curl (the real one), retry (wraps another), and
 * tests/fakes/fake_http.c (a script). A struct http belongs to one thread at a time.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/base.h"
#include "base/buf.h"

struct env;
struct err;
struct secret;

/* e->code if the name of the host is not known, for now or for ever */
#define HTTP_HOST_UNKNOWN "HostUnknown"

enum http_method { HTTP_GET, HTTP_PUT, HTTP_PATCH, HTTP_POST, HTTP_DELETE };

#define HTTP_HEADERS_MAX 4
struct http_request {
	enum http_method method;
	const char *url; /* https; http only with `plain_ok` */
	/* for IMDS and loopback identity endpoints: http is allowed, a proxy is never used */
	bool plain_ok;
	const char *content_type;    /* of the body */
	const struct buf *body;      /* or NULL */
	const struct secret *bearer; /* at most one of bearer and basic_user */
	const char *basic_user;
	const struct secret *basic_password;
	const char *header[HTTP_HEADERS_MAX]; /* "Metadata: true"; never a secret */
	/* the name of a header whose value is a secret, or NULL */
	const char *secret_header;
	const struct secret *secret_value;
	/* must not act twice: on a fresh connection, and retried only if it provably never reached
	 * the service */
	bool once;
	bool fresh; /* on a fresh connection: another replica may answer */
	/* with fresh: the connection stays open, for a request that is the `last` one on it */
	bool stays, last;
	/* "host:port" to connect to, if that differs from the host in the URL, which the
	 * certificate must name; or NULL */
	const char *connect_to;
	/* PEM: the only authorities trusted for this request; or NULL */
	const struct buf *trust;
	/* PEM: our own certificate and key; both or neither */
	const struct secret *client_certificate, *client_key;
	bool direct; /* never through a proxy */
	/* a probe: never retried, whatever comes back */
	bool no_retry;
	int64_t timeout_ms; /* 0: the client's default */
};

struct http_response {
	int status;
	struct buf body; /* bounded, wiped on free */
	char *location;  /* Location, or NULL */
	/* Azure-AsyncOperation (or Operation-Location), or NULL */
	char *operation;
	/* WWW-Authenticate, all values joined by ", ", or NULL */
	char *challenge;
	char *content_type;
	/* from retry-after-ms, x-ms-retry-after-ms or Retry-After (seconds or a date); -1 if
	 * absent */
	int64_t retry_after_ms;
	/* from x-ms-ratelimit-remaining-subscription-*, the least of them */
	bool remaining_known;
	int64_t remaining;
	int64_t date;        /* Date, seconds since 1970; 0 if absent */
	char request_id[64]; /* x-ms-request-id, for messages; "" if absent */
	char *etag;          /* ETag, or NULL */
	char code[64];       /* x-ms-error-code; "" if absent */
	/* an earlier try of the same request was not answered, or by a server in trouble: it may
	 * have acted, or act yet, whatever this answer says */
	bool unsettled;
};
void http_response_clear(struct http_response *r);
/* The same for the next try of the same request, of which `unsettled` is kept. */
void http_response_again(struct http_response *r);
/* For e->not_acted: this refusal (a 4xx but 408) is all there is, and proves that nothing was
 * done. */
bool http_not_acted(const struct http_response *r);
#define AUTO_RESPONSE AUTO(http_response_clear)

/*
 * Parses the headers of a response, one line at a time; curl.c and the fakes share it. False if the
 * service sends more than any honest one does; the exchange must then be abandoned.
 */
/* Azure's signed polling URLs are 3 kB, twice in a response */
#define HTTP_HEADER_BYTES_MAX (64 * 1024)
#define HTTP_HEADER_LINES_MAX 128
struct http_headers {
	struct http_response *rs;
	size_t bytes, lines;
	/* which of the three forms of Retry-After has been seen */
	int retry_rank;
	int64_t retry_at; /* Retry-After if it is a date, else 0 */
};
MUST_USE bool http_headers_line(struct http_headers *h, const char *line, size_t n);
/* Call after the last line. now: seconds since 1970, local clock. */
void http_headers_end(struct http_headers *h, int64_t now);

/* Scheme, host and port of an absolute URL; the host is lower-cased. False for any scheme but http
 * and https, and if the URL has a user name. */
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
	/* May be NULL, all three: then a request that is begun is sent when it is finished. begin
	 * borrows `rq` and all that it names until finish or abandon. */
	void *(*begin)(struct http *h, const struct http_request *rq);
	bool (*finish)(struct http *h, void *call, struct http_response *rs, struct err *e);
	void (*abandon)(struct http *h, void *call);
};
MUST_USE bool http_send(struct http *h, const struct http_request *rq, struct http_response *rs,
                        struct err *e);
/* A request under way beside others: it goes on while any request of the same client is waited
 * for. All that `rq` names is borrowed until it is finished or abandoned; both free it. Not for a
 * request that must not act twice. */
struct http_pending;
/* Does it, in this client, or is it sent when it is finished? */
bool http_goes_on(const struct http *h);
struct http_pending *http_begin(struct http *h, const struct http_request *rq);
MUST_USE bool http_finish(struct http_pending *p, struct http_response *rs, struct err *e);
void http_abandon(struct http_pending *p); /* NULL is fine */
void http_close(struct http *h);           /* h may be NULL */
void http_close_ptr(struct http **h);
#define AUTO_HTTP AUTO(http_close_ptr)

/* Strings are borrowed for the life of the client. proxy: NULL takes it from the environment, ""
 * means none. */
struct http_options {
	const char *ca_file, *proxy, *no_proxy, *user_agent;
	bool ca_only; /* trust ca_file only, not the system's authorities too */
	/* the system's authorities (trust.h); both NULL: libcurl's defaults */
	const char *system_file, *system_dir;
	int64_t timeout_ms; /* of one exchange; 0: 60 s */
	size_t max_body;    /* 0: 4 MiB */
};
/* Call once, before other threads exist: initialises libcurl, with the wiping allocator for it and
 * OpenSSL. */
void http_setup(void);
MUST_USE bool http_curl_open(const struct http_options *o, struct http **out, struct err *e);

/*
 * Retries as azcore does: after 408, 429, 500, 502, 503, 504 and transport errors, after a delay of
 * (2^try - 1) * 800 ms with a jitter of 0.8 to 1.3, at most a minute, or as long as the service
 * asks for. No retry if that is longer than a minute. A `once` request is retried only if it
 * provably never reached the service; its responses, also 429 and 409, are the caller's to judge.
 * The identity endpoints (`plain_ok`) have a policy of their own, because they answer 404 or 410
 * while they are updated.
 */
struct retry_policy {
	int tries;
	int64_t first_ms, cap_ms, budget_ms;
	/* answers of one service that pass, too; NULL: none */
	bool (*passes)(const struct http_response *rs);
};
extern const struct retry_policy retry_default; /* 4 tries */
/* The decision alone, for callers that put a job aside instead of sleeping: true and *delay_ms if
 * try number `tried` (1..) may be followed by another. `e` must be NULL if a response arrived. */
bool retry_next(const struct retry_policy *p, const struct env *env, int tried,
                const struct http_request *rq, const struct http_response *rs, const struct err *e,
                int64_t *delay_ms);
/* Sends it until the answer is for good, or the policy is at its end, and sleeps in between. */
MUST_USE bool http_send_retrying(struct http *h, const struct retry_policy *p,
                                 const struct env *env, const struct http_request *rq,
                                 struct http_response *rs, struct err *e);
/* The same as a client, for commands that make a single request. Takes over `inner`. */
struct http *http_retry_open(struct http *inner, const struct env *env,
                             const struct retry_policy *p);

#endif
