/* SPDX-License-Identifier: MIT */
#include "emulator/vault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "emulator/entra.h"

#define TEXT_MAX  (16 * 1024)
#define ACTION    "Microsoft.KeyVault/vaults/secrets/"
#define RETENTION (90 * 86400)
#define NAME_MAX  127

static const char *const audiences[] = { "https://vault.azure.net",
	                                 "https://vault.usgovcloudapi.net",
	                                 "https://vault.azure.cn" };

struct visit {
	struct emulator *emu;
	struct request *rq;
	struct reply *rs;
	const char *name, *version;
};

/* ---- refusals -------------------------------------------------------------------------------- */

/* inner NULL: none. */
PRINTF(5, 6)
static void refuse(struct visit *v, int status, const char *code, const char *inner,
                   const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	AUTO_FREE char *text = mem_vfmt(fmt, ap);
	va_end(ap);
	exchange_reply_json(v->rs, status);
	buf_fmt(&v->rs->body, "{\"error\":{\"code\":\"%s\",\"message\":", code);
	buf_json(&v->rs->body, text);
	if (inner != NULL)
		buf_fmt(&v->rs->body, ",\"innererror\":{\"code\":\"%s\"}", inner);
	buf_str(&v->rs->body, "}}");
	(void)snprintf(v->rq->note, sizeof(v->rq->note), "%s", inner != NULL ? inner : code);
}

static void not_found(struct visit *v)
{
	refuse(v, 404, "SecretNotFound", NULL,
	       "A secret with (name/id) %s%s%s was not found in this key vault. If you recently "
	       "deleted this secret you may be able to recover it using the correct recovery "
	       "command. For help resolving this issue, please see "
	       "https://go.microsoft.com/fwlink/?linkid=2125182",
	       v->name, v->version != NULL ? "/" : "", v->version != NULL ? v->version : "");
}

static void challenge(struct visit *v, const char *text)
{
	AUTO_BUF struct buf url = BUF_INIT(TEXT_MAX);

	emulator_url(v->emu, &url);
	refuse(v, 401, "Unauthorized", NULL, "%s", text);
	exchange_reply_header(v->rs, "WWW-Authenticate",
	                      "Bearer authorization=\"%s/%s\", resource=\"%s\"", buf_cstr(&url),
	                      v->emu->set.tenant, audiences[0]);
}

static const char *const bad_tokens[ENTRA_BEARER__COUNT] = {
	[ENTRA_BEARER_MISSING] = "AKV10000: Request is missing a Bearer or PoP token.",
	[ENTRA_BEARER_INVALID] = "AKV10032: Invalid issuer.",
	[ENTRA_BEARER_OTHER_AUDIENCE] =
		"AKV10022: Invalid audience. Expected https://vault.azure.net.",
	[ENTRA_BEARER_EXPIRED] = "AKV10066: Token is expired.",
	[ENTRA_BEARER_UNKNOWN] = "AKV10032: Invalid issuer.",
};

/* Who it is, and whether they may; else the refusal. The role says so of the vault or of one
 * secret. */
static bool admit(struct visit *v, const char *action)
{
	enum entra_bearer is = entra_bearer(v->emu, v->rq, audiences, COUNT(audiences));

	if (is != ENTRA_BEARER_GOOD) {
		challenge(v, bad_tokens[is]);
		return false;
	}
	AUTO_FREE char *whole = mem_fmt(ACTION "%s", action);
	(void)pthread_mutex_lock(&v->emu->lock);
	bool may = identity_may(v->rq->who, whole);
	(void)pthread_mutex_unlock(&v->emu->lock);
	if (may)
		return true;
	refuse(v, 403, "Forbidden", "ForbiddenByRbac",
	       "Caller is not authorized to perform action on resource.\r\nIf role assignments, "
	       "deny "
	       "assignments or role definitions were changed recently, please observe propagation "
	       "time.\r\nCaller: appid=%s;oid=%s;iss=https://sts.windows.net/%s/\r\nAction: "
	       "'%s'\r\n"
	       "Resource: "
	       "'/subscriptions/%s/resourcegroups/%s/providers/microsoft.keyvault/vaults/emulated/"
	       "secrets/%s'\r\nAssignment: (not found)\r\nDenyAssignmentId: null\r\n"
	       "DecisionReason: 'DeniedWithNoValidRBAC' \r\nVault: emulated;location=eastus\r\n",
	       v->rq->who->client_id, v->rq->who->object_id, v->emu->set.tenant, whole,
	       v->emu->set.subscription, v->emu->set.resource_group,
	       v->name != NULL ? v->name : "");
	return false;
}

