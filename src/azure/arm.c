/* SPDX-License-Identifier: MIT */
#include "azure/arm.h"

#include <pthread.h>
#include <stdlib.h>

#include "azure/arm_refusal.h"
#include "azure/arm_url.h"
#include "azure/challenge.h"
#include "azure/gate.h"
#include "azure/whoami.h"
#include "base/crypto.h"
#include "base/env.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/secret.h"

/* What an arm and its fences share. */
struct arm_core {
	const struct azure_spec *spec;
	const struct env *env;
	struct auth *auth[AUTH_SERVICE__COUNT];
	pthread_mutex_t mutex; /* of what follows */
	bool resolved;
	struct cloud cloud; /* does not change once resolved */
	struct gate gate;
	int64_t offset;
	bool dated; /* an answer bore its time */
};

struct arm {
	struct arm_core *core;
	struct secret *only; /* of a fence: the one access token that it has */
};

struct arm *arm_new(const struct azure_spec *spec, const struct env *env)
{
	struct arm *a = mem_new(sizeof(*a));

	a->core = mem_new(sizeof(*a->core));
	a->core->spec = spec;
	a->core->env = env;
	for (int i = 0; i < AUTH_SERVICE__COUNT; i++)
		a->core->auth[i] = auth_new(spec, env);
	(void)pthread_mutex_init(&a->core->mutex, NULL);
	return a;
}

static void free_core(struct arm_core *c)
{
	for (int i = 0; i < AUTH_SERVICE__COUNT; i++)
		auth_free(c->auth[i]);
	azure_cloud_clear(&c->cloud);
	(void)pthread_mutex_destroy(&c->mutex);
	free(c);
}

void arm_free(struct arm *a)
{
	if (a == NULL)
		return;
	if (a->only == NULL)
		free_core(a->core);
	secret_free(a->only);
	free(a);
}

const char *arm_method(const struct arm *a)
{
	return auth_method(a->core->auth[AUTH_RESOURCE_MANAGER]);
}

const char *arm_subscription(const struct arm *a)
{
	return auth_or_env(a->core->spec->subscription, "AZURE_SUBSCRIPTION_ID");
}

int64_t arm_clock_offset(const struct arm *a)
{
	(void)pthread_mutex_lock(&a->core->mutex);
	int64_t offset = a->core->offset;
	(void)pthread_mutex_unlock(&a->core->mutex);
	return offset;
}

bool arm_clock_known(const struct arm *a)
{
	(void)pthread_mutex_lock(&a->core->mutex);
	bool known = a->core->dated;
	(void)pthread_mutex_unlock(&a->core->mutex);
	return known;
}

static bool resolve(struct arm *a, struct http *h, struct err *e)
{
	(void)pthread_mutex_lock(&a->core->mutex);
	bool ok = a->core->resolved || cloud_resolve(a->core->spec, h, &a->core->cloud, e);
	a->core->resolved = ok;
	(void)pthread_mutex_unlock(&a->core->mutex);
	return ok;
}

bool arm_pin(const struct arm *a, const char *url, char **out, struct err *e)
{
	return arm_url(a->core->cloud.resource_manager, url, out, e);
}

/* ---- one request ----------------------------------------------------------------------------- */

static bool pass_gate(struct arm *a, struct err *e)
{
	int64_t wait_ms = 0;

	(void)pthread_mutex_lock(&a->core->mutex);
	bool open = gate_enter(&a->core->gate, env_mono_ms(a->core->env), &wait_ms);
	(void)pthread_mutex_unlock(&a->core->mutex);
	if (open)
		return true;
	(void)err_set(e, ERR_TRANSIENT, "Azure throttles this subscription for another %lld s",
	              (long long)(wait_ms + 999) / 1000);
	e->queued = true;
	e->retry_after_known = true;
	e->retry_after_ms = wait_ms;
	return false;
}

static void leave_gate(struct arm *a, const struct http_response *rs)
{
	(void)pthread_mutex_lock(&a->core->mutex);
	gate_leave(&a->core->gate, env_mono_ms(a->core->env), rs != NULL && rs->status == 429,
	           rs != NULL ? rs->retry_after_ms : -1);
	a->core->dated = a->core->dated || (rs != NULL && rs->date != 0);
	/* In whole seconds a clock that is right seems to be one off now and then: times of two
	 * runs would not fit together. */
	if (rs != NULL && rs->date != 0 &&
	    llabs(rs->date - env_now(a->core->env) - a->core->offset) > 1)
		a->core->offset = rs->date - env_now(a->core->env);
	(void)pthread_mutex_unlock(&a->core->mutex);
}

static bool exchange(struct http *h, const struct arm_request *rq, const char *url,
                     const struct secret *token, struct http_response *rs, struct err *e)
{
	char uuid[37];

	crypto_uuid(uuid);
	/* The service names the operation after it: two requests must never share one. */
	AUTO_FREE char *id = mem_fmt("x-ms-client-request-id: %s", uuid);
	struct http_request wire = { .method = rq->method,
		                     .url = url,
		                     .body = rq->body,
		                     .bearer = token,
		                     .once = rq->once,
		                     .content_type = rq->body != NULL ? "application/json" : NULL,
		                     .header = { rq->method != HTTP_GET ? id : NULL, rq->header } };
	return http_send(h, &wire, rs, e);
}

/* az has one token and keeps it until it expires: of what a login lacks only another login
 * knows. */
static bool can_satisfy(struct arm *a)
{
	const char *method = auth_method(a->core->auth[AUTH_RESOURCE_MANAGER]);

	return method == NULL || strcmp(method, auth_cli.method) != 0;
}

/*
 * At most twice: a 401 proves that nothing was done, and may only mean that the token was
 * revoked or the clock is off. Where it names claims the next token is asked for with them.
 */
