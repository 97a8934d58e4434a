/* SPDX-License-Identifier: MIT */
/*
 * Services that answer anything, in whole conversations: identity endpoints, issuers of
 * pipelines, the description of a cloud, lists, operations that take their time, a registry's
 * door. The first byte says which; behind it stand the answers, each ended by a byte 0x01:
 * header lines, an empty line, a body. An empty answer is a connection that breaks; the last one
 * is followed by those.
 *
 * Wherever the answers point, each secret goes to the one origin it is meant for, and nothing at
 * all goes to another than the known ones. An error is one line, and tells none of the secrets
 * that were sent.
 */
#include <stdlib.h>

#include "azure/acr.h"
#include "azure/auth.h"
#include "azure/federated.h"
#include "azure/login.h"
#include "azure/managed.h"
#include "azure/permissions.h"
#include "base/buf.h"
#include "base/credential.h"
#include "base/err.h"
#include "base/secret.h"
#include "fakes/fake_env.h"
#include "fuzz/fuzz.h"
#include "http/http.h"
#include "token/place.h"

/* clang-format off */
#define MANAGER   "https://manager.test"
#define AUTHORITY "https://authority.test"
#define METADATA  "https://metadata.test"
#define ENDPOINT  "http://127.0.0.1:40342"
#define ISSUER    "https://issuer.test"
#define REGISTRY  "contoso.azurecr.io"
#define PASSWORD  "a-password-as-long-as-those-of-the-service-with-52-ch"
#define BEARER    "a-bearer-that-an-identity-endpoint-has-given-out"
#define PROOF     "a-proof-that-an-issuer-wants-to-see"
#define GOOD_TOKEN "{\"access_token\":\"" BEARER "\",\"expires_on\":\"1700086400\",\"token_type\":\"Bearer\"}"
#define POLLS     8
/* clang-format on */

/* ---- the network ----------------------------------------------------------------------------- */

/* `given_away`: the service itself says one of our secrets, which a URL of its choice and an
 * error may then repeat. */
struct answers {
	struct http http;
	const uint8_t *next;
	size_t left;
	bool canned, given_away;
};

static bool has_secret(const char *text)
{
	return strstr(text, PASSWORD) != NULL || strstr(text, BEARER) != NULL ||
	       strstr(text, PROOF) != NULL;
}

/* Its last letters are enough: the others may be written in some other way. */
static bool has_tail(const uint8_t *data, size_t size, const char *secret)
{
	return memmem(data, size, secret + strlen(secret) - 12, 12) != NULL;
}

static bool is_at(const struct http_origin *o, const char *where)
{
	struct http_origin want;

	must(http_origin(where, &want));
	return http_origin_equal(o, &want);
}

/* Where a request may go, and which secret it may carry there. */
static void must_be_meant(const struct answers *a, const struct http_request *rq)
{
	struct http_origin o;

	must(http_origin(rq->url, &o));
	bool manager = is_at(&o, MANAGER), issuer = is_at(&o, ISSUER),
	     authority = is_at(&o, AUTHORITY);
	bool door = is_at(&o, "https://" REGISTRY), endpoint = is_at(&o, ENDPOINT);

	must(manager || issuer || authority || door || endpoint || is_at(&o, METADATA));
	must(o.tls || (endpoint && rq->plain_ok));
	if (rq->bearer != NULL)
		must((manager && strcmp(secret_peek(rq->bearer), BEARER) == 0) ||
		     (issuer && strcmp(secret_peek(rq->bearer), PROOF) == 0));
	must(rq->basic_password == NULL || door);
	must(rq->secret_value == NULL || endpoint);
	must(rq->body == NULL || manager || authority || issuer);
	must(a->given_away || !has_secret(rq->url));
}

