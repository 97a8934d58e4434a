/* SPDX-License-Identifier: MIT */
#include "emulator/entra.h"

#include <stdio.h>
#include <strings.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "emulator/pki.h"
#include "entra_refusal.h"

#define TEXT_MAX       (16 * 1024)
#define DEFAULT_SCOPE  "/.default"
#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

static const char *const resources[] = {
	"https://management.core.windows.net",
	"https://management.azure.com",
	"https://management.core.usgovcloudapi.net",
	"https://management.usgovcloudapi.net",
	"https://management.core.chinacloudapi.cn",
	"https://management.chinacloudapi.cn",
	"https://containerregistry.azure.net",
	"https://vault.azure.net",
	"https://vault.usgovcloudapi.net",
	"https://vault.azure.cn",
	"https://storage.azure.com",
	"https://graph.microsoft.com",
	"https://graph.windows.net",
};

/* ---- tokens ---------------------------------------------------------------------------------- */

bool entra_resource_in(const struct emulator *emu, const char *const *list, size_t count,
                       const char *resource)
{
	AUTO_BUF struct buf own = BUF_INIT(TEXT_MAX);
	size_t n = strlen(resource);

	if (n > 0 && resource[n - 1] == '/')
		n--;
	for (size_t i = 0; i < count; i++)
		if (strlen(list[i]) == n && strncasecmp(list[i], resource, n) == 0)
			return true;
	emulator_url(emu, &own);
	return own.len == n && strncmp(buf_cstr(&own), resource, n) == 0;
}

bool entra_resource_known(const struct emulator *emu, const char *resource)
{
	return entra_resource_in(emu, resources, COUNT(resources), resource);
}

/* Version 1.0: clients for storage look at its issuer, which is the same for all clouds. */
void entra_issue(struct emulator *emu, const struct identity *who, const char *resource,
                 struct buf *jwt)
{
	AUTO_BUF struct buf claims = BUF_INIT(TEXT_MAX);
	int64_t now = clock_seconds(&emu->clock);
	char id[37];

	crypto_uuid(id);
	buf_str(&claims, "{\"aud\":");
	buf_json(&claims, resource);
	buf_fmt(&claims,
	        ",\"iss\":\"https://sts.windows.net/%s/"
	        "\",\"iat\":%lld,\"nbf\":%lld,\"exp\":%lld,\"appid\":\"%s\",\"appidacr\":\"%d\","
	        "\"idp\":\"https://sts.windows.net/%s/\","
	        "\"idtyp\":\"app\",\"oid\":\"%s\",\"sub\":\"%s\",\"tid\":\"%s\",\"uti\":\"%s\","
	        "\"ver\":\"1.0\"}",
	        emu->set.tenant, (long long)now, (long long)now,
	        (long long)(now + emu->set.token_lifetime), who->client_id, who->managed ? 2 : 1,
	        emu->set.tenant, who->object_id, who->object_id, emu->set.tenant, id);
	pki_sign(emu->pki, PKI_ENTRA, buf_cstr(&claims), jwt);
}

/* ---- what a token says ----------------------------------------------------------------------- */

enum entra_bearer entra_bearer(struct emulator *emu, struct request *rq,
                               const char *const *audiences, size_t count)
{
	static const char scheme[] = "Bearer ";
	const char *header = pairs_text(&rq->header, "Authorization");
	AUTO_JSON struct json *claims = NULL;
	struct err e = ERR_INIT;
	int64_t until = 0;

	if (strncasecmp(header, scheme, strlen(scheme)) != 0)
		return ENTRA_BEARER_MISSING;
	if (!pki_verify(emu->pki, PKI_ENTRA, header + strlen(scheme), &claims, &e))
		return ENTRA_BEARER_INVALID;
	const char *audience = json_str(claims, "aud"), *object = json_str(claims, "oid");
	if (audience == NULL || !entra_resource_in(emu, audiences, count, audience))
		return ENTRA_BEARER_OTHER_AUDIENCE;
	if (!json_int(claims, "exp", &until) || until <= clock_seconds(&emu->clock))
		return ENTRA_BEARER_EXPIRED;
	(void)pthread_mutex_lock(&emu->lock);
	rq->who = identity_by_object(&emu->identities, object != NULL ? object : "");
	(void)pthread_mutex_unlock(&emu->lock);
	if (rq->who == NULL)
		return ENTRA_BEARER_UNKNOWN;
	(void)snprintf(rq->subject, sizeof(rq->subject), "%s", rq->who->client_id);
	return ENTRA_BEARER_GOOD;
}

/* ---- proofs ---------------------------------------------------------------------------------- */

