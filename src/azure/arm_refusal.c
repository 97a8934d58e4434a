/* SPDX-License-Identifier: MIT */
#include "azure/arm_refusal.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "azure/auth.h"
#include "azure/challenge.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "http/http.h"

#define MESSAGE_MAX 280
#define CLAIMS_MAX                                                                                 \
	300 /* of what a person is to paste; what is longer would not fit into a message */
#define SKEW_TOLD_S 300

static const struct {
	int status;
	enum err_kind kind;
} kinds[] = {
	{ 401, ERR_AUTH },      { 403, ERR_DENIED },    { 404, ERR_MISSING },
	{ 408, ERR_TRANSIENT }, { 429, ERR_TRANSIENT },
};

static enum err_kind kind_of(int status)
{
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (kinds[i].status == status)
			return kinds[i].kind;
	return status >= 500 ? ERR_TRANSIENT : ERR_REMOTE;
}

static const struct {
	const char *code, *advice;
} advices[] = {
	{ "SubscriptionNotFound", "check subscription, and that the identity has a role in it" },
	{ "InvalidSubscriptionId", "check subscription: it is a GUID" },
	{ "InvalidAuthenticationTokenAudience",
	  "the token is for another service: check cloud and audience" },
	{ "InvalidAuthenticationTokenTenant",
	  "the subscription belongs to another tenant: check tenant_id" },
	{ "ExpiredAuthenticationToken", "check this host's clock" },
	{ "MissingSubscriptionRegistration",
	  "'az provider register --namespace Microsoft.ContainerRegistry' registers it" },
	{ "RequestDisallowedByPolicy", "an Azure Policy of the subscription forbids it" },
	{ "ScopeLocked",
	  "a resource lock forbids it; a ReadOnly lock forbids generating passwords too" },
};

static const char *advice_for(const char *code)
{
	for (size_t i = 0; i < COUNT(advices); i++)
		if (strcmp(advices[i].code, code) == 0)
			return advices[i].advice;
	return NULL;
}

/* The text between quotes after `before`; NULL when there is none. Caller frees. */
static char *quoted_after(const char *message, const char *before)
{
	const char *at = strstr(message, before), *end;

	if (at == NULL)
		return NULL;
	at += strlen(before);
	end = strchr(at, '\'');
	return end == NULL ? NULL : mem_dup_n(at, (size_t)(end - at));
}

/* How operations go is read above the registry, where a role on the registry says nothing. */
static const char *role_for(const char *action)
{
	bool operation = strncasecmp(action, "Microsoft.ContainerRegistry/locations/",
	                             strlen("Microsoft.ContainerRegistry/locations/")) == 0;

	return operation ? "'Reader' on the subscription"
	                 : "'Container Registry Contributor and Data Access Configuration "
	                   "Administrator'";
}

/* "... does not have authorization to perform action 'A' over scope 'S' or the scope is invalid.
 * ..." */
static bool tell_denied(struct buf *text, const char *message)
{
	AUTO_FREE char *action = quoted_after(message, "perform action '");
	AUTO_FREE char *scope = quoted_after(message, "over scope '");

	if (action == NULL || scope == NULL)
		return false;
	buf_fmt(text,
	        "the identity may not do '%.120s' on '%.240s'; a role with that action is %s, or "
	        "one of your own there (a new assignment "
	        "takes minutes)",
	        action, scope, role_for(action));
	return true;
}

static void tell_message(struct buf *text, const char *message)
{
	size_t n = strnlen(message, MESSAGE_MAX);

	while (n > 0 && (message[n - 1] == '.' || message[n - 1] == ' '))
		n--;
	buf_add(text, message, n);
}

char *arm_claims_advice(const struct http_response *rs, const char *method)
{
	AUTO_FREE char *claims = rs->status == 401 ? challenge_claims_encoded(rs->challenge) : NULL;

	if (claims == NULL)
		return NULL;
	if (method == NULL || strcmp(method, auth_cli.method) != 0)
		return mem_dup("the tenant asks for more than a token of this identity can show: a "
		               "policy for multi-factor authentication or "
		               "conditional access has to leave it out");
	if (strlen(claims) > CLAIMS_MAX)
		return mem_dup("the tenant asks for more than az's login has shown: 'az logout', "
		               "and 'az login' again");
	return mem_fmt("the tenant asks for more than az's login has shown: 'az logout', then 'az "
	               "login --claims-challenge \"%s\"' "
	               "(az 2.76 or later)",
	               claims);
}

static void tell(struct buf *text, const struct json *error, const char *code,
                 const struct http_response *rs, int64_t skew, const char *method)
{
	AUTO_FREE char *claims = arm_claims_advice(rs, method);
	/* A refusal that asks for claims has the code of a policy, and is none of the
	 * subscription's. */
	const char *message = json_str(error, "message"),
		   *advice = claims != NULL ? claims : advice_for(code);
	char off[STR_DURATION_MAX];

	if (message == NULL)
		buf_str(text,
		        error == NULL ? "with nothing that explains it" : "without a message");
	else if (rs->status != 403 || !tell_denied(text, message))
		tell_message(text, message);
	if (advice != NULL)
		buf_fmt(text, "; %s", advice);
	if (rs->status == 401 && llabs(skew) > SKEW_TOLD_S) {
		str_from_duration(llabs(skew), 2, off);
		buf_fmt(text, "; this host's clock is %s %s", off, skew > 0 ? "slow" : "fast");
	}
	if (rs->request_id[0] != '\0')
		buf_fmt(text, " (x-ms-request-id %s)", rs->request_id);
}

/* {"error":{"code":..,"message":..}}, or the same without the wrapping. */
static const struct json *error_of(const struct json *body)
{
	const struct json *error = json_get(body, "error");

	if (error != NULL)
		return error;
	return json_str(body, "code") != NULL ? body : NULL;
}

bool arm_refused(const struct http_response *rs, int64_t skew, const char *method, struct err *e)
{
	AUTO_JSON struct json *body = NULL;
	AUTO_BUF struct buf text = BUF_INIT(4096);
	struct err unread;

	if (!json_parse(buf_cstr(&rs->body), rs->body.len, &body, &unread))
		body = NULL;
	const struct json *error = error_of(body);
	const char *code = json_str(error, "code");
	code = code != NULL ? code : "";
	tell(&text, error, code, rs, skew, method);
	(void)err_set(e, kind_of(rs->status), "Azure answers %d%s%.60s%s%s", rs->status,
	              *code != '\0' ? " " : "", code, error != NULL ? ": " : " ", buf_cstr(&text));
	(void)snprintf(e->code, sizeof(e->code), "%s", code);
	e->status = rs->status;
	e->not_acted = http_not_acted(rs);
	e->throttled = rs->status == 429;
	e->retry_after_known = rs->retry_after_ms >= 0;
	e->retry_after_ms = e->retry_after_known ? rs->retry_after_ms : 0;
	return false;
}

bool arm_failed(const struct json *body, const struct http_response *rs, const char *state,
                struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(4096);
	const struct json *error = error_of(body);
	const char *code = json_str(error, "code");

	code = code != NULL ? code : "";
	tell(&text, error, code, rs, 0, NULL);
	(void)err_set(e, ERR_REMOTE, "the operation ended as %.20s %.60s%s%s", state, code,
	              error != NULL ? ": " : "", buf_cstr(&text));
	(void)snprintf(e->code, sizeof(e->code), "%s", code);
	e->status = rs->status;
	return false;
}
