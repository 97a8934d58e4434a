/* SPDX-License-Identifier: MIT */
/* Where a machine, a container or a pipeline asks for its identity: IMDS, App Service, Azure
 * Arc, GitHub Actions, Azure Pipelines. */
#include <stdio.h>
#include <strings.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "emulator/entra.h"
#include "emulator/files.h"
#include "emulator/pki.h"

#define TEXT_MAX         (16 * 1024)
#define ARC_KEY_BYTES    32
#define GITHUB_ISSUER    "https://token.actions.githubusercontent.com"
#define GITHUB_SUBJECT   "repo:contoso/web:ref:refs/heads/main"
#define PIPELINE_SUBJECT "sc://contoso/web/acrotate"
#define MINUTES_5        300

static void refuse(struct request *rq, struct reply *rs, int status, const char *error,
                   const char *text)
{
	exchange_reply_json(rs, status);
	buf_fmt(&rs->body, "{\"error\":\"%s\",\"error_description\":", error);
	buf_json(&rs->body, text);
	buf_char(&rs->body, '}');
	(void)snprintf(rq->note, sizeof(rq->note), "%s", text);
}

/* ---- which identity -------------------------------------------------------------------------- */

struct choice {
	const char *client, *object, *resource;
};

static bool is_chosen(const struct identity *i, const struct choice *by)
{
	if (by->client != NULL)
		return strcasecmp(i->client_id, by->client) == 0;
	if (by->object != NULL)
		return strcasecmp(i->object_id, by->object) == 0;
	return i->resource_id != NULL && strcasecmp(i->resource_id, by->resource) == 0;
}

/* Without a selector: the system's own, else the only one. NULL with *several when it cannot be
 * known. */
static const struct identity *choose(struct emulator *emu, const struct choice *by, bool *several)
{
	const struct identity *found = NULL;
	bool any = by->client != NULL || by->object != NULL || by->resource != NULL;
	size_t n = 0;

	(void)pthread_mutex_lock(&emu->lock);
	for (size_t k = 0; k < emu->identities.n; k++) {
		const struct identity *i = emu->identities.item[k];

		if (!i->managed || i->disabled || (any && !is_chosen(i, by)))
			continue;
		n++;
		if (found == NULL || (i->system && !any))
			found = i;
	}
	(void)pthread_mutex_unlock(&emu->lock);
	*several = !any && n > 1 && !found->system;
	return *several ? NULL : found;
}

static const struct identity *who_asks(struct emulator *emu, struct request *rq, struct reply *rs,
                                       const struct choice *by)
{
	bool several = false;
	const struct identity *who = choose(emu, by, &several);

	if (several)
		refuse(rq, rs, 400, "invalid_request",
		       "Multiple user assigned identities exist, please specify the clientId / "
		       "resourceId of "
		       "the identity in the token request");
	else if (who == NULL)
		refuse(rq, rs, 400, "invalid_request", "Identity not found");
	else
		(void)snprintf(rq->subject, sizeof(rq->subject), "%s", who->client_id);
	return who;
}

/* ---- IMDS ------------------------------------------------------------------------------------ */

static void put_texts(struct emulator *emu, struct reply *rs, const struct identity *who,
                      const char *resource)
{
	long long now = (long long)clock_seconds(&emu->clock),
		  lifetime = (long long)emu->set.token_lifetime;
	AUTO_BUF struct buf jwt = BUF_INIT(TEXT_MAX);

	entra_issue(emu, who, resource, &jwt);
	exchange_reply_json(rs, 200);
	buf_fmt(&rs->body,
	        "{\"access_token\":\"%s\",\"client_id\":\"%s\",\"expires_in\":\"%lld\",\"expires_"
	        "on\":\"%lld\","
	        "\"ext_expires_in\":\"%lld\",\"not_before\":\"%lld\",\"resource\":",
	        buf_cstr(&jwt), who->client_id, lifetime - 1, now + lifetime, lifetime - 1,
	        now - 300);
	buf_json(&rs->body, resource);
	buf_str(&rs->body, ",\"token_type\":\"Bearer\"}");
}

