/* SPDX-License-Identifier: MIT */
#include "debug_http.h"

#include <stdlib.h>

#include "base/env.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/http.h"

struct debug_http {
	struct http http; /* first: what others see */
	struct http *inner;
};

static const char *const methods[] = {
	[HTTP_GET] = "GET",   [HTTP_PUT] = "PUT",       [HTTP_PATCH] = "PATCH",
	[HTTP_POST] = "POST", [HTTP_DELETE] = "DELETE",
};

static bool debug_send(struct http *h, const struct http_request *rq, struct http_response *rs,
                       struct err *e)
{
	struct debug_http *d = (struct debug_http *)h;
	int place = (int)strcspn(rq->url, "?#");
	int64_t from = env_mono_ms(&env_system);

	bool ok = http_send(d->inner, rq, rs, e);
	int64_t took = env_mono_ms(&env_system) - from;
	if (ok)
		log_msg(LEVEL_DEBUG, NULL, "%s %.*s: %d in %lld ms%s%s", methods[rq->method], place,
		        rq->url, rs->status, (long long)took,
		        rs->request_id[0] != '\0' ? ", x-ms-request-id " : "", rs->request_id);
	else
		log_msg(LEVEL_DEBUG, NULL, "%s %.*s: no answer in %lld ms: %s", methods[rq->method],
		        place, rq->url, (long long)took, e->text);
	return ok;
}

static void debug_close(struct http *h)
{
	struct debug_http *d = (struct debug_http *)h;

	http_close(d->inner);
	free(d);
}

struct http *debug_http_open(struct http *inner)
{
	struct debug_http *d = mem_new(sizeof(*d));

	*d = (struct debug_http){ .http = { .send = debug_send, .close = debug_close },
		                  .inner = inner };
	return &d->http;
}
