/* SPDX-License-Identifier: MIT */
/* The inside of the only user of libcurl: curl_request.c says what to ask, curl.c sends it. */
#ifndef SRC_HTTP_CURL_H
#define SRC_HTTP_CURL_H

#include <curl/curl.h>

#include "http/http.h"
#include "http/trust.h"

struct curl_http {
	struct http base;
	struct http_options o;
	CURL *easy;
	struct trust trust;
	char words[CURL_ERROR_SIZE];
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
void curl_request_set(struct curl_options *s, struct curl_http *c, const struct http_request *rq);
/* Anew, after trust_widen(). */
void curl_request_trust(struct curl_options *s, const struct curl_http *c,
                        const struct http_request *rq);
/* Can its secrets stand in headers? */
MUST_USE bool curl_request_ok(const struct http_request *rq, struct err *e);
/* Both are freed with curl_slist_free_all(); NULL is a list of none. */
struct curl_slist *curl_request_headers(const struct http_request *rq);
struct curl_slist *curl_request_connect_to(const struct http_request *rq);

#endif
