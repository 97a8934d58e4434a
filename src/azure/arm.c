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
	pthread_mutex_t gate_mutex; /* never held during a request */
	struct gate gate;
	pthread_mutex_t mutex; /* of what follows */
	bool resolved;
	struct cloud cloud; /* does not change once resolved */
	int64_t offset;
	bool dated; /* an answer bore its time */
};

struct arm {
	struct arm_core *core;
	bool shares;              /* the core is another's */
	struct gate_place own;    /* of a job's */
	struct gate_place *place; /* that one, also in the job's fences; NULL: it has none */
	struct secret *only;      /* of a fence: the one access token that it has */
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
	(void)pthread_mutex_init(&a->core->gate_mutex, NULL);
	gate_init_arm(&a->core->gate, env_mono_ms(env));
	return a;
}

struct arm *arm_for_job(struct arm *a)
{
	struct arm *own = mem_new(sizeof(*own));

	*own = (struct arm){ .core = a->core, .shares = true };
	own->place = &own->own;
	return own;
}

static void free_core(struct arm_core *c)
{
	for (int i = 0; i < AUTH_SERVICE__COUNT; i++)
		auth_free(c->auth[i]);
	azure_cloud_clear(&c->cloud);
	(void)pthread_mutex_destroy(&c->mutex);
	(void)pthread_mutex_destroy(&c->gate_mutex);
	free(c);
}

void arm_free(struct arm *a)
{
	if (a == NULL)
		return;
	if (a->place == &a->own)
		arm_step_out(a);
	if (!a->shares)
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

bool arm_clock_serves(const struct arm *a, int64_t span_s)
{
	int64_t off = arm_clock_offset(a);

	return arm_clock_known(a) && (off < 0 ? -off : off) * 4 <= span_s;
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

/* ---- the line -------------------------------------------------------------------------------- */

bool arm_line_up(struct arm *a, const struct arm_needs *n, int64_t *wait_ms)
{
	const int wanted[GATE_KIND__COUNT] = { [GATE_READ] = n->reads, [GATE_WRITE] = n->writes };

	if (a->place == NULL)
		return true;
	(void)pthread_mutex_lock(&a->core->gate_mutex);
	bool turn =
		gate_line_up(&a->core->gate, a->place, wanted, env_mono_ms(a->core->env), wait_ms);
	(void)pthread_mutex_unlock(&a->core->gate_mutex);
	return turn;
}

bool arm_turn(struct arm *a, int64_t *wait_ms)
{
	(void)pthread_mutex_lock(&a->core->gate_mutex);
	bool turn = a->place == NULL || !a->place->standing ||
	            gate_turn(&a->core->gate, a->place, env_mono_ms(a->core->env), wait_ms);
	(void)pthread_mutex_unlock(&a->core->gate_mutex);
	return turn;
}

const void *arm_line(const struct arm *a)
{
	(void)pthread_mutex_lock(&a->core->gate_mutex);
	bool standing = a->place != NULL && a->place->standing;
	(void)pthread_mutex_unlock(&a->core->gate_mutex);
	return standing ? a->core : NULL;
}

void arm_step_out(struct arm *a)
{
	if (a->place == NULL)
		return;
	(void)pthread_mutex_lock(&a->core->gate_mutex);
	gate_step_out(&a->core->gate, a->place);
	(void)pthread_mutex_unlock(&a->core->gate_mutex);
}

/* ---- one request ----------------------------------------------------------------------------- */

static enum gate_kind kind_of(enum http_method m)
{
	return m == HTTP_GET ? GATE_READ : m == HTTP_DELETE ? GATE_DELETE : GATE_WRITE;
}

static bool has_to_wait(int64_t ms, struct err *e)
{
	(void)err_set(e, ERR_TRANSIENT, "Azure throttles this subscription for another %lld s",
	              (long long)(ms + 999) / 1000);
	e->not_acted = e->throttled = true;
	e->retry_after_known = true;
	e->retry_after_ms = ms;
	return false;
}

bool arm_open(const struct arm *a, int64_t *since_ms, struct err *e)
{
	(void)pthread_mutex_lock(&a->core->gate_mutex);
	int64_t ms = gate_closed_ms(&a->core->gate, env_mono_ms(a->core->env), since_ms);
	(void)pthread_mutex_unlock(&a->core->gate_mutex);
	return *since_ms == 0 || has_to_wait(ms, e);
}

static bool pass_gate(struct arm *a, enum http_method method, struct gate_sent *sent, struct err *e)
{
	int64_t wait_ms = 0;

	(void)pthread_mutex_lock(&a->core->gate_mutex);
	bool open = gate_enter(&a->core->gate, a->place, kind_of(method), env_mono_ms(a->core->env),
	                       sent, &wait_ms);
	(void)pthread_mutex_unlock(&a->core->gate_mutex);
	if (open)
		return true;
	return has_to_wait(wait_ms, e);
}

/* rs: NULL if there was no answer. */
static void leave_gate(struct arm *a, enum http_method method, const struct gate_sent *sent,
                       const struct http_response *rs)
{
	const struct gate_answer answer = { .sent = *sent,
		                            .throttled = rs != NULL && rs->status == 429,
		                            .retry_after_ms = rs != NULL ? rs->retry_after_ms : -1,
		                            .remaining = rs != NULL && rs->remaining_known
		                                                 ? rs->remaining
		                                                 : -1 };

	(void)pthread_mutex_lock(&a->core->gate_mutex);
	gate_leave(&a->core->gate, kind_of(method), env_mono_ms(a->core->env), &answer);
	(void)pthread_mutex_unlock(&a->core->gate_mutex);
	(void)pthread_mutex_lock(&a->core->mutex);
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

/* Through the gate. False: it was not sent, or not answered. */
static bool pass(struct arm *a, struct http *h, const struct arm_request *rq, const char *url,
                 const struct secret *token, struct http_response *rs, struct err *e)
{
	struct gate_sent sent;

	if (!pass_gate(a, rq->method, &sent, e))
		return false;
	bool answered = exchange(h, rq, url, token, rs, e);
	leave_gate(a, rq->method, &sent, answered ? rs : NULL);
	return answered;
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

		http_response_again(rs);
		asked.claims = claims;
		if (!auth_token(a->core->auth[AUTH_RESOURCE_MANAGER], &asked, h, serial, &token,
		                &serial, e)) {
			e->not_acted = !rs->unsettled;
			return false;
		}
		if (!pass(a, h, rq, url, token, rs, e))
			return false;
		if (rs->status != 401)
			return true;
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
	return a->only == NULL ? send_renewing(a, h, rq, url, rs, e)
	                       : pass(a, h, rq, url, a->only, rs, e);
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
	*fence = (struct arm){ .core = a->core, .shares = true, .place = a->place, .only = token };
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
	return json_parse(buf_cstr(&rs.body), rs.body.len, out, e) || err_in(e, "Azure's answer");
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
			return err_set(e, ERR_REMOTE, "Azure's answer is not a list");
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
