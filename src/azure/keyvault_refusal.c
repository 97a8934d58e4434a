/* SPDX-License-Identifier: MIT */
#include "azure/keyvault_refusal.h"

#include <stdio.h>
#include <stdlib.h>

#include "azure/challenge.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/said.h"
#include "base/str.h"
#include "http/http.h"

#define SAID_MAX    240 /* of the service's own words */
#define WORDS_MAX   1024
#define SKEW_TOLD_S 300
#define OFFICER     "Key Vault Secrets Officer"

int keyvault_label(const char *host)
{
	return (int)strcspn(host, ".:");
}

/* ---- what the service says ------------------------------------------------------------------- */

/* "appid=4444...;oid=5555...;iss=https://sts..." behind "Caller: "; one of its members. Caller
 * frees; NULL when it is not there. */
static char *member_of(const char *message, const char *name)
{
	AUTO_FREE char *before = mem_fmt("%s=", name);
	const char *at = strstr(message, before);

	if (at == NULL)
		return NULL;
	at += strlen(before);
	at += *at == '\'';
	return mem_dup_n(at, strspn(at, "0123456789abcdefABCDEF-"));
}

/* "Resource: '/subscriptions/...'". Its names are shorter than a password. */
static char *resource_of(const char *message)
{
	static const char before[] = "Resource: '";
	const char *at = strstr(message, before);

	if (at == NULL)
		return NULL;
	at += strlen(before);
	AUTO_FREE char *id = mem_dup_n(at, strcspn(at, "'\r\n")), *names = mem_dup(id);
	for (char *c = names; *c != '\0'; c++)
		*c = *c == '/' ? ' ' : *c;
	return said_has_key(names) ? NULL : take(&id);
}

/* ": its words", a line, cut; none where a password may be among them. */
static void add_words(const struct json *error, struct buf *out)
{
	const char *message = json_str(error, "message");
	size_t n = message != NULL ? strcspn(message, "\r\n") : 0;

	n = n < SAID_MAX ? n : SAID_MAX;
	while (n > 0 && (message[n - 1] == '.' || message[n - 1] == ' '))
		n--;
	if (n > 0 && !said_may_tell(message, n, NULL))
		buf_fmt(out, ": %.*s", (int)n, message);
}

static const char *inner_of(const struct json *error)
{
	const char *inner = json_str(error, "innererror.code");

	if (inner == NULL)
		inner = json_str(error, "innerError.code");
	if (inner == NULL)
		inner = json_str(error, "code");
	return inner != NULL ? inner : "";
}

/* ---- status by status ------------------------------------------------------------------------ */

/* What the challenge says of this; NULL: nothing, or what may be a secret. The caller frees. */
static char *ask_challenge(const struct http_response *rs, const char *name)
{
	char *value = NULL;

	if (rs->challenge == NULL || !challenge_param(rs->challenge, "Bearer", name, &value))
		return NULL;
	if (said_has_key(value))
		mem_free_ptr(&value);
	return value;
}

/* The challenge says which tenant's tokens the vault takes, and what for. It is told, no more. */
static bool unauthorized(const struct keyvault_asked *q, const struct http_response *rs,
                         const struct json *error, struct err *e)
{
	AUTO_FREE char *authority = ask_challenge(rs, "authorization");
	AUTO_FREE char *resource = ask_challenge(rs, "resource");
	AUTO_BUF struct buf words = BUF_INIT(WORDS_MAX);
	char off[STR_DURATION_MAX];

	add_words(error, &words);
	if (authority != NULL)
		buf_fmt(&words, "; it takes tokens of %.120s", authority);
	if (resource != NULL)
		buf_fmt(&words, " for %.80s: check tenant_id, cloud and vault_audience", resource);
	if (llabs(q->skew) > SKEW_TOLD_S) {
		str_from_duration(llabs(q->skew), 2, off);
		buf_fmt(&words, "; this host's clock is %s %s", off, q->skew > 0 ? "slow" : "fast");
	}
	if (q->fenced)
		return err_set(e, ERR_TRANSIENT,
		               "key vault '%s' does not take the access token of this rotation "
		               "(401), which is not renewed within it: the next run fetches "
		               "another%s",
		               q->host, buf_cstr(&words));
	return err_set(e, ERR_AUTH, "key vault '%s' does not take our access token (401)%s",
	               q->host, buf_cstr(&words));
}

static bool disabled(const struct keyvault_asked *q, struct err *e)
{
	return err_set(e, ERR_DECISION,
	               "secret '%s' of key vault '%s' is disabled: az keyvault secret "
	               "set-attributes --vault-name %.*s --name %s --enabled true",
	               q->name, q->host, keyvault_label(q->host), q->host, q->name);
}

static bool outside(const struct keyvault_asked *q, struct err *e)
{
	return err_set(e, ERR_DENIED,
	               "the firewall of key vault '%s' does not let this host in (403): az "
	               "keyvault network-rule add --name %.*s --ip-address ADDRESS",
	               q->host, keyvault_label(q->host), q->host);
}

/* A vault that still has access policies of its own. */
static bool without_policy(const struct keyvault_asked *q, const char *message, struct err *e)
{
	AUTO_FREE char *object = member_of(message, "oid");

	return err_set(e, ERR_DENIED,
	               "the identity may not %s secret '%s' of key vault '%s' (403): az keyvault "
	               "set-policy --name %.*s --object-id %s --secret-permissions get set",
	               q->verb, q->name, q->host, keyvault_label(q->host), q->host,
	               object != NULL && *object != '\0' ? object : "OBJECT-ID");
}

