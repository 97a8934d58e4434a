/* SPDX-License-Identifier: MIT */
/* One request, and waiting for its result. */
#ifndef TOKEN_ASK_H
#define TOKEN_ASK_H

#include "http/http.h"

struct buf;
struct err;
struct token_run;

/* One request, and its result if the service takes longer. `statuses` ends with 0; any other status
 * is a failure. `body` may be NULL. */
struct token_request {
	enum http_method method;
	const char *path;
	const struct buf *body;
	const int *statuses;
};
MUST_USE bool token_ask(struct token_run *r, const struct token_request *rq,
                        struct http_response *out, struct err *e);

#endif
