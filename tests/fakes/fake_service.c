/* SPDX-License-Identifier: MIT */
#include "fakes/fake_service.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "fakes/fake_env.h"

#define REGISTRY_ID                                                                                \
	"/subscriptions/sub/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/"   \
	"contoso"
#define TOKEN_ID  REGISTRY_ID "/tokens/web-pull"
#define OPERATION "https://arm.test/operations/1"
#define CREATION  "https://arm.test/operations/2"
#define BODY_MAX  (1024 * 1024)

/* ---- what it does ---------------------------------------------------------------------------- */

static uint32_t next_random(struct fake_service *s)
{
	s->seed = s->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(s->seed >> 33);
}

void fake_service_init(struct fake_service *s)
{
	*s = (struct fake_service){ .clock_ms = INT64_C(1000) * FAKE_ENV_START,
		                    .seed = 1,
		                    .propagation_ms = 3000 };
}

/* The real service drops trailing zeros of the fraction. */
static void echo_expiry(const char *sent, char out[static FAKE_EXPIRY_MAX])
{
	const char *dot = strchr(sent, '.');
	size_t digits = dot != NULL ? strspn(dot + 1, "0123456789") : 0;
	const char *tail = dot != NULL ? dot + 1 + digits : sent + strlen(sent);

	while (digits > 0 && dot[digits] == '0')
		digits--;
	size_t head =
		dot == NULL ? strlen(sent) : (size_t)(dot - sent) + (digits > 0 ? digits + 1 : 0);
	(void)snprintf(out, FAKE_EXPIRY_MAX, "%.*s%.10s", (int)head, sent, tail);
}

static void generate_one(struct fake_service *s, int slot, const char *expiry)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct fake_slot *to = &s->slot[slot];
	int64_t ticks = 0;

	expiry = s->grants_for_ever ? "" : expiry;
	*to = (struct fake_slot){ .present = true, .accepted_ms = s->clock_ms + s->propagation_ms };
	to->created = s->clock_ms * 10000 + next_random(s) % 10000;
	if (expiry[0] != '\0' && str_ticks(expiry, &ticks))
		echo_expiry(expiry, to->expiry);
	to->expires_ms = ticks / 10000;
	for (size_t i = 0; i < FAKE_PASSWORD_MAX - 1; i++)
		to->password[i] = letters[next_random(s) % 64];
}

void fake_service_generate(struct fake_service *s, int slot, const char *expiry)
{
	generate_one(s, slot, expiry);
	if (s->both)
		generate_one(s, 1 - slot, expiry);
}

void fake_service_wipe(struct fake_service *s)
{
	memset(s->slot, 0, sizeof(s->slot));
}

static void put_token(struct fake_service *s)
{
	s->puts++;
	s->missing = false;
	s->created_ms = s->clock_ms;
	fake_service_wipe(s);
}

void fake_service_pass(struct fake_service *s, int64_t ms)
{
	s->clock_ms += ms;
	for (size_t i = 0; i < COUNT(s->late); i++) {
		if (!s->late[i].on || s->late[i].at_ms > s->clock_ms)
			continue;
		s->late[i].on = false;
		if (s->late[i].slot == FAKE_PUT) {
			put_token(s);
			continue;
		}
		s->generated++;
		fake_service_generate(s, s->late[i].slot, s->late[i].expiry);
	}
}

bool fake_service_accepts(const struct fake_service *s, const char *password)
{
	for (int i = 0; i < 2; i++) {
		const struct fake_slot *p = &s->slot[i];
		if (p->present && strcmp(p->password, password) == 0)
			return s->clock_ms >= p->accepted_ms &&
			       (p->expires_ms == 0 || s->clock_ms < p->expires_ms);
	}
	return false;
}

/* ---- what it says ---------------------------------------------------------------------------- */

static void say_slot(const struct fake_slot *p, int i, bool with_value, struct buf *out)
{
	char created[STR_TIME_MAX];

	str_from_ticks(p->created, created);
	buf_fmt(out, "{\"creationTime\":\"%s\",\"name\":\"password%d\"", created, i + 1);
	if (p->expiry[0] != '\0')
		buf_fmt(out, ",\"expiry\":\"%s\"", p->expiry);
	if (with_value)
		buf_fmt(out, ",\"value\":\"%s\"", p->password);
	buf_char(out, '}');
}

