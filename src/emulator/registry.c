/* SPDX-License-Identifier: MIT */
/* The registry's own door: the challenge of /v2/, and tokens for whoever knows a password. */
#include "emulator/registry.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "emulator/access.h"
#include "emulator/emulator.h"
#include "emulator/pki.h"
#include "emulator/proxy.h"

#define TEXT_MAX        (64 * 1024)
#define ISSUER          "Azure Container Registry"
#define ACCESS_SECONDS  4500 /* of a token for repositories */
#define REFRESH_SECONDS (3 * 3600)
/* the user name of Entra identities */
#define EVERYBODY     "00000000-0000-0000-0000-000000000000"
#define REFRESH_BYTES 48

struct refresh {
	char *user;
	int64_t until;
}; /* seconds */

enum login { LOGIN_OK, LOGIN_NO_TOKEN, LOGIN_DISABLED, LOGIN_WRONG, LOGIN_LAGGING, LOGIN_EXPIRED };
static const char *const login_notes[] = { [LOGIN_OK] = "",
	                                   [LOGIN_NO_TOKEN] = "no such token",
	                                   [LOGIN_DISABLED] = "token disabled",
	                                   [LOGIN_WRONG] = "wrong password",
	                                   [LOGIN_LAGGING] = "not yet replicated",
	                                   [LOGIN_EXPIRED] = "password expired" };

static void common_headers(struct reply *rs)
{
	char id[37];

	crypto_uuid(id);
	pairs_set(&rs->header, "Docker-Distribution-Api-Version", "registry/2.0");
	pairs_set(&rs->header, "X-Ms-Correlation-Request-Id", id);
	pairs_set(&rs->header, "Server", "openresty");
}

static void unauthorized(struct reply *rs)
{
	common_headers(rs);
	exchange_reply_json(rs, 401);
	buf_str(&rs->body, "{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"authentication "
	                   "required, visit "
	                   "https://aka.ms/acr/authorization for more information.\"}]}\n");
}

static void bad_request(struct reply *rs, int status, const char *text)
{
	common_headers(rs);
	exchange_reply_json(rs, status);
	buf_str(&rs->body, "{\"errors\":[{\"code\":\"BAD_REQUEST\",\"message\":");
	buf_json(&rs->body, text);
	buf_str(&rs->body, "}]}\n");
}

/* Which registry is meant: by service, else by the host that was asked, else the first.
 * *endpoint: which regional one of its hosts was asked, or -1. Holds the lock already. */
static struct registry *registry_of(struct emulator *emu, const struct request *rq,
                                    const char *service, int *endpoint)
{
	struct registry *at_host =
		model_at_server(&emu->model, pairs_text(&rq->header, "Host"), endpoint);
	struct registry *r = service != NULL ? model_at_server(&emu->model, service, NULL) : NULL;

	if (r == NULL && service == NULL)
		r = at_host;
	/* One host does not give out what is another registry's. */
	if (at_host != NULL && r != at_host && service != NULL)
		r = NULL;
	if (r == NULL && service == NULL && emu->model.n_registries > 0)
		r = emu->model.registry[0];
	return r;
}

/* ---- how often ------------------------------------------------------------------------------- */

#define MINUTE_MS 60000

static void too_often(struct reply *rs, int64_t wait_s)
{
	common_headers(rs);
	exchange_reply_json(rs, 429);
	exchange_reply_header(rs, "Retry-After", "%lld", (long long)wait_s);
	buf_str(&rs->body, "{\"errors\":[{\"code\":\"TOOMANYREQUESTS\",\"message\":\"too many "
	                   "requests\"}]}\n");
}

bool registry_admit(struct emulator *emu, struct request *rq, struct reply *rs)
{
	int64_t now = clock_mono_ms(), wait_s = 0;
	int endpoint;

	(void)pthread_mutex_lock(&emu->lock);
	struct registry *r =
		emu->set.registry_limit > 0 ? registry_of(emu, rq, NULL, &endpoint) : NULL;
	if (r != NULL && (r->minute_ms == 0 || now - r->minute_ms >= MINUTE_MS)) {
		r->minute_ms = now;
		r->asked = 0;
	}
	if (r != NULL && r->asked++ >= emu->set.registry_limit)
		wait_s = (r->minute_ms + MINUTE_MS - now + 999) / 1000;
	(void)pthread_mutex_unlock(&emu->lock);
	if (wait_s > 0)
		too_often(rs, wait_s);
	return wait_s == 0;
}

/* ---- logins ---------------------------------------------------------------------------------- */

/* Which replica answers: a connection stays with one, new connections that present the same
 * password take turns. */