static bool check_secret(struct emulator *emu, struct request *rq, struct reply *rs,
                         const struct identity *who, const char *secret)
{
	bool found = false, expired = false;
	struct fingerprint print;

	crypto_fingerprint_bytes(secret, strlen(secret), &print);
	(void)pthread_mutex_lock(&emu->lock);
	for (size_t i = 0; i < who->n_secrets; i++) {
		if (fingerprint_equal(&who->secret[i], &print)) {
			found = true;
			expired = who->secret_expired[i];
		}
	}
	(void)pthread_mutex_unlock(&emu->lock);
	if (!found || expired)
		entra_refuse(emu, rq, rs, found ? ENTRA_SECRET_EXPIRED : ENTRA_BAD_SECRET,
		             who->client_id);
	return found && !expired;
}

/* Seconds since 1970, with a fraction where the client likes it (az does). */
static bool claimed_time(const struct json *claims, const char *name, int64_t *out)
{
	const struct json *j = json_get(claims, name);
	double seconds = j != NULL && json_type(j) == JSON_NUMBER ? json_number(j) : -1;

	if (!(seconds >= 0 && seconds < 1e12))
		return false;
	*out = (int64_t)seconds;
	return true;
}

static bool times_ok(struct emulator *emu, const struct json *claims)
{
	int64_t now = clock_seconds(&emu->clock), until = 0, from = 0;

	if (!claimed_time(claims, "exp", &until) || until <= now)
		return false;
	/* Entra's tolerance for clocks */
	return !claimed_time(claims, "nbf", &from) || from <= now + 300;
}

/* One, or a list of one: so says Kubernetes. */
static const char *audience_of(const struct json *claims)
{
	const struct json *aud = json_get(claims, "aud");

	if (json_type(aud) == JSON_ARRAY && json_len(claims, "aud") == 1)
		aud = json_child(aud);
	return json_type(aud) == JSON_STRING ? json_text(aud) : NULL;
}

/* Signed by a key of an issuer that the identity trusts, and that says so of itself. */
static bool by_foreign_issuer(struct emulator *emu, const struct identity *who,
                              const char *assertion, struct json **claims)
{
	bool ok = false;

	(void)pthread_mutex_lock(&emu->lock);
	for (size_t i = 0; i < who->n_federated && !ok; i++) {
		const struct federated *f = &who->federated[i];
		struct err ignored = ERR_INIT;

		if (f->jwks == NULL || !pki_jwks_verify(f->jwks, assertion, claims, &ignored))
			continue;
		const char *issuer = json_str(*claims, "iss");
		ok = issuer != NULL && strcmp(issuer, f->issuer) == 0;
		if (!ok)
			json_free(take(claims));
	}
	(void)pthread_mutex_unlock(&emu->lock);
	return ok;
}

/* A token of another issuer: one that the emulator plays (see metadata.c and the control
 * endpoint), or one whose keys the identity brings along. */
static bool check_federated(struct emulator *emu, struct request *rq, struct reply *rs,
                            const struct identity *who, const struct json *claims)
{
	const char *issuer = json_str(claims, "iss"), *subject = json_str(claims, "sub"),
		   *audience = audience_of(claims);
	enum entra_refused why = ENTRA_BAD_ISSUER;
	bool ok = false;

	(void)pthread_mutex_lock(&emu->lock);
	for (size_t i = 0; i < who->n_federated && !ok; i++) {
		const struct federated *f = &who->federated[i];

		if (issuer == NULL || strcmp(f->issuer, issuer) != 0)
			continue;
		why = ENTRA_BAD_SUBJECT;
		if (subject == NULL || strcmp(f->subject, subject) != 0)
			continue;
		why = ENTRA_BAD_AUDIENCE;
		ok = audience != NULL && strcmp(f->audience, audience) == 0;
	}
	(void)pthread_mutex_unlock(&emu->lock);
	if (!ok) {
		const char *what = why == ENTRA_BAD_ISSUER    ? issuer
		                   : why == ENTRA_BAD_SUBJECT ? subject
		                                              : audience;

		entra_refuse(emu, rq, rs, why, what != NULL ? what : "");
		return false;
	}
	if (times_ok(emu, claims))
		return true;
	entra_refuse(emu, rq, rs, ENTRA_ASSERTION_EXPIRED, who->client_id);
	return false;
}

