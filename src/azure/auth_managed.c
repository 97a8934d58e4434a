/* SPDX-License-Identifier: MIT */
/* Managed identities: of virtual machines, App Service and Container Apps, and Azure Arc
 * servers. */
#include <stdlib.h>
#include <strings.h>

#include "azure/entra.h"
#include "azure/managed.h"
#include "base/env.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/secret.h"
#include "http/http.h"

#define IMDS_HOST   "http://169.254.169.254"
#define IMDS_PATH   "/metadata/identity/oauth2/token?api-version=2018-02-01"
#define PROBE_MS    1000
#define UPDATING_MS 10000 /* 410: the service is being updated, for up to 70 s */
#define URL_MAX     8192

void managed_query(struct buf *url, const struct managed_ask *q)
{
	entra_form_add(url, "resource", q->resource);
	if (q->who->value != NULL)
		entra_form_add(url, q->parameter, q->who->value);
}

/* ---- virtual machines ------------------------------------------------------------------------ */

static char *imds_url(void)
{
	const char *other = auth_env("AZURE_POD_IDENTITY_AUTHORITY_HOST"),
		   *host = other != NULL ? other : IMDS_HOST;
	size_t n = strlen(host);

	while (n > 0 && host[n - 1] == '/')
		n--;
	return mem_fmt("%.*s%s", (int)n, host, IMDS_PATH);
}

static bool anywhere(void)
{
	return true;
}

/* Anything that answers is it: without the Metadata header the service refuses at once. */
static bool imds_present(struct http *h, struct buf *missing)
{
	AUTO_FREE char *url = imds_url();
	AUTO_RESPONSE struct http_response rs = { 0 };
	struct http_origin o;
	struct err unused;

	struct http_request rq = { .method = HTTP_GET,
		                   .url = url,
		                   .plain_ok = true,
		                   .no_retry = true,
		                   .timeout_ms = PROBE_MS };
	if (http_send(h, &rq, &rs, &unused))
		return true;
	buf_fmt(missing, "no answer from '%s'", http_origin(url, &o) ? o.host : url);
	return false;
}

static bool imds_ask(const struct managed_ask *q, struct http *h, struct http_response *rs,
                     struct err *e)
{
	AUTO_FREE char *base = imds_url();
	AUTO_BUF struct buf url = BUF_INIT(URL_MAX);

	buf_str(&url, base);
	managed_query(&url, q);
	struct http_request rq = { .method = HTTP_GET,
		                   .url = buf_cstr(&url),
		                   .plain_ok = true,
		                   .header = { "Metadata: true" } };
	return http_send(h, &rq, rs, e);
}

/* ---- App Service, Functions, Container Apps -------------------------------------------------- */

static bool app_here(void)
{
	return auth_env("IDENTITY_ENDPOINT") != NULL && auth_env("IDENTITY_HEADER") != NULL;
}

static bool ask_with_secret(const char *endpoint, const char *version, const char *header,
                            const char *value, const struct managed_ask *q, struct http *h,
                            struct http_response *rs, struct err *e)
{
	AUTO_SECRET struct secret *proof = secret_new(value, strlen(value));
	AUTO_BUF struct buf url = BUF_INIT(URL_MAX);

	buf_fmt(&url, "%s?api-version=%s", endpoint, version);
	managed_query(&url, q);
	struct http_request rq = { .method = HTTP_GET,
		                   .url = buf_cstr(&url),
		                   .plain_ok = true,
		                   .secret_header = header,
		                   .secret_value = proof };
	return http_send(h, &rq, rs, e);
}

static bool app_ask(const struct managed_ask *q, struct http *h, struct http_response *rs,
                    struct err *e)
{
	return ask_with_secret(auth_env("IDENTITY_ENDPOINT"), "2019-08-01", "X-IDENTITY-HEADER",
	                       auth_env("IDENTITY_HEADER"), q, h, rs, e);
}

/* Before 2019, and Azure ML to this day. */
static bool old_app_here(void)
{
	return auth_env("MSI_ENDPOINT") != NULL && auth_env("MSI_SECRET") != NULL;
}