/* Header lines up to an empty one; the body behind them. */
static bool read_answer(const char *at, size_t n, struct http_response *rs)
{
	struct http_headers h = { .rs = rs };
	const char *end = at + n;

	rs->body = (struct buf)BUF_INIT(n + 1);
	rs->status = 200;
	while (at < end && *at != '\n' && *at != '\r') {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		size_t len = eol != NULL ? (size_t)(eol + 1 - at) : (size_t)(end - at);

		if (len > 12 && strncmp(at, "HTTP/1.1 ", 9) == 0)
			rs->status = (at[9] - '0') * 100 + (at[10] - '0') * 10 + (at[11] - '0');
		int status = rs->status;
		if (!http_headers_line(&h, at, len))
			return false;
		rs->status = status;
		at += len;
	}
	http_headers_end(&h, FAKE_ENV_START);
	while (at < end && (*at == '\r' || *at == '\n'))
		if (*at++ == '\n')
			break;
	buf_add(&rs->body, at, (size_t)(end - at));
	return rs->status >= 100 && rs->status <= 599;
}

static bool answer(struct http *h, const struct http_request *rq, struct http_response *rs,
                   struct err *e)
{
	struct answers *a = (struct answers *)(void *)h;
	const uint8_t *stop = a->left > 0 ? memchr(a->next, 1, a->left) : NULL;
	size_t n = stop != NULL ? (size_t)(stop - a->next) : a->left;
	const char *text = (const char *)a->next;
	struct http_origin o;

	must_be_meant(a, rq);
	if (a->canned && http_origin(rq->url, &o) && is_at(&o, ENDPOINT))
		return read_answer("\n" GOOD_TOKEN, strlen("\n" GOOD_TOKEN), rs);
	a->next += stop != NULL ? n + 1 : n;
	a->left -= stop != NULL ? n + 1 : n;
	return (n > 0 && read_answer(text, n, rs)) ||
	       err_set(e, ERR_TRANSIENT, "the connection breaks");
}

static void keep_open(struct http *h)
{
	(void)h;
}

/* ---- what is asked --------------------------------------------------------------------------- */

static char custom[] = "custom", manager[] = MANAGER, authority[] = AUTHORITY,
	    metadata[] = METADATA, managed[] = "managed-identity";
static char subscription[] = "22222222-2222-2222-2222-222222222222", group[] = "emulated",
	    registry[] = "contoso", token[] = "web-pull";
static char tenant[] = "11111111-1111-1111-1111-111111111111",
	    client[] = "44444444-4444-4444-4444-444444444444";

static const struct azure_spec spec = { .auth = managed,
	                                .cloud = custom,
	                                .resource_manager = manager,
	                                .authority = authority,
	                                .subscription = subscription,
	                                .tenant_id = tenant,
	                                .client_id = client };
static const struct acr_ref ref = {
	.subscription = subscription, .group = group, .registry = registry, .token = token
};
static const struct cloud cloud = { .authority = authority,
	                            .resource_manager = manager,
	                            .audience = manager };

struct asked {
	struct answers *network;
	struct http *http;
	struct arm *arm;
	const struct env *env;
	struct err e;
};

static void says_no(const struct asked *q)
{
	must(q->e.kind != ERR_NONE && q->e.text[0] != '\0' && strlen(q->e.text) < ERR_TEXT_MAX);
	for (const char *s = q->e.text; *s != '\0'; s++)
		must((unsigned char)*s >= 0x20 && *s != 0x7f);
	must(q->network->given_away || !has_secret(q->e.text));
}

static void fetch(struct asked *q, const struct auth_ops *method)
{
	AUTO_SECRET struct secret *got = NULL;
	int64_t expires = 0;

	if (method->fetch(&spec, &cloud, q->http, q->env, &got, &expires, &q->e))
		must(got != NULL && secret_len(got) > 0 && expires > env_now(q->env));
	else
		says_no(q);
}

static void ask_imds(struct asked *q)
{
	fetch(q, &auth_managed);
}