static int64_t now_of(const struct visit *v)
{
	return clock_seconds(&v->emu->clock);
}

static int64_t ticks_of(const struct visit *v)
{
	return clock_ticks(&v->emu->clock);
}

/* A deleted secret is nowhere for a while, and its name not free. */
static bool is_being_deleted(const struct visit *v, const struct vault_secret *s)
{
	return s->deleted != 0 && ticks_of(v) < s->deleted + v->emu->set.settle;
}

/* ---- answers --------------------------------------------------------------------------------- */

static void put_attributes(const struct vault_version *x, struct buf *out)
{
	buf_fmt(out, "\"attributes\":{\"enabled\":%s,", x->enabled ? "true" : "false");
	if (x->not_before != 0)
		buf_fmt(out, "\"nbf\":%lld,", (long long)x->not_before);
	if (x->expires != 0)
		buf_fmt(out, "\"exp\":%lld,", (long long)x->expires);
	buf_fmt(out,
	        "\"created\":%lld,\"updated\":%lld,\"recoveryLevel\":\"Recoverable+Purgeable\","
	        "\"recoverableDays\":90}",
	        (long long)x->created, (long long)x->updated);
	if (x->tags != NULL)
		buf_fmt(out, ",\"tags\":%s", x->tags);
	if (x->content_type != NULL) {
		buf_str(out, ",\"contentType\":");
		buf_json(out, x->content_type);
	}
}

/* One secret, with its value or without; the caller closes the object. */
static void put_secret(const struct visit *v, const struct vault_secret *s,
                       const struct vault_version *x, bool value, bool version, struct buf *out)
{
	buf_char(out, '{');
	if (value) {
		buf_str(out, "\"value\":");
		buf_json(out, x->value);
		buf_char(out, ',');
	}
	buf_str(out, "\"id\":\"");
	emulator_url(v->emu, out);
	buf_fmt(out, "/secrets/%s%s%s\",", s->name, version ? "/" : "", version ? x->id : "");
	put_attributes(x, out);
}

static void answer(const struct visit *v, const struct vault_secret *s,
                   const struct vault_version *x, bool value)
{
	exchange_reply_json(v->rs, 200);
	put_secret(v, s, x, value, true, &v->rs->body);
	buf_char(&v->rs->body, '}');
}

static void answer_deleted(const struct visit *v, const struct vault_secret *s)
{
	long long at = (long long)(s->deleted / STR_TICKS_PER_S);

	exchange_reply_json(v->rs, 200);
	put_secret(v, s, vault_version_of(s, NULL), false, true, &v->rs->body);
	buf_str(&v->rs->body, ",\"recoveryId\":\"");
	emulator_url(v->emu, &v->rs->body);
	buf_fmt(&v->rs->body,
	        "/deletedsecrets/%s\",\"deletedDate\":%lld,\"scheduledPurgeDate\":%lld}", s->name,
	        at, at + RETENTION);
}

/* ---- secrets --------------------------------------------------------------------------------- */

static bool read_body(struct visit *v, struct json **out)
{
	struct err e = ERR_INIT;

	if (json_parse(buf_cstr(&v->rq->body), v->rq->body.len, out, &e) &&
	    json_type(*out) == JSON_OBJECT)
		return true;
	refuse(v, 400, "BadParameter", NULL, "Property  is invalid: %s", e.text);
	return false;
}

