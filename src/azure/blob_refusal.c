/* SPDX-License-Identifier: MIT */
#include "blob_refusal.h"

#include <stdio.h>
#include <stdlib.h>

#include "azure/xml.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/said.h"
#include "base/str.h"
#include "http/http.h"

#define SAID_MAX    200 /* of the service's own words */
#define TEXT_MAX    1024
#define SKEW_TOLD_S 300

/* ---- what the service says ------------------------------------------------------------------- */

static bool take_words(void *ctx, const char *path, const char *text, struct err *e)
{
	struct buf *out = ctx;

	(void)e;
	if (strcmp(path, "Error/Message") == 0 && out->len == 0)
		buf_fmt(out, "%.*s", (int)strcspn(text, "\r\n"), text);
	return true;
}

void blob_words(const char *xml, size_t n, struct buf *out)
{
	struct err ignored = ERR_INIT; /* a proxy's page: then there are no words */

	if (!xml_read(xml, n, take_words, out, &ignored) || !buf_ok(out))
		buf_reset(out);
}

/* "403 AuthorizationFailure: its words" */
static void add_answer(const struct http_response *rs, struct buf *out)
{
	AUTO_BUF struct buf words = BUF_INIT(XML_TEXT_MAX);

	blob_words(buf_cstr(&rs->body), rs->body.len, &words);
	if (said_may_tell(buf_cstr(&words), words.len, NULL))
		buf_reset(&words);
	buf_fmt(out, "%d%s%s%s%.*s", rs->status, rs->code[0] != '\0' ? " " : "", rs->code,
	        words.len > 0 ? ": " : "", SAID_MAX, buf_cstr(&words));
}

static void add_what(const struct blob_asked *q, struct buf *out)
{
	if (q->name != NULL)
		buf_fmt(out, "blob '%s%s' of ", q->place->prefix, q->name);
	buf_fmt(out, "container '%s' of storage account '%s'", q->place->container,
	        q->place->account);
}

/* ---- refusal by refusal ---------------------------------------------------------------------- */

static bool unauthorized(const struct blob_asked *q, const struct http_response *rs, struct err *e)
{
	AUTO_BUF struct buf answer = BUF_INIT(TEXT_MAX);
	char off[STR_DURATION_MAX];

	add_answer(rs, &answer);
	if (llabs(q->skew) > SKEW_TOLD_S) {
		str_from_duration(llabs(q->skew), 2, off);
		return err_set(e, ERR_AUTH,
		               "storage account '%s' does not accept our token, and this host's "
		               "clock is %s %s: set it ('timedatectl set-ntp true') (%s)",
		               q->place->account, off, q->skew > 0 ? "slow" : "fast",
		               buf_cstr(&answer));
	}
	return err_set(e, ERR_AUTH,
	               "storage account '%s' does not accept our token: check tenant_id, cloud and "
	               "storage_audience in [azure] (%s)",
	               q->place->account, buf_cstr(&answer));
}

static bool forbidden(const struct blob_asked *q, const struct http_response *rs, struct err *e)
{
	AUTO_BUF struct buf what = BUF_INIT(TEXT_MAX);

	add_what(q, &what);
	return err_set(
		e, ERR_DENIED,
		"the identity may not %s %s (%d%s%s): az role assignment create --role 'Storage "
		"Blob Data "
		"Contributor' --assignee %s --scope \"$(az storage account show --name %s --query "
		"id --output tsv)/blobServices/default/containers/%s\"    # takes minutes to count",
		q->verb, buf_cstr(&what), rs->status, rs->code[0] != '\0' ? " " : "", rs->code,
		q->object != NULL ? q->object : "OBJECT_ID", q->place->account,
		q->place->container);
}

/* Of the account, whoever asks. */
static bool shut_out(const struct blob_asked *q, const struct http_response *rs, struct err *e)
{
	AUTO_BUF struct buf answer = BUF_INIT(TEXT_MAX);

	add_answer(rs, &answer);
	return err_set(e, ERR_DENIED,
	               "storage account '%s' does not let this host in (%s): az storage account "
	               "network-rule add --account-name %s --ip-address ADDRESS",
	               q->place->account, buf_cstr(&answer), q->place->account);
}

