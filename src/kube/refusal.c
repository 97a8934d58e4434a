/* SPDX-License-Identifier: MIT */
#include "refusal.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/said.h"
#include "http/http.h"

#define SAID_MAX 300 /* of the server's own words */
#define TEXT_MAX 1024

void kube_describe(const struct kube_asked *q, struct buf *out)
{
	if (q->ref->name == NULL)
		buf_fmt(out, "%s of namespace '%s'", q->resource, q->ref->namespace);
	else
		buf_fmt(out, "%.*s '%s/%s'", (int)strlen(q->resource) - 1, q->resource,
		        q->ref->namespace, q->ref->name);
}

/* ---- what the server says -------------------------------------------------------------------- */

/* ": its words", cut to a line; none if they may quote a password that was sent. Not for what it
 * could not even decode: there it quotes at length. */
static void add_words(const struct json *status, struct buf *out)
{
	const char *text = json_str(status, "message");

	if (text == NULL || *text == '\0' ||
	    strcmp(json_str(status, "reason") != NULL ? json_str(status, "reason") : "",
	           "BadRequest") == 0)
		return;
	AUTO_FREE char *line = mem_dup_n(text, strcspn(text, "\r\n"));
	if (!said_has_key(line))
		buf_fmt(out, ": %.*s", SAID_MAX, line);
}

/* 'User "system:serviceaccount:web:acrotate" cannot get resource ...' */
static bool read_subject(const struct json *status, char **out)
{
	const char *text = json_str(status, "message"),
		   *user = text != NULL ? strstr(text, "User \"") : NULL;

	if (user == NULL || strstr(user, "\" cannot ") == NULL)
		return false;
	user += strlen("User \"");
	*out = mem_dup_n(user, strcspn(user, "\""));
	return true;
}

/* ---- what fixes it --------------------------------------------------------------------------- */

/* A role cannot narrow `create` and `list` by name: the name is not known to the server yet. */
static bool is_by_name(const char *verbs)
{
	return strstr(verbs, "create") == NULL && strstr(verbs, "list") == NULL;
}

static void add_verbs(const char *verbs, struct buf *out)
{
	for (; *verbs != '\0'; verbs++)
		buf_char(out, *verbs == ' ' ? ',' : *verbs);
}

void kube_grant(const struct kube_asked *q, const char *verbs, const char *subject, struct buf *out)
{
	static const char account[] = "system:serviceaccount:";
	bool is_account = strncmp(subject, account, sizeof(account) - 1) == 0;
	AUTO_FREE char *role =
		mem_fmt("acrotate-%s%s", q->resource, is_by_name(verbs) ? "" : "-all");

	buf_fmt(out, "kubectl -n %s create role %s --verb=", q->ref->namespace, role);
	add_verbs(verbs, out);
	buf_fmt(out, " --resource=%s", q->resource);
	if (q->ref->name != NULL && is_by_name(verbs))
		buf_fmt(out, " --resource-name=%s", q->ref->name);
	buf_fmt(out, " && kubectl -n %s create rolebinding %s --role=%s --%s=%s", q->ref->namespace,
	        role, role, is_account ? "serviceaccount" : "user",
	        subject + (is_account ? sizeof(account) - 1 : 0));
}

/* ---- status by status ------------------------------------------------------------------------ */

static bool unauthorized(const struct kube_asked *q, const struct json *status, struct err *e)
{
	(void)status; /* always "Unauthorized" */
	return err_set(e, ERR_AUTH,
	               "the cluster at '%s' does not know %s (401): its token or certificate has "
	               "expired, or is of another cluster; "
	               "'kubectl create token' makes a token",
	               q->host, q->who);
}