static bool send_renewing(struct arm *a, struct http *h, const struct arm_request *rq,
                          const char *url, struct http_response *rs, struct err *e)
{
	AUTO_FREE char *claims = NULL;
	unsigned serial = 0;

	for (int round = 0; round < 2; round++) {
		AUTO_SECRET struct secret *token = NULL;
		struct cloud asked = a->core->cloud;

		http_response_clear(rs);
		asked.claims = claims;
		if (!auth_token(a->core->auth[AUTH_RESOURCE_MANAGER], &asked, h, serial, &token,
		                &serial, e)) {
			e->not_acted = true;
			return false;
		}
		if (!pass_gate(a, e)) {
			e->not_acted = true;
			return false;
		}
		bool answered = exchange(h, rq, url, token, rs, e);
		leave_gate(a, answered ? rs : NULL);
		if (!answered || rs->status != 401)
			return answered;
		claims = round == 0 ? challenge_claims(rs->challenge) : claims;
		if (claims != NULL && !can_satisfy(a))
			return true;
	}
	return true;
}

/* A fence has one token: what it is refused for nobody sends again. */
static bool send_signed(struct arm *a, struct http *h, const struct arm_request *rq,
                        const char *url, struct http_response *rs, struct err *e)
{
	if (a->only == NULL)
		return send_renewing(a, h, rq, url, rs, e);
	if (!pass_gate(a, e)) {
		e->not_acted = true;
		return false;
	}
	bool answered = exchange(h, rq, url, a->only, rs, e);
	leave_gate(a, answered ? rs : NULL);
	return answered;
}

bool arm_token_for(struct arm *a, struct http *h, enum auth_service service, unsigned refused,
                   struct secret **token, unsigned *serial, struct err *e)
{
	if (!resolve(a, h, e))
		return false;
	const struct cloud asked = azure_cloud_for(&a->core->cloud, service);
	return auth_token(a->core->auth[service], &asked, h, refused, token, serial, e);
}

bool arm_token_lasting_for(struct arm *a, struct http *h, enum auth_service service, int64_t life_s,
                           struct secret **token, int64_t *expires, struct err *e)
{
	int64_t until;

	if (!resolve(a, h, e))
		return false;
	const struct cloud asked = azure_cloud_for(&a->core->cloud, service);
	if (!auth_token_lasting(a->core->auth[service], &asked, h, life_s, token, &until, e))
		return false;
	*expires = until + arm_clock_offset(a);
	return true;
}

bool arm_fence(struct arm *a, struct http *h, int64_t life_s, struct arm **out, int64_t *expires,
               struct err *e)
{
	struct secret *token;

	if (!arm_token_lasting_for(a, h, AUTH_RESOURCE_MANAGER, life_s, &token, expires, e))
		return false;
	struct arm *fence = mem_new(sizeof(*fence));
	*fence = (struct arm){ .core = a->core, .only = token };
	*out = fence;
	return true;
}

bool arm_send(struct arm *a, struct http *h, const struct arm_request *rq, struct http_response *rs,
              struct err *e)
{
	AUTO_RESPONSE struct http_response got = { 0 };
	AUTO_FREE char *url = NULL;

	if (!resolve(a, h, e) || !arm_url(a->core->cloud.resource_manager, rq->path, &url, e)) {
		e->not_acted = true;
		return false;
	}
	if (!send_signed(a, h, rq, url, &got, e))
		return false;
	if (got.status < 200 || got.status > 299)
		return arm_refused(&got, arm_clock_offset(a),
		                   auth_method(a->core->auth[AUTH_RESOURCE_MANAGER]), e);
	*rs = got;
	got = (struct http_response){ 0 };
	return true;
}

bool arm_whoami(struct arm *a, struct http *h, struct whoami *out, struct err *e)
{
	AUTO_SECRET struct secret *token = NULL;
	unsigned serial;

	if (!resolve(a, h, e) || !auth_token(a->core->auth[AUTH_RESOURCE_MANAGER], &a->core->cloud,
	                                     h, 0, &token, &serial, e))
		return false;
	*out = (struct whoami){ .method = auth_method(a->core->auth[AUTH_RESOURCE_MANAGER]) };
	whoami_read(token, env_now(a->core->env) + arm_clock_offset(a), out);
	return true;
}

/* ---- reading --------------------------------------------------------------------------------- */

bool arm_get(struct arm *a, struct http *h, const char *path, struct json **out, struct err *e)
{
	AUTO_RESPONSE struct http_response rs = { 0 };

	if (!arm_send(a, h, &(struct arm_request){ .method = HTTP_GET, .path = path }, &rs, e))
		return false;
	return json_parse(buf_cstr(&rs.body), rs.body.len, out, e) ||
	       err_in(e, "the answer of Azure");
}

bool arm_list(struct arm *a, struct http *h, const char *path,
              bool (*each)(void *ctx, const struct json *item), void *ctx, struct err *e)
{
	AUTO_FREE char *next = mem_dup(path);

	for (int page = 0; page < ARM_PAGES_MAX; page++) {
		AUTO_JSON struct json *j = NULL;

		if (!arm_get(a, h, next, &j, e))
			return false;
		const struct json *items = json_get(j, "value");
		if (items == NULL || json_type(items) != JSON_ARRAY)
			return err_set(e, ERR_REMOTE, "the answer of Azure is not a list");
		for (const struct json *item = json_child(items); item != NULL;
		     item = json_next(item))
			if (!each(ctx, item))
				return true;
		const char *link = json_str(j, "nextLink");
		if (link == NULL || *link == '\0')
			return true;
		free(next);
		next = mem_dup(link);
	}
	return err_set(e, ERR_REMOTE, "the list does not end after %d pages", ARM_PAGES_MAX);
}