static void say_passwords(const struct fake_slot *slots, int with_value, struct buf *out)
{
	bool any = false;

	buf_str(out, "\"passwords\":[");
	for (int i = 0; i < 2; i++) {
		if (!slots[i].present)
			continue;
		buf_str(out, any ? "," : "");
		say_slot(&slots[i], i, i == with_value, out);
		any = true;
	}
	buf_char(out, ']');
}

/* What a read shows: perhaps of another moment, perhaps less precisely. */
static void say_credentials(struct fake_service *s, struct buf *out)
{
	struct fake_slot shown[2];

	if (s->credentials != NULL) {
		buf_str(out, s->credentials);
		return;
	}
	memcpy(shown, s->shows_stale > 0 ? s->stale : s->slot, sizeof(shown));
	s->shows_stale -= s->shows_stale > 0;
	for (int i = 0; i < 2 && s->says_seconds; i++)
		shown[i].created -= shown[i].created % STR_TICKS_PER_S;
	buf_char(out, '{');
	say_passwords(shown, -1, out);
	buf_char(out, '}');
}

static void say_token(struct fake_service *s, struct buf *out)
{
	char created[STR_TIME_MAX];

	buf_str(out, "{\"id\":\"" TOKEN_ID "\",\"name\":\"web-pull\",\"properties\":{");
	buf_fmt(out, "\"provisioningState\":\"%s\",\"status\":\"%s\",",
	        s->pending != 0   ? "Creating"
	        : s->create_fails ? "Failed"
	                          : "Succeeded",
	        s->disable_at != 0 && s->requests >= s->disable_at ? "disabled" : "enabled");
	if (s->created_ms != 0) {
		str_from_ticks(s->created_ms * 10000, created);
		buf_fmt(out, "\"creationDate\":\"%s\",", created);
	}
	buf_str(out, "\"credentials\":");
	say_credentials(s, out);
	buf_str(out, "}}");
}

static bool cut_off(struct err *e, bool acted)
{
	(void)err_set(e, ERR_TRANSIENT, "the connection was cut off");
	e->not_acted = false;
	(void)acted;
	return false;
}

static void keep_for_later(struct fake_service *s, int slot, const char *expiry)
{
	for (size_t i = 0; i < COUNT(s->late); i++) {
		if (s->late[i].on)
			continue;
		s->late[i] = (struct fake_late){ .on = true,
			                         .slot = slot,
			                         .at_ms = s->clock_ms + s->late_ms };
		(void)snprintf(s->late[i].expiry, sizeof(s->late[i].expiry), "%s", expiry);
		return;
	}
	abort();
}

static void say_generated(const struct fake_service *s, int slot, struct buf *out)
{
	buf_str(out, "{\"username\":\"web-pull\",");
	say_passwords(s->slot, slot, out);
	buf_char(out, '}');
}

static void refuse_with(int status, const char *code, struct http_response *rs)
{
	rs->status = status;
	buf_fmt(&rs->body, "{\"error\":{\"code\":\"%s\",\"message\":\"no\"}}", code);
}

static bool answer_generate(struct fake_service *s, const struct http_request *rq,
                            struct http_response *rs, struct err *e)
{
	AUTO_JSON struct json *j = NULL;

	if (rq->body == NULL || !json_parse(buf_cstr(rq->body), rq->body->len, &j, e) ||
	    json_str(j, "name") == NULL)
		abort();
	int slot = strcmp(json_str(j, "name"), "password2") == 0;
	const char *expiry = json_str(j, "expiry") != NULL ? json_str(j, "expiry") : "";
	if (s->late_requests > 0) {
		s->late_requests--;
		keep_for_later(s, slot, expiry);
		return cut_off(e, false);
	}
	if (s->refuse_generates > 0) {
		s->refuse_generates--;
		refuse_with(409, "TokenNotActive", rs);
		return true;
	}
	if (s->running_ms > 0) {
		s->running = (struct fake_running){ .on = true,
			                            .slot = slot,
			                            .at_ms = s->clock_ms + s->running_ms };
		(void)snprintf(s->running.expiry, sizeof(s->running.expiry), "%s", expiry);
		rs->status = 202;
		rs->location = mem_dup(OPERATION);
		return true;
	}
	s->generated++;
	fake_service_generate(s, slot, s->granted != NULL ? s->granted : expiry);
	if (s->lose_replies > 0) {
		s->lose_replies--;
		return cut_off(e, true);
	}
	s->pending_slot = slot;
	s->pending = s->generating;
	if (s->pending != 0) {
		rs->status = 202;
		rs->retry_after_ms = 1000;
		rs->location = mem_dup("https://arm.test/subscriptions/sub/operationResults/"
		                       "generate?api-version=1");
		return true;
	}
	say_generated(s, slot, &rs->body);
	return true;
}