static bool forbidden(const struct kube_asked *q, const struct json *status, struct err *e)
{
	AUTO_FREE char *subject = NULL;
	AUTO_BUF struct buf what = BUF_INIT(TEXT_MAX), words = BUF_INIT(TEXT_MAX),
			    grant = BUF_INIT(TEXT_MAX);

	kube_describe(q, &what);
	if (!read_subject(status, &subject)) {
		/* A quota, a namespace that is being deleted, or an admission webhook. */
		add_words(status, &words);
		return err_set(e, ERR_DENIED, "the cluster at '%s' does not let us %s %s (403)%s",
		               q->host, q->verb, buf_cstr(&what), buf_cstr(&words));
	}
	kube_grant(q, q->verb, subject, &grant);
	return err_set(e, ERR_DENIED, "'%s' may not %s %s (403): %s", subject, q->verb,
	               buf_cstr(&what), buf_cstr(&grant));
}

static bool no_such(const struct kube_asked *q, const struct json *status, struct err *e)
{
	const char *kind = json_str(status, "details.kind");
	AUTO_BUF struct buf words = BUF_INIT(TEXT_MAX);

	if (kind != NULL && strcmp(kind, "namespaces") == 0)
		return err_set(e, ERR_MISSING,
		               "namespace '%s' does not exist: kubectl create namespace %s",
		               q->ref->namespace, q->ref->namespace);
	add_words(status, &words);
	return err_set(e, ERR_REMOTE, "'%s' is not a Kubernetes API server, or an old one (404)%s",
	               q->host, buf_cstr(&words));
}

static bool invalid(const struct kube_asked *q, const struct json *status, struct err *e)
{
	AUTO_BUF struct buf what = BUF_INIT(TEXT_MAX), words = BUF_INIT(TEXT_MAX);

	kube_describe(q, &what);
	add_words(status, &words);
	return err_set(e, ERR_DECISION, "the cluster refuses what would be in %s (422)%s",
	               buf_cstr(&what), buf_cstr(&words));
}

static bool too_large(const struct kube_asked *q, const struct json *status, struct err *e)
{
	AUTO_BUF struct buf what = BUF_INIT(TEXT_MAX);

	(void)status;
	kube_describe(q, &what);
	return err_set(e, ERR_LOCAL, "%s would exceed the 1 MiB that a cluster stores",
	               buf_cstr(&what));
}

static bool later(const struct kube_asked *q, const struct json *status, struct err *e)
{
	AUTO_BUF struct buf words = BUF_INIT(TEXT_MAX);

	add_words(status, &words);
	return err_set(e, ERR_TRANSIENT, "the cluster at '%s' cannot answer now%s", q->host,
	               buf_cstr(&words));
}

static const struct {
	int status;
	bool (*say)(const struct kube_asked *q, const struct json *status, struct err *e);
} rows[] = {
	{ 401, unauthorized }, { 403, forbidden }, { 404, no_such }, { 408, later },
	{ 410, later },        { 413, too_large }, { 422, invalid }, { 429, later },
};

static void add_facts(const struct json *status, const struct http_response *rs, struct err *e)
{
	const char *reason = json_str(status, "reason");

	e->status = rs->status;
	/* A refusal before it acted, but for those of a server in trouble. */
	e->not_acted = http_not_acted(rs);
	e->throttled = rs->status == 429;
	e->retry_after_known = rs->retry_after_ms >= 0;
	e->retry_after_ms = rs->retry_after_ms >= 0 ? rs->retry_after_ms : 0;
	(void)snprintf(e->code, sizeof(e->code), "%s", reason != NULL ? reason : "");
}

bool kube_refused(const struct kube_asked *q, const struct http_response *rs, struct err *e)
{
	AUTO_JSON struct json *status = NULL;
	struct err ignored = ERR_INIT; /* a proxy's page: then there are no words */

	if (!json_parse(buf_cstr(&rs->body), rs->body.len, &status, &ignored))
		status = NULL;
	(void)err_set(e, ERR_REMOTE,
	              "'%s' answers %d, which is not expected from a Kubernetes API server",
	              q->host, rs->status);
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].status == rs->status)
			(void)rows[i].say(q, status, e);
	if (rs->status >= 500)
		(void)later(q, status, e);
	add_facts(status, rs, e);
	return false;
}