static unsigned replica_for(struct emulator *emu, struct request *rq, struct slot *s)
{
	unsigned n = emu->set.replicas ? emu->set.replicas : 1;
	unsigned chosen = s->turn;

	if (rq->replica != NULL && *rq->replica >= 0)
		return (unsigned)*rq->replica % n;
	if (emu->set.random_replica)
		crypto_random(&chosen, sizeof(chosen));
	else
		s->turn++;
	if (rq->replica != NULL)
		*rq->replica = (int)(chosen % n);
	return chosen % n;
}

/* A regional endpoint is a replica of its own: the last of them knows a password when the
 * slowest does. */
static int64_t lag_of(struct emulator *emu, struct request *rq, const struct registry *r,
                      int endpoint, struct slot *s)
{
	if (endpoint >= 0)
		return slot_lag(emu->set.propagation, (unsigned)endpoint, (unsigned)r->n_endpoints);
	return slot_lag(emu->set.propagation, replica_for(emu, rq, s), emu->set.replicas);
}

/* Holds the lock already. */
static enum login check_password(struct emulator *emu, struct request *rq, struct registry *r,
                                 int endpoint, const char *user, const char *password)
{
	struct token *t = map_get(&r->tokens, user);
	int64_t now = clock_ticks(&emu->clock);
	struct fingerprint print;

	if (t == NULL)
		return LOGIN_NO_TOKEN;
	if (t->disabled)
		return LOGIN_DISABLED;
	crypto_fingerprint_bytes(password, strlen(password), &print);
	for (int i = 0; i < MODEL_SLOTS; i++) {
		struct slot *s = &t->slot[i];
		if (slot_answer(s, &print, now, 0) == SLOT_OTHER)
			continue;
		switch (slot_answer(s, &print, now, lag_of(emu, rq, r, endpoint, s))) {
		case SLOT_ACCEPTED:
			return LOGIN_OK;
		case SLOT_LAGGING:
			return LOGIN_LAGGING;
		default:
			return LOGIN_EXPIRED;
		}
	}
	return LOGIN_WRONG;
}

static char *remember_refresh(struct emulator *emu, const char *user)
{
	AUTO_BUF struct buf text = BUF_INIT(256);
	struct refresh *refresh = mem_new(sizeof(*refresh));
	uint8_t random[REFRESH_BYTES];
	char hex[FINGERPRINT_HEX_MAX];
	struct fingerprint print;

	crypto_random(random, sizeof(random));
	crypto_base64(random, sizeof(random), true, &text);
	crypto_fingerprint_bytes(text.data, text.len, &print);
	fingerprint_to_hex(&print, hex);
	refresh->user = mem_dup(user);
	refresh->until = clock_seconds(&emu->clock) + REFRESH_SECONDS;
	map_put(&emu->refresh, hex, refresh);
	return mem_dup(buf_cstr(&text));
}

void registry_forget(void *refresh)
{
	struct refresh *r = refresh;

	mem_free_ptr(&r->user);
	mem_free_ptr(&r);
}

/* Who a refresh token is for, or NULL. */
static char *user_of_refresh(struct emulator *emu, const char *text)
{
	const struct refresh *refresh;
	char hex[FINGERPRINT_HEX_MAX];
	struct fingerprint print;

	crypto_fingerprint_bytes(text, strlen(text), &print);
	fingerprint_to_hex(&print, hex);
	refresh = map_get(&emu->refresh, hex);
	return refresh != NULL && refresh->until > clock_seconds(&emu->clock)
	               ? mem_dup(refresh->user)
	               : NULL;
}

struct grant {
	char *service, *user, *refresh;
	struct buf access;
};

static void grant_clear(struct grant *g)
{
	mem_free_ptr(&g->service);
	mem_free_ptr(&g->user);
	mem_free_ptr(&g->refresh);
	buf_free(&g->access);
}

/* Holds the lock already. */
static void fill_grant(struct emulator *emu, struct registry *r, const char *user,
                       const struct pairs *asked, bool offline, struct grant *g)
{
	const struct token *t = map_get(&r->tokens, user);
	const struct scope_map *map = t != NULL ? model_scope_map_of(r, t) : NULL;
	const struct scope_map nothing = { 0 };

	if (t != NULL && map == NULL)
		map = &nothing; /* its scope map was deleted */
	g->service = mem_dup(r->login_server);
	g->user = mem_dup(user);
	access_write(map, asked, &g->access);
	if (offline)
		g->refresh = remember_refresh(emu, user);
}

