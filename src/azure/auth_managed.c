/* SPDX-License-Identifier: MIT */
/* The managed identity of a virtual machine, from its instance metadata service (IMDS). */
#include <strings.h>

#include "azure/entra.h"
#include "base/env.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/secret.h"
#include "http/http.h"

#define IMDS_HOST "http://169.254.169.254"
#define IMDS_PATH "/metadata/identity/oauth2/token?api-version=2018-02-01"
#define PROBE_MS 1000
#define UPDATING_MS 10000       /* 410: the service is being updated, for up to 70 s */

/* Which identity of the host; at most one of the three names it, none means the host's own. */
struct selector { const char *parameter, *value; };

static bool select_identity(const struct azure_spec *s, struct selector *out, struct err *e)
{
	/* A walk takes AZURE_CLIENT_ID for a user-assigned identity, as Microsoft's libraries do; a chosen method does not. */
	const char *client = auth_is_default(s) && s->object_id == NULL && s->resource_id == NULL
	                     ? auth_or_env(s->client_id, "AZURE_CLIENT_ID") : s->client_id;
	const struct selector all[] = { { "client_id", client }, { "object_id", s->object_id }, { "msi_res_id", s->resource_id } };
	size_t n = 0;

	*out = (struct selector){ 0 };
	for (size_t i = 0; i < COUNT(all); i++) {
		if (all[i].value != NULL) {
			*out = all[i];
			n++;
		}
	}
	if (n > 1)
		return err_set(e, ERR_CONFIG, "set only one of client_id, object_id and resource_id for a managed identity");
	return true;
}

static char *imds_url(void)
{
	const char *host = auth_or_env(NULL, "AZURE_POD_IDENTITY_AUTHORITY_HOST");
	size_t n = strlen(host != NULL ? host : IMDS_HOST);

	host = host != NULL ? host : IMDS_HOST;
	while (n > 0 && host[n - 1] == '/')
		n--;
	return mem_fmt("%.*s%s", (int)n, host, IMDS_PATH);
}

/* Anything that answers is it: without the Metadata header the service refuses at once. */
static bool managed_present(const struct azure_spec *s, struct http *h, struct buf *missing)
{
	AUTO_FREE char *url = imds_url();
	AUTO_RESPONSE struct http_response rs = { 0 };
	struct http_origin o;
	struct err unused;

	(void)s;
	struct http_request rq = { .method = HTTP_GET, .url = url, .plain_ok = true, .no_retry = true, .timeout_ms = PROBE_MS };
	if (http_send(h, &rq, &rs, &unused))
		return true;
	buf_fmt(missing, "no answer from '%s'", http_origin(url, &o) ? o.host : url);
	return false;
}

/* A user-assigned identity that the reply says is another one would rotate with rights nobody meant. */
static bool check_identity(const struct selector *who, const struct token_answer *t, struct err *e)
{
	const char *echoed = who->parameter == NULL ? NULL : strcmp(who->parameter, "client_id") == 0 ? t->client_id :
	                     strcmp(who->parameter, "object_id") == 0 ? t->object_id : t->resource_id;

	if (echoed != NULL && strcasecmp(echoed, who->value) != 0)
		return err_set(e, ERR_AUTH, "asked for the identity with %s '%s', was given '%s'", who->parameter, who->value, echoed);
	return true;
}

static bool imds_refused(const struct http_response *rs, const struct selector *who, int64_t now, struct err *e)
{
	AUTO_JSON struct json *j = NULL;
	struct err unread;
	bool passing = rs->status == 404 || rs->status == 410;

	if (!json_parse(buf_cstr(&rs->body), rs->body.len, &j, &unread))
		j = NULL;
	const char *said = json_str(j, "error_description");
	(void)entra_refused(rs, "the instance metadata service", now, e);
	if (passing) {
		e->kind = ERR_TRANSIENT;
		e->retry_after_ms = e->retry_after_known ? e->retry_after_ms : UPDATING_MS;
		e->retry_after_known = true;
	}
	if (rs->status != 400)
		return false;
	if (said != NULL && strstr(said, "Multiple user assigned") != NULL)
		return err_in(e, "this host has several identities: say which one with client_id in [azure]");
	if (who->parameter != NULL)
		return err_in(e, "the identity with %s '%s' is not assigned to this host ('az vm identity assign' does it)",
		              who->parameter, who->value);
	return err_in(e, "this host has no identity of its own ('az vm identity assign' gives it one; a user-assigned one is named by "
	                 "client_id in [azure])");
}

static bool managed_fetch(const struct azure_spec *s, const struct cloud *c, struct http *h, const struct env *env,
                          struct secret **token, int64_t *expires, struct err *e)
{
	AUTO_FREE char *base = imds_url();
	AUTO_BUF struct buf url = BUF_INIT(8192);
	AUTO_RESPONSE struct http_response rs = { 0 };
	AUTO_TOKEN_ANSWER struct token_answer answer = { 0 };
	struct selector who;

	if (!select_identity(s, &who, e))
		return false;
	buf_fmt(&url, "%s&resource=", base);
	buf_form(&url, c->audience);
	if (who.parameter != NULL)
		entra_form_add(&url, who.parameter, who.value);
	struct http_request rq = { .method = HTTP_GET, .url = buf_cstr(&url), .plain_ok = true, .header = { "Metadata: true" } };
	if (!http_send(h, &rq, &rs, e))
		return err_in(e, "no managed identity here");
	if (rs.status != 200)
		return imds_refused(&rs, &who, env_now(env), e);
	if (!token_answer_parse(&rs, env_now(env), &answer, e))
		return err_in(e, "what answers in place of the instance metadata service");
	if (!check_identity(&who, &answer, e))
		return false;
	*token = take(&answer.token);
	*expires = answer.expires;
	return true;
}

const struct auth_ops auth_managed = { .method = "managed-identity", .present = managed_present, .fetch = managed_fetch };
