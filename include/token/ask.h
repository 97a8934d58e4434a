/* SPDX-License-Identifier: MIT */
/* One request, and waiting for its result. */
#ifndef TOKEN_ASK_H
#define TOKEN_ASK_H

#include "http/http.h"

struct arm;
struct arm_operation;
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
	bool once;           /* never repeated if it may have acted; a POST never is */
	struct arm *through; /* NULL: the command's own */
	/* is told of the operation that goes on behind an answer; may be NULL */
	void (*running)(void *ctx, const struct arm_operation *op);
	void *ctx;
};
/* On false, e->not_acted: the service did nothing, and will not. What can stop a password from
 * working is sent by token_guard_ask(). */
MUST_USE bool token_ask(struct token_run *r, const struct token_request *rq,
                        struct http_response *out, struct err *e);

/* A GET that 200 answers. */
MUST_USE bool token_get(struct token_run *r, const char *path, struct http_response *out,
                        struct err *e);

#endif