/* The metadata service answers nothing that came through a proxy. */
static bool metadata_ok(struct request *rq, struct reply *rs)
{
	if (strcasecmp(pairs_text(&rq->header, "Metadata"), "true") != 0)
		refuse(rq, rs, 400, "invalid_request", "Required metadata header not specified");
	else if (pairs_get(&rq->header, "X-Forwarded-For") != NULL)
		refuse(rq, rs, 400, "invalid_request",
		       "Requests that passed a proxy are not answered");
	else
		return true;
	return false;
}

static const char *resource_of(struct emulator *emu, struct request *rq, struct reply *rs)
{
	const char *resource = pairs_get(&rq->query, "resource");

	if (pairs_get(&rq->query, "api-version") == NULL)
		refuse(rq, rs, 400, "invalid_request",
		       "Required query variable 'api-version' is missing");
	else if (resource == NULL)
		refuse(rq, rs, 400, "invalid_request",
		       "Required query variable 'resource' is missing");
	else if (!entra_resource_known(emu, resource))
		refuse(rq, rs, 400, "invalid_resource",
		       "AADSTS500011: The resource principal was not found in the tenant.");
	else
		return resource;
	return NULL;
}

static void imds(struct emulator *emu, struct request *rq, struct reply *rs)
{
	const struct choice by = { pairs_get(&rq->query, "client_id"),
		                   pairs_get(&rq->query, "object_id"),
		                   pairs_get(&rq->query, "msi_res_id") };
	const struct identity *who;
	const char *resource;

	if (!metadata_ok(rq, rs) || (resource = resource_of(emu, rq, rs)) == NULL)
		return;
	if ((who = who_asks(emu, rq, rs, &by)) != NULL)
		put_texts(emu, rs, who, resource);
}

static void instance(struct emulator *emu, struct request *rq, struct reply *rs)
{
	if (!metadata_ok(rq, rs))
		return;
	exchange_reply_json(rs, 200);
	buf_fmt(&rs->body,
	        "{\"azEnvironment\":\"AzurePublicCloud\",\"location\":\"eastus\",\"name\":"
	        "\"emulated\",\"resourceGroupName\":\"%s\","
	        "\"subscriptionId\":\"%s\",\"vmId\":\"02aab8a4-74ef-476e-8182-f6d2ba4166a6\"}",
	        emu->set.resource_group, emu->set.subscription);
}

/* ---- App Service and what follows it --------------------------------------------------------- */

static bool file_is(const struct emulator *emu, const char *name, const char *given)
{
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX);
	struct err e = ERR_INIT;

	return given != NULL && files_read(emu->set.dir, name, &text, &e) &&
	       strcmp(buf_cstr(&text), given) == 0;
}

static void put_app_service(struct emulator *emu, struct reply *rs, const struct identity *who,
                            const char *resource, bool old)
{
	int64_t until = clock_seconds(&emu->clock) + emu->set.token_lifetime;
	AUTO_BUF struct buf jwt = BUF_INIT(TEXT_MAX);
	char date[STR_TIME_MAX];

	entra_issue(emu, who, resource, &jwt);
	str_from_time(until, date);
	exchange_reply_json(rs, 200);
	buf_fmt(&rs->body, "{\"access_token\":\"%s\",\"expires_on\":\"", buf_cstr(&jwt));
	/* The old protocol writes "11/23/2026 19:14:52 +00:00". */
	if (old)
		buf_fmt(&rs->body, "%.2s/%.2s/%.4s %.8s +00:00", date + 5, date + 8, date,
		        date + 11);
	else
		buf_fmt(&rs->body, "%lld", (long long)until);
	buf_str(&rs->body, "\",\"resource\":");
	buf_json(&rs->body, resource);
	buf_fmt(&rs->body, ",\"token_type\":\"Bearer\",\"client_id\":\"%s\"}", who->client_id);
}

