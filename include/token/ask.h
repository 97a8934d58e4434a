/* SPDX-License-Identifier: MIT */
/* One request, and waiting for what takes longer. */
#ifndef TOKEN_ASK_H
#define TOKEN_ASK_H

#include "http/http.h"

struct buf;
struct err;
struct token_run;

/* One request and, where the service works on, its result. `statuses` ends with 0: any other is
 * a failure. `body` may be NULL. */
struct token_request {
	enum http_method method;
	const char *path;
	const struct buf *body;
	const int *statuses;
};
MUST_USE bool token_ask(struct token_run *r, const struct token_request *rq,
                        struct http_response *out, struct err *e);

#endif
