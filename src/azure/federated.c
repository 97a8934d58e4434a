/* SPDX-License-Identifier: MIT */
#include "azure/federated.h"

#include "azure/clouds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/secret.h"
#include "http/http.h"

#define URL_MAX 8192

/* ---- a file ---------------------------------------------------------------------------------- */

static const char *token_file(const struct azure_spec *s)
{
	return auth_or_env(s->federated_token_file, "AZURE_FEDERATED_TOKEN_FILE");
}

static bool file_here(const struct azure_spec *s, struct buf *missing)
{
	if (token_file(s) != NULL)
		return true;
	buf_str(missing, "no federated_token_file or AZURE_FEDERATED_TOKEN_FILE");
	return false;
}

/* Read at each request: the kubelet replaces it long before it expires. */
static bool file_read(const struct azure_spec *s, struct http *h, struct secret **assertion,
                      struct err *e)
{
	(void)h;
	return fs_read_secret(token_file(s), true, assertion, e);
}

/* ---- services of pipelines ------------------------------------------------------------------- */

static const char *exchange_audience(const struct azure_spec *s)
{
	return azure_cloud_or_public(s->cloud)->exchange_audience;
}

static bool refused(const char *who, const struct http_response *rs, const char *advice,
                    struct err *e)
{
	bool passing = rs->status == 408 || rs->status == 429 || rs->status >= 500;

	(void)err_set(e, passing ? ERR_TRANSIENT : ERR_AUTH, "%s gives out no token (%d)%s%s", who,
	              rs->status, passing ? "" : "; ", passing ? "" : advice);
	e->status = rs->status;
	e->throttled = rs->status == 429;
	e->retry_after_known = rs->retry_after_ms >= 0;
	e->retry_after_ms = e->retry_after_known ? rs->retry_after_ms : 0;
	return false;
}

struct issuer {
	const char *name, *member, *advice;
};

/* The token such a service has in one member of its answer. */
static bool ask_issuer(const struct issuer *from, const struct http_request *rq, struct http *h,
                       struct secret **out, struct err *e)
{
	AUTO_RESPONSE struct http_response rs = { 0 };
	AUTO_JSON struct json *j = NULL;

	if (!http_send(h, rq, &rs, e))
		return err_in(e, "cannot ask %s", from->name);
	if (rs.status != 200)
		return refused(from->name, &rs, from->advice, e);
	if (!json_parse(buf_cstr(&rs.body), rs.body.len, &j, e))
		return err_in(e, "the answer of %s", from->name);
	struct secret *token = json_take_secret(j, from->member);
	if (token == NULL)
		return err_set(e, ERR_REMOTE, "the answer of %s has no token", from->name);
	*out = token;
	return true;
}

/* ---- GitHub Actions -------------------------------------------------------------------------- */

static const struct issuer github_issuer = { "the token service of GitHub Actions", "value",
	                                     "the job needs 'permissions: id-token: write'" };

static bool github_here(const struct azure_spec *s, struct buf *missing)
{
	(void)s;
	if (auth_env("ACTIONS_ID_TOKEN_REQUEST_URL") != NULL &&
	    auth_env("ACTIONS_ID_TOKEN_REQUEST_TOKEN") != NULL)
		return true;
	if (auth_env("GITHUB_ACTIONS") != NULL)
		buf_str(missing, "no ACTIONS_ID_TOKEN_REQUEST_URL (the job needs 'permissions: "
		                 "id-token: write')");
	return false;
}

static bool github_read(const struct azure_spec *s, struct http *h, struct secret **assertion,
                        struct err *e)
{
	const char *proof = auth_env("ACTIONS_ID_TOKEN_REQUEST_TOKEN");
	AUTO_SECRET struct secret *bearer = secret_new(proof, strlen(proof));
	AUTO_BUF struct buf url = BUF_INIT(URL_MAX);

	buf_str(&url, auth_env("ACTIONS_ID_TOKEN_REQUEST_URL"));
	buf_str(&url, strchr(buf_cstr(&url), '?') != NULL ? "&audience=" : "?audience=");
	buf_form(&url, exchange_audience(s));
	struct http_request rq = { .method = HTTP_GET, .url = buf_cstr(&url), .bearer = bearer };
	return ask_issuer(&github_issuer, &rq, h, assertion, e);
}

/* ---- Azure Pipelines ------------------------------------------------------------------------- */

static const struct issuer pipelines_issuer = {
	"the token service of Azure Pipelines", "oidcToken",
	"SYSTEM_ACCESSTOKEN must be mapped into the step, and the service connection "
	"must use workload identity federation"
};
#define CONNECTION "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"

static bool pipelines_here(const struct azure_spec *s, struct buf *missing)
{
	(void)s;
	bool uri = auth_env("SYSTEM_OIDCREQUESTURI") != NULL,
	     proof = auth_env("SYSTEM_ACCESSTOKEN") != NULL,
	     connection = auth_env(CONNECTION) != NULL;

	if (uri && proof && connection)
		return true;
	if (uri)
		buf_fmt(missing, "no%s%s", proof ? "" : " SYSTEM_ACCESSTOKEN",
		        connection ? "" : " " CONNECTION);
	return false;
}

static bool pipelines_read(const struct azure_spec *s, struct http *h, struct secret **assertion,
                           struct err *e)
{
	const char *proof = auth_env("SYSTEM_ACCESSTOKEN");
	AUTO_SECRET struct secret *bearer = secret_new(proof, strlen(proof));
	AUTO_BUF struct buf url = BUF_INIT(URL_MAX);

	(void)s;
	buf_fmt(&url, "%s?api-version=7.1&serviceConnectionId=", auth_env("SYSTEM_OIDCREQUESTURI"));
	buf_form(&url, auth_env(CONNECTION));
	/* Without the header a refusal is a redirect to a page for people. */
	struct http_request rq = { .method = HTTP_POST,
		                   .url = buf_cstr(&url),
		                   .bearer = bearer,
		                   .content_type = "application/json",
		                   .header = { "X-TFS-FedAuthRedirect: Suppress" } };
	return ask_issuer(&pipelines_issuer, &rq, h, assertion, e);
}

/* ---- which of them --------------------------------------------------------------------------- */

static const struct federated_source sources[] = {
	{ "a file", file_here, file_read, NULL, NULL },
	{ "GitHub Actions", github_here, github_read, NULL, NULL },
	{ "Azure Pipelines", pipelines_here, pipelines_read, "AZURESUBSCRIPTION_TENANT_ID",
	  "AZURESUBSCRIPTION_CLIENT_ID" },
};

const struct federated_source *federated_find(const struct azure_spec *s, struct buf *missing)
{
	for (size_t i = 0; i < COUNT(sources); i++) {
		AUTO_BUF struct buf lacks = BUF_INIT(512);

		if (sources[i].here(s, &lacks))
			return &sources[i];
		if (lacks.len > 0)
			buf_fmt(missing, "%s%s", missing->len > 0 ? ", " : "", buf_cstr(&lacks));
	}
	return NULL;
}