static void app_service(struct emulator *emu, struct request *rq, struct reply *rs)
{
	bool old = strcmp(pairs_text(&rq->query, "api-version"), "2017-09-01") == 0;
	const char *object = pairs_get(&rq->query, "object_id");
	const struct choice by = { pairs_get(&rq->query, old ? "clientid" : "client_id"),
		                   object != NULL ? object : pairs_get(&rq->query, "principal_id"),
		                   pairs_get(&rq->query, "mi_res_id") };
	const struct identity *who;
	const char *resource;

	if (!file_is(emu, "identity-header",
	             pairs_get(&rq->header, old ? "secret" : "X-IDENTITY-HEADER"))) {
		refuse(rq, rs, 401, "unauthorized", "The identity header is missing or wrong");
		return;
	}
	resource = resource_of(emu, rq, rs);
	if (resource != NULL && (who = who_asks(emu, rq, rs, &by)) != NULL)
		put_app_service(emu, rs, who, resource, old);
}

/* ---- Azure Arc ------------------------------------------------------------------------------- */

/* First a challenge that names a file only privileged programs can read, then its content as the
 * proof. */
static void arc_challenge(struct emulator *emu, struct request *rq, struct reply *rs)
{
	AUTO_BUF struct buf key = BUF_INIT(256);
	AUTO_FREE char *name = NULL;
	uint8_t random[ARC_KEY_BYTES];
	struct err e = ERR_INIT;
	char id[37];

	crypto_random(random, sizeof(random));
	crypto_base64(random, sizeof(random), true, &key);
	crypto_uuid(id);
	name = mem_fmt("%s.key", id);
	if (!files_write(emu->arc_key_dir, name, buf_cstr(&key), 0640, &e)) {
		refuse(rq, rs, 500, "server_error", e.text);
		return;
	}
	(void)pthread_mutex_lock(&emu->lock);
	mem_free_ptr(&emu->arc_key);
	emu->arc_key = mem_dup(buf_cstr(&key));
	(void)pthread_mutex_unlock(&emu->lock);
	rs->status = 401;
	exchange_reply_header(rs, "WWW-Authenticate", "Basic realm=%s/%s", emu->arc_key_dir, name);
}

static void arc(struct emulator *emu, struct request *rq, struct reply *rs)
{
	const struct choice by = { pairs_get(&rq->query, "client_id"),
		                   pairs_get(&rq->query, "object_id"),
		                   pairs_get(&rq->query, "msi_res_id") };
	const char *given = pairs_get(&rq->header, "Authorization");
	const struct identity *who;
	const char *resource;
	bool known;

	if (!metadata_ok(rq, rs))
		return;
	if (given == NULL || strncasecmp(given, "Basic ", 6) != 0) {
		arc_challenge(emu, rq, rs);
		return;
	}
	(void)pthread_mutex_lock(&emu->lock);
	known = emu->arc_key != NULL && strcmp(emu->arc_key, given + 6) == 0;
	mem_free_ptr(&emu->arc_key); /* good for one try */
	(void)pthread_mutex_unlock(&emu->lock);
	if (!known) {
		refuse(rq, rs, 401, "unauthorized", "The key is not the one of the challenge");
		return;
	}
	resource = resource_of(emu, rq, rs);
	if (resource == NULL)
		return;
	/* An agent that knows no user-assigned identities ignores the selector. */
	who = who_asks(emu, rq, rs,
	               emu->set.arc_ignores_selector ? &(struct choice){ NULL, NULL, NULL } : &by);
	if (who != NULL)
		put_texts(emu, rs, who, resource);
}

/* ---- tokens of other issuers ----------------------------------------------------------------- */

