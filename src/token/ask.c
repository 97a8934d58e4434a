/* SPDX-License-Identifier: MIT */

#include "token/ask.h"

#include <stdio.h>

#include "azure/arm.h"
#include "base/env.h"
#include "base/err.h"
#include "base/mem.h"
#include "http/http.h"
#include "token/context.h"
#include "token/http.h"
#include "token/outside.h"

#define SLICE_MS 500

static bool is_listed(int status, const int *list)
{
	for (; *list != 0; list++)
		if (*list == status)
			return true;
	return false;
}

static void clear_line(const struct token_run *r)
{
	if (r->w->tty[TOKEN_ERR])
		(void)r->w->put(r->w->ctx, TOKEN_ERR, "\r\x1b[K", 4);
}

/* Sleeps; on a terminal a live line says that something goes on. */
static void wait_visibly(const struct token_run *r, int64_t ms, int64_t since_ms)
{
	static const char wheel[] = "-\\|/";

	if (!r->w->tty[TOKEN_ERR]) {
		env_sleep_ms(r->w->env, ms);
		return;
	}
	for (int64_t left = ms; left > 0; left -= SLICE_MS) {
		int64_t waited = env_mono_ms(r->w->env) - since_ms;
		AUTO_FREE char *line =
			mem_fmt("\r\x1b[K %c waiting for Azure, %lld s",
		                wheel[waited / SLICE_MS % 4], (long long)waited / 1000);
		(void)r->w->put(r->w->ctx, TOKEN_ERR, line, strlen(line));
		env_sleep_ms(r->w->env, left < SLICE_MS ? left : SLICE_MS);
	}
	clear_line(r);
}

/* The first poll at once, as az does: most operations have ended by then. */
static bool poll_to_end(struct token_run *r, struct arm_operation *op, struct http_response *out,
                        struct err *e)
{
	int64_t since_ms = env_mono_ms(r->w->env);
	bool done = false;

	for (;;) {
		if (!arm_operation_poll(r->arm, token_http_base(r->http), op, &done, out, e))
			return false;
		if (done)
			return true;
		wait_visibly(r, op->delay_ms, since_ms);
	}
}

/* What became of a request that was accepted. */
static bool result_of(struct token_run *r, const struct token_request *rq,
                      const struct arm_request *ask, struct http_response *rs,
                      struct http_response *out, struct err *e)
{
	AUTO(arm_operation_clear) struct arm_operation op = { 0 };
	bool told = rs->operation != NULL || rs->location != NULL;

	if (!is_listed(rs->status, rq->statuses))
		return err_set(e, ERR_REMOTE, "Azure answers %d, which is not understood here",
		               rs->status);
	if (rq->method != HTTP_GET &&
	    (told || rq->method == HTTP_PUT || rq->method == HTTP_PATCH) &&
	    !arm_operation_start(r->arm, ask, rq->path, rs, &op, e))
		return false;
	if (op.poll_url == NULL) {
		*out = *rs;
		*rs = (struct http_response){ 0 };
		return true;
	}
	if (rq->running != NULL)
		rq->running(rq->ctx, &op);
	bool ended = poll_to_end(r, &op, out, e);
	/* What was to be deleted is gone, and with it the place that told of it. */
	return ended || (rq->method == HTTP_DELETE && e->status == 404);
}

bool token_ask(struct token_run *r, const struct token_request *rq, struct http_response *out,
               struct err *e)
{
	AUTO_RESPONSE struct http_response rs = { 0 };
	/* A POST is generateCredentials, whose every repetition kills a password. */
	const struct arm_request ask = { .method = rq->method,
		                         .path = rq->path,
		                         .body = rq->body,
		                         .once = rq->once || rq->method == HTTP_POST };
	struct arm *arm = rq->through != NULL ? rq->through : r->arm;

	if (!arm_send(arm, token_http_base(r->http), &ask, &rs, e))
		return false;
	if (result_of(r, rq, &ask, &rs, out, e))
		return true;
	/* A poll that is refused says nothing of what is polled. */
	e->not_acted = false;
	return false;
}

bool token_get(struct token_run *r, const char *path, struct http_response *out, struct err *e)
{
	static const int statuses[] = { 200, 0 };

	return token_ask(
		r,
		&(struct token_request){ .method = HTTP_GET, .path = path, .statuses = statuses },
		out, e);
}