/* Asked once more how a generate goes. */
static void answer_generating(struct fake_service *s, struct http_response *rs)
{
	if (s->pending > 0)
		s->pending--;
	if (s->pending == 0) {
		say_generated(s, s->pending_slot, &rs->body);
		return;
	}
	rs->status = 202;
	rs->retry_after_ms = 1000;
}

/* Its result is what generateCredentials would have answered. */
static void answer_poll(struct fake_service *s, struct http_response *rs)
{
	struct fake_running *r = &s->running;

	if (s->deny_polls) {
		refuse_with(403, "AuthorizationFailed", rs);
		return;
	}
	if (s->clock_ms < r->at_ms) {
		rs->status = 202;
		rs->location = mem_dup(OPERATION);
		return;
	}
	if (r->on) {
		r->on = false;
		s->generated++;
		fake_service_generate(s, r->slot, r->expiry);
	}
	say_generated(s, r->slot, &rs->body);
}

static bool answer_token(struct fake_service *s, const struct http_request *rq,
                         struct http_response *rs, struct err *e)
{
	if (rq->method != HTTP_PUT && s->fail_reads > 0) {
		s->fail_reads--;
		return cut_off(e, false);
	}
	if (rq->method == HTTP_PUT && s->late_puts > 0) {
		s->late_puts--;
		keep_for_later(s, FAKE_PUT, "");
		return cut_off(e, false);
	}
	if (rq->method == HTTP_PUT) {
		put_token(s);
		s->pending = s->creating;
		rs->status = 201;
		if (s->create_by_status)
			rs->operation = mem_dup(CREATION);
		if (s->lose_puts > 0) {
			s->lose_puts--;
			return cut_off(e, true);
		}
	} else if (s->missing || s->missing_shown > 0) {
		s->missing_shown -= s->missing_shown > 0;
		refuse_with(404, s->missing_code != NULL ? s->missing_code : "ResourceNotFound",
		            rs);
		return true;
	} else if (s->pending > 0) {
		s->pending--;
	}
	say_token(s, &rs->body);
	return true;
}

static void answer_scope_map(const struct http_request *rq, struct http_response *rs)
{
	if (rq->method == HTTP_PUT)
		buf_str(&rs->body, "{\"id\":\"" REGISTRY_ID "/scopeMaps/web-pull-scope-map\"}");
	else
		refuse_with(404, "ResourceNotFound", rs);
}

static void answer_login(struct fake_service *s, const struct http_request *rq,
                         struct http_response *rs)
{
	bool known = rq->basic_user != NULL && strcmp(rq->basic_user, "web-pull") == 0 &&
	             rq->basic_password != NULL &&
	             fake_service_accepts(s, secret_peek(rq->basic_password));

	rs->status = known ? 200 : 401;
	s->logins = known ? s->logins + 1 : 0;
	for (int i = 0; s->taken_when_proven && s->logins == 3 && i < 2; i++)
		fake_service_generate(s, i, "");
	s->logins %= 3;
	buf_str(&rs->body, known ? "{\"access_token\":\"opens-nothing\"}"
	                         : "{\"errors\":[{\"code\":\"UNAUTHORIZED\"}]}");
}

static void answer_far_login(struct fake_service *s, const struct http_request *rq,
                             struct http_response *rs)
{
	bool known = false;

	for (int i = 0; i < 2 && rq->basic_password != NULL; i++)
		known = known ||
		        (s->slot[i].present &&
		         strcmp(s->slot[i].password, secret_peek(rq->basic_password)) == 0 &&
		         s->clock_ms >= s->slot[i].accepted_ms + s->far_ms);
	rs->status = known ? 200 : 401;
	s->far_logins += known;
	buf_str(&rs->body, known ? "{\"access_token\":\"opens-nothing\"}" : "{}");
}