static void put_federated(struct emulator *emu, const char *issuer, const char *subject,
                          const char *audience, struct buf *jwt)
{
	AUTO_BUF struct buf claims = BUF_INIT(TEXT_MAX);
	long long now = (long long)clock_seconds(&emu->clock);
	char id[37];

	crypto_uuid(id);
	buf_str(&claims, "{\"iss\":");
	buf_json(&claims, issuer);
	buf_str(&claims, ",\"sub\":");
	buf_json(&claims, subject);
	buf_str(&claims, ",\"aud\":");
	buf_json(&claims, audience);
	buf_fmt(&claims, ",\"jti\":\"%s\",\"iat\":%lld,\"nbf\":%lld,\"exp\":%lld}", id, now,
	        now - 5, now + MINUTES_5);
	pki_sign(emu->pki, PKI_ENTRA, buf_cstr(&claims), jwt);
}

static bool pipeline_bearer_ok(struct emulator *emu, struct request *rq, struct reply *rs)
{
	const char *given = pairs_text(&rq->header, "Authorization");

	if (strncasecmp(given, "Bearer ", 7) == 0 && file_is(emu, "pipeline-token", given + 7))
		return true;
	refuse(rq, rs, 401, "unauthorized", "The request token is missing or wrong");
	return false;
}

static void github(struct emulator *emu, struct request *rq, struct reply *rs)
{
	const char *audience = pairs_get(&rq->query, "audience");
	AUTO_BUF struct buf jwt = BUF_INIT(TEXT_MAX);

	if (!pipeline_bearer_ok(emu, rq, rs))
		return;
	put_federated(emu, GITHUB_ISSUER, GITHUB_SUBJECT,
	              audience != NULL ? audience : "https://github.com/contoso", &jwt);
	exchange_reply_json(rs, 200);
	buf_fmt(&rs->body, "{\"count\":%zu,\"value\":\"%s\"}", jwt.len, buf_cstr(&jwt));
}

static void pipelines(struct emulator *emu, struct request *rq, struct reply *rs)
{
	AUTO_BUF struct buf jwt = BUF_INIT(TEXT_MAX), issuer = BUF_INIT(TEXT_MAX);

	if (strcasecmp(pairs_text(&rq->header, "X-TFS-FedAuthRedirect"), "Suppress") != 0) {
		rs->status = 302;
		pairs_add(&rs->header, "Location",
		          "https://spsprodeus21.vssps.visualstudio.com/_signin");
		return;
	}
	if (!pipeline_bearer_ok(emu, rq, rs))
		return;
	if (pairs_get(&rq->query, "serviceConnectionId") == NULL ||
	    pairs_get(&rq->query, "api-version") == NULL) {
		refuse(rq, rs, 400, "invalid_request",
		       "serviceConnectionId and api-version are required");
		return;
	}
	buf_fmt(&issuer, "https://vstoken.dev.azure.com/%s", emu->set.tenant);
	put_federated(emu, buf_cstr(&issuer), PIPELINE_SUBJECT, "api://AzureADTokenExchange", &jwt);
	exchange_reply_json(rs, 200);
	pairs_add(&rs->header, "x-vss-e2eid", "3a3e1b0e-1f0a-4d6e-9a4b-2f1f4f1f9d10");
	buf_fmt(&rs->body, "{\"oidcToken\":\"%s\"}", buf_cstr(&jwt));
}

static const struct route rows[] = {
	{ "GET", "/metadata/identity/oauth2/token", "imds", NULL, imds },
	{ "GET", "/metadata/instance/compute", "imds-instance", NULL, instance },
	{ "GET", "/msi/token", "app-service", NULL, app_service },
	/* as the real one is named in MSI_ENDPOINT, and az asks */
	{ "GET", "/msi/token/", "app-service", NULL, app_service },
	{ "GET", "/arc/metadata/identity/oauth2/token", "arc", NULL, arc },
};
const struct routes metadata_identity_routes = { AREA_IDENTITY, rows, COUNT(rows) };

static const struct route federated_rows[] = {
	{ "GET", "/github/token", "github", NULL, github },
	{ "POST", "/pipelines/oidc", "pipelines", NULL, pipelines },
};
const struct routes metadata_federated_routes = { AREA_ENTRA, federated_rows,
	                                          COUNT(federated_rows) };
