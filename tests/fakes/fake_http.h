/* SPDX-License-Identifier: MIT */
/*
 * A network that follows a script: each request must be the next one that is
 * expected, and gets the answer that stands beside it. What differs is
 * remembered, printed, and answered as a failure no retry fixes; the test asks
 * fake_http_done() at its end.
 */
#ifndef FAKES_FAKE_HTTP_H
#define FAKES_FAKE_HTTP_H

#include "base/base.h"
#include "http/http.h"

enum fake_outcome {
	FAKE_ANSWER,
	FAKE_DROP_BEFORE, /* the connection fails: nothing was sent */
	FAKE_DROP_AFTER,  /* the request arrived, the answer was lost */
	FAKE_UNTRUSTED    /* the certificate is refused: no retry fixes it */
};

#define FAKE_HEADERS_MAX 6
struct fake_step {
	/* What is expected; NULL and false: anything. */
	enum http_method method;
	const char *url;    /* a part of the URL; "=" first: the whole of it */
	const char *body;   /* a part of the body */
	const char *header; /* one of the request's own headers */
	const char *bearer; /* the whole token */
	bool once, fresh, plain;
	/* What comes back. */
	enum fake_outcome outcome;
	int status;
	const char *headers[FAKE_HEADERS_MAX];
	const char *answer;
};

/* What the newest request looked like. */
struct fake_seen {
	char *url, *body, *basic_user, *basic_password, *secret_header, *secret_value, *headers,
		*connect_to, *trust;
	bool bearer, once, fresh;
};

struct fake_http;
/* steps are borrowed */
struct fake_http *fake_http_new(const struct fake_step *steps, size_t n);
void fake_http_free(struct fake_http *f);
/* A client of it; closing one leaves the script as it is. */
struct http *fake_http_client(struct fake_http *f);
/* The same for http_lender_new(): `ctx` is the script. */
bool fake_http_lend(void *ctx, struct http **out, struct err *e);
const struct fake_seen *fake_http_seen(const struct fake_http *f);
size_t fake_http_count(const struct fake_http *f); /* requests so far */
/* all steps used, nothing unexpected */
MUST_USE bool fake_http_done(const struct fake_http *f);

#endif
