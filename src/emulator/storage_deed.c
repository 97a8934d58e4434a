/* SPDX-License-Identifier: MIT */
/* Who asks the storage account, and how it refuses. */
#include "storage_deed.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "emulator/entra.h"

#define TEXT_MAX 4096
#define ACTIONS  "Microsoft.Storage/storageAccounts/blobServices/containers/"

static const char *const audiences[] = { "https://storage.azure.com",
	                                 "https://" STORAGE_ACCOUNT ".blob.core.windows.net" };

static const struct {
	int status;
	const char *code, *text;
} refusals[ENTRA_BEARER__COUNT] = {
	[ENTRA_BEARER_MISSING] = { 401, "NoAuthenticationInformation",
	                           "Server failed to authenticate the request. Please refer to "
	                           "the information in the www-authenticate header." },
	[ENTRA_BEARER_INVALID] = { 401, "InvalidAuthenticationInfo",
	                           "Server failed to authenticate the request. Please refer to "
	                           "the information in the www-authenticate header." },
	[ENTRA_BEARER_OTHER_AUDIENCE] = { 401, "InvalidAuthenticationInfo",
	                                  "Server failed to authenticate the request. Audience "
	                                  "validation failed." },
	[ENTRA_BEARER_EXPIRED] = { 401, "InvalidAuthenticationInfo",
	                           "Server failed to authenticate the request. Lifetime "
	                           "validation failed. The token is expired." },
	[ENTRA_BEARER_UNKNOWN] = { 403, "AuthorizationPermissionMismatch",
	                           "This request is not authorized to perform this operation "
	                           "using this permission." },
};

void storage_xml(const char *text, struct buf *out)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '<':
			buf_str(out, "&lt;");
			break;
		case '>':
			buf_str(out, "&gt;");
			break;
		case '&':
			buf_str(out, "&amp;");
			break;
		default:
			buf_char(out, *text);
		}
	}
}

void storage_refuse(struct storage_deed *d, int status, const char *code, const char *text)
{
	const char *id = pairs_text(&d->rs->header, "x-ms-request-id");
	char time[CLOCK_TEXT_MAX];

	clock_text(clock_ticks(&d->emu->clock), time);
	d->rs->status = status;
	d->rs->content_type = "application/xml";
	buf_reset(&d->rs->body);
	buf_fmt(&d->rs->body,
	        "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>%s</Code>"
	        "<Message>",
	        code);
	storage_xml(text, &d->rs->body);
	buf_fmt(&d->rs->body, "\nRequestId:%s\nTime:%s</Message></Error>", id, time);
	exchange_reply_header(d->rs, "x-ms-error-code", "%s", code);
	(void)snprintf(d->rq->note, sizeof(d->rq->note), "%s", code);
}

static bool know(struct storage_deed *d)
{
	AUTO_BUF struct buf url = BUF_INIT(TEXT_MAX);
	enum entra_bearer is = entra_bearer(d->emu, d->rq, audiences, COUNT(audiences));

	if (is == ENTRA_BEARER_GOOD)
		return true;
	storage_refuse(d, refusals[is].status, refusals[is].code, refusals[is].text);
	emulator_url(d->emu, &url);
	exchange_reply_header(d->rs, "WWW-Authenticate",
	                      "Bearer authorization_uri=%s/%s/oauth2/authorize "
	                      "resource_id=https://storage.azure.com",
	                      buf_cstr(&url), d->emu->set.tenant);
	return false;
}

bool storage_admit(struct storage_deed *d, const char *action)
{
	const char *version = pairs_text(&d->rq->header, "x-ms-version");
	AUTO_FREE char *whole = mem_fmt(ACTIONS "%s", action);

	if (!know(d))
		return false;
	if (strcmp(version, "2017-11-09") < 0) {
		storage_refuse(d, 400,
		               *version == '\0' ? "MissingRequiredHeader" : "InvalidHeaderValue",
		               "x-ms-version has to be 2017-11-09 or later with this "
		               "authentication.");
		return false;
	}
	(void)pthread_mutex_lock(&d->emu->lock);
	bool may = identity_may(d->rq->who, whole);
	(void)pthread_mutex_unlock(&d->emu->lock);
	if (!may)
		storage_refuse(d, 403, "AuthorizationPermissionMismatch",
		               "This request is not authorized to perform this operation using "
		               "this permission.");
	return may;
}
