/* SPDX-License-Identifier: MIT */
/* The inside of the only user of libcurl: curl_request.c says what to ask, curl.c sends it. */
#ifndef SRC_HTTP_CURL_H
#define SRC_HTTP_CURL_H

#include <curl/curl.h>

#include "base/err.h"
#include "http/http.h"
#include "http/trust.h"

/* One exchange under way, and the handle for it, which is used again. */
struct curl_call {
	struct curl_call *next; /* among the idle ones */
	CURL *easy;
	const struct http_request *rq; /* borrowed until the end */
	struct http_response rs;
	struct http_headers headers; /* of `rs` */
	/* more headers, more body than any honest service sends */
	bool flood, over;
	bool headers_over; /* the blank line has been seen */
	bool body_began;
	struct curl_slist *lines, *connect_to;
	bool ok; /* it may be asked at all; else `why` */
	struct err why;
	bool running;
	CURLcode rc;
	char words[CURL_ERROR_SIZE];
};
/* Calls of one client go on side by side while any of them is waited for. */
struct curl_http {
	struct http base;
	struct http_options o;
	CURLM *multi;
	CURLSH *sessions; /* of TLS, for all calls */
	struct curl_call *idle;
	struct trust trust;
};
/* The first refusal ends the request; the rest of the table is then skipped. */
struct curl_options {
	CURL *easy;
	CURLcode rc;
};

static inline void curl_set_ptr(struct curl_options *s, CURLoption o, const void *value)
{
	if (s->rc == CURLE_OK)
		s->rc = curl_easy_setopt(s->easy, o, value);
}

/* Every option but what takes the answer. */
void curl_request_set(struct curl_options *s, const struct curl_http *c,
                      const struct http_request *rq);
/* Anew, after trust_widen(). */
void curl_request_trust(struct curl_options *s, const struct curl_http *c,
                        const struct http_request *rq);
/* Can its secrets stand in headers? */
MUST_USE bool curl_request_ok(const struct http_request *rq, struct err *e);
/* Both are freed with curl_slist_free_all(); NULL is a list of none. */
struct curl_slist *curl_request_headers(const struct http_request *rq);
struct curl_slist *curl_request_connect_to(const struct http_request *rq);

#endif