static bool name_ok(struct visit *v)
{
	size_t n = strlen(v->name);

	if (n <= NAME_MAX &&
	    strspn(v->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == n)
		return true;
	refuse(v, 400, "BadParameter", NULL, "The request URI contains an invalid name: %s",
	       v->name);
	return false;
}

static bool value_ok(struct visit *v, const struct json *body)
{
	const char *value = json_str(body, "value");

	if (value == NULL)
		refuse(v, 400, "BadParameter", NULL, "Property 'value' is required");
	else if (strlen(value) > VAULT_VALUE_MAX)
		refuse(v, 400, "BadParameter", NULL,
		       "The value is too long. The maximum length is 25600.");
	else if (json_len(body, "tags") > 15)
		refuse(v, 400, "BadParameter", NULL, "Too many tags: at most 15");
	else
		return true;
	return false;
}

static bool is_free(struct visit *v, const struct vault_secret *s)
{
	if (s == NULL || s->deleted == 0)
		return true;
	if (is_being_deleted(v, s))
		refuse(v, 409, "Conflict", "ObjectIsBeingDeleted",
		       "Secret %s is currently being deleted and cannot be re-created; retry "
		       "later.",
		       v->name);
	else
		refuse(v, 409, "Conflict", "ObjectIsDeletedButRecoverable",
		       "Secret %s is currently in a deleted but recoverable state, and its name "
		       "cannot be reused; in this state, the secret can only be recovered or "
		       "purged.",
		       v->name);
	return false;
}

static void set(struct visit *v)
{
	struct vault *vault = v->emu->vault;
	AUTO_JSON struct json *body = NULL;
	struct vault_secret *s = vault_find(vault, v->name);

	if (!name_ok(v) || !read_body(v, &body) || !value_ok(v, body) || !is_free(v, s))
		return;
	if (s == NULL)
		s = vault_add(vault, v->name);
	struct vault_version *x = vault_add_version(s, now_of(v));
	x->value = mem_dup(json_str(body, "value"));
	vault_version_update(x, body);
	answer(v, s, x, true);
}

/* The version that is asked for; NULL after a refusal. */
static struct vault_version *seek(struct visit *v, struct vault_secret **s)
{
	*s = vault_find(v->emu->vault, v->name);
	struct vault_version *x =
		*s != NULL && (*s)->deleted == 0 ? vault_version_of(*s, v->version) : NULL;

	if (x == NULL)
		not_found(v);
	return x;
}

static void get(struct visit *v)
{
	struct vault_secret *s;
	struct vault_version *x = seek(v, &s);

	if (x == NULL)
		return;
	if (!x->enabled)
		refuse(v, 403, "Forbidden", "SecretDisabled",
		       "Operation get is not allowed on a disabled secret.");
	else
		answer(v, s, x, true);
}

static void update(struct visit *v)
{
	AUTO_JSON struct json *body = NULL;
	struct vault_secret *s;
	struct vault_version *x;

	if (!read_body(v, &body) || (x = seek(v, &s)) == NULL)
		return;
	vault_version_update(x, body);
	x->updated = now_of(v);
	answer(v, s, x, false);
}

static void delete (struct visit *v)
{
	struct vault_secret *s;

	if (seek(v, &s) == NULL)
		return;
	s->deleted = ticks_of(v);
	answer_deleted(v, s);
}

static void list(struct visit *v)
{
	const struct vault *vault = v->emu->vault;
	bool first = true;

	exchange_reply_json(v->rs, 200);
	buf_str(&v->rs->body, "{\"value\":[");
	for (size_t i = 0; i < vault->n; i++) {
		const struct vault_secret *s = vault->secret[i];

		if (s->deleted != 0)
			continue;
		buf_str(&v->rs->body, first ? "" : ",");
		first = false;
		put_secret(v, s, vault_version_of(s, NULL), false, false, &v->rs->body);
		buf_char(&v->rs->body, '}');
	}
	buf_str(&v->rs->body, "],\"nextLink\":null}");
}

static void versions(struct visit *v)
{
	struct vault_secret *s;

	if (seek(v, &s) == NULL)
		return;
	exchange_reply_json(v->rs, 200);
	buf_str(&v->rs->body, "{\"value\":[");
	for (size_t i = 0; i < s->n; i++) {
		buf_str(&v->rs->body, i > 0 ? "," : "");
		put_secret(v, s, s->version[i], false, true, &v->rs->body);
		buf_char(&v->rs->body, '}');
	}
	buf_str(&v->rs->body, "],\"nextLink\":null}");
}

/* ---- deleted ones ---------------------------------------------------------------------------- */

static struct vault_secret *seek_deleted(struct visit *v)
{
	struct vault_secret *s = vault_find(v->emu->vault, v->name);

	if (s != NULL && s->deleted != 0 && !is_being_deleted(v, s))
		return s;
	refuse(v, 404, "SecretNotFound", NULL,
	       "Deleted Secret not found: %s. If you recently deleted this secret you may need to "
	       "wait.",
	       v->name);
	return NULL;
}

static void get_deleted(struct visit *v)
{
	const struct vault_secret *s = seek_deleted(v);

	if (s != NULL)
		answer_deleted(v, s);
}

static void recover(struct visit *v)
{
	struct vault_secret *s = seek_deleted(v);

	if (s == NULL)
		return;
	s->deleted = 0;
	answer(v, s, vault_version_of(s, NULL), false);
}

static void purge(struct visit *v)
{
	struct vault_secret *s = seek_deleted(v);

	if (s == NULL)
		return;
	vault_purge(v->emu->vault, s);
	v->rs->status = 204;
	v->rs->content_type = NULL;
}

/* ---- routes ---------------------------------------------------------------------------------- */

/* Where the door is closed nothing is there. */
static void play(struct emulator *emu, struct request *rq, struct reply *rs, const char *action,
                 void (*act)(struct visit *v))
{
	struct visit v = {
		.emu = emu, .rq = rq, .rs = rs, .name = rq->arg[0], .version = rq->arg[1]
	};

	if (emu->vault == NULL) {
		rs->status = 404;
		return;
	}
	if (pairs_get(&rq->query, "api-version") == NULL) {
		refuse(&v, 400, "BadParameter", NULL, "api-version must be specified");
		return;
	}
	if (!admit(&v, action))
		return;
	(void)pthread_mutex_lock(&emu->lock);
	act(&v);
	(void)pthread_mutex_unlock(&emu->lock);
}

#define HANDLER(name, action, act)                                                                 \
	static void name(struct emulator *emu, struct request *rq, struct reply *rs)               \
	{                                                                                          \
		play(emu, rq, rs, action, act);                                                    \
	}
HANDLER(on_set, "setSecret/action", set)
HANDLER(on_get, "getSecret/action", get)
HANDLER(on_update, "update/action", update)
HANDLER(on_delete, "delete", delete)
HANDLER(on_list, "readMetadata/action", list)
HANDLER(on_versions, "readMetadata/action", versions)
HANDLER(on_get_deleted, "readMetadata/action", get_deleted)
HANDLER(on_recover, "recover/action", recover)
HANDLER(on_purge, "purge/action", purge)

/* Microsoft's clients ask for the newest version with a slash behind the name. */
static const struct route rows[] = {
	{ "PUT", "/secrets/{}", "vault-set", NULL, on_set },
	{ "GET", "/secrets/{}/versions", "vault-versions", NULL, on_versions },
	{ "GET", "/secrets/{}/{}", "vault-get", NULL, on_get },
	{ "GET", "/secrets/{}/", "vault-get", NULL, on_get },
	{ "GET", "/secrets/{}", "vault-get", NULL, on_get },
	{ "PATCH", "/secrets/{}/{}", "vault-update", NULL, on_update },
	{ "PATCH", "/secrets/{}/", "vault-update", NULL, on_update },
	{ "DELETE", "/secrets/{}", "vault-delete", NULL, on_delete },
	{ "GET", "/secrets", "vault-list", NULL, on_list },
	{ "GET", "/deletedsecrets/{}", "vault-get-deleted", NULL, on_get_deleted },
	{ "POST", "/deletedsecrets/{}/recover", "vault-recover", NULL, on_recover },
	{ "DELETE", "/deletedsecrets/{}", "vault-purge", NULL, on_purge },
};
const struct routes vault_routes = { AREA_VAULT, rows, COUNT(rows) };