static bool no_container(const struct blob_asked *q, const struct http_response *rs, struct err *e)
{
	(void)rs;
	return err_set(e, ERR_MISSING,
	               "storage account '%s' has no container '%s': az storage container create "
	               "--account-name %s --name %s --auth-mode login",
	               q->place->account, q->place->container, q->place->account,
	               q->place->container);
}

static bool leased(const struct blob_asked *q, const struct http_response *rs, struct err *e)
{
	(void)rs;
	return err_set(e, ERR_DECISION,
	               "somebody holds a lease on blob '%s%s': az storage blob lease break "
	               "--account-name %s --container-name %s --blob-name %s%s --auth-mode login",
	               q->place->prefix, q->name, q->place->account, q->place->container,
	               q->place->prefix, q->name);
}

static bool protected(const struct blob_asked *q, const struct http_response *rs, struct err *e)
{
	AUTO_BUF struct buf what = BUF_INIT(TEXT_MAX), answer = BUF_INIT(TEXT_MAX);

	add_what(q, &what);
	add_answer(rs, &answer);
	return err_set(e, ERR_DECISION, "cannot %s %s (%s)", q->verb, buf_cstr(&what),
	               buf_cstr(&answer));
}

static bool too_large(const struct blob_asked *q, const struct http_response *rs, struct err *e)
{
	AUTO_BUF struct buf what = BUF_INIT(TEXT_MAX);

	(void)rs;
	add_what(q, &what);
	return err_set(e, ERR_LOCAL, "%s would be larger than the service keeps", buf_cstr(&what));
}

static bool later(const struct blob_asked *q, const struct http_response *rs, struct err *e)
{
	AUTO_BUF struct buf answer = BUF_INIT(TEXT_MAX);

	add_answer(rs, &answer);
	return err_set(e, ERR_TRANSIENT, "storage account '%s' cannot answer now (%s)",
	               q->place->account, buf_cstr(&answer));
}

static bool no_service(const struct blob_asked *q, const struct http_response *rs, struct err *e)
{
	AUTO_BUF struct buf answer = BUF_INIT(TEXT_MAX);

	add_answer(rs, &answer);
	return err_set(e, ERR_REMOTE, "'%s' does not answer like a blob service: %s",
	               q->place->host, buf_cstr(&answer));
}

/* The first row that fits; code NULL: any. */
static const struct {
	int status;
	const char *code;
	bool (*say)(const struct blob_asked *q, const struct http_response *rs, struct err *e);
} rows[] = {
	{ 401, NULL, unauthorized },
	{ 403, "AuthenticationFailed", unauthorized },
	{ 403, "AuthorizationFailure", shut_out },
	{ 403, NULL, forbidden },
	{ 404, "ContainerNotFound", no_container },
	{ 408, NULL, later },
	{ 409, "ContainerBeingDeleted", later },
	{ 409, NULL, protected },
	{ 412, "LeaseIdMissing", leased },
	{ 412, "LeaseLost", leased },
	{ 413, NULL, too_large },
	{ 429, NULL, later },
};

bool blob_refused(const struct blob_asked *q, const struct http_response *rs, struct err *e)
{
	bool (*say)(const struct blob_asked *, const struct http_response *, struct err *) =
		rs->status >= 500 ? later : no_service;

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (rows[i].status == rs->status &&
		    (rows[i].code == NULL || strcmp(rows[i].code, rs->code) == 0)) {
			say = rows[i].say;
			break;
		}
	}
	(void)say(q, rs, e);
	e->status = rs->status;
	e->not_acted = http_not_acted(rs);
	e->throttled = rs->status == 429;
	e->retry_after_known = rs->retry_after_ms >= 0;
	e->retry_after_ms = rs->retry_after_ms >= 0 ? rs->retry_after_ms : 0;
	(void)snprintf(e->code, sizeof(e->code), "%s", rs->code);
	return false;
}