static void answer_grant(struct emulator *emu, struct reply *rs, const struct grant *g)
{
	AUTO_BUF struct buf claims = BUF_INIT(TEXT_MAX), jwt = BUF_INIT(TEXT_MAX);
	long long now = (long long)clock_seconds(&emu->clock);
	char id[37];

	crypto_uuid(id);
	buf_fmt(&claims, "{\"jti\":\"%s\",\"sub\":", id);
	buf_json(&claims, g->user);
	buf_fmt(&claims,
	        ",\"nbf\":%lld,\"exp\":%lld,\"iat\":%lld,\"iss\":\"" ISSUER "\",\"aud\":", now - 30,
	        now + ACCESS_SECONDS, now);
	buf_json(&claims, g->service);
	buf_fmt(&claims, ",\"version\":\"1.0\",\"access\":%s,\"roles\":[]}", buf_cstr(&g->access));
	pki_sign(emu->pki, PKI_REGISTRY, buf_cstr(&claims), &jwt);
	common_headers(rs);
	exchange_reply_json(rs, 200);
	buf_str(&rs->body, "{\"access_token\":\"");
	buf_str(&rs->body, buf_cstr(&jwt));
	if (g->refresh != NULL)
		buf_fmt(&rs->body, "\",\"refresh_token\":\"%s", g->refresh);
	buf_str(&rs->body, "\"}");
}

static void log_in(struct emulator *emu, struct request *rq, struct reply *rs, const char *user,
                   const char *password, const struct pairs *asked, bool offline)
{
	AUTO(grant_clear) struct grant g = { .access = BUF_INIT(TEXT_MAX) };
	enum login answer = LOGIN_NO_TOKEN;
	struct registry *r;
	int endpoint;

	(void)snprintf(rq->subject, sizeof(rq->subject), "%s", user);
	(void)pthread_mutex_lock(&emu->lock);
	r = registry_of(emu, rq, pairs_get(asked, "service"), &endpoint);
	if (r != NULL)
		answer = check_password(emu, rq, r, endpoint, user, password);
	if (answer == LOGIN_OK)
		fill_grant(emu, r, user, asked, offline, &g);
	(void)pthread_mutex_unlock(&emu->lock);
	(void)snprintf(rq->note, sizeof(rq->note), "%s", login_notes[answer]);
	if (r == NULL)
		bad_request(rs, 400, "service is not a registry known here");
	else if (answer == LOGIN_OK)
		answer_grant(emu, rs, &g);
	else
		unauthorized(rs);
}

static void token_get(struct emulator *emu, struct request *rq, struct reply *rs)
{
	static const char scheme[] = "Basic ";
	const char *header = pairs_text(&rq->header, "Authorization");
	AUTO_BUF struct buf plain = BUF_INIT(TEXT_MAX);
	char *colon;

	if (strncasecmp(header, scheme, strlen(scheme)) != 0 ||
	    !crypto_unbase64_lax(header + strlen(scheme), strlen(header + strlen(scheme)),
	                         &plain) ||
	    plain.len == 0 || (colon = strchr(plain.data, ':')) == NULL) {
		unauthorized(rs);
		(void)snprintf(rq->note, sizeof(rq->note), "no credentials");
		return;
	}
	*colon = '\0';
	log_in(emu, rq, rs, plain.data, colon + 1, &rq->query, false);
}

static void log_in_again(struct emulator *emu, struct request *rq, struct reply *rs,
                         const struct pairs *form)
{
	AUTO(grant_clear) struct grant g = { .access = BUF_INIT(TEXT_MAX) };
	AUTO_FREE char *user = NULL;
	struct registry *r;
	int ignored;

	(void)pthread_mutex_lock(&emu->lock);
	user = user_of_refresh(emu, pairs_text(form, "refresh_token"));
	r = registry_of(emu, rq, pairs_get(form, "service"), &ignored);
	if (user != NULL && r != NULL)
		fill_grant(emu, r, user, form, false, &g);
	(void)pthread_mutex_unlock(&emu->lock);
	if (user != NULL && r != NULL)
		answer_grant(emu, rs, &g);
	else
		unauthorized(rs);
}

static void token_post(struct emulator *emu, struct request *rq, struct reply *rs)
{
	AUTO(pairs_clear) struct pairs form = { 0 };
	const char *grant;
	bool offline;

	if (!pairs_form(&form, buf_cstr(&rq->body), rq->body.len))
		pairs_clear(&form);
	grant = pairs_text(&form, "grant_type");
	offline = strcmp(pairs_text(&form, "access_type"), "offline") == 0;
	if (strcmp(grant, "password") == 0)
		log_in(emu, rq, rs, pairs_text(&form, "username"), pairs_text(&form, "password"),
		       &form, offline);
	else if (strcmp(grant, "refresh_token") == 0)
		log_in_again(emu, rq, rs, &form);
	else
		bad_request(rs, 400, "grant_type is not one of password, refresh_token");
}