static bool answer(struct fake_service *s, const struct http_request *rq, struct http_response *rs,
                   struct err *e)
{
	const char *url = rq->url;

	rs->status = 200;
	/* Asked in the group where it was. */
	if (s->group != NULL && strstr(url, "/resourceGroups/rg/") != NULL) {
		refuse_with(404, "ParentResourceNotFound", rs);
	} else if (strstr(url, "/registries?") != NULL) {
		buf_fmt(&rs->body,
		        "{\"value\":[{\"id\":\"/subscriptions/sub/resourceGroups/%s/providers/"
		        "Microsoft.ContainerRegistry/registries/contoso\","
		        "\"name\":\"contoso\",\"properties\":{\"loginServer\":\"contoso.azurecr."
		        "io\"}}]}",
		        s->group != NULL ? s->group : "rg");
	} else if (strstr(url, "/oauth2/v2.0/token") != NULL) {
		buf_str(&rs->body, "{\"token_type\":\"Bearer\",\"expires_in\":3599,\"access_"
		                   "token\":\"bearer\"}");
	} else if (strstr(url, "/generateCredentials") != NULL) {
		return answer_generate(s, rq, rs, e);
	} else if (strstr(url, "/operationResults/generate") != NULL) {
		answer_generating(s, rs);
	} else if (strcmp(url, CREATION) == 0) {
		s->pending -= s->pending > 0;
		buf_fmt(&rs->body, "{\"status\":\"%s\"}",
		        s->pending != 0 ? "Running" : "Succeeded");
	} else if (strcmp(url, OPERATION) == 0) {
		answer_poll(s, rs);
	} else if (strstr(url, "/tokens/web-pull") != NULL) {
		return answer_token(s, rq, rs, e);
	} else if (strstr(url, "/scopeMaps/web-pull-scope-map") != NULL) {
		answer_scope_map(rq, rs);
	} else if (strstr(url, "/registries/contoso?") != NULL) {
		buf_str(&rs->body, "{\"id\":\"" REGISTRY_ID "\","
		                   "\"name\":\"contoso\",\"properties\":{\"loginServer\":\"contoso."
		                   "azurecr.io\"}}");
	} else if (strcmp(url, "https://contoso.azurecr.io/v2/") == 0) {
		rs->status = 401;
		rs->challenge = mem_dup("Bearer "
		                        "realm=\"https://contoso.azurecr.io/oauth2/"
		                        "token\",service=\"contoso.azurecr.io\"");
	} else if (strncmp(url, "https://contoso.azurecr.io/oauth2/token?", 40) == 0) {
		answer_login(s, rq, rs);
	} else if (strcmp(url, "https://far.azurecr.io/v2/") == 0) {
		rs->status = 401;
		rs->challenge = mem_dup("Bearer realm=\"https://far.azurecr.io/oauth2/token\","
		                        "service=\"far.azurecr.io\"");
	} else if (strncmp(url, "https://far.azurecr.io/oauth2/token?", 36) == 0) {
		answer_far_login(s, rq, rs);
	} else {
		(void)fprintf(stderr, "fake_service: no such thing: %s\n", url);
		abort();
	}
	return true;
}

/* ---- the seams ------------------------------------------------------------------------------- */

static bool is_meant(const struct fake_fault *f, const struct http_request *rq)
{
	static const char *const methods[] = {
		[HTTP_GET] = "GET", [HTTP_POST] = "POST", [HTTP_PUT] = "PUT"
	};

	if (f->only == NULL)
		return true;
	AUTO_FREE char *line = mem_fmt("%s %s",
	                               rq->method < COUNT(methods) && methods[rq->method] != NULL
	                                       ? methods[rq->method]
	                                       : "",
	                               rq->url);
	return strstr(line, f->only) != NULL;
}

static bool is_struck(const struct fake_service *s, const struct http_request *rq)
{
	const struct fake_fault *f = &s->fault;

	return is_meant(f, rq) && f->what != FAKE_WELL &&
	       (f->stays ? s->requests >= f->at && (f->until_ms == 0 || s->clock_ms < f->until_ms)
	                 : s->requests == f->at);
}