static bool own_assertion_ok(struct emulator *emu, struct request *rq, struct reply *rs,
                             const struct identity *who, const struct json *claims)
{
	const char *audience = json_str(claims, "aud"), *issuer = json_str(claims, "iss"),
		   *subject = json_str(claims, "sub");
	AUTO_BUF struct buf url = BUF_INIT(TEXT_MAX);
	enum entra_refused why;

	emulator_url(emu, &url);
	if (issuer == NULL || subject == NULL || strcasecmp(issuer, who->client_id) != 0 ||
	    strcasecmp(subject, who->client_id) != 0)
		why = ENTRA_BAD_ASSERTION;
	else if (audience == NULL || strncmp(audience, buf_cstr(&url), url.len) != 0 ||
	         strcmp(audience + url.len, rq->path) != 0)
		why = ENTRA_ASSERTION_AUDIENCE;
	else if (!times_ok(emu, claims))
		why = ENTRA_ASSERTION_EXPIRED;
	else
		return true;
	entra_refuse(emu, rq, rs, why, who->client_id);
	return false;
}

/* Signed with a certificate registered for the app. *known: the thumbprint names one of them. */
static bool check_certificate(struct emulator *emu, const struct identity *who,
                              const char *assertion, struct json **claims, bool *known)
{
	bool ok = false;

	*known = false;
	(void)pthread_mutex_lock(&emu->lock);
	for (size_t i = 0; i < who->n_certificates && !ok; i++) {
		struct err e = ERR_INIT;

		ok = pki_cert_verify(who->certificate[i], assertion, claims, &e);
		*known = *known || ok || strcmp(e.code, "signature") == 0;
	}
	(void)pthread_mutex_unlock(&emu->lock);
	return ok;
}

static bool check_assertion(struct emulator *emu, struct request *rq, struct reply *rs,
                            const struct identity *who, const char *assertion, const char *type)
{
	AUTO_JSON struct json *claims = NULL, *foreign = NULL;
	struct err e = ERR_INIT;
	bool known;

	if (type == NULL || strcmp(type, ASSERTION_TYPE) != 0) {
		entra_refuse(emu, rq, rs, ENTRA_BAD_ASSERTION_TYPE, type != NULL ? type : "");
		return false;
	}
	if (pki_verify(emu->pki, PKI_ENTRA, assertion, &foreign, &e) ||
	    by_foreign_issuer(emu, who, assertion, &foreign))
		return check_federated(emu, rq, rs, who, foreign);
	if (check_certificate(emu, who, assertion, &claims, &known))
		return own_assertion_ok(emu, rq, rs, who, claims);
	if (known)
		entra_refuse(emu, rq, rs, ENTRA_BAD_SIGNATURE, who->client_id);
	else
		entra_refuse(emu, rq, rs,
		             strchr(assertion, '.') != NULL ? ENTRA_UNKNOWN_CERTIFICATE
		                                            : ENTRA_BAD_ASSERTION,
		             who->client_id);
	return false;
}

/* ---- the token endpoint ---------------------------------------------------------------------- */

/* The resource, from `scope` (v2) or `resource` (v1); NULL after a refusal. */
static char *read_resource(struct emulator *emu, struct request *rq, struct reply *rs,
                           const struct pairs *form, bool v2)
{
	const char *scope = pairs_get(form, "scope"), *resource = pairs_get(form, "resource");
	AUTO_FREE char *name = NULL;
	size_t n;

	if (!v2 && resource != NULL && entra_resource_known(emu, resource))
		return mem_dup(resource);
	if (scope == NULL) {
		entra_refuse(emu, rq, rs,
		             resource != NULL && !v2 ? ENTRA_BAD_RESOURCE : ENTRA_NO_PARAMETER,
		             resource != NULL && !v2 ? resource : "scope");
		return NULL;
	}
	/* MSAL adds openid profile offline_access; the resource comes first. */
	n = strcspn(scope, " ");
	if (n < strlen(DEFAULT_SCOPE) ||
	    strncmp(scope + n - strlen(DEFAULT_SCOPE), DEFAULT_SCOPE, strlen(DEFAULT_SCOPE)) != 0) {
		entra_refuse(emu, rq, rs, ENTRA_BAD_SCOPE, scope);
		return NULL;
	}
	name = mem_dup_n(scope, n - strlen(DEFAULT_SCOPE));
	if (entra_resource_known(emu, name))
		return take(&name);
	entra_refuse(emu, rq, rs, ENTRA_BAD_RESOURCE, name);
	return NULL;
}

static const struct identity *read_client(struct emulator *emu, struct request *rq,
                                          struct reply *rs, const struct pairs *form)
{
	const char *client = pairs_get(form, "client_id"),
		   *secret = pairs_get(form, "client_secret");
	const char *assertion = pairs_get(form, "client_assertion");
	const struct identity *who;
	bool ok;