static bool old_app_ask(const struct managed_ask *q, struct http *h, struct http_response *rs,
                        struct err *e)
{
	return ask_with_secret(auth_env("MSI_ENDPOINT"), "2017-09-01", "secret",
	                       auth_env("MSI_SECRET"), q, h, rs, e);
}

/* ---- what is not supported, and says so ------------------------------------------------------ */

static bool fabric_here(void)
{
	return app_here() && auth_env("IDENTITY_SERVER_THUMBPRINT") != NULL;
}

static bool fabric_ask(const struct managed_ask *q, struct http *h, struct http_response *rs,
                       struct err *e)
{
	(void)q;
	(void)h;
	(void)rs;
	return err_set(e, ERR_CONFIG,
	               "identities of Service Fabric are not supported: use a certificate or "
	               "workload identity");
}

static bool shell_here(void)
{
	return auth_env("MSI_ENDPOINT") != NULL;
}

static bool shell_ask(const struct managed_ask *q, struct http *h, struct http_response *rs,
                      struct err *e)
{
	(void)q;
	(void)h;
	(void)rs;
	return err_set(e, ERR_CONFIG,
	               "the identity of Cloud Shell is a person's: use auth = azure-cli there");
}

/* ---- which of them this host has ------------------------------------------------------------- */

static const char *const imds_parameters[SELECT__COUNT] = { "client_id", "object_id",
	                                                    "msi_res_id" };
static const char *const app_parameters[SELECT__COUNT] = { "client_id", "object_id", "mi_res_id" };
static const char *const old_app_parameters[SELECT__COUNT] = { "clientid", NULL, NULL };

#define APP_ADVICE "'az webapp identity assign' or 'az containerapp identity assign' gives it one"

static const struct managed_source fabric = { .name = "Service Fabric",
	                                      .parameters = imds_parameters,
	                                      .here = fabric_here,
	                                      .ask = fabric_ask };
static const struct managed_source app = { .name = "the App Service identity endpoint",
	                                   .parameters = app_parameters,
	                                   .advice = APP_ADVICE,
	                                   .here = app_here,
	                                   .ask = app_ask };
static const struct managed_source old_app = { .name = "the App Service identity endpoint",
	                                       .parameters = old_app_parameters,
	                                       .advice = APP_ADVICE,
	                                       .here = old_app_here,
	                                       .ask = old_app_ask };
static const struct managed_source shell = {
	.name = "Cloud Shell", .parameters = imds_parameters, .here = shell_here, .ask = shell_ask
};
static const struct managed_source imds = { .name = "the instance metadata service",
	                                    .parameters = imds_parameters,
	                                    .advice = "'az vm identity assign' gives it one",
	                                    .here = anywhere,
	                                    .present = imds_present,
	                                    .ask = imds_ask };

/* In the order in which Microsoft's libraries look. */
static const struct managed_source *const sources[] = { &fabric, &app,         &old_app,
	                                                &shell,  &managed_arc, &imds };

static const struct managed_source *find_source(void)
{
	size_t i = 0;

	while (!sources[i]->here()) /* the last is anywhere */
		i++;
	return sources[i];
}