/* True: it never came to acting, and that is all there is to it. */
static bool fails(const struct fake_service *s, const struct http_request *rq,
                  struct http_response *rs, bool *ok, struct err *e)
{
	const struct fake_fault *f = &s->fault;

	if (!is_struck(s, rq) ||
	    (f->what != FAKE_REFUSED && f->what != FAKE_CUT && f->what != FAKE_STATUS))
		return false;
	*ok = f->what == FAKE_STATUS || cut_off(e, false);
	e->not_acted = f->what == FAKE_REFUSED;
	if (!*ok)
		return true;
	refuse_with(f->status, f->code, rs);
	rs->retry_after_ms = f->retry_after_ms;
	return true;
}

/* It acted, and the answer suffers. */
static bool spoil(const struct fake_service *s, const struct http_request *rq,
                  struct http_response *rs, struct err *e)
{
	if (!is_struck(s, rq))
		return true;
	buf_reset(&rs->body);
	if (s->fault.what == FAKE_GARBAGE)
		buf_str(&rs->body, "{\"a\":");
	return s->fault.what != FAKE_CUT_ACTED || cut_off(e, true);
}

struct client {
	struct http base;
	struct fake_service *service;
};

static bool send_one(struct http *h, const struct http_request *rq, struct http_response *rs,
                     struct err *e)
{
	struct fake_service *s = ((struct client *)h)->service;

	if (s->seam != NULL)
		s->seam();
	if (s->asked != NULL)
		s->asked(s, rq);
	s->requests++;
	fake_service_pass(s, 20 + s->latency_ms);
	for (int i = 0; s->requests == s->taken_at && i < 2; i++)
		fake_service_generate(s, i, "");
	*rs = (struct http_response){ .retry_after_ms = -1,
		                      .date = s->no_date ? 0 : (s->clock_ms + s->skew_ms) / 1000 };
	rs->body.max = BODY_MAX;
	bool ok;
	if (!fails(s, rq, rs, &ok, e))
		ok = answer(s, rq, rs, e) && spoil(s, rq, rs, e);
	if (!ok)
		http_response_clear(rs);
	if (s->seam != NULL)
		s->seam();
	return ok;
}

/* A request beside others: answered when it is sent. */
struct fake_call {
	struct http_response rs;
	struct err why;
	bool ok;
};

static void *begin_one(struct http *h, const struct http_request *rq)
{
	struct fake_call *c = mem_new(sizeof(*c));

	c->ok = send_one(h, rq, &c->rs, &c->why);
	return c;
}

static bool finish_one(struct http *h, void *call, struct http_response *rs, struct err *e)
{
	struct fake_call *c = call;
	bool ok = c->ok;

	(void)h;
	*rs = c->rs;
	if (!ok)
		*e = c->why;
	free(c);
	return ok;
}

static void abandon_one(struct http *h, void *call)
{
	(void)h;
	http_response_clear(&((struct fake_call *)call)->rs);
	free(call);
}

static void close_one(struct http *h)
{
	free(h);
}

struct http *fake_service_client(struct fake_service *s)
{
	struct client *c = mem_new(sizeof(*c));

	*c = (struct client){ .base = { .send = send_one,
		                        .begin = begin_one,
		                        .finish = finish_one,
		                        .abandon = abandon_one,
		                        .close = close_one },
		              .service = s };
	return &c->base;
}

static int64_t env_seconds(void *ctx)
{
	const struct fake_service *s = ctx;

	return s->clock_ms / 1000 + s->local_ahead_s;
}

static int64_t env_ms(void *ctx)
{
	return ((struct fake_service *)ctx)->clock_ms;
}

static void env_pass(void *ctx, int64_t ms)
{
	fake_service_pass(ctx, ms);
}

static void env_bytes(void *ctx, void *p, size_t n)
{
	unsigned char *to = p;

	for (size_t i = 0; i < n; i++)
		to[i] = (unsigned char)next_random(ctx);
}

struct env fake_service_env(struct fake_service *s)
{
	return (struct env){ .now = env_seconds,
		             .mono_ms = env_ms,
		             .sleep_ms = env_pass,
		             .random = env_bytes,
		             .ctx = s };
}
