/* SPDX-License-Identifier: MIT */
#include "azure/entra.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/env.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "http/http.h"

#define SKEW_TOLD_S    300 /* a clock this far off is worth a word beside a refusal */
#define LIFETIME_MAX_S (30 * 86400LL)

/* ---- the request ----------------------------------------------------------------------------- */

void entra_form_add(struct buf *form, const char *name, const char *value)
{
	buf_fmt(form, "%s%s=", form->len > 0 ? "&" : "", name);
	buf_form(form, value);
}

bool entra_form_secret(struct buf *form, const char *name, const struct secret *value,
                       struct err *e)
{
	if (strlen(secret_peek(value)) != secret_len(value) || secret_len(value) == 0)
		return err_set(e, ERR_CONFIG, "%s is empty or has a NUL character in it", name);
	entra_form_add(form, name, secret_peek(value));
	return true;
}

static bool is_id(const char *s)
{
	return strspn(s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-") ==
	       strlen(s);
}

bool entra_client_of(const char *tenant, const char *id, struct entra_client *out, struct err *e)
{
	if (tenant == NULL || id == NULL)
		return err_set(e, ERR_CONFIG, "no %s: set it in [azure], or %s",
		               tenant == NULL ? "tenant_id" : "client_id",
		               tenant == NULL ? "AZURE_TENANT_ID" : "AZURE_CLIENT_ID");
	if (!is_id(tenant))
		return err_set(
			e, ERR_CONFIG,
			"tenant_id '%.100s' is not a tenant: letters, digits, dots and hyphens",
			tenant);
	*out = (struct entra_client){ .tenant = tenant, .id = id };
	return true;
}

bool entra_client(const struct azure_spec *s, struct entra_client *out, struct err *e)
{
	return entra_client_of(auth_or_env(s->tenant_id, "AZURE_TENANT_ID"),
	                       auth_or_env(s->client_id, "AZURE_CLIENT_ID"), out, e);
}

char *entra_token_url(const struct cloud *c, const char *tenant)
{
	if (strcmp(tenant, "adfs") == 0)
		return mem_fmt("%s/adfs/oauth2/token", c->authority);
	return mem_fmt("%s/%s/oauth2/v2.0/token", c->authority, tenant);
}

/* The same path, whoever takes the request. */
static char *request_url(const struct cloud *c, const struct entra_client *who)
{
	AUTO(azure_cloud_clear)
	struct cloud via = { .authority = mem_dup(who->base != NULL ? who->base : c->authority) };

	return entra_token_url(&via, who->tenant);
}

bool entra_token(const struct cloud *c, const struct entra_client *who, const struct buf *proof,
                 struct http *h, const struct env *env, struct secret **token, int64_t *expires,
                 struct err *e)
{
	AUTO_FREE char *url = request_url(c, who), *scope = mem_fmt("%s/.default", c->audience);
	AUTO_BUF struct buf form = BUF_INIT(ENTRA_FORM_MAX);
	AUTO_RESPONSE struct http_response rs = { 0 };
	AUTO_TOKEN_ANSWER struct entra_answer answer = { 0 };

	entra_form_add(&form, "grant_type", "client_credentials");
	entra_form_add(&form, "client_id", who->id);
	entra_form_add(&form, "scope", scope);
	if (c->claims != NULL)
		entra_form_add(&form, "claims", c->claims);
	buf_char(&form, '&');
	buf_add(&form, proof->data, proof->len);
	if (!buf_ok(&form) || !buf_ok(proof))
		return err_set(e, ERR_CONFIG, "the proof of identity for '%s' is too large to send",
		               who->id);
	struct http_request rq = { .method = HTTP_POST,
		                   .url = url,
		                   .body = &form,
		                   .content_type = "application/x-www-form-urlencoded",
		                   .connect_to = who->connect_to,
		                   .trust = who->trust };
	if (!http_send(h, &rq, &rs, e))
		return err_in(e, "cannot get a token from Entra ID");
	if (rs.status != 200)
		return entra_refused(&rs, "Entra ID", env_now(env), e);
	if (!entra_answer_parse(&rs, env_now(env), &answer, e))
		return err_in(e, "the token from Entra ID");
	*token = take(&answer.token);
	*expires = answer.expires;
	return true;
}

bool entra_assert(const struct cloud *c, const struct entra_client *who,
                  const struct secret *assertion, struct http *h, const struct env *env,
                  struct secret **token, int64_t *expires, struct err *e)
{
	AUTO_BUF struct buf proof = BUF_INIT(ENTRA_FORM_MAX);

	entra_form_add(&proof, "client_assertion_type",
	               "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
	return entra_form_secret(&proof, "client_assertion", assertion, e) &&
	       entra_token(c, who, &proof, h, env, token, expires, e);
}

/* ---- an answer ------------------------------------------------------------------------------- */

void entra_answer_clear(struct entra_answer *t)
{
	secret_free(t->token);
	free(t->client_id);
	free(t->object_id);
	free(t->resource_id);
	*t = (struct entra_answer){ 0 };
}

/* A number, or digits in a string: managed identities answer the latter. */
static bool whole_number(const struct json *j, const char *path, int64_t *out)
{
	const char *text = json_str(j, path);

	if (text != NULL)
		return str_int(text, 0, INT64_C(1) << 53, out);
	return json_int(j, path, out) && *out >= 0;
}

/* "MM/dd/yyyy HH:mm:ss", with "+00:00" or nothing after it: an old App Service. "yyyy-MM-dd
 * HH:mm:ss": others. */
static bool odd_date(const char *s, int64_t *out)
{
	int y, mo, d, h, mi, sec;

	if (sscanf(s, "%2d/%2d/%4d %2d:%2d:%2d", &mo, &d, &y, &h, &mi, &sec) != 6 &&
	    sscanf(s, "%4d-%2d-%2d %2d:%2d:%2d", &y, &mo, &d, &h, &mi, &sec) != 6)
		return false;
	if (y < 1970 || mo < 0 || d < 0 || h < 0 || mi < 0 || sec < 0)
		return false;
	AUTO_FREE char *iso = mem_fmt("%04d-%02d-%02dT%02d:%02d:%02dZ", y, mo, d, h, mi, sec);
	return str_time(iso, out);
}

/* How many seconds the token lives. An absolute time is by the sender's clock, which its Date
 * shows. */
static bool lifetime(const struct json *j, int64_t sent_at, int64_t *seconds)
{
	const char *text = json_str(j, "expires_on");
	int64_t at;

	if (whole_number(j, "expires_in", seconds))
		return true;
	if (!whole_number(j, "expires_on", &at) &&
	    (text == NULL || (!str_time(text, &at) && !odd_date(text, &at))))
		return false;
	*seconds = at - sent_at;
	return true;
}

bool entra_answer_parse(const struct http_response *rs, int64_t now, struct entra_answer *out,
                        struct err *e)
{
	AUTO_JSON struct json *j = NULL;
	AUTO_SECRET struct secret *token = NULL;
	int64_t seconds;

	if (!json_parse(buf_cstr(&rs->body), rs->body.len, &j, e))
		return false;
	token = json_take_secret(j, "access_token");
	if (token == NULL || secret_len(token) == 0)
		return err_set(e, ERR_REMOTE, "the answer has no access_token");
	if (!lifetime(j, rs->date != 0 ? rs->date : now, &seconds))
		return err_set(e, ERR_REMOTE, "the answer does not say when the token expires");
	if (seconds <= 0)
		return err_set(e, ERR_REMOTE, "the token has expired already");
	*out = (struct entra_answer){ .expires = now + (seconds < LIFETIME_MAX_S ? seconds
		                                                                 : LIFETIME_MAX_S),
		                      .client_id = mem_dup(json_str(j, "client_id")),
		                      .object_id = mem_dup(json_str(j, "object_id")),
		                      .resource_id = mem_dup(json_str(j, "msi_res_id")) };
	out->token = take(&token);
	return true;
}

/* ---- a refusal ------------------------------------------------------------------------------- */

static const struct {
	int64_t code;
	const char *advice;
} advices[] = {
	{ 7000215,
	  "the client secret is wrong: the file must hold the secret's value, not its id" },
	{ 7000222, "the client secret has expired: make a new one with 'az ad app credential reset "
	           "--id CLIENT_ID --append'" },
	{ 7000218, "the application is asked for a secret or an assertion: check auth in [azure]" },
	{ 700016, "there is no such application in that tenant: check client_id and tenant_id" },
	{ 7000112, "the application is disabled in its tenant" },
	{ 700027, "the certificate is not registered with the application, or its key is another "
	          "one: upload the public part" },
	{ 700024, "the assertion is outside its time: check this host's clock, and that the "
	          "federated token is fresh" },
	{ 70021, "no federated credential matches: issuer, subject and audience must be equal to "
	         "the letter; a new one takes minutes" },
	{ 700211, "no federated credential has this issuer" },
	{ 700212,
	  "no federated credential has this audience: 'api://AzureADTokenExchange' is usual" },
	{ 700213, "no federated credential has this subject; upper and lower case count" },
	{ 7002137, "no federated credential has this subject; upper and lower case count" },
	{ 7002138, "no federated credential has this subject; upper and lower case count" },
	{ 900023, "tenant_id is not a tenant's id or domain" },
	{ 90002, "there is no such tenant in this cloud: check tenant_id and cloud" },
	{ 50034, "there is no such account in that tenant: check tenant_id" },
	{ 53003, "a conditional access policy forbids it: ask the tenant's administrator for this "
	         "application and address" },
	{ 500011, "the tenant does not know what the token is for: check cloud and audience" },
	{ 50001, "the tenant does not know what the token is for: check cloud and audience" },
	{ 70011, "the audience is not of a form Entra knows: check audience" },
};

static const char *advice_for(int64_t code)
{
	for (size_t i = 0; i < COUNT(advices); i++)
		if (advices[i].code == code)
			return advices[i].advice;
	return NULL;
}

static int64_t entra_code(const struct json *j, const char *description)
{
	const char *at = strstr(description, "AADSTS");
	int64_t code = 0;

	if (json_int(json_at(j, "error_codes", 0), "", &code) && code > 0)
		return code;
	if (at != NULL && sscanf(at, "AADSTS%9" SCNd64, &code) == 1 && code > 0)
		return code;
	return 0;
}

/* The first sentence: what follows are ids, which are told apart, and a time stamp. */
static char *first_sentence(const char *description)
{
	size_t n = strcspn(description, "\r\n");
	const char *trace = strstr(description, " Trace ID:");

	if (trace != NULL && (size_t)(trace - description) < n)
		n = (size_t)(trace - description);
	if (n > 240)
		n = 240;
	while (n > 0 && (description[n - 1] == '.' || description[n - 1] == ' '))
		n--;
	return mem_dup_n(description, n);
}

static void tell_refusal(struct buf *text, const struct json *j, const struct http_response *rs,
                         int64_t code, int64_t now)
{
	const char *error = json_str(j, "error"), *trace = json_str(j, "trace_id"),
		   *correlation = json_str(j, "correlation_id");
	const char *description = json_str(j, "error_description"), *advice = advice_for(code);
	AUTO_FREE char *sentence = first_sentence(description != NULL ? description : "");
	char off[STR_DURATION_MAX];

	if (*sentence != '\0')
		buf_fmt(text, ": %s", sentence);
	else if (error != NULL)
		buf_fmt(text, ": %.60s", error);
	if (advice != NULL)
		buf_fmt(text, "; %s", advice);
	if (rs->date != 0 && llabs(rs->date - now) > SKEW_TOLD_S) {
		str_from_duration(llabs(rs->date - now), 2, off);
		buf_fmt(text, "; this host's clock is %s %s", off,
		        rs->date > now ? "slow" : "fast");
	}
	if (trace != NULL || correlation != NULL)
		buf_fmt(text, " (trace id %.40s, correlation id %.40s)",
		        trace != NULL ? trace : "-", correlation != NULL ? correlation : "-");
	else if (rs->request_id[0] != '\0')
		buf_fmt(text, " (x-ms-request-id %s)", rs->request_id);
}

static enum err_kind refusal_kind(const struct http_response *rs, const char *error)
{
	if (rs->status == 408 || rs->status == 429 || rs->status >= 500)
		return ERR_TRANSIENT;
	if (error != NULL && strcmp(error, "temporarily_unavailable") == 0)
		return ERR_TRANSIENT;
	return rs->status == 400 || rs->status == 401 || rs->status == 403 ? ERR_AUTH : ERR_REMOTE;
}

bool entra_refused(const struct http_response *rs, const char *who, int64_t now, struct err *e)
{
	AUTO_JSON struct json *j = NULL;
	AUTO_BUF struct buf text = BUF_INIT(4096);
	struct err unread;

	if (!json_parse(buf_cstr(&rs->body), rs->body.len, &j, &unread))
		j = NULL;
	const char *description = json_str(j, "error_description"), *error = json_str(j, "error");
	int64_t code = entra_code(j, description != NULL ? description : "");
	tell_refusal(&text, j, rs, code, now);
	(void)err_set(e, refusal_kind(rs, error), "%s refuses a token (%d)%s", who, rs->status,
	              buf_cstr(&text));
	if (code > 0)
		(void)snprintf(e->code, sizeof(e->code), "AADSTS%" PRId64, code);
	else
		(void)snprintf(e->code, sizeof(e->code), "%s", error != NULL ? error : "");
	e->status = rs->status;
	e->throttled = rs->status == 429;
	e->retry_after_known = rs->retry_after_ms >= 0;
	e->retry_after_ms = e->retry_after_known ? rs->retry_after_ms : 0;
	return false;
}