static bool managed_present(const struct azure_spec *s, struct http *h, struct buf *missing)
{
	const struct managed_source *source = find_source();

	(void)s;
	return source->present == NULL || source->present(h, missing);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static const char *const selector_keys[SELECT__COUNT] = { "client_id", "object_id", "resource_id" };

static bool select_identity(const struct azure_spec *s, struct selector *out, struct err *e)
{
	/* A walk takes AZURE_CLIENT_ID for a user-assigned identity, as Microsoft's libraries
	 * do; a chosen method does not. */
	const char *client = auth_is_default(s) && s->object_id == NULL && s->resource_id == NULL
	                             ? auth_or_env(s->client_id, "AZURE_CLIENT_ID")
	                             : s->client_id;
	/* Azure ML has one identity for what names none. */
	if (client == NULL && s->object_id == NULL && s->resource_id == NULL && old_app_here())
		client = auth_env("DEFAULT_IDENTITY_CLIENT_ID");
	const char *const values[SELECT__COUNT] = { client, s->object_id, s->resource_id };
	size_t n = 0;

	*out = (struct selector){ 0 };
	for (int i = 0; i < SELECT__COUNT; i++) {
		if (values[i] != NULL) {
			*out = (struct selector){ .kind = (enum selector_kind)i,
				                  .value = values[i] };
			n++;
		}
	}
	if (n > 1)
		return err_set(e, ERR_CONFIG,
		               "set only one of client_id, object_id and resource_id for a managed "
		               "identity");
	return true;
}

/* An identity that is another than the one asked for would rotate with rights nobody meant. */
static bool check_identity(const struct managed_source *source, const struct selector *who,
                           const struct entra_answer *t, struct err *e)
{
	const char *const echoes[SELECT__COUNT] = { t->client_id, t->object_id, t->resource_id };
	const char *echo = echoes[who->kind];

	if (who->value == NULL || (echo != NULL && strcasecmp(echo, who->value) == 0))
		return true;
	if (echo != NULL)
		return err_set(e, ERR_AUTH, "asked for the identity with %s '%s', was given '%s'",
		               selector_keys[who->kind], who->value, echo);
	if (source->must_echo)
		return err_set(e, ERR_AUTH,
		               "asked for the identity with %s '%s', but %s does not say whose "
		               "token it gave out: its agent is too "
		               "old for user-assigned identities",
		               selector_keys[who->kind], who->value, source->name);
	return true;
}

static bool explain(const struct managed_source *source, const struct http_response *rs,
                    const struct selector *who, struct err *e)
{
	AUTO_JSON struct json *j = NULL;
	struct err unread;

	if (!json_parse(buf_cstr(&rs->body), rs->body.len, &j, &unread))
		j = NULL;
	const char *said = json_str(j, "error_description");
	if (said != NULL && strstr(said, "Multiple user assigned") != NULL)
		return err_in(e, "this host has several identities: say which one with client_id "
		                 "in [azure]");
	if (who->value != NULL)
		return err_in(e, "the identity with %s '%s' is not assigned to this host",
		              selector_keys[who->kind], who->value);
	return err_in(e,
	              "this host has no identity of its own (%s; a user-assigned one is named by "
	              "client_id in [azure])",
	              source->advice);
}

static bool refused(const struct managed_source *source, const struct http_response *rs,
                    const struct selector *who, int64_t now, struct err *e)
{
	(void)entra_refused(rs, source->name, now, e);
	if (rs->status == 410 ||
	    (rs->status == 404 && strcmp(e->code, "identity_not_found") != 0)) {
		e->kind = ERR_TRANSIENT;
		e->retry_after_ms = e->retry_after_known ? e->retry_after_ms : UPDATING_MS;
		e->retry_after_known = true;
		return false;
	}
	if (rs->status == 404)
		e->kind = ERR_AUTH;
	return rs->status == 400 || rs->status == 404 ? explain(source, rs, who, e) : false;
}

static bool managed_fetch(const struct azure_spec *s, const struct cloud *c, struct http *h,
                          const struct env *env, struct secret **token, int64_t *expires,
                          struct err *e)
{
	const struct managed_source *source = find_source();
	AUTO_RESPONSE struct http_response rs = { 0 };
	AUTO_TOKEN_ANSWER struct entra_answer answer = { 0 };
	struct selector who;

	if (!select_identity(s, &who, e))
		return false;
	struct managed_ask q = { .resource = c->audience,
		                 .who = &who,
		                 .parameter = source->parameters[who.kind] };
	if (who.value != NULL && q.parameter == NULL)
		return err_set(e, ERR_CONFIG, "%s does not know identities by %s", source->name,
		               selector_keys[who.kind]);
	if (!source->ask(&q, h, &rs, e))
		return err_in(e, "cannot ask %s", source->name);
	if (rs.status != 200)
		return refused(source, &rs, &who, env_now(env), e);
	if (!entra_answer_parse(&rs, env_now(env), &answer, e))
		return err_in(e, "what answers in place of %s", source->name);
	if (!check_identity(source, &who, &answer, e))
		return false;
	*token = take(&answer.token);
	*expires = answer.expires;
	return true;
}

const struct auth_ops auth_managed = { .method = "managed-identity",
	                               .credential = "ManagedIdentityCredential",
	                               .set = "prod",
	                               .present = managed_present,
	                               .fetch = managed_fetch };