static bool without_role(const struct keyvault_asked *q, const char *message, struct err *e)
{
	AUTO_FREE char *object = member_of(message, "oid"), *scope = resource_of(message);

	return err_set(e, ERR_DENIED,
	               "the identity may not %s secret '%s' of key vault '%s' (403); the role is "
	               "'" OFFICER "' (for a job that only reads it, 'Key Vault Secrets "
	               "User'): az role assignment create --role '" OFFICER
	               "' --assignee-object-id %s --assignee-principal-type ServicePrincipal "
	               "--scope %s (takes minutes)",
	               q->verb, q->name, q->host,
	               object != NULL && *object != '\0' ? object : "OBJECT-ID",
	               scope != NULL ? scope : "VAULT-ID/secrets/SECRET");
}

static bool forbidden(const struct keyvault_asked *q, const struct http_response *rs,
                      const struct json *error, struct err *e)
{
	const char *inner = inner_of(error), *message = json_str(error, "message");

	(void)rs;
	message = message != NULL ? message : "";
	if (strcmp(inner, "SecretDisabled") == 0)
		return disabled(q, e);
	if (strcmp(inner, "ForbiddenByFirewall") == 0 ||
	    strcmp(inner, "ForbiddenByConnection") == 0)
		return outside(q, e);
	if (strcmp(inner, "AccessDenied") == 0)
		return without_policy(q, message, e);
	return without_role(q, message, e);
}

static bool no_such(const struct keyvault_asked *q, const struct http_response *rs,
                    const struct json *error, struct err *e)
{
	AUTO_BUF struct buf words = BUF_INIT(WORDS_MAX);

	(void)rs;
	add_words(error, &words);
	if (error == NULL)
		return err_set(e, ERR_REMOTE, "'%s' is not a key vault (404)", q->host);
	return err_set(e, ERR_MISSING, "key vault '%s' does not find secret '%s' (404)%s", q->host,
	               q->name, buf_cstr(&words));
}

/* A person has deleted it: whether it is to come back, or its name to be free, is theirs to say. */
bool keyvault_deleted(const struct keyvault_asked *q, struct err *e)
{
	return err_set(e, ERR_DECISION,
	               "secret '%s' of key vault '%s' was deleted and can be recovered: az "
	               "keyvault secret recover --vault-name %.*s --name %s",
	               q->name, q->host, keyvault_label(q->host), q->host, q->name);
}

static bool conflict(const struct keyvault_asked *q, const struct http_response *rs,
                     const struct json *error, struct err *e)
{
	AUTO_BUF struct buf words = BUF_INIT(WORDS_MAX);

	(void)rs;
	if (strcmp(inner_of(error), "ObjectIsDeletedButRecoverable") == 0)
		return keyvault_deleted(q, e);
	add_words(error, &words);
	return err_set(e, ERR_TRANSIENT,
	               "secret '%s' of key vault '%s' is being changed by somebody else (409)%s",
	               q->name, q->host, buf_cstr(&words));
}

static bool malformed(const struct keyvault_asked *q, const struct http_response *rs,
                      const struct json *error, struct err *e)
{
	AUTO_BUF struct buf words = BUF_INIT(WORDS_MAX);

	(void)rs;
	add_words(error, &words);
	return err_set(e, ERR_DECISION,
	               "key vault '%s' refuses what would be in secret '%s' (400)%s", q->host,
	               q->name, buf_cstr(&words));
}

static bool too_large(const struct keyvault_asked *q, const struct http_response *rs,
                      const struct json *error, struct err *e)
{
	(void)rs;
	(void)error;
	return err_set(e, ERR_LOCAL, "secret '%s' would be larger than a key vault keeps (25 kB)",
	               q->name);
}

static bool later(const struct keyvault_asked *q, const struct http_response *rs,
                  const struct json *error, struct err *e)
{
	AUTO_BUF struct buf words = BUF_INIT(WORDS_MAX);

	add_words(error, &words);
	return err_set(e, ERR_TRANSIENT, "key vault '%s' %s (%d)%s", q->host,
	               rs->status == 429 ? "throttles us" : "cannot answer now", rs->status,
	               buf_cstr(&words));
}

static const struct {
	int status;
	bool (*say)(const struct keyvault_asked *q, const struct http_response *rs,
	            const struct json *error, struct err *e);
} rows[] = {
	{ 400, malformed }, { 401, unauthorized }, { 403, forbidden }, { 404, no_such },
	{ 408, later },     { 409, conflict },     { 413, too_large }, { 429, later },
};

static void add_facts(const struct http_response *rs, const struct json *error, struct err *e)
{
	size_t n = strlen(e->text);

	if (rs->request_id[0] != '\0')
		(void)snprintf(e->text + n, sizeof(e->text) - n, " (x-ms-request-id %s)",
		               rs->request_id);
	e->status = rs->status;
	/* A refusal before it acted, but for those of a server in trouble. */
	e->not_acted = http_not_acted(rs);
	e->retry_after_known = rs->retry_after_ms >= 0;
	e->retry_after_ms = rs->retry_after_ms >= 0 ? rs->retry_after_ms : 0;
	(void)snprintf(e->code, sizeof(e->code), "%s", inner_of(error));
}

bool keyvault_refused(const struct keyvault_asked *q, const struct http_response *rs, struct err *e)
{
	AUTO_JSON struct json *body = NULL;
	struct err ignored = ERR_INIT; /* a proxy's page: then there are no words */

	if (!json_parse(buf_cstr(&rs->body), rs->body.len, &body, &ignored))
		body = NULL;
	const struct json *error = json_get(body, "error");
	(void)err_set(e, ERR_REMOTE, "'%s' answers %d, which is not expected from a key vault",
	              q->host, rs->status);
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].status == rs->status)
			(void)rows[i].say(q, rs, error, e);
	if (rs->status >= 500)
		(void)later(q, rs, error, e);
	add_facts(rs, error, e);
	return false;
}
