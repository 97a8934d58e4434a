/* SPDX-License-Identifier: MIT */
/* What a refusal says about when to come again. */
#include <stdlib.h>

#include "base/env.h"
#include "base/err.h"
#include "base/mem.h"
#include "http/http.h"

const struct retry_policy retry_default = { .tries = 4, .first_ms = 800, .cap_ms = 60000 };
/* The identity endpoint of a machine says 404 and 410 while it is being updated, which takes up
 * to 70 seconds. */
static const struct retry_policy retry_identity = { .tries = 6, .first_ms = 1500, .cap_ms = 25000 };
static const int passing[] = { 408, 429, 500, 502, 503, 504 };
static const int passing_identity[] = { 404, 410 };

static bool is_listed(int status, const int *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == status)
			return true;
	return false;
}

static bool may_pass(const struct http_request *rq, const struct http_response *rs,
                     const struct err *e)
{
	if (rq->no_retry)
		return false;
	/* A reply to a `once` never proves that nothing happened, but for those that are its
	 * caller's to judge. */
	if (rq->once)
		return e != NULL && e->kind == ERR_TRANSIENT && e->not_acted;
	if (e != NULL)
		return e->kind == ERR_TRANSIENT;
	return is_listed(rs->status, passing, COUNT(passing)) ||
	       (rq->plain_ok && is_listed(rs->status, passing_identity, COUNT(passing_identity)));
}

static int64_t back_off(const struct retry_policy *p, const struct env *env, int tried)
{
	int64_t factor = (INT64_C(1) << (tried < 20 ? tried : 20)) - 1;
	int64_t ms = factor * p->first_ms * (800 + (int64_t)env_random(env, 500)) / 1000;

	return ms < p->cap_ms ? ms : p->cap_ms;
}

bool retry_next(const struct retry_policy *p, const struct env *env, int tried,
                const struct http_request *rq, const struct http_response *rs, const struct err *e,
                int64_t *delay_ms)
{
	int64_t hint =
		e != NULL ? (e->retry_after_known ? e->retry_after_ms : -1) : rs->retry_after_ms;

	bool passes = may_pass(rq, rs, e) || (e == NULL && p->passes != NULL && p->passes(rs));

	if (tried >= p->tries || !passes)
		return false;
	/* Asked to wait longer than we would: whoever called has better things to do meanwhile. */
	if (hint > p->cap_ms)
		return false;
	*delay_ms = hint >= 0 ? hint : back_off(p, env, tried);
	return true;
}

/* What a server in trouble, or a gateway before it, answers says nothing of what is done. */
static bool may_act(const struct http_response *rs)
{
	return rs->status == 408 || rs->status >= 500;
}

bool http_send_retrying(struct http *h, const struct retry_policy *p, const struct env *env,
                        const struct http_request *rq, struct http_response *rs, struct err *e)
{
	int64_t until = p->budget_ms ? env_mono_ms(env) + p->budget_ms : INT64_MAX, delay_ms;

	for (int tried = 1;; tried++) {
		struct err why = ERR_INIT;
		bool answered = http_send(h, rq, rs, &why);

		if (!retry_next(p, env, tried, rq, rs, answered ? NULL : &why, &delay_ms) ||
		    env_mono_ms(env) + delay_ms > until) {
			why.not_acted = why.not_acted && !rs->unsettled;
			if (!answered)
				*e = why;
			return answered;
		}
		rs->unsettled = rs->unsettled || (answered ? may_act(rs) : !why.not_acted);
		http_response_again(rs);
		env_sleep_ms(env, delay_ms);
	}
}

struct retry_http {
	struct http base;
	struct http *inner;
	const struct env *env;
	struct retry_policy policy;
};

static bool retry_send(struct http *h, const struct http_request *rq, struct http_response *rs,
                       struct err *e)
{
	struct retry_http *r = (struct retry_http *)h;
	const struct retry_policy *p = rq->plain_ok ? &retry_identity : &r->policy;

	return http_send_retrying(r->inner, p, r->env, rq, rs, e);
}

static void retry_close(struct http *h)
{
	struct retry_http *r = (struct retry_http *)h;

	http_close(r->inner);
	free(r);
}

struct http *http_retry_open(struct http *inner, const struct env *env,
                             const struct retry_policy *p)
{
	struct retry_http *r = mem_new(sizeof(*r));

	*r = (struct retry_http){ .base = { .send = retry_send, .close = retry_close },
		                  .inner = inner,
		                  .env = env,
		                  .policy = *p };
	return &r->base;
}