/* An Entra token becomes a refresh token. Scope-map tokens have no part in it. */
static void exchange(struct emulator *emu, struct request *rq, struct reply *rs)
{
	AUTO(pairs_clear) struct pairs form = { 0 };
	AUTO_JSON struct json *claims = NULL;
	AUTO_FREE char *refresh = NULL;
	struct err e = ERR_INIT;

	if (!pairs_form(&form, buf_cstr(&rq->body), rq->body.len) ||
	    strcmp(pairs_text(&form, "grant_type"), "access_token") != 0) {
		bad_request(rs, 400, "grant_type is not access_token");
		return;
	}
	if (!pki_verify(emu->pki, PKI_ENTRA, pairs_text(&form, "access_token"), &claims, &e)) {
		unauthorized(rs);
		return;
	}
	(void)pthread_mutex_lock(&emu->lock);
	refresh = remember_refresh(emu, EVERYBODY);
	(void)pthread_mutex_unlock(&emu->lock);
	common_headers(rs);
	exchange_reply_json(rs, 200);
	buf_fmt(&rs->body, "{\"refresh_token\":\"%s\"}", refresh);
}

/* ---- /v2/ ------------------------------------------------------------------------------------ */

/* "hello/manifests/v1" is about repository "hello". */
static char *repository_of(const char *rest)
{
	static const char *const parts[] = { "/manifests/", "/blobs/", "/tags/", "/referrers/" };

	for (size_t i = 0; i < COUNT(parts); i++) {
		const char *at = strstr(rest, parts[i]);

		if (at != NULL)
			return mem_dup_n(rest, (size_t)(at - rest));
	}
	return NULL;
}

static void challenge(struct emulator *emu, const struct request *rq, struct reply *rs)
{
	bool reads = strcmp(rq->method, "GET") == 0 || strcmp(rq->method, "HEAD") == 0;
	AUTO_FREE char *repository = repository_of(rq->arg[0] != NULL ? rq->arg[0] : ""),
		       *service = NULL;
	const char *host = pairs_text(&rq->header, "Host");
	const struct registry *r;
	int endpoint;

	(void)pthread_mutex_lock(&emu->lock);
	r = registry_of(emu, rq, NULL, &endpoint);
	service = mem_dup(r == NULL       ? host
	                  : endpoint >= 0 ? r->endpoint[endpoint].host
	                                  : r->login_server);
	(void)pthread_mutex_unlock(&emu->lock);
	unauthorized(rs);
	/* The realm is the host that was asked: with a name of its own the registry is reached
	 * by that one. */
	if (repository != NULL)
		exchange_reply_header(rs, "Www-Authenticate",
		                      "Bearer "
		                      "realm=\"https://%s/oauth2/"
		                      "token\",service=\"%s\",scope=\"repository:%s:%s\"",
		                      host, service, repository, reads ? "pull" : "pull,push");
	else
		exchange_reply_header(rs, "Www-Authenticate",
		                      "Bearer realm=\"https://%s/oauth2/token\",service=\"%s\"",
		                      host, service);
}

static bool bearer_ok(struct emulator *emu, const char *jwt)
{
	AUTO_JSON struct json *claims = NULL;
	struct err e = ERR_INIT;
	int64_t until = 0;

	return pki_verify(emu->pki, PKI_REGISTRY, jwt, &claims, &e) &&
	       json_int(claims, "exp", &until) && until > clock_seconds(&emu->clock);
}

static void v2(struct emulator *emu, struct request *rq, struct reply *rs)
{
	static const char scheme[] = "Bearer ";
	const char *header = pairs_text(&rq->header, "Authorization");

	if (strncasecmp(header, "Basic ", 6) == 0) {
		unauthorized(rs);
		pairs_set(&rs->header, "Www-Authenticate",
		          "Basic realm=\"Azure Container Registry\"");
	} else if (strncasecmp(header, scheme, strlen(scheme)) != 0 ||
	           !bearer_ok(emu, header + strlen(scheme))) {
		challenge(emu, rq, rs);
	} else if (emu->set.backend != NULL) {
		proxy_pass(emu->set.backend, rq, rs);
	} else if (rq->arg[0] == NULL || !*rq->arg[0]) {
		common_headers(rs);
		exchange_reply_json(rs, 200);
		buf_str(&rs->body, "{}");
	} else {
		common_headers(rs);
		exchange_reply_json(rs, 404);
		buf_str(&rs->body, "{\"errors\":[{\"code\":\"NAME_UNKNOWN\",\"message\":"
		                   "\"repository name not known to registry\"}]}");
	}
}

static const struct route rows[] = {
	{ "GET", "/oauth2/token", "login", NULL, token_get },
	{ "POST", "/oauth2/token", "login", NULL, token_post },
	{ "POST", "/oauth2/exchange", "exchange", NULL, exchange },
	{ "*", "/v2", "v2", NULL, v2 },
	{ "GET", "/v2/", "v2", NULL, v2 },
	{ "*", "/v2/{*}", "registry", NULL, v2 },
};
const struct routes registry_routes = { AREA_REGISTRY, rows, COUNT(rows) };