static void ask_app_service(struct asked *q)
{
	must(setenv("IDENTITY_ENDPOINT", ENDPOINT "/msi/token", 1) == 0 &&
	     setenv("IDENTITY_HEADER", PROOF, 1) == 0);
	fetch(q, &auth_managed);
	must(unsetenv("IDENTITY_ENDPOINT") == 0 && unsetenv("IDENTITY_HEADER") == 0);
}

/* The agent's keys are nowhere: it must not make us read anything else. */
static void ask_arc(struct asked *q)
{
	static const char keys[] = "/nonexistent/tokens";
	const struct selector who = { .value = NULL };
	const struct managed_ask ask = { .resource = MANAGER, .who = &who };
	AUTO_RESPONSE struct http_response rs = { 0 };

	if (!managed_arc_ask(ENDPOINT "/metadata/identity/oauth2/token", keys, &ask, q->http, &rs,
	                     &q->e))
		says_no(q);
	else
		must(rs.status != 401 && rs.status != 200);
}

static void ask_github(struct asked *q)
{
	must(setenv("ACTIONS_ID_TOKEN_REQUEST_URL", ISSUER "/token?v=1", 1) == 0 &&
	     setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", PROOF, 1) == 0);
	fetch(q, &auth_workload);
	must(unsetenv("ACTIONS_ID_TOKEN_REQUEST_URL") == 0 &&
	     unsetenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN") == 0);
}

static void ask_pipelines(struct asked *q)
{
	must(setenv("SYSTEM_OIDCREQUESTURI", ISSUER "/oidc", 1) == 0 &&
	     setenv("SYSTEM_ACCESSTOKEN", PROOF, 1) == 0);
	fetch(q, &auth_workload);
	must(unsetenv("SYSTEM_OIDCREQUESTURI") == 0 && unsetenv("SYSTEM_ACCESSTOKEN") == 0);
}

static void ask_cloud(struct asked *q)
{
	const struct azure_spec custom_spec = { .cloud = custom, .metadata = metadata };
	struct cloud c = { 0 };
	struct http_origin o;

	if (!cloud_resolve(&custom_spec, q->http, &c, &q->e)) {
		says_no(q);
		return;
	}
	must(http_origin(c.authority, &o) && o.tls && http_origin(c.resource_manager, &o) &&
	     o.tls && c.audience != NULL);
	azure_cloud_clear(&c);
}

static void ask_registry(struct asked *q, const char *in_group)
{
	struct acr_registry r = { 0 };

	if (acr_find_registry(q->arm, q->http, subscription, in_group, registry, &r, &q->e))
		must(r.group != NULL && r.name != NULL && r.login_server != NULL);
	else
		says_no(q);
	acr_registry_clear(&r);
}

static void ask_registries(struct asked *q)
{
	ask_registry(q, NULL);
}

static void ask_one_registry(struct asked *q)
{
	ask_registry(q, group);
}

static void ask_place(struct asked *q)
{
	struct token_place *p = NULL;

	if (token_place_find(q->arm, q->http, subscription, NULL, registry, &p, &q->e))
		must(p->group != NULL && p->id != NULL);
	else
		says_no(q);
	token_place_free(p);
}

static void ask_token(struct asked *q)
{
	struct acr_token t = { 0 };

	if (!acr_get_token(q->arm, q->http, &ref, &t, &q->e))
		says_no(q);
}

static void must_poll_at_home(const struct arm_operation *op)
{
	struct http_origin o;

	must(op->poll_url == NULL || (http_origin(op->poll_url, &o) && is_at(&o, MANAGER)));
	must(op->final_url == NULL || (http_origin(op->final_url, &o) && is_at(&o, MANAGER)));
	must(op->delay_ms >= 100 || op->poll_url == NULL);
}

static void ask_generate(struct asked *q)
{
	struct arm_operation op = { .poll_url = NULL };
	struct acr_generated g = { 0 };
	bool ok = acr_generate(q->arm, q->http, &ref, ACR_SLOT_2, 1700086400123456, &op, &g, &q->e),
	     done = op.poll_url == NULL;

	for (int i = 0; ok && !done && i < POLLS; i++) {
		must_poll_at_home(&op);
		ok = acr_generate_poll(q->arm, q->http, &ref, ACR_SLOT_2, &op, &done, &g, &q->e);
	}
	if (!ok)
		says_no(q);
	else
		must(!done || (g.is.present && g.value != NULL && secret_len(g.value) > 0));
	acr_generated_clear(&g);
	arm_operation_clear(&op);
}

static void ask_create(struct asked *q)
{
	struct arm_operation op = { .poll_url = NULL };
	bool ok = acr_put_token(q->arm, q->http, &ref, "/map", &op, &q->e),
	     done = op.poll_url == NULL;

	for (int i = 0; ok && !done && i < POLLS; i++) {
		AUTO_RESPONSE struct http_response end = { 0 };

		must_poll_at_home(&op);
		ok = arm_operation_poll(q->arm, q->http, &op, &done, &end, &q->e);
	}
	if (!ok)
		says_no(q);
	arm_operation_clear(&op);
}

static void ask_scope_map(struct asked *q)
{
	static const char *const actions[] = { "repositories/hello/content/read",
		                               "repositories/hello/metadata/read" };
	char *id = NULL;

	if (acr_make_scope_map(q->arm, q->http, &ref, "web-pull-map", actions, COUNT(actions), &id,
	                       &q->e))
		must(id != NULL);
	else
		says_no(q);
	free(id);
}

static void ask_permissions(struct asked *q)
{
	AUTO_PERMISSIONS struct permissions p = { 0 };

	if (permissions_read(q->arm, q->http, &ref, &p, &q->e))
		(void)permissions_allow(
			&p, "Microsoft.ContainerRegistry/registries/generateCredentials/action");
	else
		says_no(q);
}

static void ask_login(struct asked *q)
{
	static char server[] = REGISTRY, user[] = "web-pull";
	AUTO_SECRET struct secret *password = secret_new(PASSWORD, strlen(PASSWORD));
	const struct credential c = { .server = server, .username = user, .password = password };
	struct login *l = login_new(REGISTRY);
	enum login_answer said;

	for (int i = 0; i < 3; i++)
		if (!login_probe(l, q->http, &c, &said, &q->e))
			says_no(q);
	login_free(l);
}

/* `known`: our own identity is not what is asked about, its endpoint is an honest one. */
/* clang-format off */
static const struct { void (*ask)(struct asked *q); bool known; } conversations[] = {
	{ ask_imds, false },     { ask_app_service, false }, { ask_arc, false },
	          { ask_github, false },    { ask_pipelines, false },
	{ ask_cloud, false },    { ask_registries, true },   { ask_one_registry, true },
	  { ask_place, true },      { ask_token, true },
	{ ask_generate, true },  { ask_create, true },       { ask_scope_map, true },
	     { ask_permissions, true }, { ask_login, true },
};
/* clang-format on */

static void set_environment(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	must(setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", ENDPOINT, 1) == 0 &&
	     unsetenv("AZURE_AUTHORITY_HOST") == 0);
	must(setenv("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "connection", 1) == 0 &&
	     unsetenv("AZURE_FEDERATED_TOKEN_FILE") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fake_env env;

	if (size == 0 || size > 64 * 1024)
		return 0;
	set_environment();
	fake_env_init(&env, 1);
	struct answers a = { .http = { .send = answer, .close = keep_open },
		             .next = data + 1,
		             .left = size - 1,
		             .canned = conversations[data[0] % COUNT(conversations)].known,
		             .given_away = has_tail(data, size, PASSWORD) ||
		                           has_tail(data, size, BEARER) ||
		                           has_tail(data, size, PROOF) };
	struct asked q = { .network = &a,
		           .http = &a.http,
		           .arm = arm_new(&spec, &env.env),
		           .env = &env.env,
		           .e = ERR_INIT };
	conversations[data[0] % COUNT(conversations)].ask(&q);
	arm_free(q.arm);
	return 0;
}
