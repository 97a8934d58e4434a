/* SPDX-License-Identifier: MIT */
/* The refusals of Entra ID, in its words. */
#include <stdio.h>

#include "base/crypto.h"
#include "base/str.h"
#include "emulator/entra.h"
#include "entra_refusal.h"

#define TEXT_MAX (16 * 1024)

struct refusal {
	int status, code;
	const char *error, *text;
};
/* clang-format off */
static const struct refusal refusals[] = {
	[ENTRA_BAD_TENANT] = { 400, 90002, "invalid_request",
	  "Tenant '%s' not found. Check to make sure you have the correct tenant ID and are "
	  "signing into the correct cloud. Check with your subscription administrator, this may"
	  " happen if there are no active subscriptions for the tenant." },
	[ENTRA_NO_PARAMETER] = { 400, 900144, "invalid_request",
	  "The request body must contain the following parameter: '%s'." },
	[ENTRA_BAD_GRANT] = { 400, 70003, "unsupported_grant_type",
	  "The app requested an unsupported grant type '%s'." },
	[ENTRA_BAD_APP] = { 400, 700016, "unauthorized_client",
	  "Application with identifier '%s' was not found in the directory 'Emulated'. This can"
	  " happen if the application has not been installed by the administrator of the tenant"
	  " or consented to by any user in the tenant. You may have sent your authentication "
	  "request to the wrong tenant." },
	[ENTRA_APP_DISABLED] = { 400, 7000112, "unauthorized_client",
	  "Application '%s' is disabled." },
	[ENTRA_BAD_SECRET] = { 401, 7000215, "invalid_client",
	  "Invalid client secret provided. Ensure the secret being sent in the request is the "
	  "client secret value, not the client secret ID, for a secret added to app '%s'." },
	[ENTRA_SECRET_EXPIRED] = { 401, 7000222, "invalid_client",
	  "The provided client secret keys for app '%s' are expired. Visit the Azure portal to "
	  "create new keys for your app: https://aka.ms/NewClientSecret, or consider using "
	  "certificate credentials for added security: https://aka.ms/certCreds." },
	[ENTRA_NO_PROOF] = { 401, 7000218, "invalid_client",
	  "The request body must contain the following parameter: 'client_assertion' or "
	  "'client_secret'." },
	[ENTRA_BAD_ASSERTION_TYPE] = { 400, 50027, "invalid_request",
	  "Client assertion type '%s' is not supported." },
	[ENTRA_BAD_ASSERTION] = { 401, 50027, "invalid_client",
	  "JWT token is invalid or malformed. App '%s'." },
	[ENTRA_UNKNOWN_CERTIFICATE] = { 401, 700027, "invalid_client",
	  "The certificate with identifier used to sign the client assertion is not registered "
	  "on application. [Reason - The key was not found.] App '%s'." },
	[ENTRA_BAD_SIGNATURE] = { 401, 700027, "invalid_client",
	  "Client assertion failed signature validation. App '%s'." },
	[ENTRA_ASSERTION_EXPIRED] = { 401, 700024, "invalid_client",
	  "Client assertion is not within its valid time range. App '%s'. Please review the "
	  "documentation at "
	  "https://learn.microsoft.com/entra/identity-platform/certificate-credentials." },
	[ENTRA_ASSERTION_AUDIENCE] = { 401, 700023, "invalid_client",
	  "Client assertion audience claim does not match Realm issuer. App '%s'." },
	[ENTRA_BAD_ISSUER] = { 401, 700211, "invalid_client",
	  "No matching federated identity record found for presented assertion issuer '%s'. "
	  "Please check your federated identity credential Subject, Audience and Issuer against"
	  " the presented assertion." },
	[ENTRA_BAD_SUBJECT] = { 401, 700213, "invalid_client",
	  "No matching federated identity record found for presented assertion subject '%s'. "
	  "Check your federated identity credential Subject, Audience and Issuer against the "
	  "presented assertion." },
	[ENTRA_BAD_AUDIENCE] = { 401, 700212, "invalid_client",
	  "No matching federated identity record found for presented assertion audience '%s'. "
	  "Check your federated identity credential Subject, Audience and Issuer against the "
	  "presented assertion." },
	[ENTRA_BAD_SCOPE] = { 400, 1002012, "invalid_scope",
	  "The provided value for scope %s is not valid. Client credential flows must have a "
	  "scope value with /.default suffixed to the resource identifier (application ID URI)." },
	[ENTRA_BAD_RESOURCE] = { 400, 500011, "invalid_resource",
	  "The resource principal named %s was not found in the tenant named Emulated. This can"
	  " happen if the application has not been installed by the administrator of the tenant"
	  " or consented to by any user in the tenant. You might have sent your authentication "
	  "request to the wrong tenant." },
};
/* clang-format on */

void entra_refuse(struct emulator *emu, struct request *rq, struct reply *rs,
                  enum entra_refused why, const char *what)
{
	const struct refusal *row = &refusals[why];
	const char *correlation = pairs_get(&rq->header, "client-request-id");
	char trace[37], own[37], time[STR_TIME_MAX], message[2048];
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX), url = BUF_INIT(TEXT_MAX);
	const char *gap;

	crypto_uuid(trace);
	crypto_uuid(own);
	if (correlation == NULL || strlen(correlation) != 36)
		correlation = own;
	str_from_time(clock_seconds(&emu->clock), time);
	time[10] = ' ';
	/* The place for `what` is marked by %s in the table, as a format would have it. */
	gap = strstr(row->text, "%s");
	(void)snprintf(message, sizeof(message), "%.*s%s%s",
	               gap != NULL ? (int)(gap - row->text) : (int)strlen(row->text), row->text,
	               gap != NULL ? what : "", gap != NULL ? gap + 2 : "");
	buf_fmt(&text, "AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s", row->code,
	        message, trace, correlation, time);
	emulator_url(emu, &url);
	exchange_reply_json(rs, row->status);
	buf_fmt(&rs->body, "{\"error\":\"%s\",\"error_description\":", row->error);
	buf_json(&rs->body, buf_cstr(&text));
	buf_fmt(&rs->body,
	        ",\"error_codes\":[%d],\"timestamp\":\"%s\",\"trace_id\":\"%s\",\"correlation_"
	        "id\":",
	        row->code, time, trace);
	buf_json(&rs->body, correlation);
	buf_fmt(&rs->body, ",\"error_uri\":\"%s/error?code=%d\"}", buf_cstr(&url), row->code);
	(void)snprintf(rq->note, sizeof(rq->note), "AADSTS%d", row->code);
}