	if (client == NULL) {
		entra_refuse(emu, rq, rs, ENTRA_NO_PARAMETER, "client_id");
		return NULL;
	}
	(void)snprintf(rq->subject, sizeof(rq->subject), "%s", client);
	(void)pthread_mutex_lock(&emu->lock);
	who = identity_by_client(&emu->identities, client);
	(void)pthread_mutex_unlock(&emu->lock);
	if (who == NULL || (who->managed && who->n_federated == 0)) {
		entra_refuse(emu, rq, rs, ENTRA_BAD_APP, client);
		return NULL;
	}
	if (who->disabled) {
		entra_refuse(emu, rq, rs, ENTRA_APP_DISABLED, client);
		return NULL;
	}
	if (assertion != NULL)
		ok = check_assertion(emu, rq, rs, who, assertion,
		                     pairs_get(form, "client_assertion_type"));
	else if (secret != NULL)
		ok = check_secret(emu, rq, rs, who, secret);
	else
		ok = (entra_refuse(emu, rq, rs, ENTRA_NO_PROOF, ""), false);
	return ok ? who : NULL;
}

static void answer_token(struct emulator *emu, struct reply *rs, const struct identity *who,
                         const char *resource, bool v2)
{
	long long lifetime = (long long)emu->set.token_lifetime;
	AUTO_BUF struct buf jwt = BUF_INIT(TEXT_MAX);

	entra_issue(emu, who, resource, &jwt);
	exchange_reply_json(rs, 200);
	pairs_add(&rs->header, "Cache-Control", "no-store, no-cache");
	if (v2) {
		buf_fmt(&rs->body,
		        "{\"token_type\":\"Bearer\",\"expires_in\":%lld,\"ext_expires_in\":%lld,"
		        "\"access_token\":\"",
		        lifetime - 1, lifetime - 1);
	} else {
		long long until = (long long)(clock_seconds(&emu->clock) + emu->set.token_lifetime);

		buf_fmt(&rs->body,
		        "{\"token_type\":\"Bearer\",\"expires_in\":\"%lld\",\"ext_expires_in\":\"%"
		        "lld\",\"expires_on\":\"%lld\",\"resource\":",
		        lifetime - 1, lifetime - 1, until);
		buf_json(&rs->body, resource);
		buf_str(&rs->body, ",\"access_token\":\"");
	}
	buf_str(&rs->body, buf_cstr(&jwt));
	buf_str(&rs->body, "\"}");
}

static void token_endpoint(struct emulator *emu, struct request *rq, struct reply *rs,
                           bool tenant_ok, bool v2)
{
	AUTO(pairs_clear) struct pairs form = { 0 };
	const struct identity *who;
	AUTO_FREE char *resource = NULL;
	const char *grant;

	if (!pairs_form(&form, buf_cstr(&rq->body), rq->body.len))
		pairs_clear(&form);
	grant = pairs_get(&form, "grant_type");
	if (!tenant_ok)
		entra_refuse(emu, rq, rs, ENTRA_BAD_TENANT, rq->arg[0]);
	else if (grant == NULL)
		entra_refuse(emu, rq, rs, ENTRA_NO_PARAMETER, "grant_type");
	else if (strcmp(grant, "client_credentials") != 0)
		entra_refuse(emu, rq, rs, ENTRA_BAD_GRANT, grant);
	else if ((who = read_client(emu, rq, rs, &form)) != NULL &&
	         (resource = read_resource(emu, rq, rs, &form, v2)) != NULL)
		answer_token(emu, rs, who, resource, v2);
}

bool entra_tenant_ok(const struct emulator *emu, const char *name)
{
	return strcasecmp(name, emu->set.tenant) == 0 ||
	       strcasecmp(name, "emulated.onmicrosoft.com") == 0;
}

static void token_v2(struct emulator *emu, struct request *rq, struct reply *rs)
{
	token_endpoint(emu, rq, rs, entra_tenant_ok(emu, rq->arg[0]), true);
}

static void token_v1(struct emulator *emu, struct request *rq, struct reply *rs)
{
	token_endpoint(emu, rq, rs, entra_tenant_ok(emu, rq->arg[0]), false);
}

/* An authority that ends in /adfs has no tenant in its paths; its answers are those of version
 * 2. */
static void token_adfs(struct emulator *emu, struct request *rq, struct reply *rs)
{
	token_endpoint(emu, rq, rs, true, true);
}

void entra_refuse_tenant(struct emulator *emu, struct request *rq, struct reply *rs)
{
	entra_refuse(emu, rq, rs, ENTRA_BAD_TENANT, rq->arg[0]);
}

static const struct route rows[] = {
	{ "POST", "/adfs/oauth2/token", "entra", NULL, token_adfs },
	{ "POST", "/adfs/oauth2/v2.0/token", "entra", NULL, token_adfs },
	{ "POST", "/{}/oauth2/v2.0/token", "entra", NULL, token_v2 },
	{ "POST", "/{}/oauth2/token", "entra", NULL, token_v1 },
};
const struct routes entra_routes = { AREA_ENTRA, rows, COUNT(rows) };
